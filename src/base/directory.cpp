// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads directories. See directory.hpp.
#include "base/directory.hpp"

#include <cerrno>
#include <string_view>

namespace zinit {

Directory::Directory(UniqueFd fd) noexcept : stream_(fd ? ::fdopendir(fd.get()) : nullptr) {
  if (stream_) (void)fd.release();
}

const dirent* Directory::next() noexcept {
  while (stream_) {
    errno = 0;  // readdir(3): the only way to distinguish an error from the end
    const dirent* const entry = ::readdir(stream_.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry;
  }
  return nullptr;
}

std::vector<std::string> names_in(const std::string& path, std::size_t most) {
  std::vector<std::string> names;
  Directory directory(path);
  while (const dirent* const entry = names.size() < most ? directory.next() : nullptr)
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  return names;
}

}  // namespace zinit
