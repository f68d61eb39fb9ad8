// The board: every service's record and job, under one lock.
//
// Each service has a job, which asks model's decide() what the service must do now, does it, and
// waits. Client requests, reloads, exits of processes and launches change records under the lock,
// and call decide() at once for each service that the change concerns (model/wake.hpp). Steps that
// only change a record or send a signal are taken before the lock is released. Steps that may
// block in a system call are done by the job's thread without the lock. A service has a thread
// only while it is starting, stopping or waiting, not at rest (job_threads.cpp). A service without
// changes costs nothing.
//
// Every change of state goes through BoardCore::enter(): it checks the transition against the
// table, records its time, writes the journal, keeps the event and notifies the neighbours. The
// only other writers of a state are restore(), which reads it from the journal, and the creation of
// a record.
//
// Lock order: the board's lock first; then the launcher's, which guards only a list of names, or
// the locks that a port takes inside its own calls (log rings, the wake-up of the control loop). No
// call that can wait for a device or another process is made with the board's lock held, so
// spawning, file access and log writes happen without it. Done under it: access to the kernel's
// own files (cgroups, and /proc for a launch that hangs), starting a thread, growing the journal,
// and reaping and signalling. Because these last two share the lock, a pid cannot be reaped, and so
// not reused, while it is being signalled. An allocation under the lock waits until there is memory
// (base/memory.hpp).
//
// Threads: every public function may be called from any thread, without the lock, and returns soon.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "model/decide.hpp"
#include "model/plan.hpp"
#include "model/why.hpp"
#include "os/cgroup_tree.hpp"
#include "os/state_facts.hpp"
#include "supervisor/kept_events.hpp"
#include "supervisor/ports.hpp"
#include "supervisor/service_reload.hpp"
#include "supervisor/spawn_defaults.hpp"
#include "supervisor/view.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

struct JournalImage;

/// Why a request was not carried out. Each has a row among the error codes of control.md.
enum class Refusal : std::uint8_t {
  not_found,
  not_running,
  shutting_down,
  process_error,     // the kernel refused; the text includes that of errno
  file_error,        // a file could not be read
  not_supported,     // the service's file configures no way to do it
  invalid_state,     // the same request is already under way
  already_exists,    // a file of another service has the name
  config_error,      // details: every fault
  dependency_error,  // details: the services that require it
  proxy_not_found,
};

/// What a signal on request goes to.
enum class KillWhat : std::uint8_t {
  group,  // the process group of the main process
  main,   // the main process alone
  all,    // the whole cgroup, with what has outlived a main process
};

/// Faults of service files, by the name of the service.
using FileFaults = std::map<std::string, std::vector<std::string>>;

struct RestartState;
/// A restart that is under way; see Board::begin_restart().
using Restart = std::shared_ptr<RestartState>;

struct RequestFailure {
  Refusal refusal;
  std::string text;
  std::vector<std::string> details{};
};

template <class T>
using RequestResult = tl::expected<T, RequestFailure>;

/// `specs`, with these faults among their errors, so that Board::reload() refuses them.
[[nodiscard]] std::vector<SpecPtr> with_faults(std::vector<SpecPtr> specs,
                                               const FileFaults& faults);

class Board final : public WatchReports {
 public:
  /// What the board is connected to. The ports outlive it.
  struct Ports {
    OutputPort& output;
    ChangePort& changes;
    WatchPort& watchers;
    StatePort* state = nullptr;  // null: no re-execution is meant
  };
  Board(Ports ports, SpawnDefaults defaults);
  /// end(), if that was not called.
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  /// Whether the constructor could start the janitor's thread. To be checked before any other call.
  [[nodiscard]] const Result<void>& works() const;
  /// Whether a launch is under way. end() waits for it, and it may hang.
  [[nodiscard]] bool busy() const;
  /// Ends all threads, and writes the last lines of the log; the processes of services keep
  /// running. Nothing is done by the board any more after it.
  void end();

  /// Takes the first graph: makes records, starts nothing. Once, before any other change. `masked`
  /// names the services that are masked on purpose (config/loader.hpp).
  void load(const std::vector<SpecPtr>& specs, const MaskedNames& masked = {});

  /// In place of load(), after a re-execution: takes the graph of `services`, which have the slots
  /// that they had, and their state from `image`, the journal of the previous image of zinit.
  /// Processes that are children of this process are adopted. The others have ended in an unknown
  /// way, which counts as a death by SIGKILL.
  void restore(const std::vector<GraphEntry>& services, const JournalImage& image,
               MaskedNames masked = {}, const FactMap& facts = {});

  /// The journal's memory file, for the next image of zinit; -1 if there is none.
  [[nodiscard]] int journal_fd() const;

  /// With `hold` no launch is begun until it is taken back, so that no job is in the midst of one
  /// when zinit executes itself anew.
  void hold_launches(bool hold);
  /// Calls `act` with the board's lock held, unless a launch is under way. @return  false if it was
  /// not called. `act` must not call the board.
  bool while_still(const std::function<void()>& act);

  /// Whether nothing is under way in the board but waits for deadlines in the future, processes
  /// and clients: no job has a step to take now, no launch is in flight, and the janitor has
  /// written all lines of the log and tidied up.
  /// @return  a number that grows with each change; nothing if something is under way
  [[nodiscard]] std::optional<std::uint64_t> quiet() const;

  /// Boot: starts `target` with all that it pulls in; if `target` is empty, starts everything with
  /// status `start` (behaviour.md, "PID 1 in system mode" 5). not_found if there is no such target.
  RequestResult<void> boot(const std::string& target);

  // Client requests. They change wishes and return at once; view() and the events show the result.
  /// Names of the services that a request changes besides the one that it is for, sorted. What had
  /// failed is not among those that were stopped.
  struct Others {
    std::vector<std::string> started, stopped;
    std::vector<std::string> restarted;     // stopped, and started again
    std::vector<std::string> left_stopped;  // dependents that an earlier stop of it took down

    [[nodiscard]] bool empty() const {
      return started.empty() && stopped.empty() && restarted.empty() && left_stopped.empty();
    }
  };
  RequestResult<Others> start(std::string_view name);
  RequestResult<Others> stop(std::string_view name);
  RequestResult<Others> restart(std::string_view name);
  /// The same, once check_exec of all that it would stop has ended well (check_round.hpp): then it
  /// is done whoever waits for it. outcome() gives the result; ChangePort is notified when there is
  /// one.
  RequestResult<Restart> begin_restart(std::string_view name);
  [[nodiscard]] std::optional<RequestResult<Others>> outcome(const Restart& restart) const;
  /// Names of the services that isolate() starts and stops.
  struct Isolated {
    std::vector<std::string> started, stopped;
  };
  /// Starts `target` with what it pulls in, and stops every other service of class user.
  RequestResult<Isolated> isolate(std::string_view target);
  /// Signals what `what` says; of a oneshot that holds something, all that it has left.
  RequestResult<void> kill(std::string_view name, int signal, KillWhat what,
                           std::string_view asker = {});

  /// Replaces the set of specs: plan() decides what that means, and all of it is applied without
  /// releasing the lock. With `dry_run` only the report is made. With `no_restart` services whose
  /// change takes a restart keep the spec that they have. Refused once a shutdown has begun.
  RequestResult<ReloadReport> reload(const std::vector<SpecPtr>& specs, bool dry_run,
                                     const MaskedNames& masked = {}, bool no_restart = false);
  /// Runs check_exec, as it is in the new set, of what a reload() to `specs` would restart, and
  /// waits for it: for a thread that may block, and not that of the control loop.
  /// @return  why which specs are to be refused; see with_faults()
  RequestResult<FileFaults> check_reload(const std::vector<SpecPtr>& specs,
                                         const MaskedNames& masked);
  /// The same for what set() would restart; config_error if it may not be.
  RequestResult<void> check_set(const SpecPtr& spec, std::span<const SpecPtr> also = {});

  /// Whether every change of [resources] that was made to a running service has been applied to its
  /// cgroup. When the last one has been, ChangePort is notified.
  [[nodiscard]] bool limits_applied() const;
  /// What [resources] of these services could not be applied, and why; names that do not exist are
  /// passed over.
  [[nodiscard]] std::vector<std::string> resource_warnings(
      std::span<const std::string> names) const;

  /// What set() did.
  struct SetReport {
    std::string name;
    bool created = false;
    bool restarted = false;  // its process, which is replaced
    std::vector<std::string> warnings{};
    Others others{};
  };
  /// Replaces the service with the name of `spec`, or adds it. The effects are those of a reload
  /// that finds only this file changed. With `start`, a new service, or one whose wish is down, is
  /// started. Refused as a whole if `spec` would make the graph invalid (config_error). With
  /// `dry_run` nothing is changed. `also` are instances of templates that it depends on, which are
  /// added with it, and are not started by that alone.
  RequestResult<SetReport> set(const SpecPtr& spec, bool start, bool dry_run,
                               std::span<const SpecPtr> also = {});
  /// Whether the service may be removed: it must exist (not_found), and without `cascade` no other
  /// service may require it (dependency_error).
  RequestResult<void> removable(std::string_view name, bool cascade) const;
  /// Removes services from the graph, all at once, and stops them if they are not down. Their
  /// dependents lose the edges to them. A service is masked by the link given with its name, if
  /// that is not empty.
  RequestResult<void> remove(const MaskedNames& gone);

  /// The outcome of a request about all services of class user.
  struct Bulk {
    struct Left {
      std::string name, reason;
    };
    std::vector<std::string> done;
    std::vector<Left> skipped, failed;
  };
  /// Starts all but those with status "ignore". As at boot, none of them takes precedence in a
  /// conflict, and nothing is stopped for a conflict.
  RequestResult<Bulk> start_all();
  /// Stops all but those that a service of class system requires.
  RequestResult<Bulk> stop_all();
  /// Removes all but those that a service of class system requires, and but the command that zinit
  /// was given on its command line. Leaves their files in place.
  RequestResult<Bulk> delete_all();

  /// Has one service reload itself: runs its reload_exec, or sends its reload_signal to its main
  /// process. With `dry_run` only checks whether that is possible. outcome() gives the result;
  /// ChangePort is notified when there is one.
  /// With `check` its check_exec must have ended well before.
  RequestResult<ServiceReload> reload_service(std::string_view name, bool dry_run,
                                              bool check = false);
  /// The result of a reload, process_error if it failed; nothing while it is under way.
  [[nodiscard]] std::optional<RequestResult<void>> outcome(const ServiceReload& reload) const;

  /// The services that have failed for good and have on_failure or on_failure_action, until
  /// failure_handled(). Looks only at what has failed. A service whose files are refused was never
  /// loaded, so it has not failed at its work.
  [[nodiscard]] std::vector<ServiceView> final_failures() const;
  /// What follows on this final failure has been done. It is not done once more for it, by the next
  /// image either.
  void failure_handled(const ServiceView& failed);

  /// Writes a line to zinit's log, after the lines about everything that has happened so far.
  void say(LogLevel level, std::string line);

  /// Sets every wish to down; nothing is started any more. Further calls do nothing. When the last
  /// process is gone, all_down() becomes true and ChangePort is notified. With `switching` a
  /// switch-root follows: services with `survive` whose wish is up stay as they are, and do not
  /// count as up below.
  void begin_shutdown(bool switching = false);
  /// After a begin_shutdown(true), when all_down() is true: forgets every service but those that
  /// survive, which are from now on services without a file. What they require may be missing until
  /// settle_switch(). For just before the new root's init is executed.
  void end_switch();
  /// What the new root starts has settled: from now on a service that has survived stops, as others
  /// do, if it loses what it requires.
  void settle_switch();
  /// Shortens the rest of every stop timeout to `limit`. For a second shutdown request, and for the
  /// end of shutdown_timeout_ms.
  void hurry_shutdown(Milliseconds limit);
  [[nodiscard]] bool shutting_down() const;
  /// When a service was last asked to end, since this image runs; the epoch: none was.
  [[nodiscard]] TimePoint last_stop_signal() const;
  [[nodiscard]] bool all_down() const;
  /// Names of the services that are not down yet, for the log.
  [[nodiscard]] std::vector<std::string> still_up() const;

  /// A child of zinit has ended and was reported by waitid() with WNOWAIT. Finds its service, kills
  /// what a main process leaves behind in its group, reaps the child and wakes the job. An orphan,
  /// which belongs to no service, is only reaped. Called only by the reaper.
  void child_ended(pid_t pid, const ProcessEnd& end);
  /// Processes of services that have ended, and those that have no pidfd, of which only waitid(2)
  /// can say so. One question for all of them, which does not look at orphans. Only for the reaper.
  /// (poll(2))
  [[nodiscard]] std::vector<pid_t> perhaps_ended() const;

  /// A descriptor that becomes readable when a watched cgroup has become empty, or when the kernel
  /// has killed a process of one because memory ran out. The caller then calls cgroups_changed().
  /// -1 if there are no cgroups to watch.
  [[nodiscard]] int cgroup_watch_fd() const;
  void cgroups_changed();

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

  /// The names of the templates in force, for messages about instances that are not there.
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
  /// The service that owns the first of these pids or process groups that has an owner; empty if
  /// none has.
  [[nodiscard]] std::string owner_of(const std::vector<pid_t>& processes) const;
  /// The user that the last process of a service was spawned as; unset if there was none.
  [[nodiscard]] std::optional<uid_t> user_of(Slot slot) const;
  /// What `wait`, `start --wait` and proxies check; cheaper than view().
  struct Brief {
    State state;
    Wish wish;
    bool settled;
    bool done;     // a oneshot that has succeeded
    bool holds;    // a oneshot that is done, and holds what it has left or set up
    bool skipped;  // a condition for its start did not hold
    bool has_process;
    bool leaving;    // removed and down: it is about to leave the graph
    bool ignored;    // its status is "ignore"
    bool needed;     // a service that requires it is wanted up
    bool killed;     // it has no main process, and a signal has ended the last one
    pid_t main_pid;  // 0: there is none
    TimePoint ready_at;
  };
  [[nodiscard]] std::optional<Brief> brief(std::string_view name) const;
  /// State changes with a number above `after`, oldest first. Only the last 1,000 are kept; `lost`
  /// counts those that have been overwritten.
  [[nodiscard]] KeptEvents::After events_after(std::uint64_t after) const;
  [[nodiscard]] std::uint64_t last_seq() const;

  /// When every service that boot() asked for had settled for the first time, on the monotonic
  /// clock.
  [[nodiscard]] std::optional<TimePoint> boot_settled() const;
  /// What became of a service that boot() has started, until the boot had settled. Times are on the
  /// monotonic clock; the epoch: it has not come to that.
  struct BootStep {
    std::string name;
    State state;  // now
    TimePoint wanted;
    TimePoint spawned;       // its first process
    TimePoint ready;         // running for the first time, or a oneshot that was done
    std::string waited_for;  // what released it last before it was spawned; empty: nothing held it
  };
  /// Of all of these that are still in the graph, in no order.
  [[nodiscard]] std::vector<BootStep> boot_steps() const;

 private:
  // Callers of the board do not include the headers of threads, journal and records.
  std::unique_ptr<class BoardCore> core_;
};

}  // namespace zinit
