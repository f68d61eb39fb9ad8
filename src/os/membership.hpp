// Whether a process is one of a service's, as far as the kernel can tell.
//
// Any thread; reads a few files of /proc, so no lock held. A pid may be another process's the
// moment after: whoever must be sure holds a pidfd of it from before, and looks at that afterwards.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace zinit {

/// Whether `pid` is in the cgroup at `directory`, or in one below it; nothing where that cannot be
/// seen. A process cannot leave its cgroup without the right to write to another.
[[nodiscard]] std::optional<bool> in_cgroup(pid_t pid, const std::string& directory);

/// Whether `pid` is `ancestor`, descends from it, or is in the session that it made.
[[nodiscard]] bool descends_from(pid_t pid, pid_t ancestor);

/// Whether `pid` is an orphan that has fallen to this process, began no earlier than `ticks` since
/// boot, and does not say by its environment that it is another service's than `service`. Without
/// cgroups nothing more is known of a daemon that has put itself in the background.
[[nodiscard]] bool may_be_orphan_of(pid_t pid, unsigned long long ticks,
                                    const std::string& service);

/// Clock ticks since boot, as start times are told in.
[[nodiscard]] unsigned long long ticks_since_boot() noexcept;

}  // namespace zinit
