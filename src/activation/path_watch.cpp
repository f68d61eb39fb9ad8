// Watching paths by inotify. See path_watch.hpp.
#include "activation/path_watch.hpp"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/format.hpp"
#include "base/rooted.hpp"
#include "os/inotify.hpp"

namespace zinit {

namespace {

constexpr std::uint32_t kSelf = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD;
constexpr std::uint32_t kComes = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kGoes = IN_DELETE | IN_MOVED_FROM;

constexpr const char* kMissing = "-";
constexpr std::size_t kMostCreated = 64;  // of more at once, nobody asks whether they are open

struct FileSystem {
  long magic;
  const char* name;
};

// Of these the kernel tells what is done on this machine at most (statfs(2)).
constexpr std::array<FileSystem, 10> kUntold = {{{NFS_SUPER_MAGIC, "nfs"},
                                                 {CIFS_SUPER_MAGIC, "cifs"},
                                                 {SMB2_SUPER_MAGIC, "smb2"},
                                                 {FUSE_SUPER_MAGIC, "fuse"},
                                                 {V9FS_MAGIC, "9p"},
                                                 {CEPH_SUPER_MAGIC, "ceph"},
                                                 {AFS_SUPER_MAGIC, "afs"},
                                                 {PROC_SUPER_MAGIC, "proc"},
                                                 {SYSFS_MAGIC, "sysfs"},
                                                 {CGROUP2_SUPER_MAGIC, "cgroup2"}}};

std::string untold_words(const std::string& directory, const std::string& path) {
  struct statfs status {};
  if (::statfs(directory.c_str(), &status) < 0) return {};
  const auto found = std::ranges::find_if(kUntold, [&](const FileSystem& one) {
    return static_cast<std::uint32_t>(one.magic) == static_cast<std::uint32_t>(status.f_type);
  });
  if (found == kUntold.end()) return {};
  return fmt::format(
      "{} lies on a file system of type {}, of which the kernel does not tell all "
      "changes: they may start nothing",
      path, found->name);
}

bool has_entries(const std::string& path) {
  const UniqueDirectory directory(::opendir(path.c_str()));
  if (!directory) return false;
  while (const dirent* entry = ::readdir(directory.get()))
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) return true;
  return false;
}

/// What differs when a file was written, or is another.
std::string identity_of(const struct stat& status) {
  return fmt::format("{}:{}:{}:{}.{}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

/// Of a file that has just been made: whoever has made it writes to it as a rule, and closes it
/// then, of which an event tells. Of links and what is no file there is none.
bool still_open(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0) return true;  // of its end there is another event
  return S_ISREG(status.st_mode) && status.st_nlink == 1;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Without slashes at its end and double ones.
std::string cleaned(const std::string& path) {
  std::string clean;
  for (const char c : path)
    if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
  if (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

}  // namespace

Result<PathWatch> PathWatch::create() {
  UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) return sys_failure("watch", "paths");
  return PathWatch(std::move(fd));
}

PathWatch::Number PathWatch::add(PathKind kind, std::string path) {
  paths_.push_back({kind, cleaned(path)});
  return paths_.size() - 1;
}

// --- events ---

PathWatch::Touches PathWatch::read_events() {
  Touches touches;
  InotifyEvents events(fd_.get());
  while (const inotify_event* event = events.next()) {
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
      for (Number number = 0; number < paths_.size(); ++number) touches[number];
      continue;
    }
    const auto found = watched_.find(event->wd);
    if (found == watched_.end()) continue;
    const std::string_view name = InotifyEvents::name(*event);
    for (const Interest& interest : found->second)
      if (name.empty() || interest.name.empty() || interest.name == name)
        touch(touches, interest, name.empty() ? 0 : event->mask, name);
    // A directory that was moved is another path's from now on.
    if ((event->mask & IN_MOVE_SELF) != 0) (void)::inotify_rm_watch(fd_.get(), event->wd);
    if ((event->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0) watched_.erase(found);
  }
  return touches;
}

/// @param mask  0: the watched directory itself was moved or removed
void PathWatch::touch(Touches& touches, const Interest& interest, std::uint32_t mask,
                      std::string_view name) {
  Touch& touch = touches[interest.number];
  if (!interest.last) return;
  const bool file_made = (mask & (IN_CREATE | IN_ISDIR)) == IN_CREATE;
  touch.appeared = touch.appeared || (mask & kComes) != 0;
  if (file_made && touch.created.size() < kMostCreated)
    touch.created.emplace_back(interest.name.empty() ? name : "");
  else
    touch.written = touch.written || (mask & (kComes | kGoes | IN_CLOSE_WRITE)) != 0;
}

// --- looking ---

/// @return  0, or errno
int PathWatch::watch(const std::string& directory, std::uint32_t mask, Interest interest) {
  const int descriptor = ::inotify_add_watch(fd_.get(), directory.c_str(), mask);
  if (descriptor < 0) return errno;
  std::vector<Interest>& interests = watched_[descriptor];
  if (std::ranges::find(interests, interest) == interests.end())
    interests.push_back(std::move(interest));
  return 0;
}

void PathWatch::watch_parts(Number number, const std::string& path, int links,
                            std::string& warning) {
  const PathKind kind = paths_[number].kind;
  std::string directory = "/";
  while (true) {
    const std::size_t begin = directory == "/" ? 1 : directory.size() + 1;
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const bool last = end >= path.size();
    const std::string name =
        path.substr(std::min(begin, path.size()), end - std::min(begin, path.size()));
    const std::string next = path.substr(0, end);
    const auto watch_here = [&](std::uint32_t mask) {
      const int errnum = watch(directory, kSelf | mask, {number, name, last});
      if (errnum == ENOSPC || errnum == ENOMEM)
        warning = fmt::format("{} cannot be watched: {}{}", directory, errno_text(errnum),
                              errnum == ENOSPC ? "; raise fs.inotify.max_user_watches" : "");
      return errnum == 0;
    };
    const bool names_matter = last && kind != PathKind::directory_not_empty;
    const std::uint32_t writes = kind == PathKind::changed ? IN_CLOSE_WRITE : 0;
    if (!watch_here(names_matter ? kComes | kGoes | writes : 0)) return;
    struct stat status {};
    bool there = ::lstat(next.c_str(), &status) == 0;
    if (!names_matter && (!there || S_ISLNK(status.st_mode))) {
      if (!watch_here(kComes | kGoes)) return;
      there = ::lstat(next.c_str(), &status) == 0;  // it may have come meanwhile
    }
    if (!there) {
      if (warning.empty()) warning = untold_words(directory, path);
      return;
    }
    if (last) {
      if (warning.empty()) warning = untold_words(directory, path);
      const std::uint32_t inside = kind == PathKind::exists    ? 0
                                   : kind == PathKind::changed ? kComes | kGoes | IN_CLOSE_WRITE
                                                               : kComes;
      if (inside != 0) (void)watch(next, kSelf | inside, {number, {}, true});
      if (!S_ISLNK(status.st_mode) || links >= kMostLinks) return;
      std::array<char, PATH_MAX> target{};
      const ssize_t size = ::readlink(next.c_str(), target.data(), target.size());
      if (size <= 0) return;
      const std::string_view text(target.data(), static_cast<std::size_t>(size));
      const bool absolute = text.front() == '/';
      return watch_parts(
          number,
          cleaned(absolute ? std::string(text) : fmt::format("{}/{}", parent_of(next), text)),
          links + 1, warning);
    }
    directory = next;
  }
}

PathWatch::Found PathWatch::look(Number number, Touch touch, const std::string& before) {
  const Path& path = paths_[number];
  Found found;
  watch_parts(number, path.text, 0, found.warning);
  struct stat status {};
  const bool there = ::stat(path.text.c_str(), &status) == 0;
  const bool first = before.empty();
  switch (path.kind) {
    case PathKind::exists:
      found.state = there ? fmt::format("{}:{}", status.st_dev, status.st_ino) : kMissing;
      found.holds = there && (touch.appeared || found.state != before);
      break;
    case PathKind::changed:
      found.state = there ? identity_of(status) : kMissing;
      touch.written = touch.written || std::ranges::any_of(touch.created, [&](const auto& name) {
                        return !still_open(name.empty() ? path.text : path.text + "/" + name);
                      });
      found.holds = !first && (touch.written || (touch.created.empty() && found.state != before));
      if (!first && !touch.created.empty() && !found.holds) found.state = before;
      break;
    case PathKind::directory_not_empty:
      found.not_empty = there && S_ISDIR(status.st_mode) && has_entries(path.text);
      found.state = found.not_empty ? "+" : kMissing;
      found.holds = found.not_empty && (touch.appeared || found.state != before);
      break;
  }
  return found;
}

}  // namespace zinit
