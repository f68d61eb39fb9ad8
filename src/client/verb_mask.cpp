// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl mask and unmask: make or remove a link to /dev/null in /etc/zinit. The link replaces a
// vendor's file, so that zinit ignores the service. These verbs only change files, so they need no
// server and work on an image.
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"

namespace zinit {

namespace {

int print_done(VerbContext& context, const std::string& name, const std::string& link, bool masked,
               bool changed) {
  JsonParams json = named(name).add("masked", masked).add("changed", changed).add("file", link);
  const bool running = !context.arguments.has("root");
  std::string text =
      masked ? fmt::format("{} {} by {}", name, changed ? "masked" : "is already masked", link)
             : fmt::format("{} {}", name, changed ? "unmasked" : "is not masked");
  if (changed && running) text += "; `zinitctl reload` applies it";
  return context.print_result(json.text(), printable(text) + "\n");
}

/// Refuses to mask a service whose file `own` belongs to the administrator.
int refuse_own(VerbContext& context, const Places& places, const std::string& name,
               const std::string& own) {
  const auto slash = own.rfind('/');
  const std::string vendor = vendor_of(own.substr(0, slash));
  const std::string vendors = vendor + own.substr(slash);
  const bool replaces = !vendor.empty() && path_exists(on_disk(places, vendors));
  const std::string what =
      replaces ? fmt::format(
                     "is a file of your own in the place of the vendor's {}; remove it and mask "
                     "that one, or `zinitctl disable {}`",
                     vendors, name)
               : fmt::format(
                     "is a file of your own, and only a vendor's can be masked; remove it, or "
                     "`zinitctl disable {}`",
                     name);
  return context.fail(ExitStatus::failed, name, own + " " + what);
}

int mask(VerbContext& context, const Places& places, const std::string& name) {
  const Masks masks = masks_of(places, name);
  if (!masks.own.empty()) return print_done(context, name, masks.own.front(), true, false);
  if (!masks.vendors.empty()) return print_done(context, name, masks.vendors, true, false);
  const SourceFile source = find_service_files(context, places, name);
  const std::string link = own_place_of(own_path(source));
  if (link == (source.instance.empty() ? source.path : source.link))
    return refuse_own(context, places, name, link);
  const std::string path = on_disk(places, link);
  const int status = tell_change(
      context, name, in_its_directory(path, [&] { return make_link("/dev/null", path); }));
  return status == ExitStatus::done ? print_done(context, name, link, true, true) : status;
}

int unmask(VerbContext& context, const Places& places, const std::string& name) {
  const Masks masks = masks_of(places, name);
  for (const std::string& link : masks.own) {
    const int status = tell_change(context, name, remove_file(on_disk(places, link)));
    if (status != ExitStatus::done) return status;
  }
  // The removed links may have hidden another link.
  if (const std::string link = masks_of(places, name).vendors; !link.empty()) {
    return context.fail(ExitStatus::failed, name,
                        fmt::format("it is masked by the vendor's {}, which is not changed; a "
                                    "service file of your own may be put at {}",
                                    link, own_place_of(link)));
  }
  if (!masks.own.empty()) return print_done(context, name, masks.own.front(), false, true);
  const SourceFile source = find_service_files(context, places, name);
  return print_done(context, name, source.path, false, false);
}

}  // namespace

int run_mask(VerbContext& context) {
  const Places places = places_of(context);
  return context.for_each_name([&](const std::string& name) { return mask(context, places, name); },
                               [&] { return names_in(places); });
}

int run_unmask(VerbContext& context) {
  const Places places = places_of(context);
  return context.for_each_name(
      [&](const std::string& name) { return unmask(context, places, name); },
      [&] { return masked_in(places); });
}

}  // namespace zinit
