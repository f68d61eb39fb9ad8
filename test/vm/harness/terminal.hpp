// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One serial line of a virtual machine: its output, waits for output, and typing.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit::vm {

/// The longest wait unless a test sets another. A boot takes 2 to 4 s on an idle processor; with
/// other tests at the same time, 40 s have been seen.
inline constexpr Milliseconds kPatience{150000};

struct Answer {
  int code;            ///< exit code of the command
  std::string output;  ///< its standard output and error
};

/// Each function throws std::runtime_error, with the end of the line's output, if the expected
/// output does not come in time or the machine is gone. Single-threaded.
class Terminal {
 public:
  /// @param name  for messages
  /// @param fd    stream socket of the line
  /// @param pump  waits for input on any line of the machine until the deadline, and makes each
  ///              line read it; false if no more input can come
  Terminal(std::string name, UniqueFd fd, std::function<bool(TimePoint)> pump);

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// The whole output of the line so far, without carriage returns.
  [[nodiscard]] const std::string& text() const { return text_; }

  /// The end of text(), short enough for a message.
  [[nodiscard]] std::string tail() const;

  /// Calls `watcher` with all output of the line, as it comes.
  void watch(std::function<void(std::string_view)> watcher) { watcher_ = std::move(watcher); }

  /// Waits for `what` in the output after the place that an earlier wait has found.
  /// @return  the output from there, up to and with `what`
  std::string wait_for(std::string_view what, Milliseconds limit = kPatience);

  /// The same for a regular expression (ECMAScript); returns only the match.
  std::string wait_for_match(const std::string& pattern, Milliseconds limit = kPatience);

  /// Types the text unchanged.
  void send(std::string_view text);

  /// Runs a command in the shell on the line and waits for its end. The command has no standard
  /// input. On the console, log lines may mix with its output.
  Answer run(const std::string& command, Milliseconds limit = kPatience);

  /// Like run(), but not in a subshell: the shell keeps variables and its directory.
  Answer run_here(const std::string& command, Milliseconds limit = kPatience);

  /// Like run(), but the exit code must be 0.
  std::string output_of(const std::string& command, Milliseconds limit = kPatience);
  /// Like output_of(), for a command that shows a number first.
  int number_of(const std::string& command) { return number_in(output_of(command)); }

  /// Repeats the command until its output contains `what`.
  /// @return  this output
  std::string repeat_until(const std::string& command, std::string_view what,
                           Milliseconds limit = kPatience);

  /// Reads the available input. For the pump; false at the end of the stream.
  bool read_some();

 private:
  [[noreturn]] void give_up(const std::string& awaited, bool over) const;
  /// The number that `text`, which the line has shown, begins with.
  [[nodiscard]] int number_in(const std::string& text) const;
  void wait_until(const std::function<bool()>& found, const std::string& awaited,
                  TimePoint deadline);

  std::string name_;
  UniqueFd fd_;
  std::function<bool(TimePoint)> pump_;
  std::function<void(std::string_view)> watcher_;
  std::string text_;
  size_t seen_ = 0;  ///< the part of text_ that earlier waits have passed
  unsigned commands_ = 0;
};

}  // namespace zinit::vm
