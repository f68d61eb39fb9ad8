// [socket] of services: opens the sockets, keeps them over restarts and re-executions, passes them
// to each main process, and starts the service when something comes to them.
//
//   [socket]        who reads it                           what starts
//   on_demand       the service; zinit until it is up      the service
//   with others     the service                            nothing: it is started at boot
//   accept          zinit                                  an instance for each connection
//
// A socket that has started its service is not looked at again before the service is down, and not
// within a StartDelay, so that a service which fails without reading costs little.
//
// The sockets of one service are opened by one thread at a time, which may block on a file system
// or a name server; those of others are not held up by it. No lock is held meanwhile.
// The lock is taken before the board's.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "activation/listening.hpp"
#include "activation/services.hpp"
#include "base/mutex.hpp"
#include "io/epoll_set.hpp"
#include "model/graph.hpp"
#include "os/kept_descriptors.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

class ServiceSockets final : public WatchPort {
 public:
  /// Called on the loop's thread, if nothing else is said; none may block.
  struct Calls {
    /// Takes a connection of a service with `accept`.
    std::function<void(const std::string& service, KeptFd connection)> accepted;
    /// The sockets of a service that was stopped are to be closed: have close_stopped() called for
    /// it where that may block.
    std::function<void(Slot slot)> stopped;
    /// Sockets are not as they are to be: have open_all() called. Any thread.
    std::function<void()> reopen;
    /// The graph in force. Called on any thread.
    std::function<GraphPtr()> graph;
  };

  /// Loop and services outlive this. While no thread runs the loop.
  ServiceSockets(EventLoop& loop, ServiceAccess& services, Calls calls);
  /// end(), if that was not called.
  ~ServiceSockets() override;
  /// Closes all sockets, and removes their files. While no thread runs the loop.
  void end() EXCLUDES(mutex_);
  ServiceSockets(const ServiceSockets&) = delete;
  ServiceSockets& operator=(const ServiceSockets&) = delete;

  /// Goes on with the sockets of the previous process image: those of the services in `graph`.
  /// Before any process is spawned. Any thread.
  void take_inherited(Inheritance& inherited, const Graph& graph) EXCLUDES(mutex_);

  /// Closes what no service of the graph needs any more, and opens what is missing. A service that
  /// has failed for want of it is started then. May block: not on a loop's thread.
  /// @return  what could not be opened: by the names of the services, why
  [[nodiscard]] std::map<std::string, std::string> open_all() EXCLUDES(mutex_);

  /// Closes the sockets of a service that is not on demand, if it is still stopped. May block: not
  /// on a loop's thread.
  void close_stopped(Slot slot) EXCLUDES(mutex_);

  /// Services may have come up or down. Any thread; cheap, and does nothing without sockets.
  void look() noexcept EXCLUDES(mutex_);

  /// The addresses that are open for a service, as its file has them. Any thread.
  [[nodiscard]] std::vector<std::string> addresses(const std::string& service) const
      EXCLUDES(mutex_);

  /// A connection of a service with `accept` is over. Any thread.
  void connection_over(const std::string& service) noexcept EXCLUDES(mutex_);
  /// How many there are after a re-execution. Any thread.
  void set_connections(const std::string& service, std::size_t count) EXCLUDES(mutex_);

  // WatchPort.
  [[nodiscard]] Result<void> prepare(Slot slot, const ServiceSpec& spec,
                                     SpawnExtras& extras) override EXCLUDES(mutex_);
  void watch(const CheckedProcessPtr& /*process*/) override {}
  void changed() noexcept override {}

 private:
  struct Socket;
  struct Service;
  using ServicePtr = std::shared_ptr<Service>;
  struct Held;
  class Turn;

  void close_unwanted() EXCLUDES(mutex_);
  [[nodiscard]] Result<void> open_in_turn(Slot slot, const ServiceSpec& spec) EXCLUDES(mutex_);
  [[nodiscard]] Result<void> open(Slot slot, const ServiceSpec& spec) EXCLUDES(mutex_);
  [[nodiscard]] Result<void> keep_open(Service& old, Service& made, Slot slot,
                                       const ListenOptions& options) EXCLUDES(mutex_);
  [[nodiscard]] ServicePtr take(Slot slot) EXCLUDES(mutex_);
  [[nodiscard]] bool stays_stopped(const std::string& service, const SocketSpec& spec)
      EXCLUDES(mutex_);
  [[nodiscard]] ServicePtr named(const std::string& service) const REQUIRES(mutex_);
  void watch_sockets(Slot slot, Service& service, bool on) noexcept REQUIRES(mutex_);
  [[nodiscard]] bool has_room(const Service& service) const noexcept REQUIRES(mutex_);
  void look_now() EXCLUDES(mutex_);
  void on_ready(EpollSet::Key key, std::uint32_t events) EXCLUDES(mutex_);
  void accept_some(Slot slot, const ServicePtr& service, int listener) EXCLUDES(mutex_);

  ServiceAccess& services_;
  const Calls calls_;
  EpollSet set_;
  const std::size_t most_instances_;  // of all services together
  LoopCall look_;
  TimerWatcher again_;
  mutable Mutex mutex_;
  std::set<Slot> turns_ GUARDED_BY(mutex_);  // whose sockets are being opened
  CondVar turn_over_;
  std::map<Slot, ServicePtr> open_ GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> connections_ GUARDED_BY(mutex_);  // with `accept`, by service
};

}  // namespace zinit
