// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sends signals as the user of the process that gets them. See signal_as_owner.hpp.
#include "os/signal_as_owner.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/fd.hpp"
#include "os/id_change.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

/// Changes the effective uid of only the calling thread; libc's seteuid() changes all threads.
int set_own_euid(uid_t uid) noexcept {
  constexpr auto same = static_cast<uid_t>(-1);
  return ::syscall(SYS_setresuid, same, uid, same) == 0 ? 0 : errno;
}

bool has(const __user_cap_data_struct& own, int capability) {
  return (own.effective >> capability & 1) != 0;
}

}  // namespace

bool signals_as_owner() noexcept {
  static const bool answer = [] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct own[2]{};
    return ::syscall(SYS_capget, &header, own) == 0 && has(own[0], CAP_SETUID) &&
           !has(own[0], CAP_KILL);
  }();
  return answer;
}

int signal_as_owner(int pidfd, pid_t pid, int signal) noexcept {
  try {
    const auto uid = user_of_process(pid);
    if (!uid) return ESRCH;
    const uid_t before = ::geteuid();
    const IdChange change(true);
    if (const int errnum = set_own_euid(*uid); errnum != 0) return errnum;
    const long sent = pidfd >= 0 ? ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0)
                                 : ::kill(pid, signal);
    const int errnum = sent == 0 ? 0 : errno;
    // Cannot fail: the real uid is unchanged.
    (void)set_own_euid(before);
    return errnum;
  } catch (...) {  // no memory to read /proc
    return ENOMEM;
  }
}

int signal_others_in_group(pid_t group, int signal) noexcept {
  try {
    const auto all = all_processes();
    if (!all) return all.error().errnum;
    int result = ESRCH;
    for (const ProcessStat& one : *all) {
      if (one.group != group || one.zombie() || user_of_process(one.pid) == ::geteuid()) continue;
      // The pid may belong to another process by now.
      const UniqueFd pidfd = open_pidfd(one.pid);
      const auto now = read_process_stat(one.pid);
      if (!now || now->group != group || now->start_ticks != one.start_ticks) continue;
      const int errnum = signal_as_owner(pidfd.get(), one.pid, signal);
      if (result != 0) result = errnum;
    }
    return result;
  } catch (...) {
    return ENOMEM;
  }
}

}  // namespace zinit
