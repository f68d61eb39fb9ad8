// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The child's side of spawn.hpp: how the child is made, and what it does between clone and execve.
//
// The child may share our memory while our other threads run. So its code uses only plain data and
// raw system calls: no allocation, no lock, no instrumentation by a sanitizer.
//
// The order of the steps: signal handlers, descriptor table, cgroup, session, streams, terminal,
// other descriptors, out-of-memory score, affinity, scheduler, nice value, io priority, limits,
// root directory, bounding set, groups and user, capabilities, directory, umask, no_new_privs,
// signal mask, execve. Steps that need privileges come before the user, and the limits after what
// they limit, so a service can get a nice value or a scheduler that it could not take itself. The
// bounding set is cut while that is still allowed. For a user other than root the permitted
// capabilities are kept over the change of user (PR_SET_KEEPCAPS) and raised as ambient ones after
// it. Root's inheritable set is emptied: at execve(2) root would get it beyond the bounding set.
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

/// The child's steps, in order. Each can fail.
enum class SpawnStep : int {
  none,
  cgroup,       // cgroup.procs, if clone3 could not make it there
  session,      // setsid, or setpgid
  descriptors,  // the standard streams
  terminal,     // TIOCSCTTY
  oom_score,    // /proc/self/oom_score_adj
  affinity,     // sched_setaffinity
  scheduler,    // sched_setscheduler
  nice,         // setpriority
  io_priority,  // ioprio_set
  limits,       // prlimit
  root,         // chroot
  bounding,     // PR_CAPBSET_DROP; detail: the capability, or -1 for capset (inheritable set)
  groups,       // setgroups
  group,        // setresgid
  user,         // setresuid
  ambient,      // capset, PR_CAP_AMBIENT; detail: the capability, or -1 for all
  directory,    // chdir
  privileges,   // PR_SET_NO_NEW_PRIVS
  signals,      // unblocking
  execute,      // execve
};

/// Room for a pid in decimal digits and a NUL.
inline constexpr std::size_t kPidDigits = 11;

/// Descriptors 0, 1, 2 of the service.
inline constexpr int kStreams = 3;

struct ChildLimit {
  int resource = 0;
  rlimit value{};
};

/// A SpawnPlan as plain data. Points to data of the parent, which waits meanwhile.
struct ChildWork {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* env = nullptr;
  const char* dir = nullptr;
  mode_t umask = 0;
  std::uint64_t signals = 0;  // to reset: signals_to_reset()
  int cgroup = -1;            // directory of its cgroup; -1: the parent's
  bool enter_cgroup = false;  // the child itself must enter it
  int streams[kStreams] = {-1, -1, -1};
  // Passed descriptors, and their numbers in the child, ascending. passed_from is overwritten.
  int* passed_from = nullptr;
  const int* passed_as = nullptr;
  std::size_t passed_count = 0;
  char* const* pid_places = nullptr;  // where the child writes its pid, kPidDigits bytes each
  std::size_t pid_count = 0;
  bool take_terminal = false;
  bool foreground = false;  // of our own session; stream 0 is its terminal
  const ChildLimit* limits = nullptr;
  std::size_t limit_count = 0;
  // From here to `uid`, null or -1 means unchanged.
  const char* oom_score_adj = nullptr;  // as text
  std::size_t oom_score_adj_size = 0;
  const unsigned long* cpus = nullptr;  // bits, as for sched_setaffinity(2)
  std::size_t cpus_bytes = 0;
  int scheduler = -1;  // the kernel's number of the policy
  int priority = 0;    // of this policy
  const int* nice = nullptr;
  int io_priority = -1;  // class and priority, as for ioprio_set(2)
  const char* root = nullptr;
  const std::uint64_t* capabilities = nullptr;  // a bit each: the bounding set
  bool raise_capabilities = false;              // make them ambient too, for a user other than root
  __user_cap_header_struct capability_header{};
  __user_cap_data_struct capability_sets[2]{};
  bool no_new_privs = false;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  const gid_t* gid = nullptr;
  const uid_t* uid = nullptr;

  int keep_below = -1;           // descriptor table: copy the part below this; -1: not shared
  bool unshare_refused = false;  // set by the child if the kernel refused

  // The kernel stores the pid here before the child runs; `noted` is in memory that outlives us.
  std::atomic<pid_t>* pid = nullptr;
  std::atomic<pid_t>* noted = nullptr;

  int report = -1;  // where to write step and errno if memory is not shared

  // Set by the child:
  SpawnStep failed_step = SpawnStep::none;
  int failed_errno = 0;
  int failed_detail = 0;  // for `limits` the index; for others see SpawnStep
};

/// A child that has executed its program; or one that has not, and is reaped. For the latter,
/// `killed` is the signal that killed it, or 0 if a step in ChildWork failed.
struct StartedChild {
  pid_t pid = -1;
  bool executed = false;
  int killed = 0;
  UniqueFd pidfd;
};

/// Makes the child and waits for the outcome. The caller has blocked all signals in its thread.
/// @return  the outcome; an error if no process could be made (EAGAIN, ENOMEM, EMFILE, ENFILE)
[[nodiscard]] Result<StartedChild> start_child(ChildWork& work);

/// How children are made.
enum class CloneWay : int {
  shared,  // with our memory: clone3(2), since Linux 5.3
  copied,  // with a copy of it, like fork(2): if the kernel or a filter refuses clone3
};

/// Makes children in this way from now on, unless the kernel refuses it. Any thread. For tests.
void use_clone_way(CloneWay way) noexcept;

/// The way in force.
[[nodiscard]] CloneWay clone_way() noexcept;

}  // namespace zinit
