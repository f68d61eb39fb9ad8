// What /proc tells of the processes that a measurement looks at.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

/// All processes below `root`, `root` too, in the order of /proc.
std::vector<pid_t> family_of(pid_t root);

/// As in /proc/PID/comm; empty where it is gone.
std::string name_of(pid_t pid);

/// The last word of the path of what it executes.
std::string program_of(pid_t pid);

/// The pid, as it is seen from here, of the process that executes `program` and has `inner` as its
/// pid in the innermost pid namespace it is in; 0 where there is none.
pid_t pid_from_outside(const std::string& program, pid_t inner);

/// A number of kibibytes after `key` ("Rss:") in /proc/PID/smaps_rollup.
std::int64_t memory_kb(pid_t pid, const std::string& key);

/// How often all threads of a process have gone to sleep by themselves and were woken.
std::int64_t wake_ups(pid_t pid);
