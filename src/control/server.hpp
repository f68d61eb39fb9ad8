// The control server: accepts clients on the control socket, says who may do what, and gives each
// of its sessions its turn.
//
// Threads: all of it lives on the control loop. Other threads reach it through Changes alone.
// Nothing blocks, and nothing wakes up while no client asks and nothing changes.
//
// Fairness: sessions with work stand in a queue. A round of the loop serves them for kRoundTime,
// each for kTurnTime or one call, whichever is longer; then signals, timers and sockets have their
// turn.
//
// Want of descriptors or memory: accepting pauses for kAcceptPause, clients wait in the backlog.
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
#include "control/power_schedule.hpp"
#include "control/session.hpp"

namespace zinit {

/// A group whose members may call too.
struct SharedAccess {
  std::optional<gid_t> group;
  Right right = Right::read;
};

/// What a peer with these credentials may do: root and the server's own user everything, members of
/// the group, by their own or a supplementary one, what is shared with it.
[[nodiscard]] Right right_of(const ucred& peer, std::span<const gid_t> groups,
                             const SharedAccess& shared) noexcept;

class Server final : public SessionHost {
 public:
  /// Clients at a time; more wait in the backlog until one leaves, so that they cannot take the
  /// descriptors that services need.
  static constexpr std::size_t kMaxClients = 4096;
  static constexpr std::chrono::microseconds kRoundTime{5000};
  static constexpr std::chrono::microseconds kTurnTime{1000};
  static constexpr Milliseconds kAcceptPause{200};
  static constexpr Milliseconds kLastTime{200};
  /// After so many turns of clients, and then none for so long, what they took is given back: the
  /// one wake-up after a burst.
  static constexpr unsigned kTurnsBeforeRest = 64;
  static constexpr Milliseconds kRestDelay{300};

  struct Parts {
    EventLoop& loop;
    Board& board;
    LogStore& logs;
    Daemon& daemon;
    Changes& changes;
  };

  /// All parts outlive the server, and `changes` calls nobody when it is gone (Changes::listen).
  explicit Server(const Parts& parts, std::span<const Method> methods = all_methods());
  ~Server() override;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Accepts clients from now on, and no longer from the socket before; clients that are there
  /// stay. Fails for want of descriptors.
  [[nodiscard]] Result<void> serve(ControlSocket socket);

  /// Whether new clients find the socket: its file may have been removed, or hidden by a mount.
  [[nodiscard]] bool reachable() const noexcept { return socket_.is_there(); }

  /// Who else may connect from now on; clients that are connected keep their rights.
  void share(const SharedAccess& shared);

  [[nodiscard]] ControlFigures figures() const;

  /// After the loop's last turn: answers who waits for what has happened by now, and tells the last
  /// events, in kLastTime at most.
  void finish() noexcept;

  // For sessions.
  void has_work(Session& session) noexcept override;
  void subscribing() override;
  [[nodiscard]] EventLoop& loop() noexcept override { return loop_; }
  [[nodiscard]] RpcContext& context() noexcept override { return context_; }
  [[nodiscard]] std::span<const Method> methods() const noexcept override { return methods_; }

 private:
  [[nodiscard]] Result<void> watch_hangups();
  void accept_clients();
  [[nodiscard]] bool accept_one();
  void pause_accepting(int errnum);
  void admit(UniqueFd fd);
  void round();
  void give_turn();
  void watch_hangup(Session& session);
  void on_hangup();
  void remove(Session& session);
  void on_rest();
  void on_change();
  void look_again();
  void tell_events();

  EventLoop& loop_;
  Board& board_;
  const std::span<const Method> methods_;
  PowerSchedule power_;
  RpcContext context_;

  ControlSocket socket_;
  SharedAccess shared_;
  UniqueFd hangups_;  // an epoll of its own, see watch_hangup()
  std::unique_ptr<IoWatcher> acceptable_;
  std::unique_ptr<IoWatcher> hung_up_;
  TimerWatcher accept_again_;
  TimerWatcher rest_;
  unsigned turns_since_rest_ = 0;
  bool accept_paused_ = false;

  std::unordered_map<std::uint64_t, std::unique_ptr<Session>> sessions_;
  std::uint64_t last_session_ = 0;
  std::list<Session*> ready_;  // sessions that want a turn: of their tickets, so that none is lost
                               // for want of memory
  TimerWatcher round_;
  std::uint64_t told_seq_ = 0;  // the last event that was told to subscribers
};

}  // namespace zinit
