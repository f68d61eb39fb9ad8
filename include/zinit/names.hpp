// The words and the times of the protocol as types: states and reasons as enumerators beside their
// text, points in time and durations as those of std::chrono.
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
  inactive,  // not asked to run
  blocked,   // asked to run, and waiting
  starting,  // process spawned, not ready yet
  running,   // ready
  stopping,  // being stopped
  exited,    // ended with success, or stopped on request
  failed,    // ended badly, or cannot start
};

/// Why a service is `failed`, or down although nobody asked for that.
enum class ReasonKind : std::uint8_t {
  unknown,              // as above
  exit_code,            // its process ended with a code that is no success
  signal,               // a signal ended its process
  start_timeout,        // it was not ready in time
  stop_timeout,         // its process did not end, not even after SIGKILL
  health_check_failed,  // so many times in a row
  watchdog_timeout,     // its process did not report in time
  dependency_failed,    // a service that it requires has failed
  missing_dependency,   // a service that it requires is not there, or masked
  spawn_error,          // its process could not be started
  port_in_use,          // one of its ports is another process's
  config_error,         // its file has a fault
  condition,            // a condition does not hold; its state is `inactive`
  stopped_with,         // it went down with a service that it requires, or for one that conflicts
  left_behind,          // it ended well and left processes: a daemon gone to the background
};

/// The word of the protocol: "running". That of `unknown` is "unknown".
[[nodiscard]] std::string_view name_of(ServiceState state) noexcept;
[[nodiscard]] std::string_view name_of(ReasonKind kind) noexcept;

/// The enumerator that a word of the protocol names; `unknown` for any other text. There are two:
/// from_name<ServiceState>("running") and from_name<ReasonKind>("exit_code").
template <class Enum>
[[nodiscard]] Enum from_name(std::string_view name) noexcept = delete;
template <>
[[nodiscard]] ServiceState from_name<ServiceState>(std::string_view name) noexcept;
template <>
[[nodiscard]] ReasonKind from_name<ReasonKind>(std::string_view name) noexcept;

/// A word that the server sent. It is compared with an enumerator or with text, and becomes text
/// where text is wanted:
///
///     if (status.state == ServiceState::running) ...
///     switch (status.state.value()) ...
///     std::puts(status.state.text().c_str());
///
/// A word that this version of the library does not know has the value `unknown` and is still
/// there as text. It is empty where the server sent none.
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

/// A point in time from microseconds since 1970, as the protocol has it.
[[nodiscard]] constexpr WallTime wall_time(std::int64_t us) noexcept {
  return WallTime(std::chrono::microseconds(us));
}
[[nodiscard]] constexpr std::optional<WallTime> wall_time(
    const std::optional<std::int64_t>& us) noexcept {
  return us ? std::optional(wall_time(*us)) : std::nullopt;
}

}  // namespace v1
}  // namespace zinit
