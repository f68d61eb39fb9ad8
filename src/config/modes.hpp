// Which directories, settings and socket a mode uses (zinit.toml(5), "Where files are read").
// Pure: everything depends on the arguments alone.
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

/// Returns the value of an environment variable, or null: getenv(3), or a test's own.
using Getenv = std::function<const char*(const char* name)>;

struct ModeOptions {
  Mode mode = Mode::standalone;
  unsigned uid = 0;
  bool pid1_mode = false;                  // --pid1-mode
  std::optional<std::string> config_dir;   // --config-dir, or zinit.config_dir= of the kernel
  std::optional<std::string> config_file;  // --config
  std::optional<std::string> socket;       // --socket
  std::string root;                        // --root: prefix of all system paths; or empty
  std::string cwd;                         // base of relative paths; empty: they stay relative
};

struct Places {
  std::string root;                          // links are resolved below it; or empty
  std::vector<ConfigDirectory> directories;  // in load order
  std::string added;                         // directory for files of new services; or empty
  std::string settings_file;                 // empty: none
  bool settings_named = false;               // it was given by the operator
  std::string socket;
  // The same for services whose zinitctl would look elsewhere, since it was named to zinit alone;
  // an absolute path. Empty: it is the one that every client finds.
  std::string told_socket;
  bool socket_in_tmp = false;  // its directory must be made, mode 0700, and its owner checked
  // Container mode, where no socket was named: where it goes if it cannot be made at the place
  // above. There a client of this user finds it without being told.
  std::string spare_socket;  // empty: nowhere
  bool spare_in_tmp = false;
  DirectoryPlaces services;  // in which services' own directories are made
};

/// The path in /etc/zinit at which a vendor's file is replaced or masked, and beside which its
/// drop-ins are put. Any other path is returned as it is. Works below a --root as well.
[[nodiscard]] std::string own_place_of(const std::string& path);

/// The vendor's directory that a directory in /etc/zinit overrides, also below a --root; empty for
/// any other directory.
[[nodiscard]] std::string vendor_of(const std::string& directory);

/// Options override the environment (ZINIT_CONFIG_DIR, ZINIT_SOCKET), which overrides the mode's
/// defaults. A variable that is set but empty counts as unset, and so does a relative XDG_*
/// directory.
[[nodiscard]] Places places_for(const ModeOptions& options, const Getenv& environment);

}  // namespace zinit
