// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of services: opens the sockets, keeps them over restarts and re-executions, passes them
// to each main process, and starts the service when something arrives at them.
//
//   [socket]        who reads it                           what starts
//   on_demand       the service; zinit until it is up      the service
//   with others     the service                            nothing: it is started at boot
//   accept          zinit                                  an instance for each connection
//   (closed while a service with `accept` and status "ignore" has not been started)
//
// A socket that has started its service is not watched again until the service is down and a
// StartDelay has passed. So a service that fails without reading costs little.
//
// One thread at a time opens the sockets of a service. It may block on a file system or a name
// server, and holds no lock meanwhile.
// Lock order: this lock, then that of the released addresses, then the board's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "activation/listeners.hpp"
#include "activation/released_addresses.hpp"
#include "activation/services.hpp"
#include "base/mutex.hpp"
#include "io/epoll_set.hpp"
#include "model/graph.hpp"
#include "state/kept_descriptors.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

class ServiceSockets final : public WatchPort {
 public:
  /// All are called on the loop's thread unless noted. None may block.
  struct Calls {
    /// Takes a connection of a service with `accept`.
    std::function<void(const std::string& service, KeptFd connection)> accepted;
    /// Sockets are missing or shut down, or a service was stopped: have open_all() called. Any
    /// thread.
    std::function<void()> reopen;
    /// The graph in force. Called on any thread.
    std::function<GraphPtr()> graph;
  };

  /// All but `calls` outlive this object. Only while no thread runs the loop.
  ServiceSockets(EventLoop& loop, ServiceAccess& services, ReleasedAddresses& released,
                 Calls calls);
  /// Calls end().
  ~ServiceSockets() override;
  /// Closes all sockets, and removes their files. Only while no thread runs the loop.
  void end() EXCLUDES(mutex_);
  ServiceSockets& operator=(ServiceSockets&&) = delete;

  /// Takes over the sockets of the previous process image that belong to services of `graph`. Call
  /// before any process is spawned. Any thread.
  void take_inherited(Inheritance& inherited, const Graph& graph) EXCLUDES(mutex_);

  /// Closes sockets that are no longer in `listen`, as others may need the addresses, and those of
  /// stopped services that are not on demand. May block: not on a loop's thread.
  void close_unwanted() EXCLUDES(mutex_);

  /// Closes sockets as close_unwanted() does, and opens missing ones. Then starts services that
  /// failed or wait because these were missing. May block: not on a loop's thread.
  /// @return  service name -> why its sockets could not be opened, see open_listeners()
  [[nodiscard]] std::map<std::string, Error> open_all() EXCLUDES(mutex_);

  /// Whether a service has sockets, or had them at the last open_all(), or released addresses that
  /// are still in use. Any thread.
  [[nodiscard]] bool any() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return !open_.empty() || released_.any();
  }

  /// Call when services may have come up or down. Any thread. Cheap: does nothing without sockets.
  void look() noexcept EXCLUDES(mutex_);

  /// The addresses that are open for a service, as written in its file. Any thread.
  [[nodiscard]] std::vector<std::string> addresses(const std::string& service) const
      EXCLUDES(mutex_);

  /// A connection of a service with `accept` has ended. Any thread.
  void connection_over(const std::string& service) noexcept EXCLUDES(mutex_);
  /// Sets the number of connections after a re-execution. Any thread.
  void set_connections(const std::string& service, std::size_t count) EXCLUDES(mutex_);

  // WatchPort.
  [[nodiscard]] Result<void> prepare(Slot slot, const ServiceSpec& spec,
                                     SpawnExtras& extras) override EXCLUDES(mutex_);

 private:
  struct Socket;
  struct Service;
  using ServicePtr = std::shared_ptr<Service>;
  struct Held;
  class Turn;

  [[nodiscard]] Result<void> open_in_turn(Slot slot, const ServiceSpec& spec) EXCLUDES(mutex_);
  [[nodiscard]] Result<void> open(Slot slot, const ServiceSpec& spec) EXCLUDES(mutex_);
  [[nodiscard]] Result<void> keep_open(Service& old, Service& made, Slot slot,
                                       const ListenOptions& options) EXCLUDES(mutex_);
  [[nodiscard]] std::optional<Listeners> listeners_of(Slot slot, const ServiceSpec& spec)
      EXCLUDES(mutex_);
  [[nodiscard]] ServicePtr take(Slot slot) EXCLUDES(mutex_);
  [[nodiscard]] bool stays_closed(Slot slot, const ServiceSpec& spec) EXCLUDES(mutex_);
  [[nodiscard]] ServicePtr named(const std::string& service) const REQUIRES(mutex_);
  void note_closed(const Service& of, const std::vector<Socket>& sockets);
  void watch_sockets(Slot slot, Service& service, bool on) noexcept REQUIRES(mutex_);
  [[nodiscard]] bool has_room(const Service& service) const noexcept REQUIRES(mutex_);
  void look_now() EXCLUDES(mutex_);
  void on_ready(EpollSet::Key key, std::uint32_t events) EXCLUDES(mutex_);
  void accept_some(Slot slot, const ServicePtr& service, int listener) EXCLUDES(mutex_);

  ServiceAccess& services_;
  ReleasedAddresses& released_;
  const Calls calls_;
  EpollSet set_;
  const std::size_t most_instances_;  // of all services together
  LoopCall look_;
  TimerWatcher again_;
  mutable Mutex mutex_;
  std::set<Slot> turns_ GUARDED_BY(mutex_);  // services whose sockets are being opened
  CondVar turn_over_;
  std::map<Slot, ServicePtr> open_ GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> connections_ GUARDED_BY(mutex_);  // with `accept`, by service
};

}  // namespace zinit
