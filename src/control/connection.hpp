// One client's bytes: lines in, answers and notifications out, with limits both ways. Knows nothing
// of JSON-RPC.
//
// Input is read only while no whole line waits, so a client that sends faster than it is served is
// slowed down by its socket. Output that the socket does not take waits here:
//
// - Answers: up to kAnswerLimit, then the connection is closed. From kPauseBytes on, no further
//   request is taken until the client reads (paused()). If it reads nothing for kPatience, its
//   requests are served again, up to the limit. So a client that asks for much and reads late is
//   slowed down, and one that never reads is dropped.
// - Notifications: up to kNotificationLimit; beyond that they are refused, and the caller counts
//   them.
//
// All of it counts for the client's user (quota.hpp). Without room there more input, and another
// answer, make the connection starved(): it takes no more, and its owner refuses it. Notifications
// are dropped, but for one where nothing else is queued: the client learns at once of the others.
//
// A peer that has closed its sending half still gets all its answers.
//
// Threads: the control loop's. `wake` is called from the loop when there is something to do for
// this connection.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "control/quota.hpp"
#include "io/watcher.hpp"

namespace zinit {

class Connection {
 public:
  static constexpr std::size_t kRequestLimit = std::size_t{1} << 20;
  static constexpr std::size_t kAnswerLimit = std::size_t{4} << 20;
  static constexpr std::size_t kPauseBytes = std::size_t{1} << 20;
  static constexpr std::size_t kNotificationLimit = std::size_t{1} << 20;
  /// No more notifications are made while this many bytes of them are queued. While less output is
  /// queued, neither requests nor notifications are held back.
  static constexpr std::size_t kAheadBytes = std::size_t{64} << 10;
  static constexpr Milliseconds kPatience{500};
  /// How long the input of a refused client is read and discarded before the connection is closed:
  /// a close with unread input would reset it before the client has read the refusal.
  static constexpr Milliseconds kLinger{2000};

  /// `fd` is a non-blocking stream socket; what is queued counts for `share`, if there is one.
  Connection(EventLoop& loop, UniqueFd fd, SharePtr share, std::function<void()> wake);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The next line without its newline, or the rest when the input has ended; nothing if there is
  /// no whole line yet. Valid until the next call of this object. Blank lines are skipped.
  [[nodiscard]] std::optional<std::string_view> next_line();

  /// Whether the next line is longer than kRequestLimit.
  [[nodiscard]] bool line_too_long() const noexcept { return too_long_ && !refused_; }

  /// Whether input or an answer was left out, for the client's user holds too much.
  [[nodiscard]] bool starved() const noexcept { return starved_ && !refused_; }

  /// Whether the client's user may hold more. If not, the connection is starved from now on.
  bool has_room() noexcept;

  /// Queues an answer, without its newline. False if the connection is over or starved, or is given
  /// up now because more than kAnswerLimit is queued.
  bool put_answer(std::string_view text);
  /// Queues a notification. False if there is no room for it: it is dropped.
  [[nodiscard]] bool put_notification(std::string_view text);
  /// Writes what the socket takes now; the rest follows when the socket is writable. Calls `wake`
  /// when the queue has become empty after it held more than kAheadBytes.
  void flush();

  /// Takes no more input, writes what is queued and then `answer`, and ends the connection.
  void refuse(std::string_view answer);

  [[nodiscard]] bool paused() const noexcept;
  /// The peer will send nothing more.
  [[nodiscard]] bool input_ended() const noexcept { return input_ended_; }
  /// Whether enough notifications are queued, so that no more should be made now.
  [[nodiscard]] bool is_ahead() const noexcept { return notification_bytes_ > kAheadBytes; }
  [[nodiscard]] bool output_empty() const noexcept { return output_.empty(); }
  /// The connection has been given up: the peer has gone, or has been refused and told so.
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
  void count() noexcept;
  void watch();

  UniqueFd fd_;
  Held held_;
  std::function<void()> wake_;

  std::string input_;
  std::size_t consumed_ = 0;  // bytes of input_ that next_line() has returned
  std::size_t line_end_ = 0;  // the end of the next line, if line_found_
  std::size_t searched_ = 0;  // up to here input_ has been searched for a newline
  bool line_found_ = false;
  bool too_long_ = false;
  bool input_ended_ = false;
  bool refused_ = false;
  bool starved_ = false;
  bool over_ = false;

  std::deque<Chunk> output_;
  bool large_ = false;       // a large chunk has been written
  bool held_back_ = false;   // something was held back, or may have been: over kAheadBytes queued
  std::size_t written_ = 0;  // of the first chunk
  std::size_t answer_bytes_ = 0;
  std::size_t notification_bytes_ = 0;
  bool impatient_ = false;

  // The destructor stops those that watch fd_ before it closes fd_.
  IoWatcher readable_;
  IoWatcher writable_;
  TimerWatcher patience_;
  TimerWatcher linger_;
};

}  // namespace zinit
