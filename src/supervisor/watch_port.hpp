// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The interface between the supervisor and the watchers, which watch main processes for readiness,
// health and signs of life. The board calls a WatchPort for each main process of a service with
// [readiness] or [health]; the watchers report to the board through WatchReports. src/watch
// implements WatchPort, Board implements WatchReports.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/checks.hpp"
#include "model/graph.hpp"
#include "model/reason.hpp"
#include "supervisor/checked_process.hpp"

namespace zinit {

/// What the board reports to the watchers. Most functions have an empty default, so that a watcher
/// implements only what it needs.
class WatchPort {
 public:
  virtual ~WatchPort() = default;

  /// Adds to `extras` what the spawn of the service's next main process needs. Any thread; the
  /// board's lock is not held. An error counts as a spawn error.
  [[nodiscard]] virtual Result<void> prepare(Slot /*slot*/, const ServiceSpec& /*spec*/,
                                             SpawnExtras& /*extras*/) {
    return {};
  }

  /// After a re-execution, in place of prepare(): adds to `extras` what the previous process image
  /// kept for SpawnExtras::main_pid of `slot`. A call of watch() for it follows. Called under the
  /// board's lock.
  /// @return  whether a pidfd holds the main process, so that its pid was not reused
  [[nodiscard]] virtual bool take_over(Slot /*slot*/, const ServiceSpec& /*spec*/,
                                       SpawnExtras& /*extras*/) {
    return false;
  }

  /// Watches `process` from now on, until its stage is `ended`. Called under the board's lock: must
  /// not block or call back.
  virtual void watch(const CheckedProcessPtr& /*process*/) {}

  /// The stage, main process, spec or running() of a watched process has changed. Called under the
  /// board's lock, and often: it should only schedule one later look at all processes, as
  /// LoopCall::ask() does.
  virtual void changed() noexcept {}

  /// Handles the messages that `process` has sent so far, because it has ended or its service
  /// handles a deadline late. Called without the board's lock; it may call back. Must not block:
  /// the thread that reaps calls it, before it kills the rest of the process's group.
  virtual void drain(const CheckedProcess& /*process*/) noexcept {}

  /// Whether clean() has something to do for the service. Called under the board's lock.
  [[nodiscard]] virtual bool leaves_files(Slot /*slot*/) const { return false; }

  /// All processes of the service have ended: removes files they left, such as the pidfile of a
  /// killed daemon. Called by its job's thread without the board's lock. May block.
  virtual void clean(Slot /*slot*/) noexcept {}

  /// The service has come to rest or was removed: descriptors stored for its next process can go.
  /// Called under the board's lock, like changed().
  virtual void rested(Slot /*slot*/) noexcept {}
};

/// What the watchers report to the board. A report about a process that is no longer the service's
/// main process has no effect. Any thread, without the board's lock.
class WatchReports {
 public:
  /// The process has reported that it is ready; or a probe has succeeded, for the first time or
  /// after failures.
  virtual void passed(const CheckedProcess& process, CheckKind which) = 0;

  /// A probe has failed, `attempts` times in a row. status and why show it; it has no other effect.
  virtual void probe_failed(const CheckedProcess& process, int attempts,
                            std::string_view error) = 0;

  /// Like probe_failed(), but stops the service if it is running.
  virtual void health_failed(const CheckedProcess& process, int attempts,
                             std::string_view error) = 0;

  /// Runs the command of the service's [health], and kills it with its process group after
  /// timeout_ms. CheckedProcess::take_probe_result() returns the result after WatchPort::changed().
  /// Reports a failure if the previous command still exists.
  virtual void run_probe(const CheckedProcessPtr& process) = 0;

  /// The process has given no sign of life for too long, or has asked to be ended.
  virtual void watchdog_expired(const CheckedProcess& process) = 0;

  /// The process asks for `by` more time, counted from now, to start or to stop.
  virtual void extend(const CheckedProcess& process, Milliseconds by) = 0;

  /// From now on `pid` is the main process, held by `pidfd` (empty: the kernel has no pidfds). The
  /// caller has checked that it belongs to the service.
  /// @return  false if impossible: the service has no process to replace, or `pid` belongs to
  ///          another service
  virtual bool main_changed(const CheckedProcess& process, pid_t pid, UniqueFd pidfd) = 0;

  /// The main process `pid`, which zinit did not spawn, has ended. If it is zinit's child, the
  /// reaper reports its end as well. Otherwise `end` says how it ended, if known.
  virtual void main_gone(const CheckedProcess& process, pid_t pid,
                         const std::optional<ProcessEnd>& end) = 0;

  /// The pidfile has named no successor of the ended main process by
  /// CheckedProcess::successor_by(): its end is the end of the service's process.
  virtual void no_successor(const CheckedProcess& process) = 0;

  /// Process `pid` of the service has sent READY=1, but notify_access forbids it. Shown by why.
  virtual void not_heard(const CheckedProcess& process, pid_t pid) = 0;

  /// What the process says about itself, for `status`: one line of UTF-8.
  virtual void status_text(const CheckedProcess& process, std::string text) = 0;

 protected:
  ~WatchReports() = default;
};

}  // namespace zinit
