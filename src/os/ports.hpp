// Who listens on a TCP port, as /proc shows it.
//
// Read from the kernel's tables and not tried by a bind(2) of our own, which could be in the way of
// somebody else's in that instant and says nothing of who it is.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

struct Listener {
  int port = 0;
  std::uint64_t inode = 0;  // of its socket

  bool operator==(const Listener&) const = default;
};

/// What a line of /proc/net/tcp or tcp6 says, where it is of a socket that listens. (proc(5))
[[nodiscard]] std::optional<Listener> parse_listener(std::string_view line);

/// The first of `ports` that somebody listens on, on whatever address, IPv4 or IPv6, in zinit's
/// network namespace. Nothing where all are free, and where /proc cannot be read.
[[nodiscard]] std::optional<Listener> find_listener(std::span<const int> ports);

/// The processes that hold the socket, by pid; those whose descriptors may not be seen are left
/// out. Reads the descriptors of all processes: only for what has gone wrong.
[[nodiscard]] std::vector<pid_t> holders_of_socket(std::uint64_t inode);

/// `pid`, its group, its session, and likewise of what it descends from, up to (and without) PID 1.
[[nodiscard]] std::vector<pid_t> lineage_of(pid_t pid);

}  // namespace zinit
