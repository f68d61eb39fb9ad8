// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Cgroups of services: whether one still has processes, signals to them, and watches that report
// changes.
//
// While there is a process, its cgroup's memory.events is watched. At the end of the process this
// shows whether an OOM kill hit it, or hit another process earlier. cgroup.events is watched only
// while zinit waits for the end of the last process. At rest nothing is watched. Both watches use
// EPOLLPRI on the open file (Linux' cgroup-v2.rst): the kernel takes some 15 ms to close an inotify
// descriptor whose watches were just removed, which would be the longest part of a shutdown.
//
// The files are read and written under the board's lock, because they are the kernel's own and wait
// for no device. A start and an end cost one read each. Making and removing cgroups takes longer;
// jobs' threads and the janitor do it without the lock.
//
// A service is gone when its group has no process and its cgroup is not populated. An OOM kill
// counts for the main process only if the count has grown at most 5 s before its end; an earlier
// one hit another process, such as a worker that was replaced since. After a reload a job's thread
// writes [resources]: for a smaller limit the kernel may reclaim memory for seconds within the
// write.
//
// Threads: no locking of its own; the board's lock guards all of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "model/graph.hpp"
#include "model/record.hpp"
#include "os/cgroup_tree.hpp"

namespace zinit {

/// Watched files in services' cgroups.
class CgroupWatches {
 public:
  /// `tree` null: there are no cgroups.
  explicit CgroupWatches(std::shared_ptr<CgroupTree> tree);

  [[nodiscard]] CgroupTree* tree() const noexcept { return tree_.get(); }
  /// Readable when a watched file has changed; -1: nothing can be watched.
  [[nodiscard]] int fd() const noexcept { return set_.get(); }

  /// Also reports the file once at the beginning, so that no change is missed.
  /// @return  the watch's number; -1: no such file, or no more watches are possible
  [[nodiscard]] int add(const std::string& path, Slot slot) noexcept;
  void drop(int& watch) noexcept;

  /// Some of the changes since the last read(): pairs of a service and its watch. While there are
  /// more, fd() stays readable.
  [[nodiscard]] std::vector<std::pair<Slot, int>> read();

 private:
  const std::shared_ptr<CgroupTree> tree_;
  UniqueFd set_;  // an epoll descriptor
};

/// A signal to all processes of a cgroup. It needs no lock: there may be thousands, and pidfds
/// guard against reused pids.
struct CgroupSignal {
  Cgroup cgroup;
  int signal;
  std::vector<pid_t> pids;  // that have not got it yet

  /// Sends it to some of them. @return  whether it is done
  bool send_some();
};

/// The cgroup of one service.
class ServiceCgroup {
 public:
  /// @param service  its name, which must outlive this object
  ServiceCgroup(CgroupWatches& watches, Slot slot, std::string_view service) noexcept
      : watches_(watches), slot_(slot), service_(service) {}
  ~ServiceCgroup();
  ServiceCgroup& operator=(ServiceCgroup&&) = delete;

  /// Whether processes of the service may be in it.
  [[nodiscard]] bool in_use() const noexcept { return in_use_; }
  [[nodiscard]] std::string path() const;  // empty: there are no cgroups
  [[nodiscard]] std::string name() const;  // in /proc/PID/cgroup; empty: there are no cgroups

  /// A launch has made the cgroup, or found it with `memory_kills` earlier OOM kills.
  void launched(bool process_started, std::int64_t memory_kills) noexcept;
  /// After a re-execution: takes over the processes that the previous image left in the cgroup.
  /// @return  whether the cgroup has processes
  bool restore();

  /// Whether it has a process. Also true if this cannot be found out now, for example without free
  /// file descriptors; then the caller must check again.
  [[nodiscard]] bool populated();
  /// Sends SIGKILL to all processes in it.
  [[nodiscard]] Result<void> kill() const;
  /// Thaws the cgroup if it is frozen. @return  whether it was frozen
  bool thaw();
  /// Fails if it has no processes, or cannot be opened now.
  [[nodiscard]] Result<Cgroup> open() const;
  /// Whether the processes that have left the process group got the stop signal since the launch.
  [[nodiscard]] bool& escaped_signalled() noexcept { return escaped_signalled_; }

  /// Reports the end of its last process from now on. Check populated() after this call, because
  /// that process may have ended already.
  void watch_end();
  /// Whether the end of its last process will be reported, so that it need not be polled.
  [[nodiscard]] bool end_is_told() const noexcept { return end_watch_ >= 0 && !unseen_; }
  /// It has no processes any more.
  void emptied() noexcept;

  /// Begins or ends the watching for OOM kills.
  void watch_memory();
  void stop_watching_memory() noexcept { watches_.drop(memory_watch_); }
  [[nodiscard]] bool is_memory_watch(int watch) const noexcept { return watch == memory_watch_; }
  /// @return  how many OOM kills there were since the last look
  std::int64_t look_at_memory();
  /// Whether an OOM kill ended a main process that has just died of a SIGKILL not sent by zinit.
  [[nodiscard]] OutOfMemory killed_for_memory() const;

  /// Call when the service is at rest.
  /// @return  whether the cgroup's directory may exist and must be removed
  [[nodiscard]] bool release() noexcept { return std::exchange(made_, false); }

 private:
  /// Calls `work` with the cgroup, if it may have processes and can be opened.
  template <class Work>
  bool with_cgroup(Work work) const;

  CgroupWatches& watches_;
  const Slot slot_;
  const std::string_view service_;
  bool in_use_ = false;
  bool made_ = false;  // the directory may exist
  bool escaped_signalled_ = false;
  bool unseen_ = false;  // the last populated() could not find out
  int end_watch_ = -1;
  int memory_watch_ = -1;
  std::int64_t memory_kills_ = 0;  // number of OOM kills seen so far
  TimePoint memory_kill_seen_{};   // when the last one was seen; the epoch: none yet
};

}  // namespace zinit
