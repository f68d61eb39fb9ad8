// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The global settings, zinit.toml (zinit.toml(5), "Global settings").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/diagnostic.hpp"
#include "config/value.hpp"

namespace zinit {

struct Key;

/// The contents of [defaults]: checked values of keys of service files.
using ServiceDefaults = std::vector<std::pair<const Key*, Value>>;

/// The default time for a shutdown's whole stopping phase. In a container it fits into the ten
/// seconds after which most engines send SIGKILL.
inline constexpr Milliseconds kShutdownTimeout{90000};
inline constexpr Milliseconds kContainerShutdownTimeout{8000};

/// What members of `socket_group` may call; in the order of kAccessWords.
enum class SocketAccess : std::uint8_t { read, full };

/// What Ctrl-Alt-Del does, on a machine whose PID 1 is zinit; in the order of kCtrlAltDelWords.
enum class CtrlAltDel : std::uint8_t { reboot, power_off, none };

struct GlobalSettings {
  std::optional<LogLevel> log_level;             // unset: info; warn if only a command runs
  std::optional<Milliseconds> shutdown_timeout;  // unset: kShutdownTimeout, or that of containers
  std::string default_target;                    // empty: every service with status `start`
  SourcePosition default_target_at;
  std::string socket_group;  // name or number; empty: only its owner may use the socket
  SourcePosition socket_group_at;
  SocketAccess socket_group_access = SocketAccess::read;
  CtrlAltDel ctrl_alt_del = CtrlAltDel::reboot;
  std::string watchdog_device;  // empty: none
  Milliseconds watchdog_timeout{60000};
  Milliseconds self_watchdog{0};  // 0: off
  ServiceDefaults defaults;
  std::string text;  // the text that was read
};

/// A warning that nothing has the name of `default_target`.
[[nodiscard]] Diagnostic absent_target(const GlobalSettings& settings, const std::string& file);

/// The keys whose values differ, sorted; SECTION.KEY for keys in a section.
[[nodiscard]] std::vector<std::string> changed_settings(const GlobalSettings& before,
                                                        const GlobalSettings& after);

/// Reads settings from `text`. A wrong key or value is reported in `diagnostics`, and its default
/// is used.
///
/// @param path  for messages.
[[nodiscard]] GlobalSettings parse_settings(std::string_view text, const std::string& path,
                                            std::vector<Diagnostic>& diagnostics);

/// The same for a file. If it is missing and was not `named`, all settings have their defaults. If
/// it cannot be read, the fault is added to `diagnostics` and returned as the error.
[[nodiscard]] Result<GlobalSettings> read_settings(const std::string& path, bool named,
                                                   std::vector<Diagnostic>& diagnostics);

/// Sends the output of services also to the console, unless their own files decide. Overrides
/// [defaults].
void default_to_console(GlobalSettings& settings, ConsoleMode how);

}  // namespace zinit
