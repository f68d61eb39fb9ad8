// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Readiness notifications of main processes, [readiness] of service files: by messages to a notify
// socket (sd_notify(3)), by a newline on a descriptor, or by a pidfile. Also the descriptors that
// zinit stores for processes, and their watchdog.
//
// Each reporting process has a Watch from its spawn until its end. The data loop listens to all of
// them by one epoll set and one inotify descriptor. Nothing is polled, so there are no idle
// wake-ups. A short-lived thread looks at pidfiles, because their file system may hang.
//
// A message is accepted from the main process; with notify_access = "all" also from any process of
// the service, which is recognised by its cgroup, or without cgroups by descent. The kernel reports
// the sender's pid. Other messages are ignored, with one warning for each main process. Another
// thread closes descriptors that came with a message and are not stored, because the sender decides
// how long their close(2) takes (Closer).
//
// MAINPID or a pidfile may name a new main process. zinit first opens its pidfd and then checks
// that the process belongs to the service, so that the pid cannot be reused in between. A copy of
// the pidfd later reports the end of the process.
//
// A message that was sent just before its process ended also counts. So the board calls drain()
// before it handles an end (on the reaper's thread), and before a job acts on a deadline that it
// noticed late (on the job's thread). drain() reads no more messages than the kernel queues for a
// socket. So several threads handle messages, but never two at a time for one process.
//
// A new main process need not be zinit's child. If its parent has not waited for it when it ends,
// /proc shows how it ended. Otherwise nobody knows, which is logged and counts as a good end.
//
// Lock order: a Watch's mutex, then the board's, then this object's and FdStore's. This object's
// mutex is held only for moments, and never while the board is called. The board is the
// supervisor's table of services (supervisor/board.hpp).
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/epoll_set.hpp"
#include "io/loop.hpp"
#include "io/notify_directory.hpp"
#include "io/watcher.hpp"
#include "os/offload.hpp"
#include "state/closer.hpp"
#include "state/slot_facts.hpp"
#include "supervisor/watch_port.hpp"
#include "watch/fd_store.hpp"

namespace zinit {

class ReadinessChecks final : public WatchPort {
 public:
  /// Makes notify sockets in `directory` (NotifyDirectory). If it is empty or cannot be made, all
  /// sockets are abstract. `facts` keeps what services report. Loop and `facts` outlive this
  /// object.
  ReadinessChecks(EventLoop& loop, std::string directory, StateFacts& facts);

  /// After a re-execution, before the first process is watched: takes over what the previous
  /// process image left.
  void take_over(Inheritance& inherited, const FactMap& facts);
  /// Call after take_over() and before the board is restored: `pidfd` may be the slot's main
  /// process, which is no child of zinit.
  void take_main(Slot slot, UniqueFd pidfd);
  /// Calls end().
  ~ReadinessChecks() override;
  /// Stops watching, and removes the files of its sockets. Only while no thread runs the loop.
  void end();
  ReadinessChecks& operator=(ReadinessChecks&&) = delete;

  /// Call before the first process is watched.
  void report_to(WatchReports& board) noexcept { board_ = &board; }

  // WatchPort.
  [[nodiscard]] Result<void> prepare(Slot slot, const ServiceSpec& spec,
                                     SpawnExtras& extras) override;
  [[nodiscard]] bool take_over(Slot slot, const ServiceSpec& spec, SpawnExtras& extras) override;
  void watch(const CheckedProcessPtr& process) override;
  void changed() noexcept override { look_.ask(); }
  void drain(const CheckedProcess& process) noexcept override;
  [[nodiscard]] bool leaves_files(Slot slot) const override;
  void clean(Slot slot) noexcept override;
  void rested(Slot slot) noexcept override;

 private:
  struct Channel;
  struct Watch;
  using WatchPtr = std::shared_ptr<Watch>;

  /// A pidfile that has named a main process.
  struct Written {
    /// "PID PATH", and with a root "PID PATH\nROOT": an earlier version, which takes all of it for
    /// the path, finds no such file.
    [[nodiscard]] std::string fact() const;
    /// `pid` is 0 for a fact that makes no sense.
    [[nodiscard]] static Written of(std::string_view fact);

    pid_t pid = 0;
    std::string root, path;  // as in PidFile
  };

  [[nodiscard]] Result<void> add_socket(Channel& channel, Slot slot, bool rooted,
                                        SpawnExtras& extras);
  [[nodiscard]] Result<void> add_pipe(Channel& channel, Slot slot, int as, SpawnExtras& extras);
  void add_stored(Channel& channel, Slot slot, SpawnExtras& extras);

  // On the loop's thread.
  void look();
  void settle(const WatchPtr& watch);
  [[nodiscard]] bool listen(Watch& watch);
  void let_go(Watch& watch);
  void on_ready(EpollSet::Key key);
  void on_main_end(Watch& watch);
  void on_files();
  void watch_main(Watch& watch);
  void arm_watchdog(const WatchPtr& watch);
  void watchdog_due(const WatchPtr& watch);
  [[nodiscard]] std::optional<bool> read_line(Watch& watch);
  void on_line(Watch& watch);
  void look_at_file(Watch& watch);
  [[nodiscard]] bool open_files();
  void on_looked();
  [[nodiscard]] bool stays_in_foreground(Watch& watch);
  void take_pidfile(Watch& watch);
  void seek_successor(Watch& watch);
  void give_up_late(Watch& watch);
  void forget_file(Watch& watch);

  // On the loop's thread, the reaper's or a job's.
  [[nodiscard]] bool receive(Watch& watch, int most, TimePoint until = kNever);
  [[nodiscard]] bool too_much_to_close(const Watch& watch) const;
  void handle(Watch& watch, Datagram& datagram);
  [[nodiscard]] bool take_descriptors(Watch& watch, Datagram& datagram);
  [[nodiscard]] bool may_speak(const Watch& watch, pid_t sender) const;
  void show_status(Watch& watch);
  /// Records for `why` that a process which may not speak sent READY=1.
  void note_not_heard(Watch& watch, pid_t pid);
  void keep(const Watch& watch, SlotFact what, std::string_view value);
  void keep_said(const Watch& watch);
  void note_written(Slot slot, Written written) EXCLUDES(mutex_);
  void change_main(Watch& watch, pid_t pid);
  [[nodiscard]] bool make_main(Watch& watch, pid_t pid, UniqueFd pidfd);
  void complain(Watch& watch, std::string_view what);
  [[nodiscard]] Closer::Sender sender_of(Slot slot) EXCLUDES(mutex_);
  [[nodiscard]] WatchPtr find(const CheckedProcess* process) const EXCLUDES(mutex_);
  [[nodiscard]] std::vector<WatchPtr> watches() const EXCLUDES(mutex_);

  EventLoop& loop_;
  StateFacts& facts_;
  ProcessFacts process_facts_{facts_};
  WatchReports* board_ = nullptr;
  NotifyDirectory sockets_;
  const std::shared_ptr<Closer> closer_ = std::make_shared<Closer>();
  FdStore stored_{closer_, facts_};
  EpollSet set_;
  std::shared_ptr<const UniqueFd> files_;  // inotify; while a pidfile is awaited
  LoopCall look_;
  TimerWatcher again_;  // calls look() after a lack of memory or descriptors
  LoopCall files_looked_;
  Offload file_looks_;  // asks for `files_looked_`

  // From the previous process image, until take_over() is called for the slot.
  struct Left {
    KeptFd socket, line;
    std::vector<KeptFd> main_processes;    // one of them at most is the present one
    std::string said, pidfile, not_heard;  // facts
  };
  std::map<Slot, Left> left_;

  mutable Mutex mutex_;
  std::map<const CheckedProcess*, WatchPtr> watches_ GUARDED_BY(mutex_);
  /// For each service whose pidfile named its main process, until the file is removed.
  std::map<Slot, Written> written_ GUARDED_BY(mutex_);
  // For each service that was watched. The use count is the number of the service's descriptors
  // that are stored or wait for the Closer.
  std::map<Slot, std::weak_ptr<const Slot>> senders_ GUARDED_BY(mutex_);
};

}  // namespace zinit
