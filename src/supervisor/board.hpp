// The board: every service's record and job, under one lock.
//
// Who does what: each service has a job (job.cpp). To look at it means to ask model's decide() what
// the service must do now, to do it or order it (a launch is carried out by the Launcher's
// threads), and to note when it is to be looked at again though nothing happens.
// Clients' requests, reloads, ends of processes and launches change records here, under the lock,
// and make the jobs due whose next step that changes, and no others: for each service within sight
// of a change (model/wake.hpp) decide() is asked on the spot, and only one that has something to do
// becomes due. Whoever has made the change takes the steps that are due before it lets the lock go,
// up to a number that keeps nobody long; the jobs' thread takes the rest, and sleeps until the
// earliest deadline of all. A service that nothing changes for costs nothing.
//
// Every change of state goes through BoardCore::enter(): it checks the transition against the
// table, stamps it, writes the journal, keeps the event and wakes whom it concerns. Nothing else
// writes a state, except the restoring of a board from its journal, and the first state of a new
// record.
//
// Locks, in the order in which they may be taken: the board's, then the launcher's, which calls
// back with none, or whatever a port takes inside its own calls (log rings, the control loop's
// wake-up). No call that can block is made with it held: spawning, /proc, files and log lines are
// outside of it; what the kernel is asked for as memory, a thread more for the launcher or a larger
// journal, is inside. Reaping and signals to process groups are inside: a pid cannot be reaped, and
// so not be reused, while somebody signals it.
//
// Threads: every public function may be called from any thread, without the lock, and returns soon.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "model/decide.hpp"
#include "model/plan.hpp"
#include "model/why.hpp"
#include "os/cgroup_tree.hpp"
#include "supervisor/base_environment.hpp"
#include "supervisor/ports.hpp"
#include "supervisor/view.hpp"

namespace zinit {

struct JournalImage;

/// Why a request was not carried out; control.md's error codes have a row for each.
enum class Refusal : std::uint8_t {
  not_found,
  not_running,
  shutting_down,
  process_error,     // the kernel refused: the text has the errno's
  file_error,        // what had to be read could not be
  not_supported,     // the service says no way to do it
  invalid_state,     // not now: the same is under way
  already_exists,    // a file of another service has the name
  config_error,      // details: every fault
  dependency_error,  // details: the services that require it
};

struct RequestFailure {
  Refusal refusal;
  std::string text;
  std::vector<std::string> details{};
};

/// A reload of one service that is under way; see Board::reload_service().
using ServiceReload = std::shared_ptr<struct ServiceReloadState>;

template <class T>
using RequestResult = tl::expected<T, RequestFailure>;

/// What the supervisor's spawns share.
struct SpawnDefaults {
  BaseEnvironment environment;            // later ones may be put in its place
  std::optional<rlimit> nofile;           // what services would have had; unset: zinit's own
  std::shared_ptr<CgroupTree> cgroups{};  // null: process groups alone
  DirectoryPlaces places{};               // where services' directories are made
};

class Board {
 public:
  /// What the board is connected to. The ports outlive it.
  struct Ports {
    OutputPort& output;
    ChangePort& changes;
    CheckPort& checks;
  };
  Board(Ports ports, SpawnDefaults defaults);
  /// Jobs are retired first: their processes are left alone.
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  /// Whether the threads could be started that it cannot do without. Before anything else.
  [[nodiscard]] const Result<void>& works() const;
  /// Whether a launch is under way, which may hang; the destructor would wait for it.
  [[nodiscard]] bool busy() const noexcept;

  /// The first graph: records made, nothing started. Once, before anything else. `masked` names
  /// what is missing by intent (config/loader.hpp).
  void load(const std::vector<SpecPtr>& specs, const MaskedNames& masked = {});

  /// In place of load(): the first graph, with what `image`, the journal of the image of zinit that
  /// ran before, says of the services that it still has. Processes are adopted where they are
  /// children of this process; of those that are not, the end is unknown and counts as a death by
  /// SIGKILL.
  void restore(const std::vector<SpecPtr>& specs, const JournalImage& image,
               const MaskedNames& masked = {});

  /// The journal's memory file, for the image that comes after; -1 where none could be made.
  [[nodiscard]] int journal_fd() const;

  /// Boot: starts `target` with all that it pulls in, or where it is empty everything with status
  /// `start` (behaviour.md, "PID 1 in system mode" 5). A target that does not exist: not_found.
  RequestResult<void> boot(const std::string& target);

  // Requests of clients. They change wishes and return; what comes of it is seen by view() and
  // events.
  RequestResult<void> start(std::string_view name);
  RequestResult<void> stop(std::string_view name);
  RequestResult<void> restart(std::string_view name);
  /// Names of what it brings up, and of what it takes down.
  struct Isolated {
    std::vector<std::string> started, stopped;
  };
  /// Starts `target` with what it pulls in, and stops every other service of class user.
  RequestResult<Isolated> isolate(std::string_view target);
  /// Signals the process group, or the main process alone.
  RequestResult<void> kill(std::string_view name, int signal, bool main_only);

  /// Takes a new set of specs in place of the old: plan() decides what that means, and all of it is
  /// applied under one lock. With `dry_run` only the report is made. Refused once a shutdown has
  /// begun.
  RequestResult<ReloadReport> reload(const std::vector<SpecPtr>& specs, bool dry_run,
                                     const MaskedNames& masked = {});

  /// What set() did.
  struct SetReport {
    std::string name;
    bool created = false;
    std::vector<std::string> warnings;
  };
  /// Puts `spec` in the place of the service of its name, or adds it, with the effects of a reload
  /// that finds this one file changed; with `start` a new service, or one whose wish is down, is
  /// started. Refused as a whole where the graph would be at fault by it (config_error). With
  /// `dry_run` nothing is done.
  RequestResult<SetReport> set(const SpecPtr& spec, bool start, bool dry_run);
  /// Whether the service may be removed: there is one, and nothing requires it (dependency_error)
  /// unless with `cascade`.
  RequestResult<void> removable(std::string_view name, bool cascade) const;
  /// Takes services out of the graph, all at once. What requires them is without its edges to them
  /// from then on. Each is masked by the link given with its name, if one is; and stopped, if it
  /// still has to be.
  RequestResult<void> remove(const MaskedNames& gone);

  /// What became of the services that a request about all of class user is about.
  struct Bulk {
    struct Left {
      std::string name, reason;
    };
    std::vector<std::string> done;
    std::vector<Left> skipped, failed;
  };
  /// Starts all but those with status "ignore", as the boot does: no rank, and nothing is stopped.
  RequestResult<Bulk> start_all();
  /// Stops all but those that something of class system stands on.
  RequestResult<Bulk> stop_all();
  /// Takes them out of the graph, and no file away; not the command that zinit was given.
  RequestResult<Bulk> delete_all();

  /// Has one service reload itself: runs its reload_exec, or sends its reload_signal to its main
  /// process. With `dry_run` only says whether it could be asked. What comes of it is told by
  /// outcome(), and ChangePort when there is one.
  RequestResult<ServiceReload> reload_service(std::string_view name, bool dry_run);
  /// Nothing while it is under way; else that it went well, or how it failed (process_error).
  [[nodiscard]] std::optional<RequestResult<void>> outcome(const ServiceReload& reload) const;

  /// Writes a line to zinit's log, behind those of what has happened to services until now.
  void say(LogLevel level, std::string line);

  /// Every wish down, nothing is started any more; the first call counts. Then all_down() becomes
  /// true when the last process is gone, and ChangePort is told.
  void begin_shutdown();
  /// Cuts what is left of every stop timeout to `limit`: a second request, or the end of
  /// shutdown_timeout_ms.
  void hurry_shutdown(Milliseconds limit);
  [[nodiscard]] bool shutting_down() const;
  [[nodiscard]] bool all_down() const;
  /// Names of what is not down yet, for the log.
  [[nodiscard]] std::vector<std::string> still_up() const;

  /// One child of zinit's, reported by waitid with WNOWAIT, is to be reaped: finds whose it is,
  /// kills what a main process leaves behind in its group, reaps it and wakes its job. A pid of
  /// nobody's is reaped and forgotten (an orphan). Called by the one reaper.
  void child_ended(pid_t pid, const ProcessEnd& end);

  /// A descriptor that becomes readable when the last process of a cgroup that is being waited for
  /// has gone, or the kernel has killed one for want of memory: cgroups_changed() is to be called
  /// then. -1 where there is none.
  [[nodiscard]] int cgroup_watch_fd() const;
  void cgroups_changed();

  // What is found out about a process that CheckPort was given. All of it does nothing where the
  // process is not the service's main one any more.

  /// It has said that it is ready; or a probe of it has succeeded, for the first time or after some
  /// that failed.
  void passed(const CheckedProcess& process, CheckKind which);
  /// A probe has failed, and so many in a row have now: shown by status and why, and no more.
  void probe_failed(const CheckedProcess& process, int attempts, std::string_view error);
  /// The same, and the service is stopped for it, if it is running.
  void health_failed(const CheckedProcess& process, int attempts, std::string_view error);
  /// Runs the command of the service's [health], killed with its group when timeout_ms are over.
  /// What it comes to is CheckedProcess::take_probe_result()'s, told by CheckPort::changed(). One
  /// that is still there from before is told as a fault of this one.
  void run_probe(const CheckedProcessPtr& process);
  /// It has given no sign of life for too long, or says itself that it is to be ended.
  void watchdog_expired(const CheckedProcess& process);
  /// It asks for `by` from now on, to start or to stop in.
  void extend(const CheckedProcess& process, Milliseconds by);
  /// `pid`, held by `pidfd` (none where the kernel has none), is the main process from now on. The
  /// caller has seen that it is one of the service's.
  /// @return  false where it cannot be: the service has no process that could be replaced, or `pid`
  ///          is another service's
  bool main_changed(const CheckedProcess& process, pid_t pid, UniqueFd pidfd);
  /// The main process `pid`, which was not spawned by zinit, has ended. Where it is zinit's child
  /// its end is learned of by child_ended() as well; else `end` is how it was, if anybody knows.
  void main_gone(const CheckedProcess& process, pid_t pid, const std::optional<ProcessEnd>& end);
  /// What it says of itself, for status: one line of UTF-8.
  void status_text(const CheckedProcess& process, std::string text);

  // What there is to know.
  [[nodiscard]] std::vector<std::string> names() const;  // sorted
  [[nodiscard]] std::optional<ServiceView> view(std::string_view name) const;
  [[nodiscard]] std::vector<ServiceView> views() const;  // sorted by name
  [[nodiscard]] std::optional<WhyReport> why(std::string_view name) const;
  /// Slot of a service, kNoSlot if there is none.
  [[nodiscard]] Slot find(std::string_view name) const;
  [[nodiscard]] GraphPtr graph() const;
  /// The service that one of these is a main process or the leader of a group of; empty: none.
  [[nodiscard]] std::string owner_of(const std::vector<pid_t>& processes) const;
  /// The state a `wait` or `start --wait` looks at: cheaper than view().
  struct Brief {
    State state;
    Wish wish;
    bool settled;
    bool done;  // a oneshot that satisfies
    bool has_process;
    bool leaving;  // removed, and down: it leaves the graph in a moment
  };
  [[nodiscard]] std::optional<Brief> brief(std::string_view name) const;
  /// Changes of state with seq > `after`, oldest first, of the last 1,000; `lost` counts those that
  /// are gone already.
  struct Events {
    std::vector<StateEvent> events;
    std::uint64_t lost = 0;
  };
  [[nodiscard]] Events events_after(std::uint64_t after) const;
  [[nodiscard]] std::uint64_t last_seq() const;

  /// When every service that boot() asked for had settled for the first time, on the monotonic
  /// clock.
  [[nodiscard]] std::optional<TimePoint> boot_settled() const;

 private:
  RequestResult<void> bring_up(std::string_view name, std::vector<Slot> (*request)(World&, Slot));

  // Keeps threads, journal and records out of the headers of those who only ask.
  std::unique_ptr<class BoardCore> core_;
};

}  // namespace zinit
