// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Whether a file is still the one that was read before.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace zinit {

/// What stat(2) reports about a file. It changes when the file is replaced (inode) or written in
/// place (time of modification). Unnoticed is only a write in the same tick of the kernel's clock
/// (some milliseconds) that keeps the size.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_ns = 0;  // since 1970

  bool operator==(const FileIdentity&) const = default;
};

/// The identity of the file behind `path`; FileIdentity() if there is no file or stat(2) fails.
/// Blocks as long as the file system takes, and opens nothing.
[[nodiscard]] FileIdentity identity_of(const std::string& path) noexcept;

}  // namespace zinit
