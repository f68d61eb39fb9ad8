// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of a cgroup. See cgroup.hpp.
#include "os/cgroup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"
#include "os/membership.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

// Enough for a cgroup.procs of 4 million pids with 8 bytes each. All other files fit in a page.
constexpr std::size_t kFileMax = std::size_t{40} * 1024 * 1024;

// Rounds of kill_each(). If a cgroup forks faster than zinit kills, the next attempt continues.
constexpr int kKillRounds = 50;

// The most levels of cgroups that zinit removes below one of its own; see kDeepestDelegated.
constexpr int kRemovedLevels = 200;

/// The directories in a directory: the child cgroups of a cgroup.
std::vector<std::string> directories_in(Directory directory) {
  std::vector<std::string> names;
  while (const dirent* entry = directory.next())
    if (entry->d_type == DT_DIR) names.emplace_back(entry->d_name);
  return names;
}

/// Removes the cgroups below that have no processes, the deepest first. It needs no paths: those of
/// a delegated cgroup may be longer than PATH_MAX.
void remove_below(int cgroup, int levels) {
  // The directory is closed before the levels below open theirs.
  for (const std::string& name :
       directories_in(Directory(open_at(cgroup, ".", O_RDONLY | O_DIRECTORY)))) {
    if (::unlinkat(cgroup, name.c_str(), AT_REMOVEDIR) == 0 || levels == 0) continue;
    const UniqueFd child = open_at(cgroup, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!child) continue;
    remove_below(child.get(), levels - 1);
    ::unlinkat(cgroup, name.c_str(), AT_REMOVEDIR);
  }
}

std::optional<std::int64_t> number_in(const Result<std::string>& text) {
  if (!text) return std::nullopt;
  return parse_integer(trim(*text));
}

}  // namespace

std::optional<std::int64_t> keyed_number(std::string_view text, std::string_view word) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.size() > word.size() && line.starts_with(word) && line[word.size()] == ' ')
      return parse_integer(trim(line.substr(word.size())));
  }
  return std::nullopt;
}

Result<Cgroup> Cgroup::open(const std::string& path, std::string name) {
  auto directory = open_fd(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!directory) return Failure(directory.error());
  return Cgroup(path, std::move(name), std::move(*directory));
}

Result<std::string> Cgroup::read(const char* file) const {
  const int fd = ::openat(directory_.get(), file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return sys_failure("open", path_ + "/" + file);
  const UniqueFd opened(fd);
  std::string text;
  char buffer[4096];
  while (text.size() < kFileMax) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return sys_failure("read", path_ + "/" + file);
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

Result<void> Cgroup::write(const char* file, std::string_view text) const {
  const int fd = ::openat(directory_.get(), file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return sys_failure("open", path_ + "/" + file);
  const UniqueFd opened(fd);
  // One write is one command: the kernel takes all of it or refuses.
  if (::write(fd, text.data(), text.size()) < 0) return sys_failure("write", path_ + "/" + file);
  return {};
}

Result<bool> Cgroup::look() const {
  const auto text = read("cgroup.events");
  if (text) return keyed_number(*text, "populated") == 1;
  if (text.error().errnum == ENOENT || text.error().errnum == ENODEV) return false;
  return Failure(text.error());
}

Result<void> Cgroup::kill() const {
  auto killed = write("cgroup.kill", "1");
  if (killed || killed.error().errnum != ENOENT) return killed;
  if (!kill_each() && populated()) return failure("cannot list the processes of its cgroup");
  return {};
}

bool Cgroup::kill_each() const {
  std::set<pid_t> signalled;
  for (int round = 0; round < kKillRounds; ++round) {
    std::vector<pid_t> fresh;
    for (const pid_t pid : processes())
      if (signalled.insert(pid).second) fresh.push_back(pid);
    if (fresh.empty()) break;
    signal(SIGKILL, fresh, fresh.size());
  }
  return !signalled.empty();
}

// A pid may be reused after it was read from cgroup.procs. So zinit first opens a pidfd, and then
// reads the process's cgroup. If it is this cgroup, the pidfd belongs to a process in it, or to one
// that has ended, and then the signal hits nobody. Without pidfds (before Linux 5.3) a short race
// remains.
void Cgroup::signal(int signal, std::vector<pid_t>& pids, std::size_t most) const {
  for (; most > 0 && !pids.empty(); --most) {
    const pid_t pid = pids.back();
    pids.pop_back();
    const UniqueFd held = open_pidfd(pid);
    if (in_cgroup(pid, name_).value_or(false)) (void)signal_process(held.get(), pid, signal);
  }
}

std::vector<std::string> Cgroup::tree() const {
  std::vector<std::string> all{path_};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string parent = all[i];
    for (const std::string& name : directories_in(Directory(parent)))
      all.push_back(parent + "/" + name);
  }
  return all;
}

std::vector<pid_t> Cgroup::processes() const {
  std::vector<pid_t> pids;
  for (const std::string& path : tree()) {
    const auto text = read_file((path + "/cgroup.procs").c_str(), kFileMax);
    if (!text) continue;
    // 0 is a process outside our PID namespace. PID 1 is never signalled.
    for (const std::string_view line : split(*text, '\n')) {
      const auto pid = parse_integer(line);
      if (pid && *pid > 1) pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  return pids;
}

void Cgroup::remove_children() const { remove_below(directory_.get(), kRemovedLevels); }

CgroupUsage Cgroup::usage() const {
  CgroupUsage usage;
  usage.memory_bytes = number_in(read("memory.current"));
  if (const auto cpu = read("cpu.stat")) usage.cpu_us = keyed_number(*cpu, "usage_usec");
  usage.tasks = number_in(read("pids.current"));
  if (usage.tasks) return usage;
  for (const std::string& path : tree())
    if (const auto threads = read_file((path + "/cgroup.threads").c_str(), kFileMax))
      usage.tasks = usage.tasks.value_or(0) + std::count(threads->begin(), threads->end(), '\n');
  return usage;
}

CgroupIo parse_io_stat(std::string_view text) {
  constexpr std::string_view read = "rbytes=", written = "wbytes=";
  CgroupIo io;
  for (const std::string_view line : split(text, '\n')) {
    for (const std::string_view word : split(line, ' ')) {
      if (word.starts_with(read))
        io.read_bytes += parse_integer(word.substr(read.size())).value_or(0);
      if (word.starts_with(written))
        io.write_bytes += parse_integer(word.substr(written.size())).value_or(0);
    }
  }
  return io;
}

std::optional<CgroupIo> Cgroup::io() const {
  const auto text = read("io.stat");
  if (!text) return std::nullopt;
  return parse_io_stat(*text);
}

MemoryKills Cgroup::memory_kills() const {
  const auto events = read("memory.events");
  const std::int64_t count = events ? keyed_number(*events, "oom_kill").value_or(0) : 0;
  if (count == 0) return {};
  const bool own = keyed_number(*events, "oom").value_or(0) > 0;
  return {count, own ? OutOfMemory::limit : OutOfMemory::machine};
}

}  // namespace zinit
