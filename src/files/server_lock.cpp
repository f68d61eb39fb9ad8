// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The lock for a set of service files: see server_lock.hpp.
#include "files/server_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "base/checksum.hpp"
#include "base/directory.hpp"
#include "base/environment.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "os/cgroup_tree.hpp"
#include "os/process.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr std::string_view kPrefix = "server-";
constexpr std::size_t kMostText = 65536;

// How often a server tries to lock its own file, and the pause between two tries.
constexpr int kTries = 20;
constexpr Milliseconds kPause{5};

/// The lines of the file: KEY=VALUE, and DIRECTORY= once for each directory.
constexpr std::string_view kDirectory = "DIRECTORY";
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

/// The path with symbolic links resolved, so that each directory has one name.
std::string real_path(const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) != nullptr ? real : path;
}

/// A path as a line of the file has it: a newline is written as NUL, which no path has.
std::string on_a_line(std::string path) {
  std::ranges::replace(path, '\n', '\0');
  return path;
}

std::string from_line(std::string_view line) {
  std::string path(line);
  std::ranges::replace(path, '\0', '\n');
  return path;
}

std::string directory_lines(const Places& places) {
  std::string lines;
  for (const ConfigDirectory& directory : places.directories)
    lines += fmt::format("{}={}\n", kDirectory, on_a_line(real_path(directory.path)));
  return lines;
}

std::string id_of(std::string text) {
  constexpr std::size_t word = sizeof(std::uint64_t);
  text.insert(0, word, '\0');  // the place of a checksum
  text.resize((text.size() + word - 1) / word * word);
  return fmt::format("{:016x}",
                     checksum_of(reinterpret_cast<const std::byte*>(text.data()), text.size()));
}

std::string lock_directory(const std::string& runtime) {
  return runtime.empty() ? fallback_runtime_dir(::geteuid()) : runtime + "/zinit";
}

/// An error if others may write to the directory.
Result<void> check_own(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0) return sys_failure("look at", path);
  if (S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 022) == 0)
    return {};
  return failure(fmt::format("cannot make a lock in {}: others may write to it", path));
}

/// Makes the directory of the files, and checks that nobody else may write to it.
Result<void> make_lock_directory(const std::string& path, bool in_tmp) {
  if (auto made = make_directories(path, in_tmp ? 0700 : 0755); !made) return made;
  return check_own(path);
}

/// Opens and locks the file; EWOULDBLOCK: another process holds the lock.
Result<UniqueFd> open_locked(const std::string& path, int flags) {
  while (true) {
    auto file = open_fd(path.c_str(), O_RDWR | O_NOFOLLOW | flags, 0600);
    if (!file) return file;
    struct stat status {};
    if (::flock(file->get(), LOCK_EX | LOCK_NB) < 0) return sys_failure("lock", path);
    if (::fstat(file->get(), &status) < 0) return sys_failure("look at", path);
    if (status.st_nlink > 0) return file;  // otherwise its server has just removed it
  }
}

ServerLock::Note read_note(const std::string& path) {
  ServerLock::Note note;
  const auto text = read_file(path.c_str(), kMostText);
  if (!text) return note;
  const auto lines = split(*text, '\n');
  const Environment entries(lines.begin(), lines.end());
  const auto value = [&](std::string_view key) {
    return std::string(value_of(entries, key).value_or(""));
  };
  // After a boot no process is left, so the note does not apply.
  const auto boot = read_file(kBootId, kMostText);
  if (boot && value("BOOT") != trim(*boot)) return note;
  note.pid = static_cast<pid_t>(parse_integer(value("PID")).value_or(0));
  note.socket = from_line(value("SOCKET"));
  note.cgroup = value("CGROUP");
  note.cgroup_id = static_cast<std::uint64_t>(parse_integer(value("CGROUP_ID")).value_or(0));
  return note;
}

/// Makes and locks the server's own file. Another server that starts may hold the lock for a moment
/// to look whether it is free.
Result<UniqueFd> lock_own(const std::string& path) {
  auto file = open_locked(path, O_CREAT);
  for (int tries = 1; !file && file.error().errnum == EWOULDBLOCK && tries < kTries; ++tries) {
    const pid_t holder = read_note(path).pid;
    if (holder > 0 && process_exists(holder)) break;
    ::usleep(kPause.count() * 1000);
    file = open_locked(path, O_CREAT);
  }
  return file;
}

/// Whether at least one directory that the file lists still exists.
bool has_directories(const std::string& path) {
  const auto text = read_file(path.c_str(), kMostText);
  if (!text) return true;
  const std::string begin = fmt::format("{}=", kDirectory);
  for (const std::string_view line : split(*text, '\n'))
    if (line.starts_with(begin) && path_exists(from_line(line.substr(begin.size())))) return true;
  return false;
}

/// The path of the journal that belongs to the lock `file`. Locks in other directories have other
/// numbers, also if they are for the same service files.
std::string journal_path(int file) {
  struct stat status {};
  if (::fstat(file, &status) < 0) return {};
  return fmt::format("/dev/shm/zinit-{}-{:x}-{}", ::geteuid(), status.st_dev, status.st_ino);
}

/// Whether a process has the file open. Looks at the names alone: the file systems of other open
/// files may not answer.
bool has_open(pid_t pid, const std::string& path) {
  const std::string folder = fmt::format("/proc/{}/fd/", pid);
  char target[PATH_MAX];
  return std::ranges::any_of(names_in(folder), [&](const std::string& number) {
    const auto size = ::readlink((folder + number).c_str(), target, sizeof target);
    return size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == path;
  });
}

/// The process of a killed server that still holds its lock, because it shares the descriptors of
/// the server (state/disposal.hpp). 0: there is none.
pid_t left_holder(const std::string& path) {
  const auto all = all_processes();
  if (!all) return 0;
  for (const ProcessStat& process : *all)
    if (process.comm == kDisposalName && has_open(process.pid, path)) return process.pid;
  return 0;
}

/// The error for a lock that another server holds, or a killed one has left behind.
Error in_use(const std::string& path) {
  const ServerLock::Note living = read_note(path);
  const std::string real = real_path(path);
  const pid_t left = living.pid == 0 || has_open(living.pid, real) ? 0 : left_holder(real);
  if (left != 0)
    return {fmt::format("cannot start: the server with pid {} was killed, but its process {} holds "
                        "the lock, and waits for a file system that does not answer. Repair this "
                        "file system, or unmount it by `umount -f`",
                        living.pid, left),
            EADDRINUSE};
  if (living.pid == 0)
    return {
        "cannot start beside another server that is being started with the same service "
        "files; wait until `zinitctl ping` answers, or start this one with --new-instance",
        EADDRINUSE};
  const std::string socket = printable(living.socket);
  return {
      fmt::format("cannot start beside another server, pid {}, which runs the same service files "
                  "and answers at {}: each service would run twice. Use `zinitctl --socket {}` "
                  "for the other server, or start this one with --new-instance",
                  living.pid, socket, socket),
      EADDRINUSE};
}

/// The lock of a living server of this user that runs the same files, but not in `directory`, where
/// the lock `path` is: one of the two was started without the XDG_RUNTIME_DIR of a login session.
std::optional<std::string> lock_elsewhere(const std::string& directory, const std::string& path) {
  if (::geteuid() == 0) return std::nullopt;  // root's servers do not look at the variable
  for (const std::string& runtime : {std::string(), session_runtime_dir(::geteuid())}) {
    const std::string other = lock_directory(runtime);
    if (other == directory || !check_own(other)) continue;
    std::string lock = fmt::format("{}/{}", other, last_part(path));
    const auto opened = open_locked(lock, 0);
    if (!opened && opened.error().errnum == EWOULDBLOCK) return lock;
  }
  return std::nullopt;
}

/// Removes files of killed servers that cannot have a successor.
void remove_orphaned(const std::string& directory) {
  for (const std::string& name : names_in(directory)) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string path = directory + "/" + name;
    if (const auto locked = open_locked(path, 0); locked && !has_directories(path)) {
      ::unlink(journal_path(locked->get()).c_str());
      ::unlink(path.c_str());
    }
  }
}

}  // namespace

ServerLock::ServerLock(const Places& places, const std::string& directory)
    : directories_(directory_lines(places)),
      id_(id_of(directories_)),
      path_(fmt::format("{}/{}{}", directory, kPrefix, id_)) {}

Result<ServerLock> ServerLock::take(const Places& places) {
  const std::string directory = lock_directory(places.services.runtime);
  ServerLock lock(places, directory);
  lock.made_directory_ = !path_exists(directory);
  if (auto made = make_lock_directory(directory, places.services.runtime.empty()); !made)
    return Failure(made.error());
  auto file = lock_own(lock.path_);
  if (!file) return Failure(file.error().errnum == EWOULDBLOCK ? in_use(lock.path_) : file.error());
  // With the own lock held: of two servers that start at once, one at least sees the other.
  if (const auto living = lock_elsewhere(directory, lock.path_)) {
    if (read_note(lock.path_).pid == 0) ::unlink(lock.path_.c_str());
    return Failure(in_use(*living));
  }
  lock.before_ = read_note(lock.path_);
  const std::uint64_t id = cgroup_id(lock.before_.cgroup);
  if (id != 0 && lock.before_.cgroup_id != 0 && id != lock.before_.cgroup_id) lock.before_ = {};
  lock.file_ = KeptFd(std::move(*file), {KeptKind::server_lock});
  remove_orphaned(directory);
  return lock;
}

ServerLock ServerLock::take_over(KeptFd file, const Places& places) {
  if (!file) return {};
  ServerLock lock(places, lock_directory(places.services.runtime));
  lock.file_ = std::move(file);
  return lock;
}

std::string ServerLock::journal() const {
  return held() ? journal_path(file_.get()) : std::string();
}

Result<void> ServerLock::note(const Note& own) {
  const std::string boot = read_file(kBootId, kMostText).value_or("");
  const std::string text =
      fmt::format("PID={}\nSOCKET={}\nCGROUP={}\nCGROUP_ID={}\nBOOT={}\n{}", own.pid,
                  on_a_line(own.socket), own.cgroup, own.cgroup_id, trim(boot), directories_);
  // In this order, because the server may be killed in between: after an empty note, the next
  // server would start every service a second time.
  const ssize_t written = ::pwrite(file_.get(), text.data(), text.size(), 0);
  if (written < 0) return sys_failure("write", path_);
  if (static_cast<std::size_t>(written) < text.size()) return sys_failure("write", path_, ENOSPC);
  kill_point("lock.note");
  if (::ftruncate(file_.get(), written) < 0) return sys_failure("write", path_);
  return {};
}

void ServerLock::remove() noexcept {
  if (!file_ || path_.empty()) return;
  ::unlink(journal().c_str());
  ::unlink(path_.c_str());
  file_.reset();
  if (made_directory_) ::rmdir(folder_of(path_).c_str());  // if it is empty
}

}  // namespace zinit
