// The interface between the supervisor and the watchers, which watch main processes for readiness,
// health and signs of life. The board calls a WatchPort for each main process of a service that has
// [readiness] or [health]; the watchers report to the board by its WatchReports. src/watch
// implements the WatchPort, Board the WatchReports.
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

/// What the board tells the watchers. Most of it has an empty default, so that a watcher implements
/// only what it needs.
class WatchPort {
 public:
  virtual ~WatchPort() = default;

  /// Adds to `extras` what the next main process of a service is to be spawned with. Any thread;
  /// the board's lock is not held. An error is treated as one of the spawn.
  [[nodiscard]] virtual Result<void> prepare(Slot /*slot*/, const ServiceSpec& /*spec*/,
                                             SpawnExtras& /*extras*/) {
    return {};
  }

  /// After a re-execution, in place of prepare(): adds to `extras` what the previous process image
  /// has kept for the main process of `slot`, which watch() is called for next. Called under the
  /// board's lock.
  /// @return  whether the main process is held by a pidfd, so its pid was not reused
  [[nodiscard]] virtual bool take_over(Slot /*slot*/, const ServiceSpec& /*spec*/,
                                       SpawnExtras& /*extras*/) {
    return false;
  }

  /// `process` is to be watched from now on, until its stage is `ended`. Called under the board's
  /// lock: must not block nor call back.
  virtual void watch(const CheckedProcessPtr& process) = 0;

  /// The stage, main process, spec or running() of some watched process has changed. Called under
  /// the board's lock, and often: it should only schedule one later look at all processes, as
  /// LoopCall::ask() does.
  virtual void changed() noexcept = 0;

  /// Handles the messages that `process` has sent so far: it has ended, or its service passes a
  /// deadline late. Called without the board's lock; it may call back.
  virtual void drain(const CheckedProcess& /*process*/) noexcept {}

  /// Whether clean() has something to do for the service. Called under the board's lock.
  [[nodiscard]] virtual bool leaves_files(Slot /*slot*/) const { return false; }

  /// All processes of the service have ended: removes the files that they have left, such as the
  /// pidfile of a daemon that was killed. Its job's thread, without the board's lock. May block.
  virtual void clean(Slot /*slot*/) noexcept {}

  /// The service has come to rest or was removed: descriptors stored for its next process can go.
  /// Called under the board's lock, like changed().
  virtual void rested(Slot /*slot*/) noexcept {}
};

/// What the watchers tell the board. A report about a process that is no longer the service's main
/// process has no effect. Any thread, without the board's lock.
class WatchReports {
 public:
  /// The process has said that it is ready; or a probe of it has succeeded, for the first time or
  /// after failures.
  virtual void passed(const CheckedProcess& process, CheckKind which) = 0;

  /// A probe has failed, which makes `attempts` in a row. Shown by status and why, without further
  /// effect.
  virtual void probe_failed(const CheckedProcess& process, int attempts,
                            std::string_view error) = 0;

  /// Like probe_failed(), and the service is stopped for it if it is running.
  virtual void health_failed(const CheckedProcess& process, int attempts,
                             std::string_view error) = 0;

  /// Runs the command of the service's [health]; it is killed with its process group after
  /// timeout_ms. The result is left in CheckedProcess::take_probe_result() and announced by
  /// WatchPort::changed(). If the previous command is still there, that is reported as a failure.
  virtual void run_probe(const CheckedProcessPtr& process) = 0;

  /// The process has given no sign of life for too long, or has asked to be ended.
  virtual void watchdog_expired(const CheckedProcess& process) = 0;

  /// The process asks for `by` more time, counted from now, to start or to stop.
  virtual void extend(const CheckedProcess& process, Milliseconds by) = 0;

  /// `pid`, held by `pidfd` (empty where the kernel has no pidfds), is the main process from now
  /// on. The caller has checked that it belongs to the service.
  /// @return  false if that is not possible: the service has no process that could be replaced, or
  ///          `pid` is another service's.
  virtual bool main_changed(const CheckedProcess& process, pid_t pid, UniqueFd pidfd) = 0;

  /// The main process `pid`, which zinit did not spawn, has ended. If it is zinit's child the
  /// reaper reports its end as well; otherwise `end` says how it ended, if that is known.
  virtual void main_gone(const CheckedProcess& process, pid_t pid,
                         const std::optional<ProcessEnd>& end) = 0;

  /// The pidfile of `process`, whose main process has ended, has named no other process of the
  /// service by CheckedProcess::successor_by(): the end is that of the service's process.
  virtual void no_successor(const CheckedProcess& process) = 0;

  /// The process `pid` of the service has said READY=1, and notify_access does not let it speak.
  /// For why.
  virtual void not_heard(const CheckedProcess& process, pid_t pid) = 0;

  /// What the process says of itself, for `status`: one line of UTF-8.
  virtual void status_text(const CheckedProcess& process, std::string text) = 0;

 protected:
  ~WatchReports() = default;
};

}  // namespace zinit
