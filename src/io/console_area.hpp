// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Text that waits for a console which holds services up. It is in a memory file, so that after a
// crash of zinit the next image finds and prints it. The file has a ring of bytes; the first bytes
// are written next. Nothing is lost. Lines of a read that a crash interrupts may appear twice.
//
// Threads: took() may run beside add(), but not beside clear().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "state/memory_file.hpp"

namespace zinit {

class ConsoleArea {
 public:
  /// Above the size at which services are held up. A page takes memory once it is written to.
  static constexpr std::size_t kBytes = std::size_t{4} << 20;

  /// Takes over the file of the previous process image, if there is one. `part` distinguishes the
  /// areas of one image. Otherwise the first add() makes the file; if that fails, there is no room.
  ConsoleArea(KeptFd before, std::uint8_t part);

  /// The waiting text. At the start: of the previous process image.
  [[nodiscard]] std::string waiting() const;
  /// Forgets the waiting text, and reuses its memory from the beginning.
  void clear() noexcept;

  /// Adds text behind the waiting text. Returns false if there is no room, or no memory.
  [[nodiscard]] bool add(std::string_view text);
  /// The first `bytes` bytes of the waiting text were written or given up.
  void took(std::size_t bytes) noexcept;

  struct Header;

 private:
  [[nodiscard]] Header& header() const noexcept;
  [[nodiscard]] char* bytes() const noexcept;

  [[nodiscard]] bool make();

  MappedFile file_;
  std::uint8_t part_;
  bool tried_ = false;  // to make the file
};

}  // namespace zinit
