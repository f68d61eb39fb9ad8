// The board: every service's record and job, under one lock.
//
// Who does what: each service has a job thread (job.cpp). It asks model's decide() what its service
// must do now, does it or orders it (a launch is carried out by the Launcher's threads), and waits
// on its own condition variable for the next reason to look.
// Clients' requests, reloads, ends of processes and expired deadlines change records here, under
// the lock, and wake the jobs whose next step that changes, and no others: for each service within
// sight of a change (model/wake.hpp) decide() is asked on the spot, and only one that has something
// to do is woken. A service that nothing changes for costs nothing.
//
// Every change of state goes through BoardCore::enter(): it checks the transition against the
// table, stamps it, writes the journal, keeps the event and wakes whom it concerns. Nothing else
// writes a state, except the restoring of a board from its journal, and the first state of a new
// record.
//
// Locks, in the order in which they may be taken: the board's, then whatever a port takes inside
// its own calls (log rings, the control loop's wake-up). No call that can block is made with it
// held: spawning, /proc, files and log lines are outside of it; what the kernel is asked for as
// memory, a thread more for the launcher or a larger journal, is inside. Reaping and signals to
// process groups are inside: a pid cannot be reaped, and so not be reused, while somebody signals
// it.
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
  process_error,  // the kernel refused: the text has the errno's
  file_error,     // what had to be read could not be
  not_supported,  // the service says no way to do it
  invalid_state,  // not now: the same is under way
};

struct RequestFailure {
  Refusal refusal;
  std::string text;
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
  /// The ports must outlive the board.
  Board(OutputPort& output, ChangePort& changes, SpawnDefaults defaults);
  /// Jobs are retired first: their processes are left alone.
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

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

  /// Has one service reload itself: runs its reload_exec, or sends its reload_signal to its main
  /// process. With `dry_run` only says whether it could be asked. What comes of it is told by
  /// outcome(), and ChangePort when there is one.
  RequestResult<ServiceReload> reload_service(std::string_view name, bool dry_run);
  /// Nothing while it is under way; else that it went well, or how it failed (process_error).
  [[nodiscard]] std::optional<RequestResult<void>> outcome(const ServiceReload& reload) const;

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
  /// has gone: cgroup_emptied() is to be called then. -1 where there is none.
  [[nodiscard]] int cgroup_watch_fd() const;
  void cgroup_emptied();

  // What there is to know.
  [[nodiscard]] std::vector<std::string> names() const;  // sorted
  [[nodiscard]] std::optional<ServiceView> view(std::string_view name) const;
  [[nodiscard]] std::vector<ServiceView> views() const;  // sorted by name
  [[nodiscard]] std::optional<WhyReport> why(std::string_view name) const;
  /// Slot of a service, kNoSlot if there is none.
  [[nodiscard]] Slot find(std::string_view name) const;
  [[nodiscard]] GraphPtr graph() const;
  /// The state a `wait` or `start --wait` looks at: cheaper than view().
  struct Brief {
    State state;
    Wish wish;
    bool settled;
    bool done;  // a oneshot that satisfies
    bool has_process;
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
  /// What a plan is made from.
  [[nodiscard]] std::pair<GraphPtr, std::vector<bool>> plan_base() const;

  // Keeps threads, journal and records out of the headers of those who only ask.
  std::unique_ptr<class BoardCore> core_;
};

}  // namespace zinit
