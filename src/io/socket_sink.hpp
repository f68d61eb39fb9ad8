// `syslog` and `forward`: lines sent over a socket to who collects them, with re-connection.
//
// - syslog is RFC 5424: facility daemon, level info, the service as APP-NAME, its pid as PROCID and
//   the stream as MSGID. Over udp and unix sockets a message a datagram, over tcp with octet counts
//   (RFC 6587), over a unix socket of streams with a line's end, as syslog(3) has it.
// - forward is a JSON object a line.
//
//   closed --line--> resolving --> connecting --> open --error, end--> closed, a delay
//
// The delay doubles up to kLastDelay while nothing gets through. What waits meanwhile is sent when
// there is a connection again; what has waited for kPatience when one could not be had is given up
// and counted, and what finds the queue full is counted at once. A message that a connection took
// in part is sent whole over the next. What the kernel had taken when a connection broke is lost
// without a trace, as these protocols have no receipts.
//
// Threads: as QueuedSink; the rest on the loop.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "io/resolver.hpp"
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

  /// Whether nothing waits that is worth waiting for. On the loop.
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
  [[nodiscard]] int connect_to(const SocketAddress& address);
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
  [[nodiscard]] bool datagrams() const noexcept { return type_ == SOCK_DGRAM; }
  /// Whether a line is sent with its end.
  [[nodiscard]] bool lines_end() const noexcept {
    return !datagrams() &&
           (shape_ == Shape::forward || target_.way == LogTarget::Way::unix_socket);
  }

  EventLoop& loop_;
  Resolver& resolver_;
  const Shape shape_;
  const LogTarget target_;

  State state_ = State::closed;
  int type_;  // SOCK_STREAM or SOCK_DGRAM: of a unix socket as it turns out
  UniqueFd fd_;
  std::unique_ptr<IoWatcher> watcher_;
  int watched_ = 0;
  TimerWatcher timer_;  // the end of a delay, or of a try to connect
  Milliseconds delay_{0};
  Resolver::Query query_;
  Addresses addresses_;
  std::size_t next_address_ = 0;
  std::string last_fault_;
  std::deque<Waiting> sending_;
  std::size_t written_ = 0;  // of the first of them
  DropCount last_sent_;      // of a datagram whose refusal comes with the next
  bool repeats_ = false;     // the first of them was too large, or last_sent_ was
};

}  // namespace zinit
