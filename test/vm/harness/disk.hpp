// A disk of a virtual machine: a copy of an image, which the machine writes to and a test looks at
// when the machine is off.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "vm/harness/terminal.hpp"

namespace zinit::vm {

class Disk {
 public:
  /// Copies the image into a file without a name beside it, which is gone with the Disk; holes stay
  /// holes. Throws std::runtime_error where the image is missing.
  explicit Disk(const std::string& image);

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// `e2fsck -f -n`: looks at the whole of an ext4 file system and changes nothing.
  ///
  /// @param offset  where it begins on the disk, in bytes.
  /// @return  0 where it is clean and without a fault, and what e2fsck has printed
  [[nodiscard]] Answer check(std::size_t offset = 0) const;

  /// A file of an ext4 file system, as a disk of its own.
  [[nodiscard]] Disk file(const std::string& path) const;

  /// Has debugfs(8) do this to an ext4 file system, which must succeed.
  void debug(const std::string& request) const;

 private:
  Disk() = default;

  UniqueFd fd_;
};

}  // namespace zinit::vm
