// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The steps for [limits] and [process], by raw system calls. See spawn_steps.hpp.
#include "os/spawn_steps.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace zinit {

namespace {

// The kernel's IOPRIO_WHO_PROCESS, which no header of libc defines.
constexpr int kIoprioWhoProcess = 1;

// More than any kernel has. The kernel refuses unknown numbers.
constexpr int kCapabilityBits = 64;

/// Changes only the child's score: processes that share memory share their score, but the kernel
/// excepts a parent that waits by CLONE_VFORK.
ZINIT_CHILD bool write_oom_score(const ChildWork& work) {
  const int fd = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0));
  if (fd < 0) return false;
  const long written = ::syscall(SYS_write, fd, work.oom_score_adj, work.oom_score_adj_size);
  const int errnum = errno;
  ::syscall(SYS_close, fd);
  errno = errnum;
  return written >= 0;
}

ZINIT_CHILD bool in_set(const ChildWork& work, int capability) {
  return (*work.capabilities >> capability & 1) != 0;
}

/// PR_CAPBSET_READ fails for a capability that the kernel does not know.
ZINIT_CHILD void cut_bounding_set(ChildWork& work) {
  for (int capability = 0; capability < kCapabilityBits; ++capability) {
    if (in_set(work, capability)) continue;
    if (::syscall(SYS_prctl, PR_CAPBSET_READ, capability, 0, 0, 0) <= 0) continue;
    if (::syscall(SYS_prctl, PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
      fail(work, SpawnStep::bounding, capability);
  }
}

/// At execve(2) root gets its inheritable capabilities, even beyond the bounding set
/// (capabilities(7)), and zinit may have been started with some. Clearing them also clears the
/// ambient ones.
ZINIT_CHILD void clear_inheritable(ChildWork& work) {
  __user_cap_data_struct own[2] = {};
  if (::syscall(SYS_capget, &work.capability_header, own) < 0) fail(work, SpawnStep::bounding, -1);
  own[0].inheritable = own[1].inheritable = 0;
  if (::syscall(SYS_capset, &work.capability_header, own) < 0) fail(work, SpawnStep::bounding, -1);
}

/// PR_SET_KEEPCAPS kept them permitted over the change of user. A program without capabilities of
/// its own gets the capabilities that are inheritable and ambient.
ZINIT_CHILD void raise_capabilities(ChildWork& work) {
  if (::syscall(SYS_capset, &work.capability_header, work.capability_sets) < 0)
    fail(work, SpawnStep::ambient, -1);
  for (int capability = 0; capability < kCapabilityBits; ++capability) {
    if (!in_set(work, capability)) continue;
    if (::syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
      fail(work, SpawnStep::ambient, capability);
  }
}

}  // namespace

[[noreturn]] ZINIT_CHILD void fail(ChildWork& work, SpawnStep step, int detail) {
  work.failed_step = step;
  work.failed_errno = errno;
  work.failed_detail = detail;
  if (work.report >= 0) {
    const int words[3] = {static_cast<int>(step), work.failed_errno, detail};
    ::syscall(SYS_write, work.report, words, sizeof words);
  }
  while (true) ::syscall(SYS_exit_group, 127);
}

// "0" is the writing process.
ZINIT_CHILD void enter_cgroup(ChildWork& work) {
  if (!work.enter_cgroup) return;
  const int fd =
      static_cast<int>(::syscall(SYS_openat, work.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC, 0));
  if (fd < 0 || ::syscall(SYS_write, fd, "0", 1) < 0) fail(work, SpawnStep::cgroup);
  ::syscall(SYS_close, fd);
}

// The score comes first: it needs a descriptor, which the limits may deny. The limits come after
// scheduling and priorities, so that a service may get values that it could not set itself.
ZINIT_CHILD void apply_settings(ChildWork& work) {
  if (work.oom_score_adj != nullptr && !write_oom_score(work)) fail(work, SpawnStep::oom_score);
  if (work.cpus != nullptr && ::syscall(SYS_sched_setaffinity, 0, work.cpus_bytes, work.cpus) < 0)
    fail(work, SpawnStep::affinity);
  if (work.scheduler >= 0 &&
      ::syscall(SYS_sched_setscheduler, 0, work.scheduler, &work.priority) < 0)
    fail(work, SpawnStep::scheduler);
  if (work.nice != nullptr && ::syscall(SYS_setpriority, PRIO_PROCESS, 0, *work.nice) < 0)
    fail(work, SpawnStep::nice);
  if (work.io_priority >= 0 &&
      ::syscall(SYS_ioprio_set, kIoprioWhoProcess, 0, work.io_priority) < 0)
    fail(work, SpawnStep::io_priority);
  for (std::size_t i = 0; i < work.limit_count; ++i) {
    const ChildLimit& limit = work.limits[i];
    if (::syscall(SYS_prlimit64, 0, limit.resource, &limit.value, nullptr) < 0)
      fail(work, SpawnStep::limits, static_cast<int>(i));
  }
  if (work.root != nullptr &&
      (::syscall(SYS_chroot, work.root) < 0 || ::syscall(SYS_chdir, "/") < 0))
    fail(work, SpawnStep::root);
}

// The bounding set and the groups come before the user, who may not change them. setresuid(2) of
// libc would change every thread.
ZINIT_CHILD void take_identity(ChildWork& work) {
  if (work.capabilities != nullptr) cut_bounding_set(work);
  if (work.raise_capabilities && ::syscall(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
    fail(work, SpawnStep::ambient, -1);
  if (work.groups != nullptr && ::syscall(SYS_setgroups, work.group_count, work.groups) < 0)
    fail(work, SpawnStep::groups);
  if (work.gid != nullptr && ::syscall(SYS_setresgid, *work.gid, *work.gid, *work.gid) < 0)
    fail(work, SpawnStep::group);
  if (work.uid != nullptr && ::syscall(SYS_setresuid, *work.uid, *work.uid, *work.uid) < 0)
    fail(work, SpawnStep::user);
  if (work.raise_capabilities)
    raise_capabilities(work);
  else if (work.capabilities != nullptr)
    clear_inheritable(work);
}

ZINIT_CHILD void give_up_privileges(ChildWork& work) {
  if (work.no_new_privs && ::syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    fail(work, SpawnStep::privileges);
}

}  // namespace zinit
