// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of zinit.toml(5), "Where files are read", as code.
#include "config/modes.hpp"

#include "base/text.hpp"

// Set by the Makefile, for packages with a SYSCONFDIR or VENDORDIR of their own.
#ifndef ZINIT_CONFIG
#define ZINIT_CONFIG "/etc/zinit"
#define ZINIT_VENDOR_CONFIG "/usr/lib/zinit"
#endif

namespace zinit {

namespace {

constexpr std::string_view kSystemConfig = ZINIT_CONFIG;
constexpr std::string_view kVendorConfig = ZINIT_VENDOR_CONFIG;
constexpr std::string_view kSystemSocket = "/run/zinit.sock";
constexpr std::string_view kSettings = "/zinit.toml";

/// The value of a variable, if it is set and not empty.
std::optional<std::string> value_of(Getenv environment, const char* name) {
  const char* value = environment(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// The same for an absolute path. The XDG base directory specification ignores relative ones.
std::optional<std::string> path_of(Getenv environment, const char* name) {
  auto value = value_of(environment, name);
  return value && value->front() == '/' ? value : std::nullopt;
}

/// $XDG_CONFIG_HOME/zinit, or else $HOME/.config/zinit; empty if neither is set.
std::string user_config(Getenv environment) {
  if (const auto home = path_of(environment, "XDG_CONFIG_HOME")) return *home + "/zinit";
  if (const auto home = path_of(environment, "HOME")) return *home + "/.config/zinit";
  return {};
}

/// Makes a path absolute: a client that asks the server for it may have another working directory.
std::string absolute(const ModeOptions& options, const std::string& path) {
  if (path.empty() || path.front() == '/' || options.cwd.empty()) return path;
  std::string_view rest = path;
  while (rest.starts_with("./")) rest.remove_prefix(2);
  return joined_path(options.cwd, rest);
}

bool is_users_own(const ModeOptions& options) {
  return options.mode == Mode::standalone && options.uid != 0;
}

/// The socket of a user's own server, where the client looks for it. @return  whether it is in /tmp
bool users_socket(std::string& path, const ModeOptions& options, Getenv environment) {
  const auto runtime = options.uid != 0 ? path_of(environment, "XDG_RUNTIME_DIR") : std::nullopt;
  path = runtime ? *runtime : "/tmp/zinit-" + std::to_string(options.uid);
  path += "/zinit.sock";
  return !runtime;
}

void place_socket(Places& places, const ModeOptions& options, Getenv environment) {
  if (const auto named = options.socket ? options.socket : value_of(environment, "ZINIT_SOCKET")) {
    places.socket = *named;
    if (*named != kSystemSocket) places.told_socket = absolute(options, *named);
  } else if (is_users_own(options)) {
    places.socket_in_tmp = users_socket(places.socket, options, environment);
  } else {
    places.socket = kSystemSocket;
    // A container's root may be read-only, and its user may not be able to write to /run.
    if (options.mode == Mode::container)
      places.spare_in_tmp = users_socket(places.spare_socket, options, environment);
  }
}

/// $NAME, or else `fallback` below $HOME; empty if neither is set.
std::string user_place(Getenv environment, const char* name, std::string_view fallback) {
  if (const auto place = path_of(environment, name)) return *place;
  const auto home = path_of(environment, "HOME");
  return home ? *home + std::string(fallback) : std::string();
}

/// The places for an ordinary user's directories: the XDG base directories. XDG has none for logs,
/// so they go below the state directory.
DirectoryPlaces user_places(Getenv environment) {
  DirectoryPlaces places;
  places.runtime = path_of(environment, "XDG_RUNTIME_DIR").value_or("");
  places.state = user_place(environment, "XDG_STATE_HOME", "/.local/state");
  places.cache = user_place(environment, "XDG_CACHE_HOME", "/.cache");
  places.log = places.state.empty() ? "" : places.state + "/log";
  return places;
}

}  // namespace

std::string_view mode_name(Mode mode) noexcept {
  switch (mode) {
    case Mode::system: return "system";
    case Mode::container: return "container";
    case Mode::standalone: return "standalone";
  }
  return "standalone";
}

std::string own_place_of(const std::string& path) {
  const auto at = path.rfind(kVendorConfig);
  if (at == std::string::npos) return path;
  const std::string_view rest = std::string_view(path).substr(at + kVendorConfig.size());
  const auto begins = [rest](std::string_view part) { return rest.starts_with(part); };
  if (!begins("/system/") && !begins("/services/") && !begins("/targets/")) return path;
  return path.substr(0, at).append(kSystemConfig).append(path.substr(at + kVendorConfig.size()));
}

std::string vendor_of(const std::string& directory) {
  const auto at = directory.rfind(kSystemConfig);
  if (at == std::string::npos) return {};
  const std::string rest = directory.substr(at + kSystemConfig.size());
  if (!rest.empty() && !rest.starts_with('/')) return {};
  return directory.substr(0, at).append(kVendorConfig).append(rest);
}

Places places_for(const ModeOptions& options, Getenv environment) {
  const bool users_own = is_users_own(options);
  const std::string base =
      users_own ? user_config(environment) : options.root + std::string(kSystemConfig);
  const auto found = [&](std::string_view part) {
    const std::string path = base + std::string(part);
    return ConfigDirectory{path, part == "/system", false, users_own ? "" : vendor_of(path)};
  };
  const bool pid1_directories = options.mode == Mode::standalone && options.pid1_mode && !users_own;
  Places places;
  places.root = options.root;
  if (options.mode == Mode::system || pid1_directories) {
    places.directories.push_back(found("/system"));
  }
  const auto named =
      options.config_dir ? options.config_dir : value_of(environment, "ZINIT_CONFIG_DIR");
  if (named) {
    places.directories.push_back({absolute(options, *named), false, true});
    places.added = places.directories.back().path;
  } else if (!base.empty()) {
    places.directories.push_back(found("/services"));
    places.added = places.directories.back().path;
  }
  if (options.mode != Mode::standalone || pid1_directories) {
    places.directories.push_back(found("/targets"));
  }
  places.settings_named = options.config_file.has_value();
  if (options.config_file) {
    places.settings_file = absolute(options, *options.config_file);
  } else if (!base.empty()) {
    places.settings_file = base + std::string(kSettings);
  }
  if (users_own) places.services = user_places(environment);
  place_socket(places, options, environment);
  return places;
}

}  // namespace zinit
