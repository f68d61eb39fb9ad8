// Temporaries, renames and syncs.
#include "base/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "base/fd.hpp"

namespace zinit {

namespace {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// A name beside `path` that nobody else is about to take: of this process and this call. What a
/// crash has left of another process with this number is passed over by O_EXCL and symlink(2).
std::string temporary_beside(const std::string& path) {
  static std::atomic<unsigned> counter = 0;
  return directory_of(path) + "/.zinit-" + std::to_string(::getpid()) + "-" +
         std::to_string(++counter) + ".new~";
}

/// Opened before the change, so that what may be wanting is found out before.
class SyncedDirectory {
 public:
  static Result<SyncedDirectory> open(const std::string& path) {
    SyncedDirectory directory(path);
    auto fd = open_fd(path.c_str(), O_RDONLY | O_DIRECTORY);
    // Who may write there need not be able to read it, which only the sync takes.
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

  static Remark remark(const std::string& why) {
    return "this may not outlast a loss of power: " + why;
  }

  std::string path_;
  std::string unreadable_;
  UniqueFd fd_;
};

/// Owner first: a change of it takes set-user-ID and set-group-ID out of the mode.
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

FileOwner owner_of(const struct stat& there) noexcept {
  return {there.st_mode & 07777, there.st_uid, there.st_gid};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool last = end == std::string::npos;
    if (::mkdir(part.c_str(), last ? mode : 0755) == 0) {
      // Its own entry is no part of what a sync inside of it makes durable. That it may be lost is
      // told by whoever puts something there.
      if (const auto above = SyncedDirectory::open(directory_of(part))) (void)above->sync();
    } else if (errno != EEXIST) {
      return sys_failure("create directory", part);
    }
    if (last) return {};
  }
}

Result<Remark> replace_file(const std::string& path, std::string_view data,
                            const FileOwner& owner) {
  const auto directory = SyncedDirectory::open(directory_of(path));
  if (!directory) return Failure(directory.error());
  while (true) {
    const std::string temporary = temporary_beside(path);
    const auto fd = open_fd(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (!fd && fd.error().errnum == EEXIST) continue;
    if (!fd) return sys_failure("write", path, fd.error().errnum);
    if (auto done = write_temporary(temporary, *fd, path, data, owner); !done)
      return Failure(done.error());
    return directory->sync();
  }
}

Result<Remark> make_link(const std::string& target, const std::string& path, bool replace) {
  const auto directory = SyncedDirectory::open(directory_of(path));
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
  const auto directory = SyncedDirectory::open(directory_of(path));
  if (!directory) return Failure(directory.error());
  if (::unlink(path.c_str()) < 0) return sys_failure("remove", path);
  return directory->sync();
}

}  // namespace zinit
