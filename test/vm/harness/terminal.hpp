// One serial line of a virtual machine: what came out of it, waiting for what comes, typing.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit::vm {

/// Longest wait for anything unless a test says otherwise. A boot takes 2 to 4 s on an idle
/// processor; where other tests run at the same time, 40 s have been seen.
inline constexpr Milliseconds kPatience{150000};

struct Answer {
  int code;            ///< exit code of the command
  std::string output;  ///< its standard output and error
};

/// Everything here throws std::runtime_error, with the end of what the line has shown, where the
/// awaited does not come in time or the machine is gone. Single-threaded.
class Terminal {
 public:
  /// @param name  for messages
  /// @param fd    stream socket of the line
  /// @param pump  waits for input on any line of the machine until the deadline and has each read;
  ///              false where nothing more can come
  Terminal(std::string name, UniqueFd fd, std::function<bool(TimePoint)> pump);

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// All that the line has shown so far, without carriage returns.
  [[nodiscard]] const std::string& text() const { return text_; }

  /// The end of text(), as much as a message can hold.
  [[nodiscard]] std::string tail() const;

  /// Called with everything the line shows, as it comes.
  void watch(std::function<void(std::string_view)> watcher) { watcher_ = std::move(watcher); }

  /// Waits until `what` is shown, after what an earlier wait has found already.
  /// @return  what was passed over, `what` included
  std::string wait_for(std::string_view what, Milliseconds limit = kPatience);

  /// The same for a regular expression (ECMAScript); returns the match alone.
  std::string wait_for_match(const std::string& pattern, Milliseconds limit = kPatience);

  /// Types the text as it is.
  void send(std::string_view text);

  /// Runs a command in the shell that listens on the line and waits for its end. The command has no
  /// standard input. On the console what is logged meanwhile may stand in its output.
  Answer run(const std::string& command, Milliseconds limit = kPatience);

  /// As run, and the exit code must be 0.
  std::string output_of(const std::string& command, Milliseconds limit = kPatience);

  /// Runs the command again and again until its output contains `what`.
  /// @return  that output
  std::string repeat_until(const std::string& command, std::string_view what,
                           Milliseconds limit = kPatience);

  /// Reads what there is. For the pump; false at the end of the stream.
  bool read_some();

 private:
  [[noreturn]] void give_up(const std::string& awaited, bool over) const;
  void wait_until(const std::function<bool()>& found, const std::string& awaited,
                  TimePoint deadline);

  std::string name_;
  UniqueFd fd_;
  std::function<bool(TimePoint)> pump_;
  std::function<void(std::string_view)> watcher_;
  std::string text_;
  size_t seen_ = 0;  ///< how much of text_ earlier waits have passed over
  unsigned commands_ = 0;
};

}  // namespace zinit::vm
