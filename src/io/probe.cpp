// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Connects, sends a request and reads a status, each step when the socket is ready for it.
#include "io/probe.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.hpp"
#include "os/unix_receive.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

// Bytes read in one turn of the loop.
constexpr std::size_t kReadBytes = 16384;

std::string request_text(const Endpoint& endpoint) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: zinit/" ZINIT_VERSION
                     "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                     endpoint.target, host_header(endpoint));
}

}  // namespace

Probe::Probe(EventLoop& loop, Resolver& resolver)
    : loop_(loop), resolver_(resolver), timer_(loop, [this] { timer_due(); }) {}

Probe::~Probe() {
  watcher_.reset();
  close_socket(dial_.take());
}

void Probe::start(std::shared_ptr<const ProbeTarget> target, Done done) {
  target_ = std::move(target);
  done_ = std::move(done);
  over_ = false;
  deadline_ = after(Clock::now(), target_->timeout);
  const Endpoint& endpoint = target_->endpoint;
  fault_ = {fmt::format("cannot resolve {}: no answer", endpoint_text(endpoint))};
  timer_.set_at(deadline_);
  query_ =
      resolver_.resolve(endpoint, [this](Result<Addresses> found) { resolved(std::move(found)); });
}

void Probe::resolved(Result<Addresses> addresses) {
  if (!addresses) return finish(std::move(addresses.error()));
  dial_ = Dial(*std::move(addresses));
  connect_next();
}

void Probe::connect_next() {
  watcher_.reset();
  while (dial_.more()) {
    if (Clock::now() >= deadline_) return too_late();
    const TimePoint until = dial_.share_of(deadline_);
    const int errnum = dial_.try_next();
    if (errnum == 0) return connected();
    if (errnum == EINPROGRESS) {
      fault_ = dial_.fault("no answer");
      timer_.set_at(until);
      return watch(EV_WRITE, &Probe::connection_ready);
    }
    fault_ = dial_.fault(errnum);
  }
  finish(std::move(fault_));
}

void Probe::connection_ready() {
  const int errnum = dial_.outcome();
  if (errnum == 0) return connected();
  fault_ = dial_.fault(errnum);
  connect_next();
}

void Probe::connected() {
  if (!target_->http) return finish({});
  timer_.set_at(deadline_);
  fault_ = {fmt::format("{} has not answered", endpoint_text(target_->endpoint))};
  unsent_ = request_text(target_->endpoint);
  reader_ = std::make_unique<HttpReader>();
  write_request();
}

void Probe::write_request() {
  while (!unsent_.empty()) {
    const ssize_t sent = ::send(dial_.socket(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return watch(EV_WRITE, &Probe::write_request);
    // The server may have answered and closed the connection already: read the response.
    if (sent < 0) break;
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
  watch(EV_READ, &Probe::read_answer);
}

/// Reads once, so that a server that sends without end does not keep the loop busy.
void Probe::read_answer() {
  char buffer[kReadBytes];
  const ssize_t size = receive_bytes(dial_.socket(), buffer);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0)
    return finish({fmt::format("cannot read from {}: {}", endpoint_text(target_->endpoint),
                               errno_text(errno))});
  if (size == 0) reader_->ended();
  if (size > 0) (void)reader_->take({buffer, static_cast<std::size_t>(size)});
  if (reader_->over()) return judge();
  fault_ = {fmt::format("{} did not finish its answer", endpoint_text(target_->endpoint))};
}

void Probe::judge() {
  const std::string server = endpoint_text(target_->endpoint);
  if (!reader_->fault().empty()) return finish({server + " " + reader_->fault()});
  const int status = static_cast<int>(reader_->status());
  const bool healthy = std::any_of(
      target_->status.begin(), target_->status.end(),
      [&](const StatusRange& range) { return range.first <= status && status <= range.last; });
  if (healthy) return finish({});
  finish({fmt::format("{} answered {} with status {}", server, target_->endpoint.target, status)});
}

void Probe::too_late() {
  // The answer may have arrived while zinit was suspended, or the service was suspended too.
  if (timer_.late_by() > kWasSuspended) return finish({"zinit was suspended meanwhile", EAGAIN});
  const bool more = reader_ == nullptr && dial_.more();
  if (more && Clock::now() < deadline_) return connect_next();
  finish({fmt::format("{} within {} ms", fault_.text, target_->timeout.count())});
}

/// Makes the timer call done_, because start() must not call it.
void Probe::finish(Error fault) {
  query_.reset();
  watcher_.reset();
  close_socket(dial_.take());
  dial_ = {};
  reader_.reset();
  unsent_ = {};
  fault_ = std::move(fault);
  over_ = true;
  timer_.set(Milliseconds::zero());
}

void Probe::timer_due() {
  if (!over_) return too_late();
  const Done done = std::move(done_);
  done(std::move(fault_));
}

void Probe::watch(int events, void (Probe::*ready)()) {
  watcher_ = std::make_unique<IoWatcher>(loop_, dial_.socket(), events, [this, ready](int seen) {
    if ((seen & EV_ERROR) != 0) return finish({"the kernel cannot watch a socket", ENOMEM});
    (this->*ready)();
  });
  watcher_->start();
}

}  // namespace zinit
