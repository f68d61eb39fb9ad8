// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Temporary files, renames and syncs.
#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "base/fd.hpp"
#include "base/low_numbers.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

/// The name of a temporary file beside `path` that no other process or call uses at the same time.
/// A crashed process with the same pid may have left such a file; O_EXCL and symlink(2) then fail.
std::string temporary_beside(const std::string& path) {
  static std::atomic<unsigned> counter = 0;
  return folder_of(path) + "/.zinit-" + std::to_string(::getpid()) + "-" +
         std::to_string(++counter) + ".new~";
}

/// A directory to sync after a change in it. Opened before the change, so that missing rights or
/// descriptors are noticed before anything has changed.
class SyncedDirectory {
 public:
  static Result<SyncedDirectory> open(const std::string& path) {
    SyncedDirectory directory(path);
    auto fd = open_fd(path.c_str(), O_RDONLY | O_DIRECTORY);
    // A directory may be writable and not readable; only the sync needs to read it.
    if (!fd && fd.error().errnum != EACCES) return Failure(fd.error());
    if (fd)
      directory.fd_ = std::move(*fd);
    else
      directory.unreadable_ = fd.error().text;
    return directory;
  }

  [[nodiscard]] Remark sync() const {
    if (!fd_) return remark(unreadable_);
    // File systems that cannot sync a directory (EINVAL) have nothing to make durable.
    if (::fsync(fd_.get()) == 0 || errno == EINVAL) return {};
    return remark(sys_failure("sync", path_).value().text);
  }

 private:
  explicit SyncedDirectory(std::string path) : path_(std::move(path)) {}

  static Remark remark(const std::string& why) { return "a loss of power may undo this: " + why; }

  std::string path_;
  std::string unreadable_;
  UniqueFd fd_;
};

/// Sets the owner before the mode, because fchown(2) clears set-user-ID and set-group-ID.
Result<void> give(int fd, const std::string& path, FileOwner owner) {
  const bool all = ::fchown(fd, owner.uid, owner.gid) == 0;
  const bool group = all || ::fchown(fd, static_cast<uid_t>(-1), owner.gid) == 0;
  if (!all) owner.mode &= 0777;
  if (!group) owner.mode = (owner.mode & 0707) | (owner.mode & 07) << 3;
  if (::fchmod(fd, owner.mode) < 0) return sys_failure("set the mode of", path);
  return {};
}

Result<void> write_temporary(const std::string& temporary, const UniqueFd& fd,
                             const std::string& path, std::string_view data,
                             const FileOwner& owner) {
  auto done = write_all(fd.get(), data, path);
  if (done) done = give(fd.get(), path, owner);
  if (done && ::fsync(fd.get()) < 0) done = sys_failure("sync", path);
  if (done && ::rename(temporary.c_str(), path.c_str()) < 0) done = sys_failure("replace", path);
  if (!done) ::unlink(temporary.c_str());
  return done;
}

}  // namespace

bool path_exists(const std::string& path) noexcept {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

mode_t type_at(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & S_IFMT : 0;
}

FileOwner owner_of(const struct stat& there) noexcept {
  return {there.st_mode & 07777, there.st_uid, there.st_gid};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool last = end == std::string::npos;
    if (::mkdir(part.c_str(), last ? mode : 0755) == 0) {
      // Makes the new directory's entry durable. A failure is not reported here: a function that
      // then puts a file into the new directory returns a Remark.
      if (const auto above = SyncedDirectory::open(folder_of(part))) (void)above->sync();
    } else if (errno != EEXIST) {
      return sys_failure("create directory", part);
    }
    if (last) return {};
  }
}

Result<Remark> replace_file(const std::string& path, std::string_view data,
                            const FileOwner& owner) {
  const auto directory = SyncedDirectory::open(folder_of(path));
  if (!directory) return Failure(directory.error());
  while (true) {
    const std::string temporary = temporary_beside(path);
    const auto fd =
        open_fd(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600).map(raised);
    if (!fd && fd.error().errnum == EEXIST) continue;
    if (!fd) return sys_failure("write", path, fd.error().errnum);
    if (auto done = write_temporary(temporary, *fd, path, data, owner); !done)
      return Failure(done.error());
    return directory->sync();
  }
}

Result<Remark> make_link(const std::string& target, const std::string& path, bool replace) {
  const auto directory = SyncedDirectory::open(folder_of(path));
  if (!directory) return Failure(directory.error());
  while (true) {
    const std::string made = replace ? temporary_beside(path) : path;
    if (::symlink(target.c_str(), made.c_str()) < 0) {
      if (replace && errno == EEXIST) continue;
      return sys_failure("make the link", path);
    }
    if (replace && ::rename(made.c_str(), path.c_str()) < 0) {
      auto failed = sys_failure("replace", path);
      ::unlink(made.c_str());
      return failed;
    }
    return directory->sync();
  }
}

Result<Remark> remove_file(const std::string& path) {
  const auto directory = SyncedDirectory::open(folder_of(path));
  if (!directory) return Failure(directory.error());
  if (::unlink(path.c_str()) < 0) return sys_failure("remove", path);
  return directory->sync();
}

}  // namespace zinit
