// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One proxy: accepts connections, holds each until the service is up and its backend accepts, and
// then relays it.
//
//   accepted --> waits --> the backend is asked --> relayed --> over
//                 ^  |          |
//                 |  +---- too late: rejected, by a reset
//                 +-------------+ not yet: again after a delay
//
// A waiting connection makes the proxy ask for the service, and ask again after each StartDelay.
// The proxy does not connect before the service is up. At the moment the service becomes up, it
// tries the backend. If that fails, it tries again after delays that grow to half a second: one
// delay for all waiting connections.
//
// Threads: only the loop's.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>

#include "activation/listeners.hpp"
#include "activation/relay.hpp"
#include "activation/services.hpp"
#include "base/backoff.hpp"
#include "io/dial.hpp"
#include "model/proxy_spec.hpp"

namespace zinit {

class Proxy;

/// What all proxies of a loop share. Outlives them.
struct ProxyShared {
  EventLoop& loop;
  EpollSet& set;
  PipePool& pipes;
  Resolver& resolver;
  ServiceAccess& services;
  std::atomic<std::size_t>& waiting;  // connections that wait for a service
  const std::size_t common;           // connections that may exist beyond the shares
  std::size_t beyond = 0;             // connections that exist beyond the shares
  std::size_t share = 0;              // connections that each proxy may always have
  std::function<void()> over;         // call after the end of a connection
  std::function<void()> lacking;      // after a lack of descriptors or memory: retries soon
  std::function<const Proxy*(const SocketAddress& to)> proxy_at;  // listening there, or null
};

class Proxy {
 public:
  Proxy(ProxyShared& shared, ProxyTable::Place place, ProxyCounts& counts);
  /// Ends all connections.
  ~Proxy();
  Proxy& operator=(Proxy&&) = delete;

  /// Takes new settings. Relayed connections continue. Before a listener that no proxy uses any
  /// more (absent from `in_use`) is left, its waiting connections are accepted.
  /// @return  listeners that this proxy no longer uses, for another thread to release
  [[nodiscard]] Listeners set(ProxyPtr spec, Listeners listeners, const Listeners& in_use);
  /// Accepts no more connections, and rejects the waiting ones. @return  as set()
  [[nodiscard]] Listeners close();

  [[nodiscard]] const ProxySpec& spec() const noexcept { return *spec_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  /// The number of all connections.
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }
  /// Whether connections wait for the service.
  [[nodiscard]] bool waits() const noexcept { return !waiting_.empty(); }
  /// When the last connection ended.
  [[nodiscard]] TimePoint last_used() const noexcept { return last_used_; }

  [[nodiscard]] const Listeners& listeners() const noexcept { return listeners_; }
  /// Whether a connection to `to` arrives at one of the proxy's listeners.
  [[nodiscard]] bool takes(const SocketAddress& to) const;

  /// The set reported a listener, or one side of a connection. Arguments are parts of the key.
  void on_listener(std::size_t index);
  void on_connection(std::uint32_t number, Relay::Side side, std::uint32_t events);
  /// Call when the service may have become up or down.
  void look();
  /// Call when there may be descriptors again.
  void accept_again() noexcept;
  /// Call when there may be memory again.
  void pass_on_again();

  /// What the previous process image left of a connection.
  struct Left {
    KeptFd client, backend;
    std::vector<std::pair<KeptFd, std::uint8_t>> pipes;  // with the `part` of their notes
  };
  void take_over(std::uint32_t number, Left left);

  /// Keys of the set: place of the proxy, and number of its listener or connection.
  static constexpr EpollSet::Key kListener = EpollSet::Key{1} << 63;
  [[nodiscard]] static ProxyTable::Place place_of(EpollSet::Key key) noexcept {
    return static_cast<ProxyTable::Place>(key >> 40);
  }
  [[nodiscard]] static Relay::Side side_of(EpollSet::Key key) noexcept {
    return (key >> 32 & 1) == 0 ? Relay::client : Relay::backend;
  }

 private:
  struct Attempt;
  struct Connection;
  using Queue = std::list<Connection*>;

  [[nodiscard]] EpollSet::Key key(std::uint32_t number, Relay::Side side) const noexcept;
  void watch_listeners(bool accepting) noexcept;
  bool accept_one(int listener);
  static void set_options(int socket) noexcept;
  Connection& add(std::uint32_t number, KeptFd client);
  [[nodiscard]] std::unique_ptr<Relay> relay_for(Connection& connection);
  void advance();
  void advance_later() noexcept;
  void pass_deadlines(TimePoint now);
  void ask_for_service(TimePoint now);
  void connect_some(TimePoint now);
  [[nodiscard]] bool may_connect(const Connection& connection) const noexcept;
  void begin_attempt(Connection& connection);
  void try_next(Connection& connection);
  void attempt_ready(Connection& connection);
  void attempt_failed(Connection& connection);
  void connected(Connection& connection);
  [[nodiscard]] bool leads_back() const;
  void stop_attempt(Connection& connection) noexcept;
  void on_held(Connection& connection, std::uint32_t events);
  void settle(Connection& connection, bool goes_on);
  [[nodiscard]] bool has_room() const noexcept;
  void leave_queue(Connection& connection) noexcept;
  void remove(std::uint32_t number);
  void reject(std::uint32_t number, std::string_view why);
  void set_timer();
  [[nodiscard]] bool has_turn(const Connection& connection) const noexcept;
  [[nodiscard]] TimePoint too_late_at(const Connection& connection) const noexcept;

  ProxyShared& shared_;
  const ProxyTable::Place place_;
  ProxyCounts& counts_;
  ProxyPtr spec_;
  Endpoint backend_;
  SocketAddress last_tried_;  // of the backend's addresses; size 0: none yet
  Listeners listeners_;
  std::map<std::uint32_t, std::unique_ptr<Connection>> connections_;  // by number
  Queue waiting_;             // those without a backend, in order of arrival
  std::size_t attempts_ = 0;  // under way
  bool accepting_ = false;
  bool closed_ = false;
  bool was_up_ = false;
  TimePoint last_used_;
  TimePoint ask_at_{};
  StartDelay ask_delay_;
  TimePoint retry_at_{};
  Backoff<10, 500> delay_;                   // delay before the next retry_at_
  TimePoint rejected_told_{}, full_told_{};  // no message of this kind before then
  std::set<std::uint32_t> lacking_;          // connections to try again
  std::uint32_t last_number_;
  TimerWatcher timer_;
  LoopCall advance_;
};

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

}  // namespace zinit
