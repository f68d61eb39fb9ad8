// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The directories, settings and socket of a mode (zinit.toml(5), "Where files are read"). Pure:
// everything depends only on the arguments.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/function_ref.hpp"
#include "config/loader.hpp"

namespace zinit {

enum class Mode : std::uint8_t {
  system,      // PID 1 of a machine
  container,   // PID 1 of a container
  standalone,  // not PID 1
};

[[nodiscard]] std::string_view mode_name(Mode mode) noexcept;

/// Returns the value of an environment variable, or null: getenv(3), or a test's own function.
using Getenv = FunctionRef<const char*(const char* name)>;

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
  bool settings_named = false;               // the operator gave it
  std::string socket;
  // An absolute path, for services whose zinitctl would look elsewhere because only zinit was given
  // this socket. Empty: every client finds the socket.
  std::string told_socket;
  bool socket_in_tmp = false;  // make its directory with mode 0700, and check its owner
  // The place for the socket if it cannot be made above: in container mode, unless a socket was
  // named. A client of the same user finds it there.
  std::string spare_socket;  // empty: no such place
  bool spare_in_tmp = false;
  DirectoryPlaces services;  // parents of services' own directories
};

/// The path in /etc/zinit that replaces or masks a vendor's file, and beside which the file's
/// drop-ins are. Returns any other path unchanged. Works below a --root too.
[[nodiscard]] std::string own_place_of(const std::string& path);

/// The vendor's directory that a directory in /etc/zinit overrides, also below a --root; empty for
/// any other directory.
[[nodiscard]] std::string vendor_of(const std::string& directory);

/// Options override the environment (ZINIT_CONFIG_DIR, ZINIT_SOCKET), which overrides the mode's
/// defaults. A variable that is set but empty counts as unset; so does a relative XDG_* directory.
[[nodiscard]] Places places_for(const ModeOptions& options, Getenv environment);

}  // namespace zinit
