// Mounts: those that a system needs before anything else, and all of them at the end.
//
// All of these may block as long as a file system or a device does. At the end of a machine they
// belong in a process that can be given up (design: unmounting runs in children with deadlines).
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

/// What PID 1 mounts where it is missing, in this order (behaviour.md, "PID 1 in system mode" 1).
// clang-format off
inline constexpr std::array kSystemMounts = {
    MountRow{"proc",     "/proc",          "proc",     MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    MountRow{"sysfs",    "/sys",           "sysfs",    MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
    MountRow{"devtmpfs", "/dev",           "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755"},
    // 5 is the group tty everywhere; terminals are its, and write(1) and mesg(1) rely on that.
    MountRow{"devpts",   "/dev/pts",       "devpts",   MS_NOSUID | MS_NOEXEC,
             "mode=0620,gid=5,ptmxmode=0666"},
    MountRow{"tmpfs",    "/dev/shm",       "tmpfs",    MS_NOSUID | MS_NODEV | MS_NOEXEC,
             "mode=1777"},
    MountRow{"tmpfs",    "/run",           "tmpfs",    MS_NOSUID | MS_NODEV, "mode=0755"},
    MountRow{"cgroup2",  "/sys/fs/cgroup", "cgroup2",  MS_NOSUID | MS_NODEV | MS_NOEXEC, ""},
};
// clang-format on

/// Whether something is mounted at `path` itself. False where there is no such path. (statx(2))
[[nodiscard]] bool is_mounted(const std::string& path) noexcept;

/// Mounts a row, making its directory where that is missing.
/// @return  false where something is mounted there already; or "cannot mount /x: errno text".
[[nodiscard]] Result<bool> mount_if_missing(const MountRow& row);

/// /dev/fd, /dev/stdin, /dev/stdout, /dev/stderr, as links into /proc/self/fd. Those that exist
/// stay. @return  what could not be made, as messages.
[[nodiscard]] std::vector<Error> make_device_links(const std::string& dev = "/dev");

// --- the end ---

struct Mount {
  std::string target;
  std::string type;
  std::string root{};  // what of the file system is mounted there
};

/// The mounts in the text of /proc/self/mountinfo, in its order: what was mounted later comes
/// later. Lines of another form are left out. (proc(5))
[[nodiscard]] std::vector<Mount> parse_mountinfo(std::string_view text);

/// What of `mounts` to unmount, in this order: the last first, so that what lies on another goes
/// before it. Not the root, nor /proc, /sys, /dev, /run with what is below the first three, which
/// zinit needs to the end and which hold nothing to lose.
[[nodiscard]] std::vector<std::string> unmount_order(const std::vector<Mount>& mounts);

/// Unmounts everything as unmount_order() has it, again as long as that gets further, and remounts
/// read-only what stays, the root too.
///
/// @param below  only mounts below this directory, and not the root.
/// @return  what could neither be unmounted nor be made read-only, as messages.
/// Not with threads that have files open there: they keep a file system busy.
[[nodiscard]] std::vector<Error> unmount_all(const std::string& below = "/");

/// The devices and files in the text of /proc/swaps.
[[nodiscard]] std::vector<std::string> parse_swaps(std::string_view text);

/// Turns all swap off. @return what could not be, as messages. May take long: it is read back.
[[nodiscard]] std::vector<Error> swap_off_all();

}  // namespace zinit
