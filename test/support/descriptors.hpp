// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// The descriptors that this process has open, to compare before and after.

#include <dirent.h>
#include <unistd.h>

#include <map>
#include <string>

namespace zinit::test {

/// Number and target of each open descriptor, except the one that reads the list.
inline std::map<int, std::string> open_descriptors() {
  std::map<int, std::string> all;
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return all;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    const int fd = std::stoi(entry->d_name);
    if (fd == ::dirfd(directory)) continue;
    char target[256];
    const auto length = ::readlinkat(::dirfd(directory), entry->d_name, target, sizeof target);
    all[fd] = std::string(target, static_cast<std::size_t>(length < 0 ? 0 : length));
  }
  ::closedir(directory);
  return all;
}

}  // namespace zinit::test
