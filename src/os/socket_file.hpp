// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of unix sockets: finds out whether somebody listens at one and who owns it, and removes it.
// Removes a file only if nobody listens at it, or if zinit made this very file.
//
// Threads: any. May block on a file system, so hold no lock.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"

namespace zinit {

/// Makes sure that a socket can be bound at `path`: removes one that no process has open. Tests by
/// connecting, because /proc/net/unix does not show sockets of other network namespaces.
/// @param type  of the sockets expected there: SOCK_STREAM or SOCK_DGRAM
/// @return  EADDRINUSE if a process has it open, or if the file is no socket
[[nodiscard]] Result<void> clear_socket_place(const std::string& path, int type);

/// The file that a socket is bound to.
class SocketFile {
 public:
  /// No file.
  SocketFile() = default;
  /// The file, once at `path`, that the socket `fd` was bound to; or the FIFO `fd`. If the kernel
  /// does not report the file (before Linux 4.11, or without CAP_NET_ADMIN), the file that is at
  /// `path` now is assumed. (unix(7), SIOCUNIXFILE)
  SocketFile(int fd, std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Whether the path still leads to this file.
  [[nodiscard]] bool is_there() const noexcept;
  /// Gives the file an owner, a group and a mode. Meanwhile nobody has more rights than before or
  /// after. Does nothing if the path leads to another file by now.
  [[nodiscard]] Result<void> give(std::optional<uid_t> owner, std::optional<gid_t> group,
                                  mode_t mode) const;
  /// Removes the file, if the path still leads to it.
  void remove() noexcept;

 private:
  [[nodiscard]] bool is_ours(const struct stat& status) const noexcept;

  std::string path_;  // empty: none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace zinit
