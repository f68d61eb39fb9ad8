// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Watches paths by inotify. See path_watch.hpp.
#include "activation/path_watch.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/directory.hpp"
#include "base/format.hpp"
#include "base/rooted.hpp"
#include "os/inotify.hpp"

namespace zinit {

namespace {

constexpr std::uint32_t kSelf = IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD;
constexpr std::uint32_t kComes = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kNames = kComes | IN_DELETE | IN_MOVED_FROM;

constexpr int kMostTries = 16;  // in case directories come and go during a look

constexpr const char* kMissing = "-";
constexpr std::size_t kMostCreated = 64;  // more new files are not checked for an open writer

struct FileSystem {
  long magic;
  const char* name;
};

// On these the kernel reports at most the changes made on this machine. (statfs(2))
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
      "{} is on a file system of type {}: the kernel does not report all changes there, so a "
      "change may start nothing",
      path, found->name);
}

/// Whether the failure of a system call says what is there. After any other one, as for a lack of
/// memory or an error of the disk, zinit looks again.
bool is_answer(int errnum) {
  return errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES || errnum == ELOOP ||
         errnum == ENAMETOOLONG;
}

/// @param lacks  set if the directory cannot be read for now
bool has_entries(const std::string& path, bool& lacks) {
  Directory directory(path);
  if (directory.next() != nullptr) return true;
  lacks = directory ? errno != 0 : !is_answer(errno);
  return false;
}

/// Changes when the file is written or replaced.
std::string identity_of(const struct stat& status) {
  return fmt::format("{}:{}:{}:{}.{}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

/// For a file that was just made: its maker usually writes and then closes it, and an event reports
/// the close. There is no such event for links and for anything that is no regular file.
bool still_open(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0) return true;  // another event reports its removal
  return S_ISREG(status.st_mode) && status.st_nlink == 1;
}

/// Removes double slashes and slashes at the end.
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

void PathWatch::Touch::add(const Touch& more) {
  appeared = appeared || more.appeared;
  written = written || more.written;
  created.insert(created.end(), more.created.begin(), more.created.end());
}

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
    for (const Interest& interest : found->second.interests)
      if (name.empty() ||
          ((interest.name.empty() || interest.name == name) && (interest.mask & event->mask) != 0))
        touch(touches, interest, name.empty() ? 0 : event->mask, name);
    // A directory that was moved belongs to another path now.
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
    touch.written = touch.written || (mask & (kNames | IN_CLOSE_WRITE)) != 0;
}

// --- looking ---

/// @return  0, or errno
int PathWatch::watch(const std::string& directory, std::uint32_t mask, Number number,
                     std::string name, bool last) {
  const int descriptor = ::inotify_add_watch(fd_.get(), directory.c_str(), kSelf | mask);
  if (descriptor < 0) return errno;
  Watched& watched = watched_[descriptor];
  watched.directory = directory;
  watched.mask |= mask;
  const auto same = std::ranges::find_if(watched.interests, [&](const Interest& one) {
    return one.number == number && one.name == name && one.last == last;
  });
  if (same != watched.interests.end()) {
    same->mask |= mask;
    return 0;
  }
  watched.interests.push_back({number, std::move(name), last, mask});
  paths_[number].watches.insert(descriptor);
  return 0;
}

/// Watches each directory on the way to a path, and follows links.
/// @return  false if a directory vanished meanwhile: only a new pass watches its parent again
bool PathWatch::watch_way(Number number, Found& result) {
  std::string& warning = result.warning;
  const PathKind kind = paths_[number].kind;
  const std::string& path = paths_[number].text;
  std::string directory;  // empty: the root
  std::string rest = path.substr(1);
  int links = 0;
  const auto refused = [&](const std::string& where, int errnum) {
    if (errnum == ENOENT || errnum == ENOTDIR) return false;
    result.lacks = !is_answer(errnum);
    warning = fmt::format("{} cannot be watched: {}{}", where, errno_text(errnum),
                          errnum == ENOSPC ? "; raise fs.inotify.max_user_watches" : "");
    return true;
  };
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const bool last = slash == std::string::npos;
    const std::string name = rest.substr(0, slash);
    const std::string here = directory.empty() ? "/" : directory;
    const std::string next = directory + "/" + name;
    const bool names_matter = last && kind != PathKind::directory_not_empty;
    const std::uint32_t writes = kind == PathKind::changed ? IN_CLOSE_WRITE : 0;
    int errnum = watch(here, names_matter ? kNames | writes : 0, number, name, last);
    if (errnum != 0) return refused(here, errnum);
    struct stat status {};
    const auto there = [&] { return ::lstat(next.c_str(), &status) == 0; };
    const auto leads_on = [&] { return last || S_ISDIR(status.st_mode); };
    bool found = there();
    // A missing entry, a link, or a file on the way may be replaced: watch the name of it.
    if (!names_matter && (!found || !leads_on() || S_ISLNK(status.st_mode))) {
      errnum = watch(here, kNames, number, name, last);
      if (errnum != 0) return refused(here, errnum);
      found = there();
    }
    const bool link = found && S_ISLNK(status.st_mode);
    if (!found && errno != ENOENT && errno != ENOTDIR) return refused(next, errno);
    if (warning.empty() && (last || !found)) warning = untold_words(here, path);
    if (!found || (!link && !leads_on()) || (link && ++links > kMostLinks)) return true;
    rest = last ? "" : rest.substr(slash + 1);
    if (!link) {
      directory = next;
      continue;
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlink(next.c_str(), target.data(), target.size());
    if (size <= 0) return false;
    rest = cleaned(fmt::format(
        "{}/{}", std::string_view(target.data(), static_cast<std::size_t>(size)), rest));
    if (rest.front() != '/') continue;
    directory.clear();
    rest.erase(0, 1);
  }
  if (kind == PathKind::exists) return true;
  const std::uint32_t inside = kind == PathKind::changed ? kNames | IN_CLOSE_WRITE : kComes;
  const std::string itself = directory.empty() ? "/" : directory;
  const int errnum = watch(itself, inside, number, {}, true);
  return errnum == 0 || errnum == ENOTDIR || refused(itself, errnum);
}

/// Watches the directories on the way to a path as it is now, and drops the watches of an old way.
void PathWatch::watch_anew(Number number, Found& found) {
  const std::set<int> before = std::exchange(paths_[number].watches, {});
  for (const int descriptor : before)
    if (const auto known = watched_.find(descriptor); known != watched_.end())
      std::erase_if(known->second.interests,
                    [number](const Interest& one) { return one.number == number; });
  for (int tries = 0; tries < kMostTries && !watch_way(number, found); ++tries) continue;
  for (const int descriptor : before) narrow(descriptor);
  for (const int descriptor : paths_[number].watches) narrow(descriptor);
}

/// Removes a watch without interests, and asks for no more events than the interests need. Files
/// that come and go in these directories then do not wake zinit.
void PathWatch::narrow(int descriptor) {
  const auto found = watched_.find(descriptor);
  if (found == watched_.end()) return;
  Watched& watched = found->second;
  std::uint32_t needed = 0;
  for (const Interest& one : watched.interests) needed |= one.mask;
  if (watched.interests.empty()) {
    (void)::inotify_rm_watch(fd_.get(), descriptor);
    watched_.erase(found);
  } else if (needed != watched.mask) {
    watched.mask = needed;
    const std::uint32_t mask = (kSelf & ~std::uint32_t{IN_MASK_ADD}) | needed;
    const int now = ::inotify_add_watch(fd_.get(), watched.directory.c_str(), mask);
    if (now < 0 || now == descriptor) return;
    // Another directory has this name by now, and an event will report the change.
    if (const auto other = watched_.find(now); other == watched_.end())
      (void)::inotify_rm_watch(fd_.get(), now);
    else
      (void)::inotify_add_watch(fd_.get(), watched.directory.c_str(), kSelf | other->second.mask);
  }
}

PathWatch::Found PathWatch::look(Number number, Touches& touches, const std::string& before) {
  Found found;
  for (int tries = 0; tries < kMostTries; ++tries) {
    found = compare(number, touches[number], before);
    const Touches meanwhile = read_events();
    for (const auto& [other, touch] : meanwhile) touches[other].add(touch);
    if (meanwhile.contains(number)) continue;  // a change before or after the comparison
    touches.erase(number);
    break;
  }
  return found;
}

PathWatch::Found PathWatch::compare(Number number, Touch touch, const std::string& before) {
  const Path& path = paths_[number];
  Found found;
  watch_anew(number, found);
  struct stat status {};
  const bool there = found.there = ::stat(path.text.c_str(), &status) == 0;
  if (!there && !is_answer(errno)) {
    found.lacks = found.not_known = true;
    found.state = before;
    return found;
  }
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
      found.not_empty = there && S_ISDIR(status.st_mode) && has_entries(path.text, found.not_known);
      if (found.not_known) {
        found.lacks = true;
        found.state = before;
        break;
      }
      found.state = found.not_empty ? "+" : kMissing;
      found.holds = found.not_empty && (touch.appeared || found.state != before);
      break;
  }
  return found;
}

}  // namespace zinit
