// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads directories.
#pragma once

#include <dirent.h>

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace zinit {

/// An open directory, or none, with errno, if it cannot be opened.
class Directory {
 public:
  Directory() = default;
  explicit Directory(const std::string& path) noexcept : stream_(::opendir(path.c_str())) {}
  /// Also no directory, with errno, if `fd` is not a directory.
  explicit Directory(UniqueFd fd) noexcept;

  [[nodiscard]] explicit operator bool() const noexcept { return stream_ != nullptr; }
  [[nodiscard]] int fd() const noexcept { return ::dirfd(stream_.get()); }

  /// The next entry except "." and "..", valid until the next call. Null without a directory, and
  /// after the last entry: then errno is 0, or says why the others cannot be read.
  [[nodiscard]] const dirent* next() noexcept;

 private:
  struct Close {
    void operator()(DIR* stream) const noexcept { ::closedir(stream); }
  };
  std::unique_ptr<DIR, Close> stream_;
};

/// The names of the entries that do not begin with ".", `most` at most; none if the directory
/// cannot be read.
[[nodiscard]] std::vector<std::string> names_in(
    const std::string& path, std::size_t most = std::numeric_limits<std::size_t>::max());

}  // namespace zinit
