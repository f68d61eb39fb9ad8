// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Connects, sends, and connects again after a failure. See socket_sink.hpp.
#include "io/socket_sink.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>

#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "io/sink_format.hpp"
#include "os/unix_receive.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kConnectLimit{10000};

// Long, because the resolver may have many servers to ask.
constexpr Milliseconds kResolveLimit{120000};

// Lines in one system call, and calls before other descriptors of the loop have their turn.
constexpr std::size_t kLinesACall = 64;
constexpr int kCallsATurn = 64;

// TCP keep-alive: notices a peer that has vanished, even if no lines wait for it.
constexpr int kSilentSeconds = 60;
constexpr int kUnheardMs = 120000;

void set_option(int fd, int level, int option, int value) noexcept {
  // If this fails, a vanished peer is only noticed later.
  static_cast<void>(::setsockopt(fd, level, option, &value, sizeof value));
}

void watch_peer(int fd) noexcept {
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kSilentSeconds);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnheardMs);
}

int first_type(SocketSink::Shape shape, const LogTarget& target) {
  const bool datagrams =
      target.way == LogTarget::Way::udp ||
      (target.way == LogTarget::Way::unix_socket && shape == SocketSink::Shape::syslog);
  return datagrams ? SOCK_DGRAM : SOCK_STREAM;
}

}  // namespace

SocketSink::SocketSink(EventLoop& loop, Resolver& resolver, Shape shape, LogTarget target)
    : QueuedSink(loop, kQueueBytes),
      loop_(loop),
      resolver_(resolver),
      shape_(shape),
      target_(std::move(target)),
      type_(first_type(shape_, target_)),
      timer_(loop, [this] { on_timer(); }) {}

SocketSink::~SocketSink() {
  watcher_.reset();
  close_socket(dial_.take());
}

std::string SocketSink::format(const SinkBatch& batch, const SplitLine& line) const {
  if (shape_ == Shape::forward) return forward_text(batch, line);
  std::string text = syslog_text(batch, line);
  if (target_.way == LogTarget::Way::tcp) text.insert(0, fmt::format("{} ", text.size()));
  return text;
}

/// Takes lines from the queue. Returns whether any wait to be sent.
bool SocketSink::fill() noexcept {
  while (sending_.size() < kLinesACall) {
    sending_.emplace_back();
    if (next(sending_.back())) continue;
    sending_.pop_back();
    break;
  }
  return !sending_.empty();
}

void SocketSink::lines_wait() noexcept {
  if (state_ == State::open) return pump();
  if (state_ == State::closed && !timer_.active()) begin();
}

void SocketSink::begin() noexcept {
  try {
    state_ = State::resolving;
    timer_.set(kResolveLimit);
    last_fault_.clear();
    query_ = resolver_.resolve(target_.endpoint,
                               [this](Result<Addresses> found) { resolved(std::move(found)); });
  } catch (const std::exception& fault) {
    down(fault.what());
  }
}

void SocketSink::resolved(Result<Addresses> addresses) {
  if (!addresses) return down(addresses.error().text);
  dial_ = Dial(std::move(*addresses), type_);
  try_next();
}

/// Connects to the next address for which connect() does not fail at once.
void SocketSink::try_next() {
  watcher_.reset();
  while (dial_.more()) {
    const int errnum = dial_.try_next();
    if (errnum == 0) return connected();
    if (errnum == EINPROGRESS) {
      state_ = State::connecting;
      timer_.set(kConnectLimit);
      return watch(EV_WRITE);
    }
    const bool first = std::exchange(last_fault_, dial_.fault(errnum).text).empty();
    if (first && errnum == EPROTOTYPE && target_.way == LogTarget::Way::unix_socket) {
      type_ = datagrams() ? SOCK_STREAM : SOCK_DGRAM;  // the unix socket is of the other type
      dial_ = Dial({local_address(target_.endpoint.socket)}, type_);
    }
  }
  down(last_fault_);
}

void SocketSink::watch(int events) {
  if (watcher_ && watched_ == events) return;
  watcher_.reset();
  watched_ = events;
  if (events == 0) return;
  watcher_ = std::make_unique<IoWatcher>(loop_, dial_.socket(), events,
                                         [this](int ready) { on_ready(ready); });
  watcher_->start();
}

void SocketSink::on_ready(int events) {
  if ((events & EV_ERROR) != 0) return down("the socket cannot be watched");
  if (state_ == State::open) {
    if ((events & EV_READ) == 0 || still_open()) pump();
    return;
  }
  const int errnum = dial_.outcome();
  if (errnum == 0) return connected();
  last_fault_ = dial_.fault(errnum).text;
  try_next();
}

void SocketSink::on_timer() {
  if (state_ == State::connecting) {
    last_fault_ = dial_.fault(ETIMEDOUT).text;
    return try_next();
  }
  if (state_ == State::resolving) return down("no answer");
  if (fill()) begin();
}

void SocketSink::connected() {
  timer_.stop();
  if (target_.way == LogTarget::Way::tcp) watch_peer(dial_.socket());
  state_ = State::open;
  written_ = 0;
  pump();
}

/// Reads and ignores what the peer sends, to notice that it has closed the connection.
bool SocketSink::still_open() {
  char text[512];
  const ssize_t got = receive_bytes(dial_.socket(), text);
  if (got > 0 || (got < 0 && errno == EAGAIN) || (got == 0 && datagrams())) return true;
  if (got == 0) {
    down("the other side has closed the connection");
    return false;
  }
  const int errnum = errno;
  if (!datagrams() || errnum != EMSGSIZE) {
    send_failed(errnum);
    return false;
  }
  // A router reported that a datagram was too large. The kernel fragments later ones.
  lose_last_sent();
  return true;
}

void SocketSink::pump() noexcept {
  try {
    for (int i = 0; i < kCallsATurn; ++i) {
      if (!fill()) return watch(EV_READ);
      const ssize_t bytes = send_some();
      if (bytes < 0 && errno == EAGAIN) break;
      if (bytes < 0) {
        const int errnum = errno;
        send_failed(errnum);
        if (state_ != State::open) return;
        continue;
      }
      kill_point("sink.sent");
      sent(static_cast<std::size_t>(bytes));
    }
    watch(EV_READ | EV_WRITE);
  } catch (const std::exception& fault) {
    down(fault.what());
  }
}

/// Sends a datagram, or as many lines as a stream accepts.
ssize_t SocketSink::send_some() {
  static char end = '\n';
  std::array<iovec, 2 * kLinesACall> parts;
  std::size_t count = 0;
  std::size_t skip = written_;
  for (QueuedLine& line : sending_) {
    // The newline counts as a byte of its line.
    const std::size_t from = std::min(skip, line.text.size());
    skip = 0;
    parts[count++] = {line.text.data() + from, line.text.size() - from};
    if (datagrams()) break;
    if (lines_end()) parts[count++] = {&end, 1};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  ssize_t bytes = 0;
  do bytes = ::sendmsg(dial_.socket(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (bytes < 0 && errno == EINTR);
  return bytes;
}

void SocketSink::sent(std::size_t bytes) noexcept {
  bool whole = datagrams();
  if (datagrams()) {
    if (std::exchange(repeats_, false)) lose_last_sent();
    last_sent_ = sending_.front().dropped;
    pop_first();
  } else {
    written_ += bytes;
    while (!sending_.empty()) {
      const std::size_t size = sending_.front().text.size() + (lines_end() ? 1 : 0);
      if (written_ < size) break;
      written_ -= size;
      pop_first();
      whole = true;
    }
  }
  if (!whole) return;
  delay_.reset();
  if (trouble() != nullptr) trouble()->works();
}

void SocketSink::send_failed(int errnum) {
  if (datagrams() && (errnum == EMSGSIZE || errnum == ENOBUFS)) {
    // EMSGSIZE may concern the previous datagram, which a router refused: try this one again.
    repeats_ = errnum == EMSGSIZE && last_sent_ && !repeats_;
    return repeats_ ? void() : drop_first();
  }
  lose_last_sent();  // over udp, the error concerns the previous datagram
  down(sys_failure("send to", endpoint_text(target_.endpoint), errnum).value().text);
}

void SocketSink::lose_last_sent() noexcept {
  if (target_.way == LogTarget::Way::udp && last_sent_) lose(std::exchange(last_sent_, nullptr), 1);
}

void SocketSink::drop_first() noexcept {
  if (sending_.empty()) return;
  lose(sending_.front().dropped, 1);
  pop_first();
  written_ = 0;
}

void SocketSink::pop_first() noexcept {
  took(sending_.front(), sending_.front().text.size());
  sending_.pop_front();
}

void SocketSink::down(const std::string& why) noexcept {
  query_.reset();
  watcher_.reset();
  close_socket(dial_.take());
  timer_.stop();
  state_ = State::closed;
  written_ = 0;
  repeats_ = false;
  give_up_old();
  if (!fill()) return;  // the next line tries again
  if (trouble() != nullptr) trouble()->failing(why);
  timer_.set(delay_.next());
}

void SocketSink::give_up_old() noexcept {
  const TimePoint now = Clock::now();
  while (fill() && ms_between(sending_.front().since, now) >= kPatience.count()) drop_first();
}

void SocketSink::finish(Milliseconds limit) noexcept {
  const TimePoint deadline = after(Clock::now(), limit);
  if (fill() && state_ == State::closed && target_.way == LogTarget::Way::unix_socket) begin();
  while (state_ == State::open && fill()) {
    pump();
    if (state_ != State::open || !fill()) return;
    const auto left = ms_between(Clock::now(), deadline);
    pollfd ready{dial_.socket(), POLLOUT, 0};
    if (left == 0 || ::poll(&ready, 1, static_cast<int>(left)) <= 0) return;
  }
}

}  // namespace zinit
