// Where bytes lie that have been read from a log pipe and whose lines are not all stored yet. It is
// in a memory file: if zinit crashes meanwhile, the next image finds them there, and no line is
// lost or doubled. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/memory_file.hpp"

namespace zinit {

class ReadArea {
 public:
  /// For how many bytes there is room.
  static constexpr std::size_t kBytes = 65536;

  /// `part` tells the areas of one image apart. Where no memory file can be had, or with no room
  /// for one, the bytes lie in ordinary memory.
  explicit ReadArea(std::uint8_t part);

  /// Where the bytes go.
  [[nodiscard]] char* bytes() noexcept;

  /// A read of `pipe` is about to begin: it gets exactly `expected` bytes, or nothing. `stored` is
  /// the number of the last line that is stored.
  void begin(int pipe, std::size_t expected, std::uint64_t stored) noexcept;
  /// It has got so many.
  void got(std::size_t size) noexcept;
  /// All that was read is stored.
  void end() noexcept;
  /// Of the read under way: no other read has it, of any area of this image or one before.
  [[nodiscard]] std::uint64_t number() noexcept;

  struct Header;

 private:
  [[nodiscard]] Header& header() noexcept;

  MappedFile file_;
  std::string memory_;
};

/// A read whose lines were not all stored when the image ended.
struct LeftRead {
  KeptFd area;  // until it is closed, the next image finds the read as well
  int pipe = -1;
  std::string bytes;
  std::uint64_t stored = 0;
  std::uint64_t number = 0;
};

/// What an area of the previous process image has left; nothing if it was not in use, or is
/// damaged.
[[nodiscard]] std::optional<LeftRead> left_read(KeptFd area);

}  // namespace zinit
