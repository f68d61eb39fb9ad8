// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Accepts and holds connections; proxy_backend.cpp connects them. See proxy.hpp.
#include "activation/proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "base/kill_point.hpp"
#include "base/lists.hpp"
#include "base/log.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr int kMostGivenUp = 65536;  // connections accepted from a closed listener's queue

/// A connection's number is its time of arrival in ms. From it the next process image knows how
/// long the connection has waited.
std::uint32_t number_of(TimePoint now) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<Milliseconds>(now.time_since_epoch()).count());
}

}  // namespace

Proxy::Proxy(ProxyShared& shared, ProxyTable::Place place, ProxyCounts& counts)
    : shared_(shared),
      place_(place),
      counts_(counts),
      last_used_(Clock::now()),
      last_number_(number_of(last_used_) - 1),
      timer_(shared.loop, [this] { advance(); }),
      advance_(shared.loop, [this] { advance(); }) {}

Proxy::~Proxy() {
  watch_listeners(false);
  while (!connections_.empty()) remove(connections_.begin()->first);
}

// --- settings ---

Listeners Proxy::set(ProxyPtr spec, Listeners listeners, const Listeners& in_use) {
  watch_listeners(false);
  closed_ = false;
  const bool other = spec_ && (spec_->backend != spec->backend || spec_->service != spec->service);
  if (other) {
    last_tried_ = {};
    for (Connection* const each : waiting_) stop_attempt(*each);
    ask_at_ = {};
    ask_delay_ = {};
  }
  spec_ = std::move(spec);
  backend_ = parse_proxy_address(spec_->backend).value_or(Endpoint{});
  // For clients in the queue of a closed listener connect() has already succeeded: accept them.
  for (const ListenerPtr& listener : listeners_)
    if (!contains(in_use, listener))
      for (int i = 0; i < kMostGivenUp && accept_one(listener->fd()); ++i) {}
  std::swap(listeners_, listeners);
  watch_listeners(true);
  was_up_ = false;
  delay_.reset();
  advance();
  return listeners;
}

Listeners Proxy::close() {
  watch_listeners(false);
  closed_ = true;
  timer_.stop();
  while (!waiting_.empty()) reject(waiting_.front()->number, "the proxy was removed");
  return std::exchange(listeners_, {});
}

void Proxy::watch_listeners(bool accepting) noexcept {
  if (accepting_ == accepting) return;
  accepting_ = accepting;
  bool watched = true;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    const int fd = listeners_[i]->fd();
    if (!accepting)
      shared_.set.remove(fd);
    else
      watched =
          shared_.set.add(fd, EPOLLIN, kListener | EpollSet::Key{place_} << 40 | i) && watched;
  }
  if (watched) return;
  watch_listeners(false);
  shared_.lacking();
}

void Proxy::accept_again() noexcept {
  if (accepting_ || closed_ || !has_room()) return;
  watch_listeners(true);
}

bool Proxy::has_room() const noexcept {
  return connections_.size() < shared_.share || shared_.beyond < shared_.common;
}

void Proxy::pass_on_again() {
  for (const std::uint32_t number : std::exchange(lacking_, {})) {
    const auto found = connections_.find(number);
    if (found != connections_.end() && found->second->relay)
      settle(*found->second, found->second->relay->again());
  }
}

bool Proxy::takes(const SocketAddress& to) const {
  return std::ranges::any_of(listeners_,
                             [&](const ListenerPtr& listener) { return listener->takes(to); });
}

// --- connections ---

EpollSet::Key Proxy::key(std::uint32_t number, Relay::Side side) const noexcept {
  return EpollSet::Key{place_} << 40 | EpollSet::Key{side} << 32 | number;
}

void Proxy::on_listener(std::size_t index) {
  if (!accepting_ || index >= listeners_.size()) return;
  const int listener = listeners_[index]->fd();
  int accepted = 0;
  while (accepted < kAcceptedATurn && accept_one(listener)) ++accepted;
  if (accepted > 0) advance();
}

bool Proxy::accept_one(int listener) {
  if (!has_room()) {
    watch_listeners(false);
    if (may_tell(full_told_))
      log_warn(
          "proxy {}: has {} connections, which is its limit; it accepts the next when one ends",
          spec_->name, connections_.size());
    return false;
  }
  // Never use a number twice in one turn: an event for the old connection may still be pending.
  std::uint32_t number = number_of(Clock::now());
  if (static_cast<std::int32_t>(number - last_number_) <= 0) number = last_number_ + 1;
  while (connections_.contains(number)) ++number;
  KeptFd client =
      KeptFd::accept(listener, SOCK_NONBLOCK, {KeptKind::proxy_client, 0, number, place_});
  if (!client && errno == EAGAIN) return false;
  if (!client && concerns_connection(errno)) return true;
  if (!client) {
    watch_listeners(false);
    shared_.lacking();
    return false;
  }
  last_number_ = number;
  ++counts_.total;
  add(number, std::move(client));
  kill_point("proxy.accepted");
  return true;
}

/// TCP_NODELAY: bytes are passed on at once, because only the sender decides whether to wait for
/// more. SO_KEEPALIVE: a peer that lost power is detected; otherwise it keeps its place for ever.
void Proxy::set_options(int socket) noexcept {
  const int on = 1;
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails for unix sockets
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

Proxy::Connection& Proxy::add(std::uint32_t number, KeptFd client) {
  set_options(client.get());
  auto made = std::make_unique<Connection>();
  Connection& connection = *made;
  connection.number = number;
  connection.since = Clock::now();
  Queue turn{&connection};
  ++shared_.waiting;  // before the first look at the service: then look() reports changes
  // Watch only for its end. What it sends waits.
  if (!shared_.set.add(client.get(), 0, key(number, Relay::client))) shared_.lacking();
  connection.client = std::move(client);
  connections_.emplace(number, std::move(made));
  connection.turn = turn.begin();
  waiting_.splice(waiting_.end(), turn);
  if (connections_.size() > shared_.share) ++shared_.beyond;
  ++counts_.active;
  return connection;
}

void Proxy::take_over(std::uint32_t number, Left left) {
  if (!left.client || connections_.contains(number)) return;
  const TimePoint now = Clock::now();
  Connection& connection = add(number, std::move(left.client));
  // If several came at once, a number may lie ahead of the clock.
  const auto age = static_cast<std::int32_t>(number_of(now) - number);
  connection.since = now - Milliseconds(std::max(age, 0));
  // Numbers wrap after 49 days, so they may come in another order.
  auto place = connection.turn;
  while (place != waiting_.begin() && (*std::prev(place))->since > connection.since) --place;
  waiting_.splice(place, waiting_, connection.turn);
  if (!left.backend) return;
  auto relay = relay_for(connection);
  leave_queue(connection);
  connection.relay = std::move(relay);
  for (auto& [fd, part] : left.pipes) connection.relay->take_over_pipe(std::move(fd), part);
  // If this fails, the relay tries again.
  (void)shared_.set.add(left.backend.get(), 0, key(number, Relay::backend));
  settle(connection, connection.relay->go_on(std::move(left.backend)));
}

/// Takes the client. The relay follows the service of the present setting, even if the setting
/// changes later.
std::unique_ptr<Relay> Proxy::relay_for(Connection& connection) {
  const std::uint32_t number = connection.number;
  return std::make_unique<Relay>(
      Relay::Shared{shared_.set, shared_.pipes},
      Relay::Identity{place_, number, key(number, Relay::client), key(number, Relay::backend)},
      std::move(connection.client), counts_,
      [this, spec = spec_] { return shared_.services.killed(spec->service); });
}

void Proxy::on_connection(std::uint32_t number, Relay::Side side, std::uint32_t events) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  if (connection.relay) return settle(connection, connection.relay->ready(side, events));
  side == Relay::client ? on_held(connection, events) : attempt_ready(connection);
}

/// A held client has closed or reset its connection. Bytes that a unix client sent before are still
/// delivered. The end of a TCP client is not reported before all its bytes were read.
void Proxy::on_held(Connection& connection, std::uint32_t events) {
  shared_.set.remove(connection.client.get());
  connection.hung = true;
  const bool reset = (events & EPOLLERR) != 0;
  if (!reset && readable_bytes(connection.client.get()) > 0) return;
  remove(connection.number);
  advance();
}

void Proxy::settle(Connection& connection, bool goes_on) {
  if (goes_on && connection.relay->lacks()) {
    lacking_.insert(connection.number);
    shared_.lacking();
  }
  if (goes_on) return;
  remove(connection.number);
  advance_later();
}

void Proxy::leave_queue(Connection& connection) noexcept {
  waiting_.erase(connection.turn);
  --shared_.waiting;
}

void Proxy::remove(std::uint32_t number) {
  const auto found = connections_.find(number);
  Connection& connection = *found->second;
  const bool was_first = connection.relay || waiting_.front() == &connection;
  if (!connection.relay) {
    leave_queue(connection);
    stop_attempt(connection);
    if (connection.client) {
      shared_.set.remove(connection.client.get());
      close_socket(connection.client.release());
    }
  }
  if (connections_.size() > shared_.share) --shared_.beyond;
  connections_.erase(found);
  // With single_connection the next one's time begins now.
  if (spec_->single_connection && was_first && !waiting_.empty())
    waiting_.front()->since = Clock::now();
  --counts_.active;
  last_used_ = Clock::now();
  shared_.over();
}

void Proxy::reject(std::uint32_t number, std::string_view why) {
  Connection& connection = *connections_.at(number);
  ++counts_.rejected;
  shared_.set.remove(connection.client.get());
  reset_connection(connection.client.release());
  remove(number);
  if (may_tell(rejected_told_)) log_warn("proxy {}: rejected a connection: {}", spec_->name, why);
}

}  // namespace zinit
