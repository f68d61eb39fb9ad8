// [readiness] of service files: what a main process says of itself, by a notify socket, a newline
// on a descriptor, or a pidfile; the descriptors that it has zinit keep; and its watchdog.
//
// Each process that says something has a Watch from its spawn until its end. The data loop listens
// to all of them, by one epoll set and one inotify. Nothing is polled: at rest nothing wakes.
//
// Whose a message is: the kernel names its sender. That must be the main process; with
// notify_access = "all" one of the service's, by its cgroup, or without cgroups by descent. A new
// main process, by MAINPID or a pidfile, is held by pidfd before it is looked at, so that it cannot
// become another on the way, and watched by that. Others' messages are refused, told once a
// process, and what came with them is closed, by a thread that may be kept waiting (Closer).
//
// What a process has sent just before its end counts: the board has its socket read first, by
// drain(), and no more of it than the kernel keeps for a socket. So messages are handled by two
// threads, one at a time a process.
//
// Locks: a Watch's own, then the board's, then this object's. Under the board's lock only the last
// is taken, for a moment; it is never held while the board is called.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/loop.hpp"
#include "io/notify_directory.hpp"
#include "io/watcher.hpp"
#include "os/closer.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class ReadinessChecks final : public CheckPort {
 public:
  /// `directory` is where path sockets lie (NotifyDirectory); where it is empty, or cannot be made,
  /// there are abstract ones alone. The loop outlives this.
  ReadinessChecks(EventLoop& loop, std::string directory);
  ~ReadinessChecks() override;
  ReadinessChecks(const ReadinessChecks&) = delete;
  ReadinessChecks& operator=(const ReadinessChecks&) = delete;

  /// Whom to tell. Before the first process is watched.
  void serve(Board& board) noexcept { board_ = &board; }

  // CheckPort.
  [[nodiscard]] Result<CheckGearPtr> prepare(Slot slot, const ServiceSpec& spec) override;
  void watch(const CheckedProcessPtr& process) override;
  void changed() noexcept override { look_.ask(); }
  void drain(const CheckedProcess& process) noexcept override;
  void rested(Slot slot) noexcept override;

 private:
  struct Gear;
  struct Watch;
  struct StoredFd;
  using WatchPtr = std::shared_ptr<Watch>;
  using Stored = std::vector<std::shared_ptr<StoredFd>>;

  [[nodiscard]] Result<void> add_socket(Gear& gear);
  [[nodiscard]] Result<void> add_pipe(Gear& gear, int as);
  void add_stored(Gear& gear, Slot slot);

  // On the loop.
  void look();
  void settle(const WatchPtr& watch);
  [[nodiscard]] bool make_set();
  [[nodiscard]] bool listen(Watch& watch);
  void let_go(Watch& watch);
  void on_ready();
  void on_files();
  void watch_main(Watch& watch);
  void arm(const WatchPtr& watch);
  void watchdog_due(const WatchPtr& watch);
  void read_line(Watch& watch);
  void look_at_file(Watch& watch);
  [[nodiscard]] bool watch_file(Watch& watch);
  [[nodiscard]] bool stays_in_front(Watch& watch);
  void take_pidfile(Watch& watch);
  void forget_file(Watch& watch);

  // On the loop or the reaper's thread.
  [[nodiscard]] bool receive(Watch& watch, int most);
  void handle(Watch& watch, Datagram& datagram);
  [[nodiscard]] bool may_speak(const Watch& watch, pid_t sender) const;
  void show_status(Watch& watch);
  void change_main(Watch& watch, pid_t pid);
  [[nodiscard]] bool make_main(Watch& watch, pid_t pid, UniqueFd pidfd);
  void forget_stored(Slot slot, const std::string& name);
  void store(Watch& watch, const std::string& name, std::vector<UniqueFd>& fds);
  void complain(Watch& watch, std::string_view what);
  [[nodiscard]] std::vector<WatchPtr> watches() const;

  EventLoop& loop_;
  Board* board_ = nullptr;
  NotifyDirectory sockets_;
  const std::shared_ptr<Closer> closer_ = std::make_shared<Closer>();
  UniqueFd set_;    // epoll
  UniqueFd files_;  // inotify; made for the first pidfile
  std::unique_ptr<IoWatcher> ready_;
  LoopCall look_;
  TimerWatcher again_;  // what the kernel would not watch

  mutable Mutex mutex_;
  std::map<const CheckedProcess*, WatchPtr> watches_ GUARDED_BY(mutex_);
  std::map<Slot, Stored> stored_ GUARDED_BY(mutex_);
};

}  // namespace zinit
