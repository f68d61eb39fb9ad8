// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Mounts what is missing, reads what is mounted, moves to another root. See mount.hpp.
#include "os/mount.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.hpp"
#include "base/lists.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "os/directories.hpp"
#include "os/statx.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMountTableMax = std::size_t{16} * 1024 * 1024;

// Fields of a line of mountinfo before the optional fields, which a "-" ends.
constexpr int kBeforeOptional = 6;

struct Link {
  const char* name;
  const char* target;
};

constexpr std::array kDeviceLinks = {
    Link{"fd", "/proc/self/fd"},
    Link{"stdin", "/proc/self/fd/0"},
    Link{"stdout", "/proc/self/fd/1"},
    Link{"stderr", "/proc/self/fd/2"},
};

/// Never unmounted: zinit or its last child processes need them.
constexpr std::array<std::string_view, 5> kKept = {"/", "/proc", "/sys", "/dev", "/run"};
/// Mounts below these stay too: they hold no data that could be lost.
constexpr std::array<std::string_view, 3> kKeptWhole = {"/proc/", "/sys/", "/dev/"};

bool kept(const std::string& target) {
  return contains(kKept, target) ||
         std::any_of(kKeptWhole.begin(), kKeptWhole.end(),
                     [&](std::string_view whole) { return target.starts_with(whole); });
}

// --- another root ---

/// Time to delete the files of an initramfs.
constexpr Milliseconds kForOldFiles{10'000};

/// Moves mounts to a new root. The destructor moves them back, unless keep() is called.
class Carried {
 public:
  explicit Carried(std::string root) : root_(std::move(root)) {
    for (const char* const from : kCarriedMounts) {
      if (!is_mounted(from)) continue;
      if (const auto moved = carry(from))
        moved_.push_back(from);
      else
        log_warn("{}; it stays in the old root", moved.error().text);
    }
  }
  ~Carried() {
    for (auto from = moved_.rbegin(); from != moved_.rend(); ++from)
      if (::mount((root_ + *from).c_str(), *from, nullptr, MS_MOVE, nullptr) < 0)
        log_error("{}", sys_failure("move back", *from).value().text);
  }
  Carried& operator=(Carried&&) = delete;

  void keep() noexcept { moved_.clear(); }

 private:
  Result<void> carry(const char* from) const {
    const std::string to = root_ + from;
    if (::mkdir(to.c_str(), 0755) < 0 && errno != EEXIST) return sys_failure("make", to);
    struct stat status {};
    if (::lstat(to.c_str(), &status) < 0) return sys_failure("find", to);
    // A link would lead to a place below the old root.
    if (!S_ISDIR(status.st_mode)) return sys_failure("mount on", to, ENOTDIR);
    if (::mount(from, to.c_str(), nullptr, MS_MOVE, nullptr) < 0) return sys_failure("move", from);
    return {};
  }

  const std::string root_;
  std::vector<const char*> moved_;
};

/// Detaches each of `mounts` that stayed in the directory `old`, newest first.
void detach_rest(int old, const std::vector<Mount>& mounts, const std::string& root) {
  if (::fchdir(old) < 0)
    return log_warn("{}", sys_failure("change to", "the old root").value().text);
  for (const std::string& target : unmount_order(mounts)) {
    if (target == root || lies_below(target, root) || kept(target)) continue;
    const std::string there = "." + target;
    if (::umount2(there.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
      log_info("detached {}: it is not moved to the new root", target);
    else if (errno != EINVAL && errno != ENOENT)
      log_warn("{}", sys_failure("detach", target).value().text);
  }
  (void)!::chdir("/");
}

bool in_memory(int directory) {
  struct statfs system {};
  return ::fstatfs(directory, &system) == 0 &&
         (system.f_type == RAMFS_MAGIC || system.f_type == TMPFS_MAGIC);
}

}  // namespace

bool is_mounted(const std::string& path) noexcept {
  struct statx status {};
  if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &status) < 0)
    return false;
  if ((status.stx_attributes_mask & kIsMountRoot) != 0)
    return (status.stx_attributes & kIsMountRoot) != 0;
  // Before Linux 5.8: a mounted file system has another device than the directory above it.
  struct stat here {
  }, above{};
  if (::stat(path.c_str(), &here) < 0 || ::stat((path + "/..").c_str(), &above) < 0) return false;
  return here.st_dev != above.st_dev || here.st_ino == above.st_ino;
}

Result<bool> mount_if_missing(const MountRow& row) {
  if (is_mounted(row.target)) return false;
  if (::mkdir(row.target, 0755) < 0 && errno != EEXIST) return sys_failure("make", row.target);
  if (::mount(row.source, row.target, row.type, row.flags, row.options) < 0)
    return sys_failure("mount", row.target);
  return true;
}

std::vector<Error> make_device_links(const std::string& dev) {
  std::vector<Error> faults;
  for (const Link& link : kDeviceLinks) {
    const std::string path = dev + "/" + link.name;
    if (::symlink(link.target, path.c_str()) < 0 && errno != EEXIST)
      faults.push_back(sys_failure("make", path).value());
  }
  return faults;
}

Result<void> enter_root(const std::string& root) {
  const auto old = open_fd("/", O_RDONLY | O_DIRECTORY);
  if (!old) return Failure(old.error());
  const auto mounts = read_mounts();
  if (!mounts) return Failure(mounts.error());
  // A mount below a mount that other mount namespaces share cannot be moved.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0)
    return sys_failure("make private", "all mounts");
  Carried carried(root);
  if (::chdir(root.c_str()) < 0) return sys_failure("change to", root);
  if (::mount(".", "/", nullptr, MS_MOVE, nullptr) < 0) {
    auto fault = sys_failure("move the root to", root);
    (void)!::chdir("/");
    return fault;
  }
  carried.keep();
  if (::chroot(".") < 0 || ::chdir("/") < 0) return sys_failure("change the root to", root);
  detach_rest(old->get(), *mounts, root);
  if (in_memory(old->get()))
    if (const auto emptied = empty_directory(old->get(), kForOldFiles); !emptied)
      log_warn("the old root: {}", emptied.error().text);
  return {};
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7' ? text[at] - '0' : -1;
    };
    const int high = digit(i + 1), middle = digit(i + 2), low = digit(i + 3);
    if (text[i] == '\\' && high >= 0 && middle >= 0 && low >= 0) {
      plain += static_cast<char>(high * 64 + middle * 8 + low);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    // id parent major:minor root TARGET options [optional fields] - TYPE source options
    const auto fields = split(line, ' ');
    if (fields.size() < kBeforeOptional) continue;
    const auto dash = std::find(fields.begin() + kBeforeOptional, fields.end(), "-");
    if (dash == fields.end() || dash + 1 == fields.end()) continue;
    mounts.push_back({unescape(fields[4]), std::string(dash[1]), unescape(fields[3])});
  }
  return mounts;
}

Result<std::vector<Mount>> read_mounts() {
  const auto text = read_file("/proc/self/mountinfo", kMountTableMax);
  if (!text) return Failure(text.error());
  return parse_mountinfo(*text);
}

std::vector<std::string> unmount_order(const std::vector<Mount>& mounts) {
  std::vector<std::string> order;
  for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount)
    if (!kept(mount->target)) order.push_back(mount->target);
  return order;
}

bool lies_below(const std::string& path, const std::string& directory) {
  return directory == "/" || path.starts_with(directory + "/");
}

}  // namespace zinit
