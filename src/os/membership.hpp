// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Whether a process belongs to a service, as far as the kernel shows it.
//
// Any thread. Reads a few files of /proc, so hold no lock. A pid may be reused at any time: a
// caller that must be sure opens a pidfd first, and afterwards checks that its process still
// exists.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace zinit {

/// Whether `pid` is in the cgroup that /proc/PID/cgroup calls `name`, or in one below it. Nothing
/// if this cannot be read. No process is in a cgroup without a name. A process can leave its cgroup
/// only if it may write to another.
///
/// The path of the cgroup's directory would not do: it begins with the mount point, and the mount
/// may show only a part of the tree.
[[nodiscard]] std::optional<bool> in_cgroup(pid_t pid, std::string_view name);

/// Like in_cgroup(), for a text of /proc/PID/cgroup.
[[nodiscard]] bool lies_in_cgroup(std::string_view cgroup, std::string_view name);

/// Whether `pid` is `ancestor`, descends from it, or is in the session that it made.
[[nodiscard]] bool descends_from(pid_t pid, pid_t ancestor);

/// Whether `pid` may be an orphan of `service`, or descend from one. The orphan was adopted by
/// zinit and started at `ticks` since boot or later. Its environment names `service`, and no other
/// server, such as one that runs in a service of this one. If the service runs as another user than
/// root, `pid` must be of this user. A process of root's service may have become any user, but must
/// not come from another login than zinit. Without cgroups nothing more is known about a daemon
/// that went to the background.
/// @param user  as which the service runs; unset: zinit's own
[[nodiscard]] bool may_be_orphan_of(pid_t pid, unsigned long long ticks, const std::string& service,
                                    std::optional<uid_t> user = {});

/// The children of this process that belong to `service`: children in the process group `group`
/// (unless 0), and children whose environment names the service. If the service runs as another
/// user than root: only this user's processes; no other environment is read. If it runs as root: no
/// process of another login than zinit's. Leaves out `known`, which is sorted. For services without
/// a cgroup.
/// @param user  as for may_be_orphan_of()
[[nodiscard]] std::vector<pid_t> orphans_of(const std::string& service, pid_t group,
                                            const std::vector<pid_t>& known,
                                            std::optional<uid_t> user = {});

/// This variable of a process names its service.
inline constexpr std::string_view kServiceVariable = "ZINIT_SERVICE";

/// This variable of a process names its server, by ServerLock::id(), if the server is not PID 1 and
/// has no cgroups.
inline constexpr std::string_view kServerVariable = "ZINIT_SERVER";

/// The value of kServerVariable that names this server; empty: none does. Set it before there are
/// threads.
[[nodiscard]] std::string& own_server();

/// This variable of a process names the command that runs in place of the main process, such as
/// pre_exec. The main process does not have it.
inline constexpr std::string_view kStepVariable = "ZINIT_STEP";

/// The value of a variable in a text of /proc/PID/environ. Nothing if it is not there: a program
/// may overwrite this memory with its title.
[[nodiscard]] std::optional<std::string_view> value_in_environ(std::string_view environ,
                                                               std::string_view name);

/// Clock ticks from boot until now, or until `at`: the unit of start times in /proc/PID/stat. If
/// the machine has slept since `at`, the result is larger by the sleep.
[[nodiscard]] unsigned long long ticks_since_boot(std::optional<TimePoint> at = {}) noexcept;

}  // namespace zinit
