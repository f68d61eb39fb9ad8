// zinitctl mask and unmask: a link to /dev/null in /etc/zinit in the place of a vendor's file, so
// that the service does not exist for zinit. On disk alone, so that they work for an image.
#include <unistd.h>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/service_files.hpp"

namespace zinit {

namespace {

MaskedNames masked_in(const Places& places) {
  Listing listing;
  for (const ConfigDirectory& directory : places.directories) list_directory(directory, listing);
  return masked_names(listing.masked, {});
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
             : fmt::format("{} is masked no more", name);
  if (changed && running) text += "; `zinitctl reload` applies it";
  context.print(printable(text) + "\n");
  return ExitStatus::done;
}

Result<void> make_link(const std::string& link) {
  if (auto made = make_directories(link.substr(0, link.rfind('/')), 0755); !made) return made;
  if (::symlink("/dev/null", link.c_str()) < 0) return sys_failure("make the link", link);
  return sync_directory_of(link);
}

Result<void> remove_link(const std::string& link) {
  if (::unlink(link.c_str()) < 0) return sys_failure("remove", link);
  return sync_directory_of(link);
}

}  // namespace

int run_mask(VerbContext& context) {
  const std::string& name = context.arguments.rest.front();
  const MaskedNames masked = masked_in(places_of(context));
  if (const auto found = masked.find(name); found != masked.end()) {
    return print_done(context, name, found->second, true, false);
  }
  const SourceFile source = find_service_files(context, name);
  const std::string link = own_place_of(source.path);
  if (link == source.path) {
    return context.fail(ExitStatus::failed, fmt::format("mask {}", printable(name)),
                        fmt::format("{} is a file of your own, and no vendor's that a link could "
                                    "hide; remove it, or `zinitctl disable {}`",
                                    printable(link), printable(name)));
  }
  if (const auto made = make_link(link); !made) {
    return tell_file_failure(context, name, made.error());
  }
  return print_done(context, name, link, true, true);
}

int run_unmask(VerbContext& context) {
  const std::string& name = context.arguments.rest.front();
  const MaskedNames masked = masked_in(places_of(context));
  const auto found = masked.find(name);
  if (found == masked.end()) {
    const SourceFile source = find_service_files(context, name);
    return print_done(context, name, source.path, false, false);
  }
  if (const auto removed = remove_link(found->second); !removed) {
    return tell_file_failure(context, name, removed.error());
  }
  return print_done(context, name, found->second, false, true);
}

}  // namespace zinit
