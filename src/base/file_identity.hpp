// Whether a file is still the one that was read.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace zinit {

/// What stat(2) says of a file. It changes when the file is replaced (inode) or written in place
/// (time of modification). Only a write within the same tick of the kernel's clock (some
/// milliseconds) that keeps the size goes unnoticed.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_ns = 0;  // since 1970

  bool operator==(const FileIdentity&) const = default;
};

/// The identity of the file that `path` leads to; FileIdentity() if there is none or stat(2) fails.
/// Blocks as long as the file system takes, and opens nothing.
[[nodiscard]] FileIdentity identity_of(const std::string& path) noexcept;

}  // namespace zinit
