// Directories of services: see directories.hpp.
#include "os/directories.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr mode_t kMode = 0755;

/// Rounds until a removal is given up. No tree is that deep by intention: somebody adds to it.
constexpr int kDeepest = 100000;

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// Opens the directory `name` in `at`, unless it is a symbolic link. On failure the result is
/// empty, with errno.
UniqueFd open_directory(int at, const char* name) {
  int fd;
  do fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return UniqueFd(fd);
}

/// Like open_directory(), but EXDEV if another mount begins there. Before Linux 5.6 it does not
/// notice a mount of the same file system.
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

/// Opens `place`, after making the missing directories on its path. Follows links, since the
/// administrator chooses that path.
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

/// Calls `visit` with the name of each entry except "." and "..". Names are not collected, since a
/// service may have left any number of them. Entries may be added and removed meanwhile; those
/// added may be seen or not.
/// @return false, with errno, if the directory cannot be read
template <class Visit>
bool each_entry(int directory, Visit visit) {
  UniqueFd copy = open_directory(directory, ".");  // a separate open file has its own position
  if (!copy) return false;
  const std::unique_ptr<DIR, CloseDirectory> stream(::fdopendir(copy.get()));
  if (!stream) return false;
  (void)copy.release();
  while (true) {
    errno = 0;
    const dirent* const entry = ::readdir(stream.get());
    if (entry == nullptr) return errno == 0;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(entry->d_name);
  }
}

/// Empties a tree without descending into it: directories that are two levels down and not empty
/// are moved up to the top. So depth does not matter, nor what others do to paths meanwhile: every
/// entry it touches lies in a directory that it holds open.
class Emptier {
 public:
  explicit Emptier(int top) : top_(top) {}

  /// Returns 0, or the errno of the first entry that could not be removed; the others are removed
  /// nevertheless. Another round removes what was moved up, and what readdir(3) skipped because the
  /// directory changed.
  int run() {
    changed_ = true;
    for (int round = 0; changed_; ++round) {
      if (round == kDeepest) return EBUSY;
      changed_ = false;
      const bool read = each_entry(top_, [this](const char* name) { remove(name); });
      if (!read) return errno;
    }
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

  /// Removes what is in the directory `name`, and moves directories in it that are not empty up to
  /// the top.
  void lift(const char* name) {
    const UniqueFd inner = open_in_mount(top_, name);
    bool changed = false;
    const bool read = inner && each_entry(inner.get(), [&](const char* each) {
                        if (::unlinkat(inner.get(), each, 0) == 0 ||
                            ::unlinkat(inner.get(), each, AT_REMOVEDIR) == 0) {
                          changed = true;
                        } else if (errno == ENOTEMPTY || errno == EEXIST) {
                          changed = move_up(inner.get(), each) || changed;
                        } else if (errno != ENOENT) {
                          note(errno);
                        }
                      });
    if (!read) return note(errno == EXDEV ? EBUSY : errno);
    if (::unlinkat(top_, name, AT_REMOVEDIR) == 0)
      changed = true;
    else if (!changed)
      note(errno);
    changed_ = changed_ || changed;
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

  const int top_;
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
    // mkdirat(2) has applied the umask.
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

Result<void> remove_service_directory(const std::string& place, const std::string& name) {
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
  if (const int fault = Emptier(top.get()).run(); fault != 0)
    return sys_failure("remove", object, fault);
  if (::unlinkat(at.get(), last.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
    return sys_failure("remove", object);
  return {};
}

}  // namespace zinit
