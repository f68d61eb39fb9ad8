// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads facts about the measured processes from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

/// `root` and all its descendants.
std::vector<pid_t> family_of(pid_t root);

/// The name in /proc/PID/comm; empty if the process is gone.
std::string name_of(pid_t pid);

/// The file name of the program that the process executes.
std::string program_of(pid_t pid);

/// The pid, in our own pid namespace, of the process that executes `program` and has the pid
/// `inner` in its own pid namespace; 0 if not found.
pid_t pid_from_outside(const std::string& program, pid_t inner);

/// The KiB after `key`, such as "Rss:", in /proc/PID/smaps_rollup.
std::int64_t memory_kb(pid_t pid, const std::string& key);

/// How often the threads of a process have waited for something and were woken.
std::int64_t wake_ups(pid_t pid);
