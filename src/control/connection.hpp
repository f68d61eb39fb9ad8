// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One client's bytes: lines in, answers and notifications out, with limits both ways. This class
// knows nothing of JSON-RPC.
//
// Input is read only while no whole line waits, so the socket slows down a client that sends faster
// than it is served. Output that the socket does not take waits here:
//
// - Answers: up to kAnswerLimit, then the connection is closed. From kPauseBytes on, no further
//   request is taken until the client reads (paused()). If it reads nothing for kPatience, its
//   requests are served again, up to the limit. So a client that reads late is slowed down, and a
//   client that never reads is dropped.
// - Notifications: up to kNotificationLimit. Beyond that they are refused, and the caller counts
//   them.
//
// All these bytes count for the client's user (quota.hpp). If more input or an answer has no room
// there, the connection is starved(): it takes no more, and its owner refuses it. Notifications
// without room are dropped, but an empty queue takes one: so the client soon learns of the loss.
//
// A peer that has closed its sending half still gets all its answers.
//
// Threads: the control loop's. The loop calls `wake` if this connection needs attention.
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
  /// No more notifications are made while more than this many bytes of them are queued. While less
  /// output is queued, neither requests nor notifications are held back.
  static constexpr std::size_t kAheadBytes = std::size_t{64} << 10;
  static constexpr Milliseconds kPatience{500};
  /// How long the input of a refused client is read and discarded before the connection is closed.
  /// A close with unread input would reset the connection before the client has read the refusal.
  static constexpr Milliseconds kLinger{2000};

  /// `fd` is a non-blocking stream socket. Queued bytes count for `share`, if there is one.
  Connection(EventLoop& loop, UniqueFd fd, SharePtr share, std::function<void()> wake);
  ~Connection();
  Connection& operator=(Connection&&) = delete;

  /// The next line without its newline, or the rest when the input has ended; nothing if there is
  /// no whole line yet. Valid until the next call of this object. Blank lines are skipped.
  [[nodiscard]] std::optional<std::string_view> next_line();

  /// Whether the next line is longer than kRequestLimit.
  [[nodiscard]] bool line_too_long() const noexcept { return too_long_ && !refused_; }

  /// Whether input or an answer was left out because the client's user holds too much.
  [[nodiscard]] bool starved() const noexcept { return starved_ && !refused_; }

  /// Whether the client's user may hold more. If not, the connection becomes starved.
  bool has_room() noexcept;

  /// Queues an answer; adds the newline. False if the connection is over or starved, or if more
  /// than kAnswerLimit is queued: then this gives the connection up.
  bool put_answer(std::string_view text);
  /// Queues a notification. False if there is no room: the notification is dropped.
  [[nodiscard]] bool put_notification(std::string_view text);
  /// Writes as much as the socket takes now; the rest follows when the socket is writable. Calls
  /// `wake` when the queue becomes empty after it held more than kAheadBytes.
  void flush();

  /// Takes no more input, writes the queued output and then `answer`, and ends the connection.
  void refuse(std::string_view answer);

  [[nodiscard]] bool paused() const noexcept;
  /// The peer will send nothing more.
  [[nodiscard]] bool input_ended() const noexcept { return input_ended_; }
  /// Whether enough notifications are queued, so that the caller makes no more now.
  [[nodiscard]] bool is_ahead() const noexcept { return notification_bytes_ > kAheadBytes; }
  [[nodiscard]] bool output_empty() const noexcept { return output_.empty(); }
  /// The connection was given up: the peer has gone, or was refused and has got the refusal.
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
  std::size_t searched_ = 0;  // input_ has been searched for a newline up to here
  bool line_found_ = false;
  bool too_long_ = false;
  bool input_ended_ = false;
  bool refused_ = false;
  bool starved_ = false;
  bool over_ = false;

  std::deque<Chunk> output_;
  bool large_ = false;       // a large chunk has been written since memory was last returned
  bool held_back_ = false;   // over kAheadBytes were queued: something may be held back
  std::size_t written_ = 0;  // bytes of the first chunk
  std::size_t answer_bytes_ = 0;
  std::size_t notification_bytes_ = 0;
  bool impatient_ = false;

  // The destructor stops the watchers of fd_ before it closes fd_.
  IoWatcher readable_;
  IoWatcher writable_;
  TimerWatcher patience_;
  TimerWatcher linger_;
};

}  // namespace zinit
