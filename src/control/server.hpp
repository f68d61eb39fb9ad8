// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The control server: accepts clients on the control socket, decides what each may do, and gives
// turns to the sessions.
//
// How a request travels:
//
//   socket --> Connection: lines --> Session::turn() --> dispatch() --> handler
//   socket <-- Connection: queue <-- Session <-- result or error, at once or by Later::look()
//
// Input queues the session (has_work()), and round() gives it a turn. If the handler returns a
// Later, the session keeps it. After every change of the board (Changes), and when another thread
// has finished work for the loop (FileChanges, ProcessLooks, Settling), look_again() queues the
// sessions with such calls. Each calls look() in its next turn, and sends the answer if there is
// one. So no call blocks the loop, and no answer is sent from inside a callback.
//
// Threads: all of it runs on the control loop. Other threads reach it only through Changes. Nothing
// blocks, and nothing wakes up while no client asks and nothing changes.
//
// Fairness: sessions with work wait in a queue. One round of the loop serves them for kRoundTime in
// all, each for kTurnTime or one call, whichever is longer. Signals, timers and sockets follow.
//
// Connections of one user, and those of all users but root and the server's own, are limited, so
// that these users lock nobody out (quota.hpp). A connection beyond the limit is accepted, gets an
// error and is closed at once: in the backlog it would keep root's waiting.
//
// If descriptors or memory run out, accepting pauses for kAcceptPause, and clients wait in the
// backlog.
//
// The rest of the room: connection.hpp has the bytes of a client, session.hpp its calls,
// jsonrpc.hpp the protocol's texts, methods.hpp the table and methods_*.cpp the handlers;
// objects.hpp and views.hpp write answers; log_feed.hpp and changes.hpp bring what clients follow;
// quota.hpp has the limits; daemon.hpp is what this room needs of the daemon.
//
// A connection that sends a descriptor is closed; from Linux 6.16 on the kernel refuses descriptors
// at once (os/unix_receive.hpp).
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

/// A group whose members may connect too, and their right.
struct SharedAccess {
  std::optional<gid_t> group;
  Right right = Right::read;
};

/// What a peer with these credentials may do. Root and the server's own user may do everything.
/// Members of the shared group, as their primary or a supplementary group, have its right.
[[nodiscard]] Right right_of(const ucred& peer, std::span<const gid_t> groups,
                             const SharedAccess& shared) noexcept;

class Server final {
 public:
  /// The most clients at a time. More wait in the backlog until one leaves, so that clients cannot
  /// take the descriptors that services need.
  static constexpr std::size_t kMaxClients = 4096;
  /// Of these, the number that only root and the server's own user may have.
  static constexpr std::size_t kReserved = 64;
  static constexpr std::chrono::microseconds kRoundTime{5000};
  static constexpr std::chrono::microseconds kTurnTime{1000};
  static constexpr Milliseconds kAcceptPause{200};
  /// Limits at the end for clients that have output queued: in all, and without reading any of it.
  static constexpr Milliseconds kLastTime{2000};
  static constexpr Milliseconds kLastSilence{500};
  /// After kTurnsBeforeRest turns of clients, and then none for kRestDelay, free memory is returned
  /// to the kernel. This is the only wake-up after a burst.
  static constexpr unsigned kTurnsBeforeRest = 64;
  static constexpr Milliseconds kRestDelay{300};

  using Parts = Settling::Parts;

  /// All parts must outlive the server. After its end, `changes` must not call its listeners any
  /// more (Changes::listen()).
  explicit Server(const Parts& parts, std::span<const Method> methods = all_methods());
  ~Server();
  Server& operator=(Server&&) = delete;

  /// Accepts clients on `socket` from now on, in place of an earlier one. Connected clients stay.
  /// Fails if file descriptors run out.
  [[nodiscard]] Result<void> serve(ControlSocket socket);

  /// Continues with a shutdown that was scheduled before a re-execution.
  void go_on_with(ScheduledPower power) { power_.set(std::move(power)); }

  /// Whether new clients find the socket: its file may be removed, or hidden by a mount.
  [[nodiscard]] bool reachable() const noexcept { return socket_.is_there(); }

  /// Sets who else may connect from now on. Connected clients keep their rights.
  void share(const SharedAccess& shared);

  [[nodiscard]] ControlFigures figures() const;

  /// Closes the socket and removes its file. Clients stay connected. Call it after the loop has
  /// ended.
  void stop_listening() noexcept;

  /// Sends the answers that are due, and the last events and lines of logs to their subscribers.
  /// Call it after the loop has ended. Takes kLastTime at most.
  void finish() noexcept;

  /// Whether a session waits for a turn, in which it may answer to the last change. On the loop's
  /// thread.
  [[nodiscard]] bool has_ready() const noexcept { return !ready_own_.empty() || !ready_.empty(); }

  /// Whether new requests are held back; those under way continue. On the loop's thread.
  void hold_requests(bool hold) noexcept;

  // For sessions.
  /// Queues `session` for a turn.
  void has_work(Session& session) noexcept;
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
  [[nodiscard]] bool await_readers(TimePoint until);

  EventLoop& loop_;
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
  EpollSet hangups_;  // the keys are ids of sessions; see watch_hangup()
  std::unique_ptr<IoWatcher> acceptable_;
  TimerWatcher accept_again_;
  TimerWatcher rest_;
  unsigned turns_since_rest_ = 0;
  bool accept_paused_ = false;

  Quota quota_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::uint64_t last_session_ = 0;
  // Sessions that want a turn. Their tickets are spliced into the list, which allocates nothing.
  // Sessions of root and the server's own user get every second turn, however many others wait.
  std::list<Session*> ready_own_;
  std::list<Session*> ready_;
  bool turn_of_own_ = true;
  TimerWatcher round_;
};

}  // namespace zinit
