// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the files of a service: see service_files.hpp.
#include "client/service_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <optional>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/rooted.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "os/cgroup_tree.hpp"

namespace zinit {

namespace {

/// The client, if its server is trusted to name the files to write: root's, or this user's own.
/// Another user's server could name any file to root.
Client& trusted_server(VerbContext& context) {
  Client& client = context.client();
  const auto user = client.server_user();
  if (user == 0U || user == ::geteuid()) return client;
  throw VerbFailure{ExitStatus::failed, fmt::format("the server belongs to user {}, who could name "
                                                    "any file to change: run zinitctl as that user",
                                                    user ? std::to_string(*user) : "unknown")};
}

/// The file that the server has read the service from. Empty if there is no server, or if it does
/// not know the service.
std::string file_by_server(VerbContext& context, const std::string& name) {
  ServiceStatus status;
  try {
    status = trusted_server(context).status_full(name);
  } catch (const ClientError& error) {
    if (error.code() == ErrorCode::access_denied) throw;
    return {};
  }
  if (!status.file.empty()) return status.file;
  throw VerbFailure{ExitStatus::failed, "it has no file: it was added at runtime", name};
}

/// The files in the places.
Listing listing_of(const Places& places) {
  Listing listing;
  listing.root = places.root;
  for (const ConfigDirectory& directory : places.directories) list_directory(directory, listing);
  return listing;
}

/// All services and proxies with a file in the places, and the masked names.
ParsedListing all_of(const Places& places) {
  Listing listing = listing_of(places);
  return parse_listing(listing, {}, read_below(places.root));
}

/// The places that the server reads files from. Nothing if no server answers, or if an older one
/// does not report them.
std::optional<Places> places_by_server(VerbContext& context) {
  try {
    const JsonDocument info = parse_json(trusted_server(context).call("system.info"));
    const JsonValue* config = json_member(info, "config");
    const JsonValue* directories = config ? json_member(*config, "directories") : nullptr;
    if (directories == nullptr || !directories->IsArray()) return std::nullopt;
    Places places;
    for (const JsonValue& each : directories->GetArray()) {
      places.directories.push_back({json_string(each, "path"),
                                    json_string(each, "class") == "system", false,
                                    json_string(each, "vendor")});
    }
    places.settings_file = json_string(*config, "settings");
    return places;
  } catch (const ClientError&) {
    return std::nullopt;
  }
}

/// Whether services in the directory of `path` have class system by default.
bool is_system_class(const Places& places, const std::string& path) {
  const std::string folder = folder_of(path);
  return std::ranges::any_of(places.directories, [&](const ConfigDirectory& each) {
    return each.system_class && (each.path == folder || each.vendor == folder);
  });
}

std::vector<std::string> service_names(const ParsedListing& found) {
  std::vector<std::string> names;
  for (const ParsedSpec& one : found.parsed)
    if (!one.proxy) names.push_back(one.spec->name);
  return names;
}

[[noreturn]] void not_found(const std::string& name, const ParsedListing& found,
                            const std::string& gone, const std::string& remedy) {
  std::string why = "no such service";
  const auto proxy = std::ranges::find_if(
      found.parsed, [&](const ParsedSpec& one) { return one.proxy && one.spec->name == name; });
  auto mask = found.masked.find(name);
  if (mask == found.masked.end()) mask = found.masked.find(template_of(name));
  if (mask != found.masked.end()) {
    why = fmt::format("it is masked by {}; `zinitctl unmask {}` brings it back", mask->second,
                      mask->first);
  } else if (!gone.empty()) {
    why = fmt::format("its file {} is gone; `zinitctl reload` would stop and remove it", gone);
  } else if (found.templates->has(name + '@')) {
    why += fmt::format("; {0}@ is a template: name an instance of it, as {0}@NAME", name);
  } else if (proxy != found.parsed.end()) {
    why += fmt::format("; it is a proxy, and its file is {}", proxy->spec->file);
  } else {
    const std::vector<std::string> names = service_names(found);
    const auto near = nearest(name, names);
    if (near) why += fmt::format("; did you mean {}?", *near);
    if (!remedy.empty()) why.append(near ? " " : "; ").append(remedy);
  }
  throw VerbFailure{ExitStatus::no_service, why, name};
}

}  // namespace

Places places_below(const std::string& root) {
  ModeOptions options;
  options.root = root;
  options.uid = root.empty() ? ::geteuid() : 0;
  options.mode = options.uid == 0 ? Mode::system : Mode::standalone;
  if (char here[PATH_MAX]; root.empty() && ::getcwd(here, sizeof here) != nullptr)
    options.cwd = here;
  return places_for(options, [&](const char* name) -> const char* {
    return root.empty() ? std::getenv(name) : nullptr;  // this user's variables do not apply there
  });
}

Places places_of(VerbContext& context) {
  if (!context.arguments.has("root")) return places_by_server(context).value_or(places_below({}));
  std::string root = context.arguments.value("root");
  while (root.ends_with('/')) root.pop_back();
  if (!type_at(root + "/"))
    throw VerbFailure{ExitStatus::failed, fmt::format("there is no directory {}/", root)};
  return places_below(root.empty() ? "/" : root);
}

std::optional<Controllers> controllers_of(VerbContext& context, const Places& places) {
  if (!places.root.empty()) return std::nullopt;
  try {
    const JsonDocument info = parse_json(context.client().call("system.info"));
    if (json_member(info, "controllers") != nullptr)
      return Controllers{read_as<SystemInfo>(info).controllers, "the server's cgroups have"};
  } catch (const ClientError&) {
    // Without a server, the machine's controllers count.
  }
  auto here = controllers_here();
  if (!here) return std::nullopt;
  return Controllers{*std::move(here), "cgroup v2 of this machine has"};
}

SourceFile find_service_files(VerbContext& context, const Places& places, const std::string& name,
                              bool* unmade, const std::string& remedy) {
  // Checked before the name becomes part of a path.
  if (const auto fault = name_fault(name)) throw VerbFailure{ExitStatus::usage, *fault, name};
  std::string file;
  if (!context.arguments.has("root")) {
    file = file_by_server(context, name);
    // The server may have read the vendor's file before the administrator replaced it.
    if (type_at(own_place_of(file))) file = own_place_of(file);
    if (type_at(file) && !is_template_name(stem_of(file)) && !is_mask(file)) {
      Listing listing;
      list_file(file, is_system_class(places, file), listing);
      return std::move(listing.files.front());
    }
  }
  const ParsedListing found = all_of(places);
  for (const ParsedSpec& one : found.parsed) {
    const ServiceSpec& spec = *one.spec;
    if (one.proxy || spec.name != name) continue;
    SourceFile source{spec.file, spec.system_class_default, true, spec.drop_ins};
    if (spec.is_instance()) source.instance = name;
    source.link = spec.instance->link;
    return source;
  }
  if (found.templates->has(name)) return found.templates->files().find(name)->second;
  if (found.templates->makes(name) && !found.masked.contains(name)) {
    if (unmade != nullptr) *unmade = true;
    return found.templates->source_of(name);
  }
  not_found(name, found, file, remedy);
}

std::vector<std::string> proxied_services(VerbContext& context, const Places& places) {
  std::vector<std::string> names;
  for (const ParsedSpec& one : all_of(places).parsed)
    if (one.proxy) names.push_back(one.proxy->service);
  if (context.arguments.has("root")) return names;
  try {
    for (const ProxyStatus& proxy : trusted_server(context).all_proxies())
      if (proxy.file.empty()) names.push_back(proxy.service);
  } catch (const ClientError&) {
    // Without a server there are no proxies beside those of files.
  }
  return names;
}

Masks masks_of(const Places& places, const std::string& name) {
  Masks masks;
  for (const MaskedFile& one : listing_of(places).masked) {
    if (!masked_names({one}, {}, read_below(places.root)).contains(name)) continue;
    if (own_place_of(one.link) == one.link)
      masks.own.push_back(one.link);
    else
      masks.vendors = one.link;
  }
  return masks;
}

std::vector<std::string> names_in(const Places& places) { return service_names(all_of(places)); }

std::vector<std::string> masked_in(const Places& places) {
  std::vector<std::string> names;
  for (const auto& [name, link] : all_of(places).masked) names.push_back(name);
  return names;
}

std::string on_disk(const Places& places, const std::string& path, bool follow_last) {
  auto real = real_below(places.root, path, follow_last);
  if (real) return *std::move(real);
  throw VerbFailure{ExitStatus::failed, real.error().text + "; nothing was changed"};
}

std::string own_path(const SourceFile& source) {
  if (source.instance.empty()) return source.path;
  return source.link.empty() ? beside(source.path, source.instance) : source.link;
}

std::string own_drop_in(const SourceFile& source, const std::string& name) {
  return fmt::format("{}.d/{}", own_place_of(own_path(source)), name);
}

SourceFile with_drop_in(SourceFile source, const std::string& path) {
  const std::string_view name = last_part(path);
  const auto folder = [](std::string_view of) {
    return last_part(of.substr(0, of.size() - last_part(of).size() - 1));
  };
  auto& drop_ins = source.drop_ins;
  // Drop-ins of an instance come after those of its template.
  const auto at = std::ranges::find_if(drop_ins, [&](const std::string& other) {
    return folder(other) == folder(path) && last_part(other) >= name;
  });
  if (at != drop_ins.end() && last_part(*at) == name)
    *at = path;
  else
    drop_ins.insert(at, path);
  return source;
}

SourceFile without_drop_in(SourceFile source, const std::string& path) {
  std::erase(source.drop_ins, path);
  return source;
}

int tell_change(VerbContext& context, const std::string& name, const Result<Remark>& change) {
  if (change) {
    if (!change->empty()) context.warn(name, "it is done, but " + *change);
    return ExitStatus::done;
  }
  const Error& error = change.error();
  const bool forbidden = error.errnum == EACCES || error.errnum == EPERM;
  return context.fail(
      forbidden ? ExitStatus::not_permitted : ExitStatus::failed, name,
      fmt::format("{}; nothing was changed{}", error.text,
                  forbidden ? "; only the owner of the directory may do this" : ""));
}

}  // namespace zinit
