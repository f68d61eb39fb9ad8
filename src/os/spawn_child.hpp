// The child's side of spawn.hpp: what it does between clone and execve, and how it comes to be.
//
// It may share our memory and runs while other threads of ours do, so: plain data, raw system
// calls, no allocation, no lock, nothing that a sanitizer instruments.
#pragma once

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace zinit {

/// What the child does, in this order; each can fail.
enum class SpawnStep : int {
  none,
  cgroup,       // cgroup.procs, where clone3 could not make it there
  session,      // setsid
  descriptors,  // the standard streams
  terminal,     // TIOCSCTTY
  oom_score,    // /proc/self/oom_score_adj
  affinity,     // sched_setaffinity
  scheduler,    // sched_setscheduler
  nice,         // setpriority
  io_priority,  // ioprio_set
  limits,       // prlimit
  root,         // chroot
  bounding,     // PR_CAPBSET_DROP; detail: the capability, or -1: capset, of the inheritable ones
  groups,       // setgroups
  group,        // setresgid
  user,         // setresuid
  ambient,      // capset, PR_CAP_AMBIENT; detail: the capability, or -1 for all of them
  directory,    // chdir
  privileges,   // PR_SET_NO_NEW_PRIVS
  signals,      // unblocking
  execute,      // execve
};

/// Room for a pid in decimal digits, with a 0 behind.
inline constexpr std::size_t kPidDigits = 11;

/// Descriptors 0, 1, 2 of the service.
inline constexpr int kStreams = 3;

struct ChildLimit {
  int resource = 0;
  rlimit value{};
};

/// A SpawnPlan as plain data. All that it points to belongs to the parent, who waits meanwhile.
struct ChildWork {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* env = nullptr;
  const char* dir = nullptr;
  mode_t umask = 0;
  std::uint64_t signals = 0;  // not at their default, as signals_to_reset() has them
  int cgroup = -1;            // its directory; -1: the parent's
  bool enter_cgroup = false;  // by the child itself
  int streams[kStreams] = {-1, -1, -1};
  // Further descriptors: `from` and, ascending, what they are in the child. `from` is overwritten.
  int* passed_from = nullptr;
  const int* passed_as = nullptr;
  std::size_t passed_count = 0;
  char* const* pid_places = nullptr;  // where its pid is to be written, kPidDigits bytes each
  std::size_t pid_count = 0;
  bool take_terminal = false;
  const ChildLimit* limits = nullptr;
  std::size_t limit_count = 0;
  // Null, or -1, is unchanged, with all that follows.
  const char* oom_score_adj = nullptr;  // as text
  std::size_t oom_score_adj_size = 0;
  const unsigned long* cpus = nullptr;  // bits, as sched_setaffinity(2) wants them
  std::size_t cpus_bytes = 0;
  int scheduler = -1;  // the kernel's number of the policy
  int priority = 0;    // for it
  const int* nice = nullptr;
  int io_priority = -1;  // class and priority, as ioprio_set(2) wants them
  const char* root = nullptr;
  const std::uint64_t* capabilities = nullptr;  // a bit each: the bounding set
  bool raise_capabilities = false;              // as ambient too, for a user that is not root
  __user_cap_header_struct capability_header{};
  __user_cap_data_struct capability_sets[2]{};
  bool no_new_privs = false;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  const gid_t* gid = nullptr;
  const uid_t* uid = nullptr;

  int keep_below = -1;  // the table of descriptors is the parent's: takes its part below that
  bool unshare_refused = false;  // left behind where it could not

  std::atomic<pid_t>* pid = nullptr;  // where the kernel puts it before the child runs

  int report = -1;  // where step and errno go if memory is not shared

  // What the child leaves behind.
  SpawnStep failed_step = SpawnStep::none;
  int failed_errno = 0;
  int failed_detail = 0;  // of `limits`: which; for others see SpawnStep
};

/// A child that has executed its program. Or has not, and is reaped: `work` says at which step it
/// failed, or `killed` by which signal it went before it could.
struct StartedChild {
  pid_t pid = -1;
  bool executed = false;
  int killed = 0;
  UniqueFd pidfd;
};

/// Makes the child and waits for the outcome. All signals are blocked in the calling thread.
/// @return  or that there could be no process (EAGAIN, ENOMEM, EMFILE, ENFILE).
[[nodiscard]] Result<StartedChild> start_child(ChildWork& work);

/// How children are made.
enum class CloneWay : int {
  shared,  // with our memory: clone3(2), since Linux 5.3
  copied,  // with a copy of it, as by fork(2): where the kernel or a filter refuses the other
};

/// From now on `way`, unless it is refused. Any thread. For tests: the way is found by trying.
void use_clone_way(CloneWay way) noexcept;

/// The way in force.
[[nodiscard]] CloneWay clone_way() noexcept;

}  // namespace zinit
