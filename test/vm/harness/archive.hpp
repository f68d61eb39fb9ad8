// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files that a test's machine has in addition to those of the boot image.
#pragma once

#include <string>
#include <vector>

namespace zinit::vm {

struct File {
  std::string path;  ///< absolute
  std::string content;
  unsigned mode = 0644;
};

/// An uncompressed cpio archive ("newc", Documentation/driver-api/early-userspace of the kernel) of
/// the files and the folders above them, all owned by root. If it follows an initramfs, at a
/// multiple of 4 bytes, the kernel unpacks it on top: it replaces existing files.
[[nodiscard]] std::string archive(const std::vector<File>& files);

}  // namespace zinit::vm
