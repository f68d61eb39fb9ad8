// Which directories, settings and socket a mode uses (zinit.toml(5), "Where files are read").
// Pure: all that decides is in the arguments.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/loader.hpp"

namespace zinit {

enum class Mode : std::uint8_t {
  system,      // PID 1 of a machine
  container,   // PID 1 of a container
  standalone,  // not PID 1
};

[[nodiscard]] std::string_view mode_name(Mode mode) noexcept;

/// The value of an environment variable, or null: getenv(3), or a test's own.
using Getenv = std::function<const char*(const char* name)>;

struct ModeOptions {
  Mode mode = Mode::standalone;
  unsigned uid = 0;
  bool pid1_mode = false;                  // --pid1-mode
  std::optional<std::string> config_dir;   // --config-dir, or zinit.config_dir= of the kernel
  std::optional<std::string> config_file;  // --config
  std::optional<std::string> socket;       // --socket
  std::string root;                        // --root: before all of the system's paths; or empty
  std::string cwd;                         // that relative paths lie in; empty: they stay so
};

struct Places {
  std::string root;                          // that links of all below are followed in; or empty
  std::vector<ConfigDirectory> directories;  // in load order
  std::string added;                         // the one that files of new services go to; or empty
  std::string settings_file;                 // empty: none
  bool settings_named = false;               // by the operator
  std::string socket;
  bool socket_in_tmp = false;  // its directory is to be made, 0700, and its owner checked
  DirectoryPlaces services;    // below which services' own directories are made
};

/// Where in /etc/zinit the file of a vendor's directory is replaced or masked, and where its
/// drop-ins are put; any other path stays as it is. Works below a --root as well.
[[nodiscard]] std::string own_place_of(const std::string& path);

/// The vendor's directory that /etc/zinit/... (also below a root) lies over; empty for any other.
[[nodiscard]] std::string vendor_of(const std::string& directory);

/// Options win over the environment (ZINIT_CONFIG_DIR, ZINIT_SOCKET), that over the mode's
/// defaults; a variable that is set but empty counts as unset, and so does a relative XDG_*
/// directory.
[[nodiscard]] Places places_for(const ModeOptions& options, const Getenv& environment);

}  // namespace zinit
