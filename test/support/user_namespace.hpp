// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Maps users and groups into a user namespace that a test has made (user_namespaces(7)).
#pragma once

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <string>

namespace zinit::test {

/// Maps the only user and group of the user namespace that the calling process has just made.
/// @param user, group        outside
/// @param as_user, as_group  inside
/// @return  false, with errno, if the kernel refuses it
inline bool map_ids(uid_t user, uid_t as_user, gid_t group, gid_t as_group) {
  const auto put = [](const char* path, const std::string& text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && ::write(fd, text.data(), text.size()) >= 0;
    if (fd >= 0) ::close(fd);
    return done;
  };
  const auto line = [](unsigned inside, unsigned outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1";
  };
  return put("/proc/self/setgroups", "deny") && put("/proc/self/uid_map", line(as_user, user)) &&
         put("/proc/self/gid_map", line(as_group, group));
}

}  // namespace zinit::test
