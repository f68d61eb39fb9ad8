// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals, ends of processes, and /proc. See process.hpp.
#include "os/process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "os/process_memory.hpp"
#include "os/signal_as_owner.hpp"

namespace zinit {

namespace {

// The most to read of a command line, which may be as long as the process's stack allows.
constexpr std::size_t kArgumentsMax = std::size_t{64} * 1024;

// For /proc/PID/status, which has 1 or 2 KiB, and fdinfo, which has less.
constexpr std::size_t kStatusMax = std::size_t{64} * 1024;

// The kernel's PF_FORKNOEXEC, PF_KTHREAD and PF_EXITING.
constexpr long long kForkedNotExecuted = 0x40;
constexpr long long kKernelThread = 0x200000;
constexpr long long kExiting = 0x4;

/// The fields of /proc/PID/stat after the name in parentheses, by their number in proc(5).
class StatFields {
 public:
  explicit StatFields(std::string_view rest) : parts_(split(rest, ' ')) {}
  [[nodiscard]] bool has(std::size_t number) const { return number - kFirst < parts_.size(); }
  /// 0 for a number that no kernel writes, because callers compute with the result.
  [[nodiscard]] long long number(std::size_t field) const {
    const long long number = parse_integer(parts_[field - kFirst]).value_or(0);
    return number > -kMost && number < kMost ? number : 0;
  }
  [[nodiscard]] char letter(std::size_t field) const {
    return parts_[field - kFirst].empty() ? '?' : parts_[field - kFirst][0];
  }

 private:
  static constexpr std::size_t kFirst = 3;
  static constexpr long long kMost = 1LL << 41;  // ticks of 600 years, pages of 8 PiB
  std::vector<std::string_view> parts_;
};

std::int64_t ticks_to_us(long long ticks) {
  static const long per_second = ::sysconf(_SC_CLK_TCK);
  return ticks * 1'000'000 / per_second;
}

/// Whether pidfd_send_signal(2) is missing (before Linux 5.1) or refused by a seccomp filter.
bool not_offered(int errnum) { return errnum == ENOSYS || errnum == EPERM; }

/// The first number in the line of a file of /proc that begins with `key`.
std::optional<long long> first_number(const std::string& path, std::string_view key) {
  const auto text = read_file(path.c_str(), kStatusMax);
  if (!text) return std::nullopt;
  for (const std::string_view line : split(*text, '\n')) {
    if (!line.starts_with(key)) continue;
    const std::string_view rest = line.substr(key.size());
    return parse_integer(rest.substr(0, rest.find('\t')));
  }
  return std::nullopt;
}

}  // namespace

UniqueFd open_pidfd(pid_t pid) noexcept {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

// By our own number: /proc/self is this process, too, if /proc is that of another pid namespace.
std::optional<pid_t> pid_of(int pidfd) {
  return first_number(fmt::format("/proc/{}/fdinfo/{}", ::getpid(), pidfd), "Pid:\t");
}

Result<void> signal_process(int pidfd, pid_t pid, int signal) {
  if (pidfd >= 0) {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0) == 0) return {};
    if (!not_offered(errno)) return sys_failure("signal", fmt::format("process {}", pid));
  }
  if (pid <= 1) return sys_failure("signal", fmt::format("process {}", pid), ESRCH);
  int errnum = ::kill(pid, signal) < 0 ? errno : 0;
  if (errnum == EPERM && signals_as_owner()) errnum = signal_as_owner(pidfd, pid, signal);
  if (errnum != 0) return sys_failure("signal", fmt::format("process {}", pid), errnum);
  return {};
}

Result<void> signal_group(pid_t group, int signal) {
  // kill(0) would signal our own group, kill(-1) everybody.
  int errnum = group <= 1 ? ESRCH : ::kill(-group, signal) < 0 ? errno : 0;
  // kill(2) reports no error if it may signal only some processes of the group.
  if ((errnum == 0 || errnum == EPERM) && signals_as_owner()) {
    const int others = signal_others_in_group(group, signal);
    // ESRCH: all processes left have ended and wait to be reaped. Signalling them is no error.
    if (errnum != 0) errnum = others == ESRCH ? 0 : others;
  }
  if (errnum != 0) return sys_failure("signal", fmt::format("process group {}", group), errnum);
  return {};
}

bool group_exists(pid_t group) noexcept {
  return group > 1 && (::kill(-group, 0) == 0 || errno == EPERM);
}

bool has_child_in(pid_t group) noexcept {
  siginfo_t info{};
  return group > 1 &&
         ::waitid(P_PGID, static_cast<id_t>(group), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool process_exists(pid_t pid) noexcept {
  return pid > 0 && (::kill(pid, 0) == 0 || errno == EPERM);
}

namespace {

constexpr int kLook = WEXITED | WNOHANG | WNOWAIT;

// Children whose exit signal is not SIGCHLD: execve(2) sets it.
constexpr int kUnexecuted = static_cast<int>(__WCLONE);
constexpr int kAnyChild = static_cast<int>(__WALL);

std::optional<EndedProcess> ended_among(idtype_t type, pid_t pid, int which = 0) noexcept {
  siginfo_t info{};
  int result;
  do result = ::waitid(type, static_cast<id_t>(pid), &info, kLook | which);
  while (result < 0 && errno == EINTR);
  if (result < 0 || info.si_pid == 0) return std::nullopt;
  const bool by_signal = info.si_code != CLD_EXITED;
  return EndedProcess{info.si_pid, {by_signal, info.si_status, info.si_code == CLD_DUMPED}};
}

}  // namespace

int stop_signal_of(pid_t pid) noexcept {
  siginfo_t info{};
  const bool asked =
      pid > 0 && ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOHANG) == 0;
  return asked && info.si_pid == pid ? info.si_status : 0;
}

std::optional<EndedProcess> next_ended() noexcept { return ended_among(P_ALL, 0); }

std::optional<EndedProcess> ended_child(pid_t pid) noexcept { return ended_among(P_PID, pid); }

void reap(pid_t pid) noexcept {
  siginfo_t info{};
  int result;
  do result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | kAnyChild);
  while (result < 0 && errno == EINTR);
}

bool is_own_child(pid_t pid) noexcept {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, kLook | kAnyChild) == 0;
}

bool is_unexecuted_child(pid_t pid) noexcept {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, kLook | kUnexecuted) == 0;
}

std::optional<EndedProcess> ended_unexecuted(pid_t pid) noexcept {
  return ended_among(P_PID, pid, kUnexecuted);
}

bool await_execution(pid_t pid, TimePoint deadline) noexcept {
  constexpr timespec pause{0, 1'000'000};
  while (is_unexecuted_child(pid)) {
    if (ended_unexecuted(pid)) return ::waitpid(pid, nullptr, kUnexecuted) != pid;
    if (Clock::now() >= deadline) return true;
    ::nanosleep(&pause, nullptr);
  }
  return is_own_child(pid);
}

std::optional<pid_t> process_group(pid_t pid) noexcept {
  const pid_t group = pid > 0 ? ::getpgid(pid) : -1;
  if (group < 0) return std::nullopt;
  return group;
}

bool in_first_pid_namespace() noexcept {
  constexpr ino_t first = 0xEFFFFFFC;  // PROC_PID_INIT_INO of the kernel
  struct stat space {};
  return ::stat("/proc/self/ns/pid", &space) < 0 || space.st_ino == first;
}

bool is_init_of_machine() noexcept {
  constexpr pid_t kernels = 2;
  return ::getpid() == 1 && ::getsid(kernels) == 0 && ::getpgid(kernels) == 0 &&
         in_first_pid_namespace();
}

Result<void> become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) return sys_failure("become", "a subreaper");
  return {};
}

std::optional<ProcessStat> parse_process_stat(std::string_view line) {
  // The name may contain blanks and parentheses: it ends at the last parenthesis.
  const auto open = line.find(" (");
  const auto close = line.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  const auto pid = parse_integer(line.substr(0, open));
  const StatFields fields(trim(line.substr(close + 2)));
  if (!pid || !fields.has(24)) return std::nullopt;
  static const long page_bytes = ::sysconf(_SC_PAGESIZE);
  ProcessStat stat;
  stat.pid = static_cast<pid_t>(*pid);
  stat.comm = line.substr(open + 2, close - open - 2);
  stat.state = fields.letter(3);
  stat.ppid = static_cast<pid_t>(fields.number(4));
  stat.group = static_cast<pid_t>(fields.number(5));
  stat.session = static_cast<pid_t>(fields.number(6));
  stat.executed = (fields.number(9) & kForkedNotExecuted) == 0;
  stat.kernel = (fields.number(9) & kKernelThread) != 0;
  stat.exiting = (fields.number(9) & kExiting) != 0;
  stat.cpu_us = ticks_to_us(fields.number(14) + fields.number(15));
  stat.threads = fields.number(20);
  stat.start_ticks = static_cast<std::uint64_t>(fields.number(22));
  stat.memory_bytes = fields.number(24) * page_bytes;
  if (fields.has(52)) stat.exit_status = static_cast<int>(fields.number(52));
  return stat;
}

Result<ProcessStat> read_process_stat(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/stat", pid);
  const auto text = read_file(path.c_str(), 4096);
  if (!text) return Failure(text.error());
  auto stat = parse_process_stat(*text);
  if (!stat) return failure("cannot parse " + path);
  return std::move(*stat);
}

std::optional<uid_t> user_of_process(pid_t pid) {
  return first_number(fmt::format("/proc/{}/status", pid), "Uid:\t");
}

std::string program_of(pid_t pid) {
  const auto status = read_process_stat(pid);
  return status ? printable(status->comm) : std::string();
}

std::string asker_text(pid_t pid, std::string_view program, uid_t uid) {
  return fmt::format("pid {}{}, uid {}", pid, program.empty() ? "" : fmt::format(" ({})", program),
                     uid);
}

std::string command_line(pid_t pid) {
  return shown_command_line(
      read_of_process(pid, "cmdline", kArgumentsMax, IfSlow::refuse).value_or(""));
}

std::string process_text(pid_t pid) {
  constexpr std::size_t most = 100;
  std::string command = command_line(pid);
  if (command.size() > most) command = to_utf8(command.substr(0, most)) + "...";
  return command.empty() ? fmt::format("process {}", pid)
                         : fmt::format("process {} ({})", pid, command);
}

std::string shown_command_line(std::string text) {
  while (text.ends_with('\0')) text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  return printable(text);
}

Result<std::vector<ProcessStat>> all_processes() {
  Directory proc("/proc");
  if (!proc) return sys_failure("open", "/proc");
  std::vector<ProcessStat> all;
  while (const dirent* entry = proc.next()) {
    const auto pid = parse_integer(entry->d_name);
    if (!pid) continue;
    if (auto stat = read_process_stat(static_cast<pid_t>(*pid))) {
      all.push_back(std::move(*stat));
    } else if (stat.error().temporary()) {
      return Failure(stat.error());
    }
  }
  sort_by(all, &ProcessStat::pid);
  return all;
}

Result<std::vector<pid_t>> groups_in_use() {
  const auto all = all_processes();
  if (!all) return Failure(all.error());
  std::vector<pid_t> groups;
  for (const ProcessStat& process : *all)
    if (!process.zombie() || process.ppid == ::getpid()) groups.push_back(process.group);
  sort_values(groups);
  return groups;
}

}  // namespace zinit
