// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Holds the bytes of a log pipe's read until all its lines are stored. It is in a memory file: if
// zinit crashes meanwhile, the next image finds the bytes, and no line is lost or doubled. Threads:
// one at a time.
//
// There is an area for each thread of Capture, and one for requests, which read a pipe themselves
// if its writers are gone (log_store.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "state/memory_file.hpp"

namespace zinit {

/// The most areas of one image.
inline constexpr std::uint8_t kReadAreas = 9;

class ReadArea {
 public:
  /// The room in bytes.
  static constexpr std::size_t kBytes = 65536;

  /// `part`, below kReadAreas, distinguishes the areas of one image. Without a memory file, or
  /// without room in it, the bytes are in ordinary memory.
  explicit ReadArea(std::uint8_t part);

  /// Where to read the bytes to.
  [[nodiscard]] char* bytes() noexcept;

  /// A read of `pipe` is about to begin. It gets exactly `expected` bytes or nothing.
  void begin(int pipe, std::size_t expected) noexcept;
  /// The read got `size` bytes, whose lines are about to be stored. `stored` is the number of the
  /// last line stored before them.
  void got(std::size_t size, std::uint64_t stored) noexcept;
  /// Sinks have the next `lines` lines of the read, which are about to be stored.
  void sunk(std::size_t lines) noexcept;
  /// All bytes of the read are stored.
  void end() noexcept;
  /// The number of the current read, unique among all areas of this and earlier images.
  [[nodiscard]] std::uint64_t number() noexcept;

  struct Header;

 private:
  [[nodiscard]] Header& header() noexcept;
  /// Uses ordinary memory from now on.
  void leave_file() noexcept;

  MappedFile file_;
  std::string memory_;
};

/// A read whose lines were not all stored when the image ended.
struct LeftRead {
  MappedFile area;  // until it is closed, the next image finds this read too
  int pipe = -1;
  std::string bytes;
  std::optional<std::uint64_t> stored;  // see ReadArea::got(); nothing: none of its lines is stored
  std::uint64_t number = 0;
  std::uint32_t sunk = 0;  // lines that sinks have

  /// As ReadArea::got(), for the next image, if `stored` has no value.
  void got(std::uint64_t last_stored) noexcept;
  /// As ReadArea::sunk(), for the next image: sinks have this many lines of the read.
  void sink_has(std::uint32_t lines) noexcept;
};

/// What an area of the previous process image holds. Nothing if it was not in use or is damaged.
[[nodiscard]] std::optional<LeftRead> left_read(KeptFd area);

}  // namespace zinit
