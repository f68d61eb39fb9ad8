// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses messages of the sd_notify(3) protocol: lines KEY=value. Makes no system call. Messages are
// not trusted: unknown keys and invalid values are ignored.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zinit {

/// The longest accepted message, as in systemd. A longer one is ignored as a whole.
inline constexpr std::size_t kNotifyMessageMax = 4096;
/// The most bytes of a STATUS= that are kept.
inline constexpr std::size_t kStatusTextMax = 512;

struct NotifyMessage {
  bool ready = false;
  bool reloading = false;
  bool stopping = false;
  bool alive = false;    // WATCHDOG=1
  bool trigger = false;  // WATCHDOG=trigger: act as if the watchdog had expired
  bool store = false;    // FDSTORE=1: store the descriptors sent with this message
  bool remove = false;   // FDSTOREREMOVE=1: drop the stored descriptors named `fd_name`
  std::string fd_name;   // FDNAME=; empty if missing or invalid
  std::optional<std::string> status;           // one line without control characters
  std::optional<pid_t> main_pid;               // > 0
  std::optional<std::uint64_t> extend_usec;    // EXTEND_TIMEOUT_USEC=
  std::optional<std::uint64_t> watchdog_usec;  // WATCHDOG_USEC=, > 0
};

[[nodiscard]] NotifyMessage parse_notify_message(std::string_view text);

}  // namespace zinit
