// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sinks `syslog` and `forward`: send lines over a socket to a log collector.
//
// - syslog is RFC 5424: facility daemon, level info, the service as APP-NAME, its pid as PROCID and
//   the stream as MSGID. Over udp and unix datagram sockets each datagram is a message. Over tcp
//   messages have octet counts (RFC 6587). Over unix stream sockets they end with a newline, as in
//   syslog(3).
// - forward is a JSON object in each line.
//
//   closed --line--> resolving --> connecting --> open --error, end--> closed, a delay
//
// The delay doubles up to 10 s while no connection works. Lines wait meanwhile. When a connection
// fails, lines that have waited for kPatience are dropped and counted. If the queue is full, new
// lines are dropped and counted. A partly sent message is sent again, whole, over the next
// connection. Lines that the kernel had accepted when a connection broke are lost and not counted,
// because these protocols have no acknowledgements.
//
// Threads: as for QueuedSink. Functions not named there run only on the loop's thread.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "base/backoff.hpp"
#include "io/dial.hpp"
#include "io/sink.hpp"
#include "model/log_target.hpp"

namespace zinit {

class SocketSink final : public QueuedSink {
 public:
  enum class Shape { syslog, forward };

  /// The resolver outlives the sink.
  SocketSink(EventLoop& loop, Resolver& resolver, Shape shape, LogTarget target);
  ~SocketSink() override;

  [[nodiscard]] std::string_view name() const noexcept override {
    return shape_ == Shape::syslog ? "syslog" : "forward";
  }

  void finish(Milliseconds limit) noexcept override;

  /// Whether no line waits. On the loop's thread.
  [[nodiscard]] bool idle() noexcept { return !fill(); }

  static constexpr std::size_t kQueueBytes = std::size_t{1} << 20;
  static constexpr Milliseconds kPatience{15000};

 protected:
  [[nodiscard]] std::string format(const SinkBatch& batch, const SplitLine& line) const override;
  void lines_wait() noexcept override;

 private:
  enum class State { closed, resolving, connecting, open };

  [[nodiscard]] bool fill() noexcept;
  void begin() noexcept;
  void resolved(Result<Addresses> addresses);
  void try_next();
  void watch(int events);
  void on_ready(int events);
  void on_timer();
  void connected();
  [[nodiscard]] bool still_open();
  void pump() noexcept;
  [[nodiscard]] ssize_t send_some();
  void sent(std::size_t bytes) noexcept;
  void send_failed(int errnum);
  void down(const std::string& why) noexcept;
  void give_up_old() noexcept;
  void lose_last_sent() noexcept;
  void drop_first() noexcept;
  void pop_first() noexcept;
  [[nodiscard]] bool datagrams() const noexcept { return type_ == SOCK_DGRAM; }
  /// Whether a line is sent with a newline.
  [[nodiscard]] bool lines_end() const noexcept {
    return !datagrams() && (shape_ == Shape::forward || target_.way == LogTarget::Way::unix_socket);
  }

  EventLoop& loop_;
  Resolver& resolver_;
  const Shape shape_;
  const LogTarget target_;

  State state_ = State::closed;
  int type_;   // SOCK_STREAM or SOCK_DGRAM; a unix socket is tried with both
  Dial dial_;  // has the socket
  std::unique_ptr<IoWatcher> watcher_;
  int watched_ = 0;
  TimerWatcher timer_;         // ends a delay, or an attempt to connect
  Backoff<200, 10000> delay_;  // between attempts
  Resolver::Query query_;
  std::string last_fault_;
  std::deque<QueuedLine> sending_;
  std::size_t written_ = 0;  // of sending_.front()
  DropCount last_sent_;      // the last datagram's; the next call may report its refusal
  bool repeats_ = false;     // after EMSGSIZE, sending_.front() is sent once more
};

}  // namespace zinit
