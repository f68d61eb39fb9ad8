// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Accepts, holds and connects connections. See proxy.hpp.
#include "activation/proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "activation/proxy_header.hpp"
#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "os/unix_receive.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr int kMostGivenUp = 65536;        // connections accepted from a closed listener's queue
constexpr std::size_t kMostAttempts = 64;  // at once, of one proxy
constexpr std::size_t kMostInRing = 64;    // proxies that lead to each other

/// TCP_NODELAY: bytes are passed on at once, because only the sender decides whether to wait for
/// more. SO_KEEPALIVE: a peer that lost power is detected; otherwise it keeps its place for ever.
void set_options_of(int socket) noexcept {
  const int on = 1;
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails for unix sockets
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/// A connection's number is its time of arrival in ms. From it the next process image knows how
/// long the connection has waited.
std::uint32_t number_of(TimePoint now) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<Milliseconds>(now.time_since_epoch()).count());
}

/// Whether a message may be logged again. If so, sets `told` to the end of its new pause.
bool may_tell(TimePoint& told) noexcept {
  const TimePoint now = Clock::now();
  if (now < told) return false;
  told = after(now, kTellAgain);
  return true;
}

}  // namespace

/// A running attempt to connect to the backend.
struct Proxy::Attempt {
  Resolver::Query query{};
  Dial dial{};
  TimePoint until = kNever;  // deadline for the current address
};

struct Proxy::Connection {
  std::uint32_t number;
  TimePoint since;                     // start of its turn; single_connection: became first
  KeptFd client;                       // until it is relayed
  std::unique_ptr<Attempt> attempt{};  // under way
  std::unique_ptr<Relay> relay{};
  bool hung = false;       // the client has closed, and its bytes wait
  Queue::iterator turn{};  // while it has no relay
};

Proxy::Proxy(ProxyShared& shared, ProxyTable::Place place, ProxyCounts& counts)
    : shared_(shared),
      place_(place),
      counts_(counts),
      last_used_(Clock::now()),
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
    if (std::ranges::find(in_use, listener) == in_use.end())
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

Proxy::Connection& Proxy::add(std::uint32_t number, KeptFd client) {
  set_options_of(client.get());
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

/// Takes the client. The end of the current setting's service counts, even if the setting changes.
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
  int bytes = 0;
  shared_.set.remove(connection.client.get());
  connection.hung = true;
  const bool reset = (events & EPOLLERR) != 0;
  if (!reset && ::ioctl(connection.client.get(), FIONREAD, &bytes) == 0 && bytes > 0) return;
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

// --- connections that wait ---

TimePoint Proxy::too_late_at(const Connection& connection) const noexcept {
  const bool its_turn =
      !spec_->single_connection || (relayed() == 0 && waiting_.front() == &connection);
  return its_turn ? after(connection.since, spec_->connect_timeout) : kNever;
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
  if (connection.attempt || attempts_ >= kMostAttempts) return false;
  return !spec_->single_connection || (relayed() == 0 && waiting_.front() == &connection);
}

void Proxy::connect_some(TimePoint now) {
  auto next = waiting_.begin();
  // Until the backend refuses, or enough attempts are under way.
  while (next != waiting_.end() && retry_at_ <= now && attempts_ < kMostAttempts) {
    Connection& connection = **next++;
    if (may_connect(connection))
      begin_attempt(connection);
    else if (!connection.attempt)
      return;  // not its turn, and so not that of any behind it
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

bool Proxy::takes(const SocketAddress& to) const {
  return std::ranges::any_of(listeners_,
                             [&](const ListenerPtr& listener) { return listener->takes(to); });
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
  set_options_of(backend.get());
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
