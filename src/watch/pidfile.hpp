// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The pidfile of a service: the pid in it, and watching it for changes.
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

/// The pid on the first line of a pidfile's text. Nothing if the line is no valid pid of a
/// service's process; 1 is not valid.
[[nodiscard]] std::optional<pid_t> parse_pidfile(std::string_view text);

/// A pidfile, and its state before the process was spawned. If the file has not changed since, an
/// earlier process wrote it, and it is ignored.
struct PidFile {
  std::string root;  // of the service's processes; empty: zinit's own
  std::string path;  // below `root`; empty: the service has none
  ino_t inode = 0;
  timespec modified{};
  off_t size = -1;  // -1: the file did not exist

  /// Call before the process is spawned. Asks the file system, which may hang.
  [[nodiscard]] static PidFile of(const ServiceSpec& spec);
  /// Restores the state that an earlier image saved in `fact` when it spawned the process. Without
  /// a fact any file counts as new.
  [[nodiscard]] static PidFile as_kept(const ServiceSpec& spec, std::string_view fact);
  /// The path for messages. Links on it lead to files below the root.
  [[nodiscard]] std::string shown() const { return root + path; }
  /// For the next image; empty: the service has no pidfile.
  [[nodiscard]] std::string fact() const;
  /// The pid in the file. Nothing if the file is missing or unchanged, or has no pid.
  /// @return  EPERM or ELOOP if open_trusted() refuses it. No event reports the end of this.
  [[nodiscard]] Result<std::optional<pid_t>> read() const;
};

/// Removes the pidfile at `path` below `root` if it names `pid`, which has ended. Blocks. Reads and
/// removes through one open directory, which nobody can exchange in between; open_folder_of() says
/// which links lead to it. Returns every error except ENOENT; the file stays then.
[[nodiscard]] Result<void> remove_pidfile(const std::string& root, const std::string& path,
                                          pid_t pid);

/// One look at a pidfile. An Offload carries it out, because its file system may hang.
struct PidFileLook {
  PidFile file;
  std::shared_ptr<const UniqueFd> inotify;  // null: changes cannot be reported

  // Results:
  bool watched = false;  // changes of the path are reported
  int watch = -1;        // inotify's number of the nearest existing directory on the path
  std::string name;      // the name in this directory to wait for
  std::optional<pid_t> pid;
  std::string refused;  // why the file was not opened; empty: it was, or it does not exist

  /// Starts the watch, then reads the file. Blocks.
  void carry_out();

 private:
  void watch_path();
};

}  // namespace zinit
