// The pidfile of a service, and the pid in it.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "model/spec.hpp"

namespace zinit {

/// Remembers how the file was before the process was spawned: if it has not changed since, it was
/// written by an earlier process and is ignored.
struct PidFile {
  std::string path;  // as zinit sees it; empty: the service has none
  ino_t inode = 0;
  timespec modified{};
  off_t size = -1;  // -1: it did not exist

  /// Call it before the process is spawned.
  [[nodiscard]] static PidFile of(const ServiceSpec& spec);
  /// The pid in the file; nothing if it is missing, unchanged, or holds no pid.
  [[nodiscard]] std::optional<pid_t> read() const;
};

}  // namespace zinit
