// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The words and times of the protocol as types: states and reasons as enumerators with their text,
// points in time and durations as types of std::chrono.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace zinit {
inline namespace v1 {

/// The states of a service or target.
enum class ServiceState : std::uint8_t {
  unknown,   // a word that this version of the library does not know: the server is newer
  inactive,  // should not run
  blocked,   // should run, and waits
  starting,  // process spawned, not ready yet
  running,   // ready
  stopping,  // being stopped
  exited,    // ended with success, or stopped on request
  failed,    // ended badly, or cannot start
};

/// Why a service is `failed`, or is down although no request stopped it.
enum class ReasonKind : std::uint8_t {
  unknown,              // as above
  exit_code,            // its process ended with a code other than success
  signal,               // a signal ended its process
  start_timeout,        // it was not ready in time
  stop_timeout,         // its process did not end, not even after SIGKILL
  health_check_failed,  // the limit of failed checks in a row was reached
  watchdog_timeout,     // its process did not report in time
  dependency_failed,    // a service that it requires has failed
  missing_dependency,   // a service that it requires does not exist, or is masked
  spawn_error,          // its process could not be started
  port_in_use,          // another process uses one of its ports
  config_error,         // its file has a fault
  condition,            // a condition does not hold; its state is `inactive`
  stopped_with,         // it stopped with a service that it requires, or because of a conflict
  left_behind,          // it ended well and left processes: a daemon gone to the background
};

/// The word of the protocol: "running". The word for `unknown` is "unknown".
[[nodiscard]] std::string_view name_of(ServiceState state) noexcept;
[[nodiscard]] std::string_view name_of(ReasonKind kind) noexcept;

/// The enumerator for a word of the protocol; `unknown` for any other text. Two exist:
/// from_name<ServiceState>("running") and from_name<ReasonKind>("exit_code").
template <class Enum>
[[nodiscard]] Enum from_name(std::string_view name) noexcept = delete;
template <>
[[nodiscard]] ServiceState from_name<ServiceState>(std::string_view name) noexcept;
template <>
[[nodiscard]] ReasonKind from_name<ReasonKind>(std::string_view name) noexcept;

/// A word from the server. It can be compared with an enumerator or a text, and converts to text:
///
///     if (status.state == ServiceState::running) ...
///     switch (status.state.value()) ...
///     std::puts(status.state.text().c_str());
///
/// A word that this version of the library does not know has the value `unknown` and keeps its
/// text. Empty: the server sent no word.
template <class Enum>
class Word {
 public:
  Word() = default;
  explicit Word(std::string text) : text_(std::move(text)) {}
  explicit Word(Enum value) : text_(name_of(value)) {}

  [[nodiscard]] Enum value() const noexcept { return from_name<Enum>(text_); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  operator const std::string&() const noexcept { return text_; }
  operator std::string_view() const noexcept { return text_; }

  friend bool operator==(const Word&, const Word&) = default;
  friend bool operator==(const Word& word, Enum value) { return word.value() == value; }
  friend bool operator==(const Word& word, std::string_view text) { return word.text_ == text; }

 private:
  std::string text_;
};
using StateWord = Word<ServiceState>;
using ReasonWord = Word<ReasonKind>;

/// A point in time of the server's wall clock, to the microsecond.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

/// A point in time from microseconds since 1970, as in the protocol.
[[nodiscard]] constexpr WallTime wall_time(std::int64_t us) noexcept {
  return WallTime(std::chrono::microseconds(us));
}
[[nodiscard]] constexpr std::optional<WallTime> wall_time(
    const std::optional<std::int64_t>& us) noexcept {
  return us ? std::optional(wall_time(*us)) : std::nullopt;
}

}  // namespace v1
}  // namespace zinit
