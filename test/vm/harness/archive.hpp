// Files that a machine of the tests finds beside those of the boot image.
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
/// the files and the folders above them, all root's. Appended to an initramfs, at a multiple of 4
/// bytes, the kernel lays it over what went before: an existing file is replaced.
[[nodiscard]] std::string archive(const std::vector<File>& files);

}  // namespace zinit::vm
