// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses messages of sd_notify(3). See notify_message.hpp.
#include "io/notify_message.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace zinit {

namespace {

// systemd's limit.
constexpr std::size_t kFdNameMax = 255;

std::optional<std::uint64_t> number(std::string_view text) {
  const auto value = parse_integer(text);
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::optional<pid_t> process_id(std::string_view text) {
  const auto value = number(text);
  if (!value || *value < 1 || *value > std::uint64_t{std::numeric_limits<pid_t>::max()})
    return std::nullopt;
  return static_cast<pid_t>(*value);
}

/// Excludes colons: in LISTEN_FDNAMES they separate names.
bool is_fd_name(std::string_view text) {
  return !text.empty() && text.size() <= kFdNameMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

void take(NotifyMessage& message, std::string_view key, std::string_view value) {
  const bool set = value == "1";
  if (key == "READY") {
    message.ready = message.ready || set;
  } else if (key == "RELOADING") {
    message.reloading = message.reloading || set;
  } else if (key == "STOPPING") {
    message.stopping = message.stopping || set;
  } else if (key == "WATCHDOG") {
    message.alive = message.alive || set;
    message.trigger = message.trigger || value == "trigger";
  } else if (key == "FDSTORE") {
    message.store = message.store || set;
  } else if (key == "FDSTOREREMOVE") {
    message.remove = message.remove || set;
  } else if (key == "FDNAME") {
    if (is_fd_name(value)) message.fd_name = value;
  } else if (key == "STATUS") {
    message.status = cut_utf8(printable(value.substr(0, kStatusTextMax)), kStatusTextMax);
  } else if (key == "MAINPID") {
    message.main_pid = process_id(value);
  } else if (key == "EXTEND_TIMEOUT_USEC") {
    message.extend_usec = number(value);
  } else if (key == "WATCHDOG_USEC") {
    message.watchdog_usec = number(value);
    if (message.watchdog_usec == std::uint64_t{0}) message.watchdog_usec.reset();
  }
}

}  // namespace

NotifyMessage parse_notify_message(std::string_view text) {
  NotifyMessage message;
  for (const std::string_view line : split(text, '\n')) {
    const auto equals = line.find('=');
    if (equals != std::string_view::npos)
      take(message, line.substr(0, equals), line.substr(equals + 1));
  }
  return message;
}

}  // namespace zinit
