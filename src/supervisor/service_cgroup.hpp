// Cgroups of services: whether processes are left in one, signals to them, and watches that report
// its changes.
//
// A cgroup's memory.events is watched while there is a process, to know when that dies whether an
// OOM kill hit it, or another process earlier. Its cgroup.events is watched only while zinit waits
// for the end of its last process. At rest nothing is watched. Both by EPOLLPRI on the open file
// (Linux' cgroup-v2.rst): the kernel takes some 15 ms to close an inotify descriptor whose watches
// were just removed, and that would be the longest part of a shutdown.
//
// The files are read and written under the board's lock, because they are the kernel's own and wait
// for no device; a start and an end cost one such read each. Making and removing cgroups takes
// longer and is done without the lock, by jobs' threads and the janitor.
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

/// Files in services' cgroups that are watched.
class CgroupWatches {
 public:
  /// `tree` null: there are no cgroups.
  explicit CgroupWatches(std::shared_ptr<CgroupTree> tree);

  [[nodiscard]] CgroupTree* tree() const noexcept { return tree_.get(); }
  /// Readable when a watched file has changed; -1 if nothing can be watched.
  [[nodiscard]] int fd() const noexcept { return set_.get(); }

  /// Also reports the file once at the beginning, so that no change is missed.
  /// @return  the watch's number; -1 if there is no such file, or no more watches are possible
  [[nodiscard]] int add(const std::string& path, Slot slot) noexcept;
  void drop(int& watch) noexcept;

  /// Some of the changes since the last read(), each a service and which of its watches. While
  /// there are more, fd() stays readable.
  [[nodiscard]] std::vector<std::pair<Slot, int>> read();

 private:
  const std::shared_ptr<CgroupTree> tree_;
  UniqueFd set_;  // of epoll
};

/// The cgroup of one service.
class ServiceCgroup {
 public:
  /// @param service  its name, which must outlive this
  ServiceCgroup(CgroupWatches& watches, Slot slot, std::string_view service) noexcept
      : watches_(watches), slot_(slot), service_(service) {}
  ~ServiceCgroup();
  ServiceCgroup(const ServiceCgroup&) = delete;
  ServiceCgroup& operator=(const ServiceCgroup&) = delete;

  /// Whether processes of the service may be in it.
  [[nodiscard]] bool in_use() const noexcept { return in_use_; }
  [[nodiscard]] std::string path() const;  // empty: there are no cgroups

  /// A launch has made the cgroup, or found it there with `memory_kills` earlier OOM kills.
  void launched(bool process_started, std::int64_t memory_kills) noexcept;
  /// After a re-execution: takes over what the previous image of zinit left in the cgroup.
  /// @return  whether there are processes in it
  bool restore();

  /// Whether a process is left in it. True also if that cannot be found out now, for example
  /// without free file descriptors; then the caller must check again.
  [[nodiscard]] bool populated();
  /// Sends SIGKILL to all processes in it.
  [[nodiscard]] Result<void> kill() const;
  /// Lets its processes run on if somebody has frozen it. @return  whether it was frozen
  bool thaw();
  /// Sends `signal` to all processes in it, once per launch: for the stop signal, which has not
  /// reached those that have left the process group.
  void signal_escaped(int signal);

  /// Sends `signal` to all processes in it.
  void signal(int signal) const;

  /// Has the end of its last process reported from now on. The caller then checks populated(), as
  /// that process may have ended already.
  void watch_end();
  /// Whether the end of its last process will be reported, so that it need not be polled.
  [[nodiscard]] bool end_is_told() const noexcept { return end_watch_ >= 0 && !unseen_; }
  /// No process is left in it.
  void emptied() noexcept;

  /// Begins or ends the watching for OOM kills.
  void watch_memory();
  void stop_watching_memory() noexcept { watches_.drop(memory_watch_); }
  [[nodiscard]] bool is_memory_watch(int watch) const noexcept { return watch == memory_watch_; }
  /// @return  how many OOM kills there were since the last look
  std::int64_t look_at_memory();
  /// For a main process that has just died of a SIGKILL that zinit did not send: whether that was
  /// an OOM kill.
  [[nodiscard]] OutOfMemory killed_for_memory() const;

  /// To be called when the service is at rest.
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
