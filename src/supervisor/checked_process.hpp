// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A main process that is watched for readiness, health and signs of life. The board makes one for
// each main process of a service with [readiness] or [health], and passes it to the WatchPort. Each
// call of WatchReports names the process that it reports about.
//
// The object's identity serves as a generation number: after the board has dropped the object,
// reports about it have no effect, even if another process has its service, slot or pid by then.
//
// Threads: the board writes, with its lock held; any thread reads, without that lock. A value may
// be outdated at once, so watchers look again when WatchPort::changed() is called.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/graph.hpp"
#include "supervisor/spawn_extras.hpp"

namespace zinit {

class CheckedProcess {
 public:
  enum class Stage : std::uint8_t {
    alive,
    stopping,  // no longer probed; it may still ask for more time, or set its status
    ended,     // no longer watched
  };

  CheckedProcess(Slot of, SpecPtr spec, pid_t main_pid, pid_t spawned, std::string its_cgroup,
                 SpawnExtrasPtr its_extras = nullptr, int failed_before = 0,
                 bool was_healthy = false)
      : slot(of),
        cgroup(std::move(its_cgroup)),
        extras(std::move(its_extras)),
        launched(spawned),
        failures(failed_before),
        healthy(was_healthy),
        spec_(std::move(spec)),
        main_pid_(main_pid) {}
  CheckedProcess& operator=(CheckedProcess&&) = delete;

  const Slot slot;
  const std::string cgroup;     // the service's, in /proc/PID/cgroup; empty: no cgroup
  const SpawnExtrasPtr extras;  // null: spawned by an earlier process image
  // The spawned process, while its group exists; main_pid() may be another process.
  const pid_t launched;
  const int failures;  // failed probes in a row that an earlier process image has counted
  const bool healthy;  // for an earlier process image, a probe succeeded

  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  /// 0: not known, because a daemon has gone to the background and not reported its pid yet.
  [[nodiscard]] pid_t main_pid() const noexcept { return main_pid_; }
  /// Whether the service is in state `running`.
  [[nodiscard]] bool running() const noexcept { return running_; }
  /// Until then the pidfile may name a successor of the ended main process; it is read at least
  /// once from now on. kNever: no successor is awaited. Otherwise main_pid() is 0.
  [[nodiscard]] TimePoint successor_by() const noexcept { return successor_by_; }
  /// A reload may replace it, with changes of [health] and other keys that need no restart.
  [[nodiscard]] SpecPtr spec() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return spec_;
  }

  /// The result of the command of WatchReports::run_probe(), returned once. An empty Error:
  /// success. A temporary() Error, perhaps without text: the command could not run now.
  [[nodiscard]] std::optional<Error> take_probe_result() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(probe_result_, std::nullopt);
  }

  // For the board.
  void set_probe_result(Error result) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    probe_result_ = std::move(result);
  }
  void set_stage(Stage stage) noexcept { stage_ = stage; }
  void set_main_pid(pid_t pid) noexcept {
    successor_by_ = kNever;
    main_pid_ = pid;
  }
  /// See successor_by(). Call it after set_main_pid(0).
  void seek_successor(TimePoint by) noexcept { successor_by_ = by; }
  void set_running(bool running) noexcept { running_ = running; }
  void set_spec(SpecPtr spec) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    spec_.swap(spec);
  }

 private:
  mutable Mutex mutex_;  // a leaf: no other lock is taken while it is held
  SpecPtr spec_ GUARDED_BY(mutex_);
  std::optional<Error> probe_result_ GUARDED_BY(mutex_);
  std::atomic<pid_t> main_pid_;
  std::atomic<TimePoint> successor_by_{kNever};
  std::atomic<Stage> stage_{Stage::alive};
  std::atomic<bool> running_{false};
};

using CheckedProcessPtr = std::shared_ptr<CheckedProcess>;

}  // namespace zinit
