// [socket] of services, seen from the control loop: has the sockets opened when the graph changes,
// and makes an instance NAME@N of a service with `accept` for each of its connections.
//
// An instance is a service like others, at runtime only: its own state, cgroup and limits. It never
// restarts, and leaves the graph a moment after it has ended, so that a client which has waited for
// that still gets its status. Its standard error goes to the log of NAME.
//
// Everything here is called on the control loop's thread, except what is said to be of any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "activation/accepted.hpp"
#include "activation/service_sockets.hpp"
#include "config/settings.hpp"
#include "control/daemon.hpp"
#include "init/file_queue.hpp"
#include "init/later_removal.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class SocketChanges {
 public:
  /// The loops and the settings outlive this object; the board and the queue may end before it.
  /// `settled` is called when all sockets are open that can be. `answers_due` tells whether clients
  /// may still be to be told of the last change.
  struct Parts {
    FileQueue& queue;
    EventLoop& loop;
    EventLoop& data_loop;
    Board& board;
    const GlobalSettings& settings;
    std::function<void()> settled;
    std::function<bool()> answers_due;
  };
  explicit SocketChanges(Parts parts);
  SocketChanges(const SocketChanges&) = delete;
  SocketChanges& operator=(const SocketChanges&) = delete;

  /// What passes sockets and connections to processes.
  [[nodiscard]] WatchPort& sockets() noexcept { return sockets_; }
  [[nodiscard]] WatchPort& connections() noexcept { return accepted_; }

  /// After a re-execution, before the board is restored: goes on with what is open.
  void take_over(Inheritance& inherited, const Graph& graph);

  /// To be called after each change of the board: opens and closes sockets if the graph is another,
  /// and removes instances that have ended.
  void look();

  /// Whether sockets are still to be opened.
  [[nodiscard]] bool busy() const { return under_way_ || board_.graph() != seen_; }

  [[nodiscard]] Daemon::Sockets view(const std::string& service) const;

  /// See ServiceSockets::end().
  void end() { sockets_.end(); }

 private:
  void open();
  void opened(const std::map<std::string, std::string>& faults, bool failed);
  void begin_instance(const std::string& service, KeptFd connection);
  void instance_later(const std::string& service, KeptFd connection);
  [[nodiscard]] RequestResult<Board::SetReport> add_instance(const std::string& service,
                                                             const std::string& name);
  void end_instances();
  void remove_ended();

  FileQueue& queue_;
  EventLoop& loop_;
  Board& board_;
  const GlobalSettings& settings_;
  const std::function<void()> settled_;
  BoardServices services_;
  AcceptedConnections accepted_;
  ServiceSockets sockets_;
  GraphPtr seen_;  // whose sockets are open, or being opened
  bool under_way_ = false;
  TimePoint began_{};                             // the last opening
  std::map<std::string, std::string> faults_;     // that were told, by service
  std::map<std::string, std::string> instances_;  // the services that they are of, by their names
  MaskedNames ended_;                             // instances that are about to leave the graph
  std::map<std::string, std::uint64_t> last_;     // the number of a service's last instance
  TimePoint told_at_{};  // of connections that are closed: not again before
  TimerWatcher retry_;
  LaterRemoval removal_;
};

/// The spec of an instance of `service`: the same without [socket], and without restarts. Null if
/// that is no valid service, because its name would be too long.
[[nodiscard]] SpecPtr instance_of(const ServiceSpec& service, std::uint64_t number,
                                  const ServiceDefaults& defaults);

}  // namespace zinit
