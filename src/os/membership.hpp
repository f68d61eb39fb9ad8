// Whether a process belongs to a service, as far as the kernel can tell.
//
// Any thread. Reads a few files of /proc, so hold no lock. A pid may be reused at any time: a
// caller that must be sure opens a pidfd first, and checks afterwards that its process still
// exists.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace zinit {

/// Whether `pid` is in the cgroup at `directory`, or in one below it; nothing if that cannot be
/// read. A process can leave its cgroup only if it may write to another.
[[nodiscard]] std::optional<bool> in_cgroup(pid_t pid, const std::string& directory);

/// The same for the text of /proc/PID/cgroup. `directory` is absolute.
[[nodiscard]] bool lies_in_cgroup(std::string_view cgroup, const std::string& directory);

/// Whether `pid` is `ancestor`, descends from it, or is in the session that it made.
[[nodiscard]] bool descends_from(pid_t pid, pid_t ancestor);

/// Whether `pid` is, or descends from, an orphan that zinit has adopted, which was started no
/// earlier than `ticks` since boot and whose environment names `service`; and, if the service runs
/// as another user than root, whether `pid` is that user's. Without cgroups no more is known about
/// a daemon that has put itself in the background.
/// @param user  that the service runs as; unset: zinit's own
[[nodiscard]] bool may_be_orphan_of(pid_t pid, unsigned long long ticks, const std::string& service,
                                    std::optional<uid_t> user = {});

/// The children of this process that belong to `service`: those in the process group `group`,
/// unless that is 0, and those whose environment names it; if the service runs as another user than
/// root, only that user's, and no other's environment is read. `known`, sorted, are left out. For
/// services that have no cgroup.
/// @param user  as for may_be_orphan_of()
[[nodiscard]] std::vector<pid_t> orphans_of(const std::string& service, pid_t group,
                                            const std::vector<pid_t>& known,
                                            std::optional<uid_t> user = {});

/// The service that the text of /proc/PID/environ names; nothing if it names none: a program may
/// overwrite that memory with its title.
[[nodiscard]] std::optional<std::string_view> service_in_environ(std::string_view environ);

/// Clock ticks from boot until now, or until `at`, the unit of start times in /proc/PID/stat. If
/// the machine has slept since `at`, as many more as that lasted.
[[nodiscard]] unsigned long long ticks_since_boot(std::optional<TimePoint> at = {}) noexcept;

}  // namespace zinit
