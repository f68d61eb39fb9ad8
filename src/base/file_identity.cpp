// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reading the identity of a file by stat(2).
#include "base/file_identity.hpp"

#include <sys/stat.h>

namespace zinit {

FileIdentity identity_of(const std::string& path) noexcept {
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0) return {};
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  return {status.st_dev, status.st_ino, status.st_size,
          std::int64_t{status.st_mtim.tv_sec} * kNsPerSecond + status.st_mtim.tv_nsec};
}

}  // namespace zinit
