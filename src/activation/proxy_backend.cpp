// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What a proxy does for connections that wait: asks for the service, and connects them to the
// backend. See proxy.hpp.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "activation/proxy.hpp"
#include "activation/proxy_header.hpp"
#include "base/kill_point.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMostAttempts = 64;  // at once, of one proxy
constexpr std::size_t kMostInRing = 64;    // proxies that lead to each other

}  // namespace

/// With single_connection, only the first one may connect, and only while none is relayed.
bool Proxy::has_turn(const Connection& connection) const noexcept {
  const bool none_relayed = connections_.size() == waiting_.size();
  return !spec_->single_connection || (none_relayed && waiting_.front() == &connection);
}

TimePoint Proxy::too_late_at(const Connection& connection) const noexcept {
  return has_turn(connection) ? after(connection.since, spec_->connect_timeout) : kNever;
}

/// Does all work that is due for the waiting connections, and sets the timer for the rest.
void Proxy::advance() {
  const TimePoint now = Clock::now();
  pass_deadlines(now);
  if (!waiting_.empty()) {
    const auto stand = shared_.services.stand(spec_->service);
    const bool up = stand == ServiceAccess::Stand::up || stand == ServiceAccess::Stand::done;
    if (up && !was_up_) retry_at_ = now, delay_.reset();
    was_up_ = up;
    up ? connect_some(now) : ask_for_service(now);
  }
  set_timer();
}

/// advance() may be running already, and one turn of the loop may bring many events.
void Proxy::advance_later() noexcept { waiting_.empty() ? timer_.stop() : advance_.ask(); }

void Proxy::look() {
  if (!waiting_.empty()) advance();
}

/// Deadlines are in queue order. Only the first kMostAttempts can have an attempt, because the
/// first connection without one gets the next attempt. Tens of thousands may wait behind them.
void Proxy::pass_deadlines(TimePoint now) {
  while (!waiting_.empty() && too_late_at(*waiting_.front()) <= now)
    reject(waiting_.front()->number, "its backend did not accept within connect_timeout");
  auto next = waiting_.begin();
  for (std::size_t i = 0; i < kMostAttempts && next != waiting_.end(); ++i) {
    Connection& connection = **next++;  // only this one can leave the queue here
    if (connection.attempt && connection.attempt->until <= now) try_next(connection);
  }
}

void Proxy::ask_for_service(TimePoint now) {
  if (now < ask_at_) return;
  ask_at_ = after(now, ask_delay_.next(shared_.services.failed(spec_->service)));
  shared_.services.start(spec_->service, "a connection to proxy " + spec_->name);
}

bool Proxy::may_connect(const Connection& connection) const noexcept {
  return !connection.attempt && attempts_ < kMostAttempts && has_turn(connection);
}

void Proxy::connect_some(TimePoint now) {
  auto next = waiting_.begin();
  // Until the backend refuses, or enough attempts are under way.
  while (next != waiting_.end() && retry_at_ <= now && attempts_ < kMostAttempts) {
    Connection& connection = **next++;
    if (may_connect(connection))
      begin_attempt(connection);
    else if (!connection.attempt)
      return;  // not its turn, so later ones have no turn either
  }
}

void Proxy::begin_attempt(Connection& connection) {
  connection.attempt = std::make_unique<Attempt>();
  ++attempts_;
  auto query = shared_.resolver.resolve(backend_, [this, number = connection.number](auto found) {
    const auto at = connections_.find(number);
    if (at == connections_.end() || !at->second->attempt) return;
    Attempt& attempt = *at->second->attempt;
    if (found) attempt.dial = Dial(*std::move(found));
    const bool later = attempt.query != nullptr;
    try_next(*at->second);
    if (later) advance_later();
  });
  // Without a query the answer has already come, and the connection may be gone.
  if (query) connection.attempt->query = std::move(query);
}

/// Connects to the backend's next address.
void Proxy::try_next(Connection& connection) {
  Attempt& attempt = *connection.attempt;
  if (attempt.dial.socket() >= 0) shared_.set.remove(attempt.dial.socket());
  while (attempt.dial.more()) {
    last_tried_ = attempt.dial.next();
    if (leads_back())
      return reject(
          connection.number,
          "its backend leads back to the proxy itself, directly or through other proxies");
    attempt.until = attempt.dial.share_of(too_late_at(connection));
    const int errnum = attempt.dial.try_next();
    if (errnum == 0) return connected(connection);
    if (errnum == EINPROGRESS &&
        shared_.set.add(attempt.dial.socket(), EPOLLOUT, key(connection.number, Relay::backend)))
      return;
  }
  attempt_failed(connection);
}

void Proxy::attempt_ready(Connection& connection) {
  if (!connection.attempt || connection.attempt->dial.socket() < 0) return;
  if (connection.attempt->dial.outcome() == 0) {
    shared_.set.remove(connection.attempt->dial.socket());
    connected(connection);
  } else {
    try_next(connection);
  }
  advance_later();
}

/// The backend takes no connection now: all waiting connections try again later.
void Proxy::attempt_failed(Connection& connection) {
  stop_attempt(connection);
  if (retry_at_ > Clock::now()) return;  // another connection has set the delay already
  retry_at_ = after(Clock::now(), delay_.next());
}

void Proxy::stop_attempt(Connection& connection) noexcept {
  if (!connection.attempt) return;
  const int socket = connection.attempt->dial.socket();
  if (socket >= 0) shared_.set.remove(socket);
  connection.attempt.reset();
  --attempts_;
}

/// Whether the backend is this proxy itself, perhaps by way of other proxies. Each connection would
/// make another one until descriptors run out.
bool Proxy::leads_back() const {
  const Proxy* at = shared_.proxy_at(last_tried_);
  for (std::size_t i = 0; i < kMostInRing && at != nullptr && at != this; ++i)
    at = shared_.proxy_at(at->last_tried_);
  return at == this;
}

void Proxy::connected(Connection& connection) {
  UniqueFd backend = connection.attempt->dial.take();
  set_options(backend.get());
  std::string header;
  if (spec_->proxy_protocol > 0) {
    const int client = connection.client.get();
    header = proxy_header(spec_->proxy_protocol, peer_address(client), own_address(client));
  }
  auto relay = relay_for(connection);
  if (connection.hung) relay->client_has_hung_up();
  kill_point("proxy.connected");
  if (!relay->begin(backend, header)) {
    connection.client = relay->release_client();
    return attempt_failed(connection);
  }
  delay_.reset();
  retry_at_ = {};
  ask_at_ = {};  // the backend works: after its next end ask for it at once
  ask_delay_ = {};
  stop_attempt(connection);
  leave_queue(connection);
  connection.relay = std::move(relay);
  const bool hung = connection.hung;
  settle(connection,
         hung ? connection.relay->ready(Relay::client, EPOLLHUP) : !connection.relay->over());
}

void Proxy::set_timer() {
  TimePoint due = kNever;
  bool idle = false;  // a connection could be tried
  if (!waiting_.empty()) due = too_late_at(*waiting_.front());
  auto next = waiting_.begin();
  for (std::size_t i = 0; i < kMostAttempts && next != waiting_.end(); ++i, ++next) {
    const Connection& connection = **next;
    if (connection.attempt) due = std::min(due, connection.attempt->until);
    idle = idle || may_connect(connection);
  }
  if (!waiting_.empty() && !was_up_) due = std::min(due, ask_at_);
  if (idle && was_up_) due = std::min(due, retry_at_);
  timer_.set_at(due);
}

}  // namespace zinit
