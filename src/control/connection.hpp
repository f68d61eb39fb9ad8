// One client's bytes: lines in, answers and notifications out, with limits both ways. Knows nothing
// of JSON-RPC.
//
// Input is read only while no whole line waits, so a client that sends faster than it is served is
// slowed down by its socket. Output that the socket does not take waits here:
//
// - Answers: up to kAnswerLimit, then the client is given up. Before that, from kPauseBytes on, no
//   further request of it is taken until it reads (paused()); only one that reads nothing for
//   kPatience is served on, up to the limit. So a client that asks for much and reads it late is
//   slowed down, and one that never reads is dropped.
// - Notifications: up to kNotificationLimit; beyond that they are refused, and the caller counts
//   them.
//
// A peer that has closed its sending half still gets all its answers.
//
// Threads: the control loop's. `wake` is called from the loop, and means: look at me.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "io/watcher.hpp"

namespace zinit {

class Connection {
 public:
  static constexpr std::size_t kRequestLimit = std::size_t{1} << 20;
  static constexpr std::size_t kAnswerLimit = std::size_t{4} << 20;
  static constexpr std::size_t kPauseBytes = std::size_t{1} << 20;
  static constexpr std::size_t kNotificationLimit = std::size_t{1} << 20;
  /// While less waits nothing is held back for it: neither requests, by a pause, nor notifications.
  static constexpr std::size_t kAheadBytes = std::size_t{64} << 10;
  static constexpr Milliseconds kPatience{500};
  /// For a client that is being refused: so long its input is read and thrown away, so that it
  /// comes to read why. A close with unread input would be a reset.
  static constexpr Milliseconds kLinger{2000};

  /// `fd` is a stream socket that does not block.
  Connection(EventLoop& loop, UniqueFd fd, std::function<void()> wake);

  /// The next line without its end, or what is left at the end of the input; nothing while there is
  /// none. Valid until the next call here. Blank lines are passed over.
  [[nodiscard]] std::optional<std::string_view> next_line();

  /// A line longer than kRequestLimit has begun.
  [[nodiscard]] bool line_too_long() const noexcept { return too_long_ && !refused_; }

  /// Queues an answer, a line without its end. False: too much waits already, the connection is
  /// lost.
  bool put_answer(std::string_view text);
  /// Queues a notification. False: too many wait, this one is not sent.
  [[nodiscard]] bool put_notification(std::string_view text);
  /// Writes what the socket takes now, and waits for room for the rest. Wakes when it has written
  /// all of more than kAheadBytes.
  void flush();

  /// No more input is taken: what is queued is written, and then the connection ends.
  void refuse();

  [[nodiscard]] bool paused() const noexcept;
  /// The peer will send nothing more.
  [[nodiscard]] bool input_ended() const noexcept { return input_ended_; }
  /// As many notifications wait as should be made ahead of what the socket takes.
  [[nodiscard]] bool is_ahead() const noexcept { return notification_bytes_ > kAheadBytes; }
  [[nodiscard]] bool output_empty() const noexcept { return output_.empty(); }
  /// Nobody is there any more, or nothing is to be said any more.
  [[nodiscard]] bool over() const noexcept { return over_; }
  void give_up() noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  struct Chunk {
    std::string text;
    bool notification;
  };

  void on_readable(int events);
  void receive();
  void on_writable(int events);
  void on_patience();
  void on_linger();
  void append(std::string_view text, bool notification);
  void end_refusal();
  [[nodiscard]] bool find_line();
  void drop_consumed();
  void watch();

  UniqueFd fd_;
  std::function<void()> wake_;

  std::string input_;
  std::size_t consumed_ = 0;  // of input_: lines that were taken
  std::size_t line_end_ = 0;  // of the line that waits, if line_found_
  std::size_t searched_ = 0;  // so far no line end was found
  bool line_found_ = false;
  bool too_long_ = false;
  bool input_ended_ = false;
  bool refused_ = false;
  bool over_ = false;

  std::deque<Chunk> output_;
  bool large_ = false;      // a large chunk has been written
  bool held_back_ = false;  // so much has waited that something may wait for its end
  std::size_t written_ = 0;  // of the first chunk
  std::size_t answer_bytes_ = 0;
  std::size_t notification_bytes_ = 0;
  bool impatient_ = false;

  // After the descriptor, which they must not outlive.
  IoWatcher readable_;
  IoWatcher writable_;
  TimerWatcher patience_;
  TimerWatcher linger_;
};

}  // namespace zinit
