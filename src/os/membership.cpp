// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Determines from /proc whether a process belongs to a service. See membership.hpp.
#include "os/membership.hpp"

#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "os/cgroup_tree.hpp"
#include "os/process.hpp"
#include "os/process_memory.hpp"

namespace zinit {

namespace {

constexpr int kMostGenerations = 256;
constexpr Milliseconds kToExecute{50};
constexpr std::size_t kCgroupFileMax = 16384;
constexpr std::size_t kLoginMax = 16;
constexpr std::size_t kEnvironMax = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kChildrenMax = std::size_t{4} * 1024 * 1024;

/// The children of this process's first thread, to which the kernel gives adopted orphans. Without
/// CONFIG_PROC_CHILDREN: the children of all threads, found by reading all processes.
std::vector<pid_t> own_children() {
  std::vector<pid_t> found;
  const std::string path = fmt::format("/proc/self/task/{}/children", ::getpid());
  if (::access(path.c_str(), R_OK) == 0) {
    const auto text = read_file(path.c_str(), kChildrenMax);
    if (!text) return found;
    for (const std::string_view word : split(*text, ' '))
      if (const auto pid = parse_integer(word)) found.push_back(static_cast<pid_t>(*pid));
    return found;
  }
  const auto all = all_processes();
  if (!all) return found;
  for (const ProcessStat& process : *all)
    if (process.ppid == ::getpid()) found.push_back(process.pid);
  return found;
}

/// Whether a process is known to come from another login than zinit: by ssh, at a terminal, or a
/// job of cron. The kernel hands the user of a login down to all processes below it. Only a process
/// with CAP_AUDIT_CONTROL can change this number once it is set. A kernel without audit shows none.
bool logged_in_elsewhere(pid_t pid) {
  const auto login = [](const std::string& process) {
    return read_file(("/proc/" + process + "/loginuid").c_str(), kLoginMax);
  };
  const auto its = login(std::to_string(pid)), own = login("self");
  return its && own && *its != *own;
}

/// Whether a process may belong to a service that runs as `user` (unset: as zinit does). The check
/// keeps zinit from signalling another user's processes. Root's processes may become any user, but
/// a daemon that does so does not log in.
bool runs_as(pid_t pid, std::optional<uid_t> user) {
  const uid_t expected = user.value_or(::geteuid());
  return expected == 0 ? !logged_in_elsewhere(pid) : user_of_process(pid) == expected;
}

Result<std::string> environ_of(pid_t pid, IfSlow if_slow) {
  return read_of_process(pid, "environ", kEnvironMax, if_slow);
}

/// Like environ_of(), for a process that may be executing a program just now. Its environment reads
/// as empty then, so this waits, until `by` at the latest.
Result<std::string> environ_once_executed(pid_t pid, TimePoint by) {
  constexpr timespec pause{0, 1'000'000};
  while (true) {
    auto environ = environ_of(pid, IfSlow::wait);
    if (!environ || !environ->empty() || Clock::now() >= by) return environ;
    const auto stat = read_process_stat(pid);
    if (!stat || stat->zombie() || stat->exiting) return environ;
    ::nanosleep(&pause, nullptr);
  }
}

/// Whether a process's environment names the service, and no other server. False if it cannot be
/// read.
bool names_service(const Result<std::string>& environ, const std::string& service) {
  return environ && value_in_environ(*environ, kServiceVariable) == service &&
         value_in_environ(*environ, kServerVariable).value_or(own_server()) == own_server();
}

}  // namespace

std::string& own_server() {
  static std::string& id = *new std::string;  // never destroyed: any thread may use it
  return id;
}

bool lies_in_cgroup(std::string_view cgroup, std::string_view name) {
  const std::string_view path = cgroup_in_v2(cgroup);
  if (name.empty() || !path.starts_with(name)) return false;
  return path.size() == name.size() || path[name.size()] == '/';
}

std::optional<bool> in_cgroup(pid_t pid, std::string_view name) {
  const auto text = read_file(fmt::format("/proc/{}/cgroup", pid).c_str(), kCgroupFileMax);
  if (!text) return std::nullopt;
  return lies_in_cgroup(*text, name);
}

bool descends_from(pid_t pid, pid_t ancestor) {
  if (pid <= 1 || ancestor <= 1) return false;
  pid_t at = pid;
  for (int generation = 0; generation < kMostGenerations && at > 1; ++generation) {
    if (at == ancestor) return true;
    const auto stat = read_process_stat(at);
    if (!stat) return false;
    if (stat->session == ancestor) return true;
    if (at == ::getpid()) return false;
    at = stat->ppid;
  }
  return false;
}

bool may_be_orphan_of(pid_t pid, unsigned long long ticks, const std::string& service,
                      std::optional<uid_t> user) {
  // Check the topmost ancestor below zinit, because ancestors in between may not have ended yet. If
  // one ends just now, start again: another process is the topmost then.
  pid_t at = pid;
  auto stat = read_process_stat(at);
  for (int generation = 0; generation < kMostGenerations && stat && stat->ppid != ::getpid();
       ++generation) {
    if (stat->ppid <= 1) return false;
    at = stat->ppid;
    stat = read_process_stat(at);
    if (!stat && at != pid) stat = read_process_stat(at = pid);
  }
  if (!stat || stat->ppid != ::getpid() || stat->start_ticks < ticks) return false;
  if (!runs_as(pid, user)) return false;
  return names_service(environ_of(at, IfSlow::refuse), service);
}

std::vector<pid_t> orphans_of(const std::string& service, pid_t group,
                              const std::vector<pid_t>& known, std::optional<uid_t> user) {
  std::vector<pid_t> found;
  const TimePoint by = after(Clock::now(), kToExecute);
  for (const pid_t pid : own_children()) {
    if (std::ranges::binary_search(known, pid)) continue;
    const bool in_group = group != 0 && process_group(pid) == group;
    if (in_group || (runs_as(pid, user) && names_service(environ_once_executed(pid, by), service)))
      found.push_back(pid);
  }
  return found;
}

std::optional<std::string_view> value_in_environ(std::string_view environ, std::string_view name) {
  for (const std::string_view entry : split(environ, '\0'))
    if (entry.starts_with(name) && entry.substr(name.size()).starts_with('='))
      return entry.substr(name.size() + 1);
  return std::nullopt;
}

unsigned long long ticks_since_boot(std::optional<TimePoint> at) noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const std::chrono::nanoseconds since = std::chrono::seconds(now.tv_sec) +
                                         std::chrono::nanoseconds(now.tv_nsec) -
                                         (at ? Clock::now() - *at : Clock::duration::zero());
  const auto per_second = static_cast<unsigned long long>(::sysconf(_SC_CLK_TCK));
  const auto ms =
      std::chrono::floor<Milliseconds>(std::max(since, std::chrono::nanoseconds{0})).count();
  return static_cast<unsigned long long>(ms) * per_second / 1000;
}

}  // namespace zinit
