// The control server: accepts clients on the control socket, decides what each may do, and gives
// the sessions their turns.
//
// Threads: all of it lives on the control loop. Other threads reach it through Changes alone.
// Nothing blocks, and nothing wakes up while no client asks and nothing changes.
//
// Fairness: sessions with work stand in a queue. A round of the loop serves them for kRoundTime,
// each for kTurnTime or one call, whichever is longer; then signals, timers and sockets have their
// turn.
//
// So that others lock nobody out, connections of one user, and those of all users but root and the
// server's own, have bounds (quota.hpp). A connection beyond them is accepted, told so and closed
// at once: left in the backlog, it would keep root's waiting behind it.
//
// If descriptors or memory run out, accepting pauses for kAcceptPause, and clients wait in the
// backlog.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>

#include "control/changes.hpp"
#include "control/control_socket.hpp"
#include "control/file_changes.hpp"
#include "control/power_schedule.hpp"
#include "control/process_looks.hpp"
#include "control/quota.hpp"
#include "control/scrapes.hpp"
#include "control/session.hpp"
#include "control/settling.hpp"
#include "io/epoll_set.hpp"

namespace zinit {

/// A group whose members may connect too, and what they may do.
struct SharedAccess {
  std::optional<gid_t> group;
  Right right = Right::read;
};

/// What a peer with these credentials may do. Root and the server's own user may do everything;
/// members of the shared group, as their primary or a supplementary group, have its right.
[[nodiscard]] Right right_of(const ucred& peer, std::span<const gid_t> groups,
                             const SharedAccess& shared) noexcept;

class Server final {
 public:
  /// Clients at a time; more wait in the backlog until one leaves, so that they cannot take the
  /// descriptors that services need.
  static constexpr std::size_t kMaxClients = 4096;
  /// Those of them that only root and the server's own user may have.
  static constexpr std::size_t kReserved = 64;
  static constexpr std::chrono::microseconds kRoundTime{5000};
  static constexpr std::chrono::microseconds kTurnTime{1000};
  static constexpr Milliseconds kAcceptPause{200};
  /// At the end: for how long clients may have what is queued for them, in all and without reading
  /// any of it.
  static constexpr Milliseconds kLastTime{2000};
  static constexpr Milliseconds kLastSilence{500};
  /// When clients have had kTurnsBeforeRest turns, and then none for kRestDelay, free memory is
  /// returned to the kernel. That is the only wake-up after a burst.
  static constexpr unsigned kTurnsBeforeRest = 64;
  static constexpr Milliseconds kRestDelay{300};

  struct Parts {
    EventLoop& loop;
    Board& board;
    LogStore& logs;
    Daemon& daemon;
    Changes& changes;
  };

  /// All parts outlive the server. After its end `changes` must not call its listeners any more
  /// (Changes::listen()).
  explicit Server(const Parts& parts, std::span<const Method> methods = all_methods());
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Accepts clients on `socket` from now on, in place of an earlier one; connected clients stay.
  /// Fails if file descriptors run out.
  [[nodiscard]] Result<void> serve(ControlSocket socket);

  /// Goes on with a shutdown that was scheduled before a re-execution.
  void go_on_with(ScheduledPower power) { power_.set(std::move(power)); }

  /// Whether new clients find the socket: its file may have been removed, or hidden by a mount.
  [[nodiscard]] bool reachable() const noexcept { return socket_.is_there(); }

  /// Sets who else may connect from now on; connected clients keep their rights.
  void share(const SharedAccess& shared);

  [[nodiscard]] ControlFigures figures() const;

  /// To be called after the loop has ended: sends the answers that have become due, and the last
  /// events and lines of logs to their subscribers. Takes kLastTime at most.
  void finish() noexcept;

  /// Whether a session has a turn to come, in which it may answer what the last change has brought.
  /// The loop's thread.
  [[nodiscard]] bool has_ready() const noexcept { return !ready_own_.empty() || !ready_.empty(); }

  /// Whether no request is begun any more; those under way go on. The loop's thread.
  void hold_requests(bool hold) noexcept;

  // For sessions.
  /// Queues `session` for a turn.
  void has_work(Session& session) noexcept;
  /// To be called before a subscription begins: it does not get the events until now.
  void subscribing();
  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
  [[nodiscard]] RpcContext& context() noexcept { return context_; }
  [[nodiscard]] bool holds_requests() const noexcept { return holds_requests_; }
  [[nodiscard]] std::span<const Method> methods() const noexcept { return methods_; }

 private:
  void accept_clients();
  [[nodiscard]] bool accept_one();
  void pause_accepting(int errnum);
  void admit(UniqueFd fd);
  void round();
  [[nodiscard]] std::list<Session*>& ready_list(const Session& session) noexcept {
    return session.share() ? ready_ : ready_own_;
  }
  void give_turn();
  void watch_hangup(Session& session);
  void on_hangup(EpollSet::Key id);
  void remove(Session& session);
  void on_rest();
  void on_change();
  void look_again();
  void tell_events();
  [[nodiscard]] bool await_readers(TimePoint until);

  EventLoop& loop_;
  Board& board_;
  const std::span<const Method> methods_;
  PowerSchedule power_;
  FileChanges file_changes_;
  ProcessLooks processes_;
  Scrapes scrapes_;
  Settling settling_;
  RpcContext context_;
  bool holds_requests_ = false;

  ControlSocket socket_;
  SharedAccess shared_;
  EpollSet hangups_;  // keyed by the ids of sessions; see watch_hangup()
  std::unique_ptr<IoWatcher> acceptable_;
  TimerWatcher accept_again_;
  TimerWatcher rest_;
  unsigned turns_since_rest_ = 0;
  bool accept_paused_ = false;

  Quota quota_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::uint64_t last_session_ = 0;
  // Sessions that want a turn. Their tickets are spliced into the list, which allocates nothing.
  // Those of root and the server's own user have every second turn, however many others wait.
  std::list<Session*> ready_own_;
  std::list<Session*> ready_;
  bool turn_of_own_ = true;
  TimerWatcher round_;
  std::uint64_t told_seq_ = 0;  // the last event that was told to subscribers
};

}  // namespace zinit
