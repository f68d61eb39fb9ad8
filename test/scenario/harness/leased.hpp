// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Launches that hang.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "scenario/harness.hpp"

namespace zinit::test {

/// A copy of /bin/sleep. While this lives, execve(2) of the copy waits, at most as long as the
/// kernel lets a lease be kept: 45 s (fcntl(2), F_SETLEASE).
class Leased {
 public:
  explicit Leased(const std::string& path)
      : fd_((std::filesystem::copy_file("/bin/sleep", path),
             ::open(path.c_str(), O_RDONLY | O_CLOEXEC))) {
    REQUIRE(::fcntl(fd_, F_SETSIG, SIGWINCH) == 0);  // a signal without effect
    REQUIRE(::fcntl(fd_, F_SETLEASE, F_WRLCK) == 0);
  }
  ~Leased() { ::close(fd_); }
  Leased(const Leased&) = delete;
  Leased& operator=(const Leased&) = delete;

  /// Whether a process waits in execve(2).
  [[nodiscard]] bool wanted() const { return ::fcntl(fd_, F_GETLEASE) != F_WRLCK; }

 private:
  const int fd_;
};

}  // namespace zinit::test
