// What waits for a console that holds services up, in a memory file: if zinit crashes, the next
// image finds it there and prints it. A ring of bytes, of which the first are the next to be
// written. Nothing is lost; the lines of a read in the midst of which the crash was may come twice.
//
// Threads: took() may be called beside add(), but not beside clear().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "os/memory_file.hpp"

namespace zinit {

class ConsoleArea {
 public:
  /// More than waits where services are held up. A page takes memory once it is written to.
  static constexpr std::size_t kBytes = std::size_t{4} << 20;

  /// Goes on with the file of the previous process image, if there is one. `part` tells the areas
  /// of one image apart. The file is made for the first text; where it cannot be had there is no
  /// room.
  ConsoleArea(KeptFd before, std::uint8_t part);

  /// What waits: at the start, of the previous process image.
  [[nodiscard]] std::string waiting() const;
  /// Forgets all of that, and goes on in the memory that was used first.
  void clear() noexcept;

  /// Adds what is to be written behind all that waits. Returns false if there is no room.
  [[nodiscard]] bool add(std::string_view text);
  /// So many bytes of what was added were written, or are given up.
  void took(std::size_t bytes) noexcept;

  struct Header;

 private:
  [[nodiscard]] Header& header() const noexcept;
  [[nodiscard]] char* bytes() const noexcept;

  [[nodiscard]] bool make();

  MappedFile file_;
  std::uint8_t part_;
  bool tried_ = false;  // to make it
};

}  // namespace zinit
