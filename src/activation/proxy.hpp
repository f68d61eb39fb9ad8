// One proxy: accepts connections, holds each until the service is up and its backend takes it, and
// relays it.
//
//   accepted --> waits --> the backend is asked --> relayed --> over
//                 ^  |          |
//                 |  +---- too late: rejected, by a reset
//                 +-------------+ not yet: again after a delay
//
// The service is asked for when a connection waits, and again after a StartDelay; it is not
// connected to before it is up. Then the backend is tried at growing intervals of at most half a
// second, for all that wait together, and at once when the service becomes up.
//
// Threads: only the loop's.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>

#include "activation/proxy_listeners.hpp"
#include "activation/relay.hpp"
#include "activation/services.hpp"
#include "base/backoff.hpp"
#include "io/resolver.hpp"
#include "model/proxy_spec.hpp"

namespace zinit {

class Proxy;

/// What all proxies of a loop share; it outlives them.
struct ProxyShared {
  EventLoop& loop;
  EpollSet& set;
  PipePool& pipes;
  Resolver& resolver;
  ServiceAccess& services;
  std::atomic<std::size_t>& waiting;  // connections that wait for a service
  const std::size_t common;           // there may be beyond the shares
  std::size_t beyond = 0;             // there are
  std::size_t share = 0;              // connections that each proxy may have, whatever others have
  std::function<void()> over;         // a connection is
  std::function<void()> lacking;      // for want of descriptors or memory: to be tried again soon
  std::function<const Proxy*(const SocketAddress& to)> proxy_at;  // that listens there, or null
};

class Proxy {
 public:
  Proxy(ProxyShared& shared, ProxyTable::Place place, ProxyCounts& counts);
  /// Ends all connections.
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Takes new settings; connections that are relayed go on as they are. What waits at a listener
  /// that is in use by none of the proxies any more, of which all are `in_use`, is accepted before.
  /// @return  listeners that are not used any more, which another thread lets go of
  [[nodiscard]] Listeners set(ProxyPtr spec, Listeners listeners, const Listeners& in_use);
  /// Takes no connections any more, and rejects those that wait. @return  as set()
  [[nodiscard]] Listeners close();

  [[nodiscard]] const ProxySpec& spec() const noexcept { return *spec_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  /// How many connections there are.
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }
  /// Whether connections wait for the service.
  [[nodiscard]] bool waits() const noexcept { return !waiting_.empty(); }
  /// When the last connection was over.
  [[nodiscard]] TimePoint last_used() const noexcept { return last_used_; }

  [[nodiscard]] const Listeners& listeners() const noexcept { return listeners_; }
  /// Whether a connection to that address comes to it.
  [[nodiscard]] bool takes(const SocketAddress& to) const;

  /// The set has told of a listener, or of one side of a connection, by the key's rest.
  void on_listener(std::size_t index);
  void on_connection(std::uint32_t number, Relay::Side side, std::uint32_t events);
  /// The service may have become up or down.
  void look();
  /// There are descriptors again, perhaps.
  void accept_again() noexcept;
  /// There is memory again, perhaps.
  void pass_on_again();

  /// What the previous process image has left of a connection.
  struct Left {
    KeptFd client, backend;
    std::vector<std::pair<KeptFd, std::uint8_t>> pipes;  // with the part of the note
  };
  void take_over(std::uint32_t number, Left left);

  /// Keys of the set: which proxy, and its listener or connection.
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
  void set_timer(TimePoint now);
  [[nodiscard]] std::size_t relayed() const noexcept {
    return connections_.size() - waiting_.size();
  }
  [[nodiscard]] TimePoint too_late_at(const Connection& connection) const noexcept;

  ProxyShared& shared_;
  const ProxyTable::Place place_;
  ProxyCounts& counts_;
  ProxyPtr spec_;
  Endpoint backend_;
  SocketAddress last_tried_;  // of the backend's addresses; size 0: none yet
  Listeners listeners_;
  std::map<std::uint32_t, std::unique_ptr<Connection>> connections_;  // by number
  Queue waiting_;             // those without a backend, in order of their arrival
  std::size_t attempts_ = 0;  // under way
  bool accepting_ = false;
  bool closed_ = false;
  bool was_up_ = false;
  TimePoint last_used_;
  TimePoint ask_at_{};
  StartDelay ask_delay_;
  TimePoint retry_at_{};
  Backoff<10, 500> delay_;                   // until retry_at_
  TimePoint rejected_told_{}, full_told_{};  // until when nothing more is logged of these
  std::set<std::uint32_t> lacking_;          // connections that are to be tried again
  std::uint32_t last_number_ = 0;
  TimerWatcher timer_;
  LoopCall advance_;
};

}  // namespace zinit
