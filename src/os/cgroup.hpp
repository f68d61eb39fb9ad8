// One cgroup of version 2: its processes, its figures, its end.
//
// All of it are reads and writes of the kernel's own small files, which block on no device. Where
// zinit's cgroups lie, and who makes them, is in cgroup_tree.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "model/reason.hpp"

namespace zinit {

/// What a cgroup uses; what no controller counts is missing.
struct CgroupUsage {
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> cpu_us;
  std::optional<std::int64_t> tasks;
};

/// Processes that the kernel has killed for want of memory, in all, and whose the want was.
struct MemoryKills {
  std::int64_t count = 0;
  OutOfMemory want = OutOfMemory::no;
};

class Cgroup {
 public:
  /// The cgroup whose directory is at `path`. @return ENOENT where there is none.
  [[nodiscard]] static Result<Cgroup> open(const std::string& path);

  [[nodiscard]] int fd() const noexcept { return directory_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Whether a process is left in it or in one below; zombies do not count. True where that cannot
  /// be known now, for want of descriptors, and false where the cgroup is gone. Not for the
  /// hierarchy's root.
  [[nodiscard]] bool populated() const;

  /// Sends SIGKILL to every process in it and below: at once by cgroup.kill (since Linux 5.14),
  /// else by kill_each().
  [[nodiscard]] Result<void> kill() const;

  /// The same to one after the other, until no new one is found.
  void kill_each() const;

  /// Sends `signal` to every process in it and below, once. None can be mistaken for another that
  /// has got its pid.
  void signal(int signal) const;

  [[nodiscard]] CgroupUsage usage() const;

  /// Of processes in it and below. None where no controller counts them.
  [[nodiscard]] MemoryKills memory_kills() const;

  /// Writes a file of it, such as "memory.max".
  [[nodiscard]] Result<void> write(const char* file, std::string_view text) const;
  [[nodiscard]] Result<std::string> read(const char* file) const;

  /// Removes the cgroups below it, which are without processes. Those with some stay.
  void remove_children() const;

 private:
  Cgroup(std::string path, UniqueFd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}
  [[nodiscard]] std::vector<std::string> tree() const;
  [[nodiscard]] std::vector<pid_t> processes() const;
  void signal_those(int signal, const std::vector<pid_t>& pids) const;

  std::string path_;
  UniqueFd directory_;
};

/// The number after a word in a file of `word number` lines, such as memory.events.
[[nodiscard]] std::optional<std::int64_t> keyed_number(std::string_view text,
                                                       std::string_view word);

}  // namespace zinit
