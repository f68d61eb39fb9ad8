// zinitctl mask and unmask: a link to /dev/null in /etc/zinit in the place of a vendor's file, so
// that the service does not exist for zinit. On disk alone, so that they work for an image.
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"

namespace zinit {

namespace {

/// The links that mask a name.
struct Masks {
  std::vector<std::string> own;
  std::string vendors;  // one in the vendor's directories, which is not ours to remove; empty: none
};

Masks masks_of(const Places& places, const std::string& name) {
  Listing listing;
  listing.root = places.root;
  for (const ConfigDirectory& directory : places.directories) list_directory(directory, listing);
  Masks masks;
  for (const MaskedFile& one : listing.masked) {
    if (!masked_names({one}, {}, read_below(places.root)).contains(name)) continue;
    if (own_place_of(one.link) == one.link)
      masks.own.push_back(one.link);
    else
      masks.vendors = one.link;
  }
  return masks;
}

int print_done(VerbContext& context, const std::string& name, const std::string& link, bool masked,
               bool changed) {
  if (context.json()) {
    JsonParams done;
    done.add("name", name).add("masked", masked).add("changed", changed).add("file", link);
    context.print_json(done.text());
    return ExitStatus::done;
  }
  const bool running = !context.arguments.has("root");
  std::string text =
      masked ? fmt::format("{} is masked{} by {}", name, changed ? "" : " already", link)
             : fmt::format("{} is {}", name, changed ? "masked no more" : "not masked");
  if (changed && running) text += "; `zinitctl reload` applies it";
  context.print(printable(text) + "\n");
  return ExitStatus::done;
}

/// `own` is no vendor's file, but may be in the place of one.
int refuse_own(VerbContext& context, const Places& places, const std::string& name,
               const std::string& own) {
  const auto slash = own.rfind('/');
  const std::string vendors = vendor_of(own.substr(0, slash)) + own.substr(slash);
  struct stat status {};
  const bool replaces =
      vendors != own && ::lstat(on_disk(places, vendors).c_str(), &status) == 0;
  const std::string what =
      replaces
          ? fmt::format("is a file of your own in the place of the vendor's {}; remove it and mask "
                        "that one, or `zinitctl disable {}`",
                        vendors, name)
          : fmt::format("is a file of your own, and no vendor's that a link could hide; remove it, "
                        "or `zinitctl disable {}`",
                        name);
  return context.fail(ExitStatus::failed, fmt::format("mask {}", printable(name)),
                      printable(own + " " + what));
}

Result<Remark> put_link(const std::string& link) {
  if (auto made = make_directories(link.substr(0, link.rfind('/')), 0755); !made)
    return Failure(made.error());
  return make_link("/dev/null", link);
}

}  // namespace

int run_mask(VerbContext& context) {
  const std::string& name = context.arguments.rest.front();
  const Places places = places_of(context);
  const Masks masks = masks_of(places, name);
  if (!masks.own.empty()) return print_done(context, name, masks.own.front(), true, false);
  if (!masks.vendors.empty()) return print_done(context, name, masks.vendors, true, false);
  const SourceFile source = find_service_files(context, places, name);
  const std::string link = own_place_of(source.path);
  if (link == source.path) return refuse_own(context, places, name, link);
  const auto made = put_link(on_disk(places, link));
  if (!made) return tell_file_failure(context, name, made.error());
  tell_remark(context, name, *made);
  return print_done(context, name, link, true, true);
}

int run_unmask(VerbContext& context) {
  const std::string& name = context.arguments.rest.front();
  const Places places = places_of(context);
  const Masks masks = masks_of(places, name);
  for (const std::string& link : masks.own) {
    const auto removed = remove_file(on_disk(places, link));
    if (!removed) return tell_file_failure(context, name, removed.error());
    tell_remark(context, name, *removed);
  }
  // Perhaps there is one that only came to light by that.
  if (const std::string link = masks_of(places, name).vendors; !link.empty()) {
    return context.fail(ExitStatus::failed, fmt::format("unmask {}", printable(name)),
                        fmt::format("it is masked by the vendor's {}, which is not changed; a "
                                    "service file of your own may be put at {}",
                                    printable(link), printable(own_place_of(link))));
  }
  if (!masks.own.empty()) return print_done(context, name, masks.own.front(), false, true);
  const SourceFile source = find_service_files(context, places, name);
  return print_done(context, name, source.path, false, false);
}

}  // namespace zinit
