// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Processes that a service leaves behind, and the cgroups in which they are found.

#include <sys/mount.h>

#include <sstream>
#include <string>

#include "scenario/harness.hpp"

namespace zinit::test {

/// The path of a process's cgroup of version 2 in its hierarchy; "" if it has none.
inline std::string cgroup_of(pid_t pid) {
  for (const std::string& line : lines_of(read_file("/proc/" + std::to_string(pid) + "/cgroup")))
    if (line.rfind("0::", 0) == 0) return line.substr(3);
  return "";
}

/// The mount point of the hierarchy; "" if it is not mounted.
inline std::string hierarchy() {
  for (const std::string& line : lines_of(read_file("/proc/self/mountinfo"))) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;
    return word;
  }
  return "";
}

inline bool has_cgroups(const Server& zinit) {
  const std::string own = cgroup_of(zinit.pid());
  return own.size() > 11 && own.substr(own.size() - 11) == "/supervisor";
}

/// A command that leaves the service's group and session and writes its pid to $D/NAME. At SIGTERM
/// it writes "escaped NAME" to the trace and ends, unless it is stubborn.
inline std::string escaping(const std::string& name, bool stubborn_one = false) {
  const std::string trap =
      stubborn_one ? "trap \"\" TERM" : "trap \"echo escaped " + name + " >> $T; exit\" TERM";
  return "setsid sh -c '" + trap + "; echo $$ > $D/" + name + "; while :; do sleep 0.05; done' & ";
}

inline pid_t escaped_pid(Server& zinit, const std::string& name) {
  REQUIRE(eventually([&] { return !read_file(zinit.path(name)).empty(); }));
  return static_cast<pid_t>(std::stol(read_file(zinit.path(name))));
}

/// For Server::Options::in_child, as root: makes services have no cgroups.
inline void have_no_cgroups() {
  have_own_mounts();
  umount2("/sys/fs/cgroup", MNT_DETACH);
}

constexpr const char* kNeedsCgroups = "needs a writable cgroup v2";

}  // namespace zinit::test
