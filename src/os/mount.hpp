// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Mounts: mounts what a system needs first, reads what is mounted, and moves to another root.
// os/unmount.hpp unmounts.
//
// All functions may block as long as a file system or a device blocks.
#pragma once

#include <sys/mount.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace zinit {

struct MountRow {
  const char* source;
  const char* target;
  const char* type;
  unsigned long flags;
  const char* options;  // of the file system
};

/// What PID 1 mounts unless it is mounted, in this order (behaviour.md, "PID 1 in system mode" 1).
// clang-format off
inline constexpr std::array kSystemMounts = {
    MountRow{"proc",     "/proc",          "proc",     MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    MountRow{"sysfs",    "/sys",           "sysfs",    MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    MountRow{"devtmpfs", "/dev",           "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755"},
    // Terminals belong to group tty, 5 everywhere. write(1) and mesg(1) rely on this.
    MountRow{"devpts",   "/dev/pts",       "devpts",   MS_NOSUID | MS_NOEXEC,
             "mode=0620,gid=5,ptmxmode=0666"},
    MountRow{"tmpfs",    "/dev/shm",       "tmpfs",    MS_NOSUID | MS_NODEV | MS_NOEXEC,
             "mode=1777"},
    MountRow{"tmpfs",    "/run",           "tmpfs",    MS_NOSUID | MS_NODEV, "mode=0755"},
    MountRow{"cgroup2",  "/sys/fs/cgroup", "cgroup2",  MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
};
// clang-format on

/// Whether something is mounted at `path` itself. False if the path does not exist. (statx(2))
[[nodiscard]] bool is_mounted(const std::string& path) noexcept;

/// Mounts a row, and makes its directory if it is missing.
/// @return  false if something is mounted there already; or "cannot mount /x: errno text"
[[nodiscard]] Result<bool> mount_if_missing(const MountRow& row);

/// Makes /dev/fd, /dev/stdin, /dev/stdout and /dev/stderr, links into /proc/self/fd, unless they
/// exist. @return an error for each that could not be made
[[nodiscard]] std::vector<Error> make_device_links(const std::string& dev = "/dev");

// --- what is mounted ---

struct Mount {
  std::string target;
  std::string type;
  std::string root{};  // the directory of the file system that is mounted
};

/// The mounts in a text of /proc/self/mountinfo, in its order: later mounts come later. Skips lines
/// of another form. (proc(5))
[[nodiscard]] std::vector<Mount> parse_mountinfo(std::string_view text);

/// The mounts of this process's namespace.
[[nodiscard]] Result<std::vector<Mount>> read_mounts();

/// Decodes a name from /proc, where blanks, tabs, line ends and backslashes are \ and three octal
/// digits.
[[nodiscard]] std::string unescape(std::string_view text);

/// The targets of `mounts` to unmount, newest first, so that a mount goes before the one it lies
/// on. Excludes /, /proc, /sys, /dev and /run, which zinit needs to the end, and mounts below
/// /proc, /sys and /dev, which hold no data to lose.
[[nodiscard]] std::vector<std::string> unmount_order(const std::vector<Mount>& mounts);

/// Whether a path lies below a directory.
[[nodiscard]] bool lies_below(const std::string& path, const std::string& directory);

// --- another root ---

/// The target of a switch-root: a mounted directory, and the program in it that becomes PID 1.
struct NewRoot {
  std::string root;
  std::string init;
};

/// The mounts that move along to a new root.
inline constexpr std::array kCarriedMounts{"/dev", "/run", "/sys", "/proc"};

/// Makes `root`, a mounted directory, the root of this process and all its threads. Moves the
/// mounts of kCarriedMounts into it, over what is mounted there. If the directory for one is
/// missing on a read-only root, it stays behind, which is logged. Detaches all other mounts, so
/// that unused ones are unmounted now. If the old root is in memory (ramfs, tmpfs), deletes its
/// files, and nothing of another file system.
///
/// @return  the error. Nothing has changed then, except that mounts are private; but if chroot(2)
///          was refused, for which only a lack of memory can be the reason, the mounts have moved.
///          (mount(2), MS_MOVE; chroot(2); the kernel's
///          Documentation/filesystems/ramfs-rootfs-initramfs.rst)
[[nodiscard]] Result<void> enter_root(const std::string& root);

}  // namespace zinit
