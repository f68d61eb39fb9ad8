// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Launches the processes of services. Their SpawnPlan is prepared in launch_plan.hpp.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/function_ref.hpp"
#include "base/mutex.hpp"
#include "model/condition_spec.hpp"
#include "model/decide.hpp"
#include "os/cgroup_tree.hpp"
#include "os/spawn.hpp"
#include "supervisor/ports.hpp"
#include "supervisor/spawn_defaults.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

/// Work for a service that is done without the board's lock.
struct LaunchOrder {
  /// supervisor/launch_kinds.hpp has what the others must know of each kind.
  enum class What : std::uint8_t {
    main,       // exec
    pre,        // pre_exec
    post,       // post_exec
    stop,       // stop_exec, beside the main process
    reload,     // reload_exec, likewise
    probe,      // exec of [health], likewise
    clean,      // no process: WatchPort::clean(), and removal of `directories`
    limit,      // no process: applies changed [resources] to the service's cgroup
    condition,  // before the first command: its conditions, and exec of [condition]
    left,       // no process: searches for processes left without a cgroup
    ready,      // ready_exec, beside the main process
    check,      // check_exec, beside the main process
  };
  SpecPtr spec;
  Slot slot = kNoSlot;
  What what = What::main;
  std::uint32_t index = 0;   // of the command in pre_exec, ready_exec or post_exec
  bool first = false;        // first command of an attempt: checks ports, makes directories
  bool may_wait = true;      // its thread may wait until another order is carried out
  const Row* row = nullptr;  // the row of the decision table that asks for it; null: none
  Environment extra = {};    // variables for this process only
  std::atomic<pid_t>* noted = nullptr;  // the journal's place for the pid
  std::vector<std::string> directories = {};
  pid_t group = 0;                 // for `left`: the main process's group; 0: no longer known
  std::vector<pid_t> known = {};   // for `left`: processes with an owner, sorted
  std::optional<uid_t> user = {};  // for `left`: the last command ran as this user
  OutputTailPtr tail = nullptr;    // for `check`: receives its output
};

/// The result of a launch.
struct Launch {
  LaunchOutcome outcome;
  Child child;                               // set if it was started
  bool cgroup = false;                       // the service's cgroup may exist
  std::int64_t memory_kills = 0;             // OOM kills in the cgroup before this process
  std::vector<std::string> resource_faults;  // keys of [resources] without effect, and why
  std::vector<std::string> runtime_dirs;     // those that exist now
  SpawnExtrasPtr extras;                     // what the watchers gave to the main process
  std::optional<uid_t> user;                 // the user that runs the command, if known
  std::vector<ConditionResult> conditions;   // the results so far
  std::vector<pid_t> left;                   // the processes that `left` found
  int errnum = 0;                            // errno of a failed spawn; 0: none
};

/// Carries out launches, several at once: each on the thread of its job, or on the janitor's if the
/// job cannot have a thread.
class Launcher {
 public:
  /// The service that owns the first of these pids, groups or sessions with an owner; else empty.
  using OwnerOf = std::function<std::string(const std::vector<pid_t>& processes)>;

  Launcher(SpawnDefaults defaults, OutputPort& output, WatchPort& checks, OwnerOf owner_of)
      : defaults_(std::move(defaults)),
        output_(output),
        checks_(checks),
        owner_of_(std::move(owner_of)) {}

  /// Called before the spawn, with the variable that will receive the child's pid. It is 0 until
  /// clone(2), and is set before the child can do anything.
  using Announce = FunctionRef<void(const std::shared_ptr<std::atomic<pid_t>>& child)>;

  /// Carries out the order. Blocks while it reads files and waits for execve(2), so no lock may be
  /// held. The outcome holds any failure.
  [[nodiscard]] Launch carry_out(const LaunchOrder& order, Announce announce);

  /// Announces a later order to remove these directories. Until that order is carried out, no
  /// launch makes one of them, or one above or below them. Any thread.
  void announce_removal(const std::vector<std::string>& names) EXCLUDES(mutex_);

  /// Ends every wait for removals, now and later. Any thread.
  void stop() EXCLUDES(mutex_);

 private:
  void remove_directories(const LaunchOrder& order);
  [[nodiscard]] Launch look_at_all_conditions(const LaunchOrder& order, Announce announce);
  [[nodiscard]] std::vector<std::string> limit_cgroup(const ServiceSpec& spec);
  [[nodiscard]] bool await_removals(const LaunchOrder& order) EXCLUDES(mutex_);
  [[nodiscard]] Reason taken_port(const ServiceSpec& spec);
  [[nodiscard]] Result<Child> spawn_command(const LaunchOrder& order, Announce announce,
                                            Launch& launch);
  [[nodiscard]] Result<Child> spawn_once(const LaunchOrder& order, Announce announce,
                                         Launch& launch);
  [[nodiscard]] Result<void> add_extras(const LaunchOrder& order, SpawnPlan& plan, Launch& launch);
  [[nodiscard]] Result<Child> spawn_in_cgroup(const LaunchOrder& order, SpawnPlan& plan,
                                              Launch& launch);

  const SpawnDefaults defaults_;
  OutputPort& output_;
  WatchPort& checks_;
  const OwnerOf owner_of_;

  Mutex mutex_;
  CondVar removed_;
  std::vector<std::string> removals_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
};

/// Helps a child that hangs between clone(2) and execve(2): continues a stopped child, or kills an
/// `unwanted` one. `pid` 0: there is no child. Reads /proc.
/// @return  whether SIGKILL was sent
bool help_child(pid_t pid, bool unwanted);

}  // namespace zinit
