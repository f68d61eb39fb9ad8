// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A disk of a virtual machine: a copy of an image, which the machine writes to and a test checks
// when the machine is off.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "vm/harness/terminal.hpp"

namespace zinit::vm {

class Disk {
 public:
  /// Copies the image to a file without a name, which is gone with the Disk. Holes stay holes.
  /// Throws std::runtime_error if the image is missing.
  explicit Disk(const std::string& image);

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// `e2fsck -f -n`: checks the whole ext4 file system and changes nothing.
  ///
  /// @param offset  the begin of the file system on the disk, in bytes.
  /// @return  0 if it is clean and without a fault, and e2fsck's output
  [[nodiscard]] Answer check(std::size_t offset = 0) const;

  /// Returns a file of an ext4 file system as a disk.
  [[nodiscard]] Disk file(const std::string& path) const;

  /// Makes debugfs(8) carry out the request on an ext4 file system; it must succeed.
  void debug(const std::string& request) const;

 private:
  Disk() = default;

  UniqueFd fd_;
};

}  // namespace zinit::vm
