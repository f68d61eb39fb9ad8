// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The board: every service's record and job, under one lock.
//
// Each service has a job: its processes, its launches and, while needed, a thread. A job asks
// model's decide() what the service must do now, does that, and waits. Client requests, reloads,
// ends of processes and launches change records under the lock, and call decide() at once for each
// service that the change concerns (model/wake.hpp). Steps that only change a record or send a
// signal are taken before the lock is released. Steps that may block in a system call are done by
// the job's thread without the lock. Only a service that is starting, stopping or waiting has a
// thread (job_scheduler.hpp). A service without changes costs nothing.
//
// Every change of state goes through BoardCore::enter(). It checks the transition against the
// table, records its time, writes the journal, keeps the event and notifies the neighbours. Only
// two others write a state: restore(), which reads it from the journal, and the creation of a
// record.
//
// Lock order: the board's lock first. After it, either the launcher's lock, which guards only a
// list of names, or the locks that a port takes inside its own calls (log rings, the wake-up of the
// control loop). Spawning, file access and log writes may wait for a device or another process, so
// they happen without the board's lock. Done under the lock: access to the kernel's own files
// (cgroups, and /proc during the launch of a main process), starting a thread, writes to the
// journal and the facts, which are memory files, reaping and signalling. Reaping and signalling
// share the lock, so no pid is reaped, and then reused, while it is being signalled. A signal to
// many processes of a cgroup is sent by pidfds, and goes on without the lock (CgroupSignal). An
// allocation under the lock waits until there is memory (base/memory.hpp).
//
// Board has the functions that take the lock: requests, queries, and what reapers and watchers
// report. Its base BoardCore has those that are called with it, and the board's other parts; see
// core.hpp. The rest of the room:
//   job.hpp, processes.hpp, service_cgroup.hpp   a service's thread, processes and cgroup
//   launch.hpp, launch_plan.hpp                  spawning, without the lock
//   ports.hpp, watch_port.hpp                    what the supervisor needs from other rooms
//   plan_aside.hpp, request_report.hpp           reloads, and what requests changed
//   view.hpp, kept_events.hpp                    what clients see
//
// Threads: every public function may be called from any thread, without the lock, and returns soon.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "model/decide.hpp"
#include "model/plan.hpp"
#include "model/why.hpp"
#include "os/cgroup_tree.hpp"
#include "state/state_facts.hpp"
#include "supervisor/core.hpp"
#include "supervisor/kept_events.hpp"
#include "supervisor/ports.hpp"
#include "supervisor/refusals.hpp"
#include "supervisor/service_reload.hpp"
#include "supervisor/view.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

struct JournalImage;

/// The processes that a signal on request is sent to.
enum class KillWhat : std::uint8_t {
  group,  // the process group of the main process
  main,   // the main process alone
  all,    // the whole cgroup, with processes that outlived a main process
};

struct RestartState;
/// A restart under way; see Board::begin_restart().
using Restart = std::shared_ptr<RestartState>;

/// Adds `faults` to the errors of `specs`, so that Board::reload() refuses those specs.
[[nodiscard]] std::vector<SpecPtr> with_faults(std::vector<SpecPtr> specs,
                                               const FileFaults& faults);

class Board final : public WatchReports, private BoardCore {
 public:
  using BoardCore::BoardCore;
  ~Board() { end(); }  // its threads call the board, so they end first
  using BoardCore::end;
  using BoardCore::journal_fd;
  using BoardCore::make_journal;
  using BoardCore::owner_of;
  using BoardCore::Ports;
  using BoardCore::works;
  /// Whether a launch is under way. end() waits for it, and it may hang.
  [[nodiscard]] bool busy() const;

  /// Takes the first graph: makes records, starts nothing. Once, before any other change. `masked`
  /// names the services that are masked on purpose (config/loader.hpp).
  void load(const std::vector<SpecPtr>& specs, const MaskedNames& masked = {});

  /// In place of load(), after a re-execution: takes the graph of `services`, which have their old
  /// slots, and their state from `image`, the journal of the previous process image. Adopts
  /// processes that are children of this process. All other recorded processes ended in an unknown
  /// way, which counts as a death by SIGKILL.
  void restore(const std::vector<GraphEntry>& services, const JournalImage& image,
               MaskedNames masked = {}, const FactMap& facts = {});

  /// With `hold` no launch begins until hold_launches(false), so that no launch is under way when
  /// zinit executes itself again.
  void hold_launches(bool hold);
  /// Calls `act` with the board's lock held, unless a launch is under way or a line waits for
  /// zinit's log. `act` must not call the board.
  /// @return  false if `act` was not called
  bool while_still(FunctionRef<void()> act);

  /// Whether the board only waits for future deadlines, processes and clients: no job has a step to
  /// take now, no launch is in flight, and the janitor has written all log lines and tidied up.
  /// @return  a number that grows with each change; nothing if something is under way
  [[nodiscard]] std::optional<std::uint64_t> quiet() const;

  /// Boot: starts `target` and everything it pulls in. Without `target`, starts every service with
  /// status `start` (behaviour.md, "PID 1 in system mode" 5). not_found: there is no such target.
  /// @param older  see request_boot()
  RequestResult<void> boot(const std::string& target, const Graph* older = nullptr);
  /// Starts those of `lost`, services without a record, that boot(target) would start.
  void boot_lost(Slots lost, const std::string& target);

  // Client requests. They change wishes and return at once; view() and the events show the result.
  /// Names of the services that a request changes besides its own, sorted. `stopped` leaves out
  /// services that had failed.
  struct Others {
    std::vector<std::string> started, stopped;
    std::vector<std::string> restarted;     // stopped, and started again
    std::vector<std::string> left_stopped;  // dependents that an earlier stop took down

    [[nodiscard]] bool empty() const {
      return started.empty() && stopped.empty() && restarted.empty() && left_stopped.empty();
    }
  };
  RequestResult<Others> start(std::string_view name);
  /// The same for a trigger of the service: nothing happens if it is `Brief::ignored` by now.
  void start_by_trigger(std::string_view name);
  RequestResult<Others> stop(std::string_view name);
  RequestResult<Others> restart(std::string_view name);
  /// The same, but check_exec of every service that it would stop must succeed first
  /// (check_round.hpp). The restart then happens even if the client no longer waits. outcome()
  /// gives the result; ChangePort is notified when there is a result.
  RequestResult<Restart> begin_restart(std::string_view name);
  [[nodiscard]] std::optional<RequestResult<Others>> outcome(const Restart& restart) const;
  /// If the service has failed, or waits for a re-spawn, because what a WatchPort prepares was not
  /// there (SpawnExtras::retried), and its wish is up: tries it now, after a log line that says
  /// why. Unlike start() this is no request: it changes no wish and no order of claims.
  /// @return  whether it is tried
  bool retry(std::string_view name, std::string_view why);
  /// Names of the services that isolate() starts and stops.
  struct Isolated {
    std::vector<std::string> started, stopped;
  };
  /// Starts `target` with what it pulls in, and stops every other service of class user.
  RequestResult<Isolated> isolate(std::string_view target);
  /// Signals the processes that `what` names. A oneshot that holds processes: all of them.
  RequestResult<void> kill(std::string_view name, int signal, KillWhat what,
                           std::string_view asker = {});
  /// The main process, from its execve(2) on until its end is handled. 0: none.
  [[nodiscard]] pid_t main_process(std::string_view name) const;

  /// Replaces the set of specs. plan() decides what changes, and all changes are applied without
  /// releasing the lock. With `dry_run` only the report is made. With `no_restart` a service whose
  /// change needs a restart, or that newly requires one that is not ready, keeps its present spec.
  /// Refused once a shutdown has begun.
  RequestResult<ReloadReport> reload(const std::vector<SpecPtr>& specs, bool dry_run,
                                     const MaskedNames& masked = {}, bool no_restart = false);
  /// Runs the new check_exec of each service that a reload() to `specs` would restart, and waits
  /// for these commands. Blocks: never call it from the control loop's thread.
  /// @return  the faults of the specs to refuse; see with_faults()
  RequestResult<FileFaults> check_reload(const std::vector<SpecPtr>& specs,
                                         const MaskedNames& masked);
  /// The same for the services that set() would restart; config_error if a check fails.
  RequestResult<void> check_set(const SpecPtr& spec, std::span<const SpecPtr> also = {});

  /// Whether every changed [resources] of a running service has been applied to its cgroup.
  /// ChangePort is notified after the last one.
  [[nodiscard]] bool limits_applied() const;
  /// Which [resources] of these services could not be applied, and why. Skips unknown names.
  [[nodiscard]] std::vector<std::string> resource_warnings(
      std::span<const std::string> names) const;
  /// The same for specs that are not in force: what cgroups lack for them.
  [[nodiscard]] std::vector<std::string> expected_resource_warnings(
      std::span<const SpecPtr> specs) const;

  /// What set() did.
  struct SetReport {
    std::string name;
    bool created = false;
    bool restarted = false;  // its running process is replaced
    std::vector<std::string> warnings{};
    Others others{};
  };
  /// Replaces the service with the name of `spec`, or adds it. The effects are the same as of a
  /// reload that finds only this file changed. With `start`, starts the service if it is new or its
  /// wish is down. Refused as a whole if `spec` would make the graph invalid (config_error). With
  /// `dry_run` nothing changes. `also` are instances of templates that it depends on. They are
  /// added with it, and adding alone does not start them.
  RequestResult<SetReport> set(const SpecPtr& spec, bool start, bool dry_run,
                               std::span<const SpecPtr> also = {});
  /// Adds services with new names and starts them, all with one plan. Adds none if one of them is
  /// wrong (config_error).
  RequestResult<void> add_started(std::span<const SpecPtr> specs);
  /// Whether the service may be removed: it must exist (not_found), and without `cascade` no other
  /// service may require it (dependency_error).
  RequestResult<void> removable(std::string_view name, bool cascade) const;
  /// Before the service is stopped for its removal: deletes the dependencies on it that its own
  /// file adds to others (required_by, bound_by), so that these go on. A reload reads them again.
  void drop_added_edges(std::string_view name);
  /// A client's deletion of the service begins or ends. Meanwhile no trigger starts it.
  void set_deleting(const std::string& name, bool begins);
  /// Removes services from the graph, all at once, and stops those that are not down. Their
  /// dependents lose the edges to them. Each name maps to the link that masks the service; an empty
  /// link: not masked.
  RequestResult<void> remove(const MaskedNames& gone);

  /// The outcome of a request about all services of class user.
  struct Bulk {
    struct Left {
      std::string name, reason;
    };
    std::vector<std::string> done;
    std::vector<Left> skipped, failed;
  };
  /// Starts every service without status "ignore". As at boot, none takes precedence in a conflict,
  /// and no conflict stops anything.
  RequestResult<Bulk> start_all();
  /// Stops all services except those that a service of class system requires.
  RequestResult<Bulk> stop_all();
  /// Removes all services, except those that a service of class system requires and the command
  /// from zinit's own command line. Leaves their files in place.
  RequestResult<Bulk> delete_all();

  /// Makes one service reload itself: runs its reload_exec, or sends its reload_signal to its main
  /// process. With `dry_run` only checks whether a reload is possible. With `check` its check_exec
  /// must succeed first. outcome() gives the result; ChangePort is notified when there is a result.
  RequestResult<ServiceReload> reload_service(std::string_view name, bool dry_run,
                                              bool check = false);
  /// The result of a reload, process_error if it failed; nothing while it is under way.
  [[nodiscard]] std::optional<RequestResult<void>> outcome(const ServiceReload& reload) const;

  /// The services that have failed for good and have on_failure or on_failure_action, until
  /// failure_handled(). Only `failed` services count. A service whose files were refused was never
  /// loaded, so it has not failed at its work.
  [[nodiscard]] std::vector<ServiceView> final_failures();
  /// Marks this final failure as handled. Its consequences are not repeated, not even by the next
  /// process image.
  void failure_handled(const ServiceView& failed);

  /// Writes a line to zinit's log, after the lines about everything that has happened so far.
  void log(LogLevel level, std::string line);

  /// Sets every wish to down; nothing is started any more. Further calls do nothing. When the last
  /// process is gone, all_down() becomes true and ChangePort is notified. With `switching` a
  /// switch-root follows: services with `survive` and the wish up stay as they are, and all_down()
  /// and still_up() ignore them.
  void begin_shutdown(bool switching = false);
  /// Call after begin_shutdown(true), once all_down() is true, just before the new root's init is
  /// executed. Forgets every service that does not survive. The survivors become services without a
  /// file. Services that they require may be missing until settle_switch().
  void end_switch();
  /// Everything that the new root starts has settled. From now on a survivor stops like any other
  /// service if it loses a service that it requires.
  void settle_switch();
  /// Shortens the rest of every stop timeout to `limit`: at a second shutdown request, and at the
  /// end of shutdown_timeout_ms.
  void hurry_shutdown(Milliseconds limit);
  [[nodiscard]] bool shutting_down() const;
  /// When this process image last asked a service to end; the epoch: never.
  [[nodiscard]] TimePoint last_stop_signal() const;
  [[nodiscard]] bool all_down() const;
  /// Names of the services that are not down yet, for the log.
  [[nodiscard]] std::vector<std::string> still_up() const;

  /// A child of zinit has ended, reported by waitid() with WNOWAIT. Finds its service, kills the
  /// rest of a main process's group, reaps the child and wakes the job. An orphan belongs to no
  /// service and is only reaped. Called only by the reaper.
  void child_ended(pid_t pid, const ProcessEnd& end);
  /// Own processes of services that have ended, and all that have no pidfd, because only waitid(2)
  /// can report their end. Asks the kernel once for all pidfds with poll(2), and does not look at
  /// orphans. Only for the reaper.
  [[nodiscard]] std::vector<pid_t> perhaps_ended() const;

  /// A descriptor that becomes readable when a watched cgroup becomes empty, or when the kernel
  /// kills a process in a cgroup because memory ran out. Call cgroups_changed() then. -1: there are
  /// no cgroups to watch.
  [[nodiscard]] int cgroup_watch_fd() const;
  void cgroups_changed();
  /// The controllers of the services' cgroups; none if there are no cgroups.
  [[nodiscard]] std::vector<std::string> controllers() const;

  // WatchReports: called by the watchers of main processes.
  void passed(const CheckedProcess& process, CheckKind which) override;
  void probe_failed(const CheckedProcess& process, int attempts, std::string_view error) override;
  void health_failed(const CheckedProcess& process, int attempts, std::string_view error) override;
  void run_probe(const CheckedProcessPtr& process) override;
  void watchdog_expired(const CheckedProcess& process) override;
  void extend(const CheckedProcess& process, Milliseconds by) override;
  bool main_changed(const CheckedProcess& process, pid_t pid, UniqueFd pidfd) override;
  void main_gone(const CheckedProcess& process, pid_t pid,
                 const std::optional<ProcessEnd>& end) override;
  void no_successor(const CheckedProcess& process) override;
  void not_heard(const CheckedProcess& process, pid_t pid) override;
  void status_text(const CheckedProcess& process, std::string text) override;

  /// The names of the templates in force, for messages about missing instances.
  void name_templates(std::vector<std::string> names);
  [[nodiscard]] bool has_template(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> templates() const;

  // Queries.
  [[nodiscard]] std::vector<std::string> names() const;  // sorted
  [[nodiscard]] std::optional<ServiceView> view(std::string_view name) const;
  [[nodiscard]] std::vector<ServiceView> views() const;  // sorted by name
  [[nodiscard]] std::optional<WhyReport> why(std::string_view name) const;
  /// Slot of a service, kNoSlot if there is none.
  [[nodiscard]] Slot find(std::string_view name) const;
  [[nodiscard]] GraphPtr graph() const;
  /// The user that the last process of a service was spawned as; unset: no process yet.
  [[nodiscard]] std::optional<uid_t> user_of(Slot slot) const;
  /// The data for `wait`, `start --wait` and proxies; cheaper than view().
  struct Brief {
    State state;
    Wish wish;
    bool settled;
    bool runs;     // it is ready, and its process has not ended
    bool done;     // a oneshot that has succeeded
    bool holds;    // a done oneshot that left processes or has a stop_exec
    bool skipped;  // a condition for its start did not hold
    bool has_process;
    bool leaving;    // removed and down: about to leave the graph
    bool ignored;    // no trigger starts it: its status is "ignore", or it is being deleted
    bool needed;     // a service that requires it has the wish up
    bool killed;     // it has no main process, and a signal ended the last one
    pid_t main_pid;  // 0: none
    TimePoint ready_at;
    std::int64_t rank;  // each start on request gives another one

    /// It runs, or is a oneshot that is done.
    [[nodiscard]] bool up() const { return runs || done; }
    /// It is settled at rest, and nothing of it is left.
    [[nodiscard]] bool stopped() const { return settled && !has_process && at_rest(state); }
  };
  [[nodiscard]] std::optional<Brief> brief(std::string_view name) const;
  /// What `tree` shows of all services, of one moment. Cheap: `settled` is what costs in brief().
  struct Shown {
    struct Service {
      State state;
      bool holds;  // as in Brief
    };
    GraphPtr graph;
    std::vector<Service> services;  // by slot
  };
  [[nodiscard]] Shown shown() const;
  /// Whether its process has ended, and the end is about to be reported to the board.
  [[nodiscard]] bool end_unseen(std::string_view name) const;
  /// The first `most` state changes with a number above `after`, oldest first. Only the last 1,000
  /// are kept; `lost` counts the overwritten ones.
  [[nodiscard]] KeptEvents::After events_after(std::uint64_t after,
                                               std::size_t most = KeptEvents::kMost) const;
  [[nodiscard]] std::uint64_t last_seq() const;

  /// A copy of the records, for a rehearsal (model/rehearsal.hpp).
  struct Present {
    World world;
    TimePoint at;
    std::vector<Milliseconds> start_takes;  // by slot: the last time until it was ready; 0: unknown
  };
  [[nodiscard]] Present present() const;

  /// When every service that boot() asked for had settled for the first time. Monotonic clock.
  [[nodiscard]] std::optional<TimePoint> boot_settled() const;
  /// Boot times of one service that boot() started. Recorded until the boot has settled, on the
  /// monotonic clock. The epoch: not reached.
  struct BootStep {
    std::string name;
    State state;  // now
    TimePoint wanted;
    TimePoint spawned;       // its first process
    TimePoint ready;         // running for the first time, or a oneshot that was done
    std::string waited_for;  // the last service that released it before its spawn; empty: nothing
                             // held it
  };
  /// All that are still in the graph, in no order.
  [[nodiscard]] std::vector<BootStep> boot_steps() const;

 private:
  RequestResult<Others> bring_up(std::string_view name, Requested (*request)(World&, Slot))
      REQUIRES(board_lock);
  RequestResult<Others> restart_checked(const std::string& name, bool was_up) REQUIRES(board_lock);
  [[nodiscard]] std::optional<RequestFailure> reload_fault(Slot slot) REQUIRES(board_lock);
  void reload_checked(const std::string& name, const ServiceReload& reload) REQUIRES(board_lock);
  [[nodiscard]] std::optional<RequestFailure> begin_reload(Slot slot, const ServiceReload& reload)
      REQUIRES(board_lock);
  [[nodiscard]] RequestFailure failure_of(const std::vector<CheckRound::One>& failed,
                                          std::string_view consequence) const EXCLUDES(board_lock);
  [[nodiscard]] RequestResult<FileFaults> check_files(class PlanAside& aside) EXCLUDES(board_lock);
  template <class Work>
  void if_checked(const CheckedProcess& process, Work work) EXCLUDES(board_lock);
};

}  // namespace zinit
