// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One cgroup of version 2: its processes, its resource usage, and killing it.
//
// Everything here reads and writes files of cgroupfs, which block on no device. cgroup_tree.hpp
// says where zinit's cgroups are and who makes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "model/reason.hpp"

namespace zinit {

/// Resource usage of a cgroup, or of processes. A member is unset if the kernel does not count it.
struct CgroupUsage {
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> cpu_us;
  std::optional<std::int64_t> tasks;

  [[nodiscard]] bool complete() const noexcept { return memory_bytes && cpu_us && tasks; }
  /// Sets the members that are unset to those of `other`.
  void fill_in(const CgroupUsage& other) noexcept {
    if (!memory_bytes) memory_bytes = other.memory_bytes;
    if (!cpu_us) cpu_us = other.cpu_us;
    if (!tasks) tasks = other.tasks;
  }
};

/// Bytes that a cgroup has read from and written to disks, over all disks.
struct CgroupIo {
  std::int64_t read_bytes = 0;
  std::int64_t write_bytes = 0;
};

/// The sums over the lines of an io.stat file.
[[nodiscard]] CgroupIo parse_io_stat(std::string_view text);

/// How many processes the OOM killer has killed so far, and why: the cgroup's own limit, or the
/// machine was out of memory.
struct MemoryKills {
  std::int64_t count = 0;
  OutOfMemory want = OutOfMemory::no;
};

class Cgroup {
 public:
  /// Opens the cgroup whose directory is `path`. @return ENOENT if there is none.
  /// @param name  as /proc/PID/cgroup names it; signal() needs it, and so do kill_each() and kill()
  [[nodiscard]] static Result<Cgroup> open(const std::string& path, std::string name = {});

  [[nodiscard]] int fd() const noexcept { return directory_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Whether the cgroup or one below has a process. Zombies do not count. False if the cgroup is
  /// gone. An error if this cannot be determined now, for example without free descriptors. Not for
  /// the root cgroup.
  [[nodiscard]] Result<bool> look() const;
  /// Like look(), but true on an error.
  [[nodiscard]] bool populated() const { return look().value_or(true); }

  /// Sends SIGKILL to every process in the cgroup and below: all at once by cgroup.kill (since
  /// Linux 5.14), else by kill_each().
  [[nodiscard]] Result<void> kill() const;

  /// Sends SIGKILL to one process after the other, until it finds no new one.
  /// @return  whether it found any
  bool kill_each() const;

  /// Sends `signal` to `most` of its processes() at most, and takes these from the end of `pids`.
  /// Pidfds guard against reused pids. Sends none if the cgroup was opened without its name.
  void signal(int signal, std::vector<pid_t>& pids, std::size_t most) const;

  [[nodiscard]] CgroupUsage usage() const;
  /// Nothing without the io controller.
  [[nodiscard]] std::optional<CgroupIo> io() const;

  /// The processes in the cgroup and below, unsorted. Without PID 1, and without processes that
  /// this pid namespace does not show.
  [[nodiscard]] std::vector<pid_t> processes() const;

  /// OOM kills in the cgroup and below; none without the memory controller.
  [[nodiscard]] MemoryKills memory_kills() const;

  /// Writes a file of the cgroup, such as "memory.max".
  [[nodiscard]] Result<void> write(const char* file, std::string_view text) const;
  [[nodiscard]] Result<std::string> read(const char* file) const;

  /// Removes the cgroups below that have no processes.
  void remove_children() const;

 private:
  Cgroup(std::string path, std::string name, UniqueFd directory)
      : path_(std::move(path)), name_(std::move(name)), directory_(std::move(directory)) {}
  [[nodiscard]] std::vector<std::string> tree() const;

  std::string path_;
  std::string name_;  // in /proc/PID/cgroup; empty: unknown
  UniqueFd directory_;
};

/// The number after a word in a file of `word number` lines, such as memory.events.
[[nodiscard]] std::optional<std::int64_t> keyed_number(std::string_view text,
                                                       std::string_view word);

}  // namespace zinit
