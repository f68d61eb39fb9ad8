// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes and removes directories of services. See directories.hpp.
#include "os/directories.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/function_ref.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr mode_t kMode = 0755;

/// Opens the directory `name` in `at`, unless it is a symbolic link. If this fails, the result is
/// empty, with errno.
UniqueFd open_directory(int at, const char* name) {
  return open_at(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/// Like open_directory(), but fails with EXDEV if another mount begins there. Before Linux 5.6 it
/// does not notice a mount of the same file system.
UniqueFd open_in_mount(int at, const char* name) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, at, name, &how, sizeof how);
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return UniqueFd(static_cast<int>(fd));
  UniqueFd opened = open_directory(at, name);
  struct stat above {};
  struct stat below {};
  if (!opened || (::fstat(at, &above) == 0 && ::fstat(opened.get(), &below) == 0 &&
                  above.st_dev == below.st_dev)) {
    return opened;
  }
  opened.reset();
  errno = EXDEV;
  return opened;
}

/// Makes the missing directories on the path of `place`, and opens `place`. Follows links, because
/// the administrator chooses this path.
UniqueFd open_place(const std::string& place, mode_t mode) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  int fd = ::open(place.c_str(), flags);
  if (fd >= 0 || errno != ENOENT) return UniqueFd(fd);
  for (std::size_t end = place.find('/', 1);; end = place.find('/', end + 1)) {
    if (::mkdir(place.substr(0, end).c_str(), mode) < 0 && errno != EEXIST) return UniqueFd();
    if (end == std::string::npos) break;
  }
  return UniqueFd(::open(place.c_str(), flags));
}

/// Calls `visit` with the name of each entry until `visit` returns false. Does not collect the
/// names, because a service may have left any number of entries. Entries that are added meanwhile
/// may be visited or not.
/// @return false, with errno, if the directory cannot be read
bool each_entry(int directory, FunctionRef<bool(const char* name)> visit) {
  Directory copy(open_directory(directory, "."));  // a separate open file has its own position
  while (const dirent* const entry = copy.next())
    if (!visit(entry->d_name)) return true;
  return copy && errno == 0;
}

/// Takes a directory from its owner while it is emptied, so that the owner's processes cannot add
/// to it. This stops even processes that have it open or work in it, because the kernel checks
/// owner and mode for each new entry (path_resolution(7)). If zinit may not do this, or runs as the
/// same user, only the time limit ends the removal.
class Taken {
 public:
  explicit Taken(int fd) : fd_(fd), known_(::fstat(fd, &before_) == 0) {
    if (!known_) return;
    (void)!::fchown(fd_, ::geteuid(), ::getegid());
    (void)!::fchmod(fd_, 0700);
  }

  /// For a directory that stays.
  void give_back() const {
    if (!known_) return;
    (void)!::fchmod(fd_, before_.st_mode & 07777);
    (void)!::fchown(fd_, before_.st_uid, before_.st_gid);
  }
  [[nodiscard]] uid_t owner() const { return before_.st_uid; }

 private:
  int fd_;
  struct stat before_ {};
  bool known_;
};

/// Empties a tree without descending into it: a directory two levels down that is not empty is
/// moved up to the top. So depth does not matter, and neither does what others do to paths
/// meanwhile: every entry that zinit touches lies in a directory that it holds open. Each directory
/// is taken over before it is read. From then on it only loses entries, except those that are moved
/// up. So the work ends, unless somebody makes directories below unreached ones faster than they
/// are reached; then the time limit ends it.
class Emptier {
 public:
  Emptier(int top, TimePoint deadline) : top_(top), deadline_(deadline) {}

  /// Returns 0, or the errno of the first entry that could not be removed; the other entries are
  /// removed nevertheless. ETIMEDOUT: the time did not suffice. Another round removes what was
  /// moved up, and what readdir(3) skipped because the directory changed.
  int run() {
    do {
      changed_ = false;
      const bool read = each_entry(top_, [this](const char* name) {
        remove(name);
        return in_time();
      });
      if (!read) return errno;
      if (!in_time()) return ETIMEDOUT;
    } while (changed_);
    return fault_;
  }

 private:
  void remove(const char* name) {
    if (::unlinkat(top_, name, 0) == 0) {
      changed_ = true;
    } else if (errno == EISDIR || errno == EPERM) {
      if (::unlinkat(top_, name, AT_REMOVEDIR) == 0)
        changed_ = true;
      else if (errno == ENOTEMPTY || errno == EEXIST)
        lift(name);
      else
        note(errno);
    } else if (errno != ENOENT) {
      note(errno);
    }
  }

  /// Removes the entries of the directory `name`. Directories in it that are not empty are moved up
  /// to the top.
  void lift(const char* name) {
    const UniqueFd inner = open_in_mount(top_, name);
    if (!inner) return note(errno == EXDEV ? EBUSY : errno);
    const Taken taken(inner.get());
    bool changed = false;
    bool stays = false;
    const bool read = each_entry(inner.get(), [&](const char* each) {
      if (::unlinkat(inner.get(), each, 0) == 0 ||
          ::unlinkat(inner.get(), each, AT_REMOVEDIR) == 0) {
        changed = true;
      } else if (errno == ENOTEMPTY || errno == EEXIST) {
        const bool moved = move_up(inner.get(), each);
        changed = changed || moved;
        stays = stays || !moved;
      } else if (errno != ENOENT) {
        note(errno);
        stays = true;
      }
      return in_time();
    });
    if (!read) note(errno);
    const bool removed = ::unlinkat(top_, name, AT_REMOVEDIR) == 0;
    if (!removed && !changed) note(errno);
    if (!removed && (stays || !read || !in_time())) taken.give_back();
    changed_ = changed_ || changed || removed;
  }

  bool move_up(int from, const char* name) {
    for (int tries = 0; tries < 1000; ++tries) {
      const std::string to = fmt::format(".zinit-{}", ++number_);
      if (::renameat(from, name, top_, to.c_str()) == 0) return true;
      if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) break;
    }
    note(errno == EXDEV ? EBUSY : errno);
    return false;
  }

  void note(int errnum) {
    if (fault_ == 0) fault_ = errnum;
  }

  [[nodiscard]] bool in_time() const { return Clock::now() < deadline_; }

  const int top_;
  const TimePoint deadline_;
  bool changed_ = false;  // in this round
  std::uint64_t number_ = 0;
  int fault_ = 0;
};

}  // namespace

bool any_related(std::span<const std::string> some, std::span<const std::string> others) {
  const auto within = [](const std::string& inner, const std::string& outer) {
    return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
  };
  return std::ranges::any_of(some, [&](const std::string& one) {
    return std::ranges::any_of(
        others, [&](const std::string& other) { return within(one, other) || within(other, one); });
  });
}

Result<void> make_service_directory(const std::string& place, const std::string& name, uid_t uid,
                                    gid_t gid, mode_t place_mode) {
  const std::string object = fmt::format("the directory {}/{}", place, name);
  UniqueFd at = open_place(place, place_mode);
  const auto parts = split(name, '/');
  for (std::size_t i = 0; at && i < parts.size(); ++i) {
    const std::string part(parts[i]);
    const bool made = ::mkdirat(at.get(), part.c_str(), kMode) == 0;
    if (!made && errno != EEXIST) return sys_failure("make", object);
    at = open_directory(at.get(), part.c_str());
    // mkdirat(2) applied the umask.
    if (at && made && ::fchmod(at.get(), kMode) < 0) return sys_failure("make", object);
  }
  struct stat status {};
  if (!at || ::fstat(at.get(), &status) < 0) return sys_failure("make", object);
  const bool owned = status.st_uid == uid && status.st_gid == gid;
  if (!owned && ::fchown(at.get(), uid, gid) < 0) {
    return sys_failure("change", "the owner of " + object);
  }
  return {};
}

Result<void> remove_service_directory(const std::string& place, const std::string& name,
                                      Milliseconds limit) {
  const std::string object = fmt::format("the directory {}/{}", place, name);
  UniqueFd at(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto slash = name.rfind('/');
  const std::string last = slash == std::string::npos ? name : name.substr(slash + 1);
  if (slash != std::string::npos) {
    for (const std::string_view part : split(std::string_view(name).substr(0, slash), '/')) {
      if (at) at = open_directory(at.get(), std::string(part).c_str());
    }
  }
  const UniqueFd top = at ? open_in_mount(at.get(), last.c_str()) : UniqueFd();
  if (!top) {
    if (errno == ENOENT) return {};
    return sys_failure("remove", object, errno == EXDEV ? EBUSY : errno);
  }
  const Taken taken(top.get());
  const int fault = Emptier(top.get(), after(Clock::now(), limit)).run();
  if (::unlinkat(at.get(), last.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  const int why = fault != 0 ? fault : errno;
  taken.give_back();
  if (why != ETIMEDOUT) return sys_failure("remove", object, why);
  return Failure(Error{
      fmt::format(
          "cannot remove {} within {}: processes of uid {} may still add files to it; end them",
          object, duration_text(limit.count()), taken.owner()),
      EBUSY});
}

Result<void> empty_directory(int fd, Milliseconds limit) {
  const int fault = Emptier(fd, after(Clock::now(), limit)).run();
  if (fault != 0) return sys_failure("remove", "all files", fault);
  return {};
}

}  // namespace zinit
