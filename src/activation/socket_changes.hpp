// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of services, on the side of the control loop: makes the sockets open when the graph
// changes, and makes an instance NAME@N of a service with `accept` for each of its connections.
//
// An instance is a service like others, at runtime only: it has its own state, cgroup and limits.
// It never restarts, and leaves the graph a moment after its end, so that a client that waited for
// the end still gets its status. Its standard error goes to the log of NAME.
//
// Call everything here on the control loop's thread, unless a comment allows any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "activation/accepted.hpp"
#include "activation/graph_follower.hpp"
#include "activation/later_removal.hpp"
#include "activation/service_sockets.hpp"
#include "base/mutex.hpp"
#include "config/settings.hpp"
#include "control/daemon.hpp"

namespace zinit {

class SocketChanges {
 public:
  /// The board and the queue may end before this object. `proxies_change` returns whether proxies
  /// may be about to give up addresses; `released` is called after services have done so.
  /// `answers_due` returns whether clients may still wait for a report of the last change.
  struct Parts : FollowerParts {
    EventLoop& data_loop;
    const GlobalSettings& settings;
    std::function<bool()> proxies_change;
    std::function<void()> released;
    std::function<bool()> answers_due;
  };
  explicit SocketChanges(Parts parts);
  SocketChanges& operator=(SocketChanges&&) = delete;

  /// The ports that pass sockets and connections to processes.
  [[nodiscard]] WatchPort& sockets() noexcept { return sockets_; }
  [[nodiscard]] WatchPort& connections() noexcept { return accepted_; }

  /// After a re-execution, when the board is restored and holds launches: takes over all open
  /// descriptors.
  void take_over(Inheritance& inherited, const FactMap& facts, const Graph& graph);

  /// Call it after each change of the board. Opens and closes sockets if the graph has changed, and
  /// removes instances that have ended.
  void look();

  /// Whether sockets still have to open.
  [[nodiscard]] bool busy() const { return follower_.busy() || waits_ || follower_.behind(); }

  /// See ServiceSockets::close_unwanted().
  void close_unwanted() { sockets_.close_unwanted(); }
  /// See ReleasedAddresses::held(), and whether such a socket is why (open_listeners()).
  [[nodiscard]] HeldSockets held() const { return released_.held(); }
  [[nodiscard]] static bool may_come_free(const Error& error) { return error.errnum == ECANCELED; }
  /// See ReleasedAddresses::set_moving().
  void set_moving(HeldSockets sockets) { released_.set_moving(std::move(sockets)); }
  /// A change of proxies is over: opens sockets that have waited for it.
  void go_on() {
    if (std::exchange(waits_, false)) open();
  }
  /// Addresses have become free: opens sockets that could not be opened, or cannot at this moment.
  void try_again() {
    if (!faults_.empty() || follower_.busy()) follower_.ask();
  }

  [[nodiscard]] Daemon::Sockets view(const std::string& service) const;

  /// See ServiceSockets::end().
  void end() { sockets_.end(); }

 private:
  void follow();
  void open();
  void look_at_closed();
  void opened(const std::map<std::string, Error>& faults, bool failed);
  void arrive(const std::string& service, KeptFd connection) EXCLUDES(mutex_);
  void begin_arrived() EXCLUDES(mutex_);
  void begin_instances(const std::string& service, std::vector<KeptFd> connections);
  [[nodiscard]] std::string next_name(const std::string& service);
  [[nodiscard]] RequestResult<void> add_instances(const std::string& service,
                                                  const std::vector<std::string>& names);
  void end_instances();
  void remove_ended();

  const Parts parts_;
  Board& board_;
  BoardServices services_;
  AcceptedConnections accepted_;
  Mutex mutex_;  // a leaf: no other lock is taken under it
  std::map<std::string, std::vector<KeptFd>> arrived_ GUARDED_BY(mutex_);  // by service
  LoopCall begin_;
  LoopCall reopen_;  // not a posted task, which can be refused
  ReleasedAddresses released_;
  ServiceSockets sockets_;
  GraphFollower follower_;
  bool waits_ = false;                            // until proxies have changed
  std::map<std::string, Error> faults_;           // already logged, by service
  std::map<std::string, std::string> instances_;  // services of instances, by instance name
  MaskedNames ended_;                             // instances about to leave the graph
  std::map<std::string, std::uint64_t> last_;     // the number of a service's last instance
  TimePoint told_at_{};                           // next log line about closed connections
  LaterRemoval removal_;
};

}  // namespace zinit
