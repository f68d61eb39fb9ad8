// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes the directory of notify sockets, and removes what killed instances of zinit left.
#include "io/notify_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "base/unix_address.hpp"
#include "io/datagram_socket.hpp"

namespace zinit {

namespace {

// Making a socket may fail because another zinit just removed the empty directory, or because the
// number is taken: by this zinit before a re-execution, or by a zinit with the same pid in another
// pid namespace.
constexpr int kAttempts = 4096;

/// The entries whose names are numbers; none if the directory cannot be read.
std::vector<std::string> numbers_in(const std::string& directory) {
  std::vector<std::string> names = names_in(directory);
  std::erase_if(names, [](const std::string& name) { return !parse_integer(name); });
  return names;
}

/// Whether `path` is a socket that no process has open. Calls lstat(2) first, because connect(2)
/// also fails with ECONNREFUSED if the file is no socket.
bool is_abandoned(const std::string& path) {
  struct stat there {};
  if (path.size() > kUnixPathMax) return false;
  if (::lstat(path.c_str(), &there) < 0 || !S_ISSOCK(there.st_mode)) return false;
  return try_datagram_socket(path) == ECONNREFUSED;
}

void remove_abandoned(const std::string& directory) {
  for (const std::string& name : numbers_in(directory)) {
    const std::string path = directory + "/" + name;
    if (is_abandoned(path)) ::unlink(path.c_str());
  }
}

}  // namespace

NotifyDirectory::NotifyDirectory(std::string shared)
    : shared_(std::move(shared)),
      own_(shared_.empty() ? "" : fmt::format("{}/{}", shared_, ::getpid())) {}

void NotifyDirectory::remove() noexcept {
  MutexLock lock(mutex_);
  if (!own_.empty()) ::rmdir(own_.c_str());  // may have been made before a re-execution
}

/// Makes the directory. The first call also removes what killed instances of zinit left.
Result<void> NotifyDirectory::make() {
  if (auto there = make_directories(own_, 0755); !there) return there;
  if (std::exchange(made_, true)) return {};
  for (const std::string& name : numbers_in(shared_)) {
    const std::string directory = shared_ + "/" + name;
    remove_abandoned(directory);
    if (directory != own_) ::rmdir(directory.c_str());  // fails unless it is empty
  }
  return {};
}

Result<NotifySocket> NotifyDirectory::add_socket(std::optional<uid_t> user) {
  if (own_.empty()) return sys_failure("make", "a notify socket", ENOENT);
  MutexLock lock(mutex_);
  for (int attempt = 0;; ++attempt) {
    if (auto there = make(); !there) return Failure(there.error());
    auto socket = NotifySocket::at_path(fmt::format("{}/{}", own_, ++last_), user);
    if (socket || attempt >= kAttempts) return socket;
    if (socket.error().errnum != EADDRINUSE && socket.error().errnum != ENOENT) return socket;
  }
}

}  // namespace zinit
