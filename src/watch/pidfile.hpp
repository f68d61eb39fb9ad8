// The pidfile of a service: the pid in it, and watching for changes.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "model/spec.hpp"

namespace zinit {

/// The pid on the first line of a pidfile's text; nothing if that is no number of a process that
/// may be a service's, and 1 is none.
[[nodiscard]] std::optional<pid_t> parse_pidfile(std::string_view text);

/// Remembers how the file was before the process was spawned: if it has not changed since, it was
/// written by an earlier process and is ignored.
struct PidFile {
  std::string path;  // as zinit sees it; empty: the service has none
  ino_t inode = 0;
  timespec modified{};
  off_t size = -1;  // -1: it did not exist

  /// Call it before the process is spawned. Asks the file system, which may hang.
  [[nodiscard]] static PidFile of(const ServiceSpec& spec);
  /// As it was when an earlier image spawned the process and made `fact` of it. Without a fact any
  /// file counts as new.
  [[nodiscard]] static PidFile as_kept(const ServiceSpec& spec, std::string_view fact);
  /// For the next image; empty: the service has none.
  [[nodiscard]] std::string fact() const;
  /// The pid in the file; nothing if it is missing, unchanged, or holds no pid.
  [[nodiscard]] std::optional<pid_t> read() const;
};

/// Removes the pidfile at `path` if it names `pid`, which has ended. Blocks. What is read is what
/// is removed, as far as its directory goes: that cannot be exchanged in between. Errors but ENOENT
/// are returned: the file stays.
[[nodiscard]] Result<void> remove_pidfile(const std::string& path, pid_t pid);

/// One look at a pidfile. Its file system may hang, so an Offload carries it out.
struct PidFileLook {
  PidFile file;
  std::shared_ptr<const UniqueFd> inotify;  // null: changes cannot be reported

  // What came of it.
  bool watched = false;  // changes of the path are reported
  int watch = -1;        // inotify's number of the nearest existing directory on the path
  std::string name;      // the name in that directory to wait for
  std::optional<pid_t> pid;

  /// Has changes reported, then reads the file. Blocks.
  void carry_out();

 private:
  void watch_path();
};

}  // namespace zinit
