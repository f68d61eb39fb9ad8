// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log ring of one service: its last lines, limited by number and by bytes, in one block of
// memory that grows as lines arrive.
//
// The block is a header and a circular buffer of records (time, stream, text). It contains offsets
// and no pointers, and lies in a memory file (ring_memory.hpp), so it survives an execve(2). A
// record has its own length and the length of the record before it. So the oldest record is dropped
// in constant time, and the last n records are found by walking back. One number of 64 bits says
// which records exist. So a crash during a change leaves the ring with the line or without it.
//
// Lines are numbered from 1 without gaps. Numbers are never reused, not even after clear(). So a
// reader that remembers the last number it saw knows what it has missed.
//
// Not locked: service_log.hpp guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/function_ref.hpp"
#include "io/ring_memory.hpp"

namespace zinit {

enum class LogStream : std::uint8_t {
  out,     // standard output
  err,     // standard error
  zinit,   // zinit's own messages, in its own log and in those of services
  syslog,  // received on /dev/log
};

/// "stdout", "stderr", "zinit", "syslog", as in JSON.
[[nodiscard]] std::string_view log_stream_name(LogStream stream) noexcept;

/// A longer line is stored in pieces of this many bytes (zinit.toml(5), "[logging]").
inline constexpr std::size_t kMaxPiece = 16384;

struct LogLine {
  std::uint64_t seq = 0;
  std::int64_t time_us = 0;  // wall time at which the line was read
  LogStream stream = LogStream::out;
  bool continues = false;  // a piece: the line continues in the next one of this stream
  std::string text;        // any bytes, without the newline
};

class Ring {
 public:
  struct Limits {
    std::uint32_t lines = 1000;
    std::uint32_t bytes = 1048576;  // of text; the 16 bytes of overhead per line are not counted
  };

  /// An empty ring, which the next image does not find.
  explicit Ring(Limits limits) noexcept : limits_(limits) {}
  /// The ring of `slot`, with the lines that the previous process image left. A slot has only one
  /// ring in `memory`. Slots from RingMemory::kMostSlots on have no first block.
  Ring(Limits limits, RingMemory& memory, Slot slot) noexcept;
  ~Ring() { discard(); }
  Ring& operator=(Ring&&) = delete;

  /// Adds a line, and drops the oldest lines as the limits require. Cuts off text beyond kMaxPiece
  /// or Limits::bytes. Without memory, more old lines are dropped; if the room is still too small,
  /// the new line is lost too, and its number is used up.
  void append(std::int64_t time_us, LogStream stream, bool continues,
              std::string_view text) noexcept;

  /// Drops lines as the new limits require, and frees memory if they are much lower.
  void set_limits(Limits limits) noexcept;

  /// Drops all lines and frees the memory, except a small block that keeps the last number for the
  /// next image.
  void clear() noexcept;

  [[nodiscard]] std::size_t lines() const noexcept;
  [[nodiscard]] std::size_t text_bytes() const noexcept;
  /// Number of the newest line; 0 before the first.
  [[nodiscard]] std::uint64_t last_seq() const noexcept { return last_seq_; }
  [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

  /// The position of look_back(), from which the next call continues.
  struct Place {
    std::uint64_t seq = 0;  // the line that was shown last; 0: none yet
    std::uint32_t offset = 0;
    std::uint32_t moves = 0;
  };
  /// A place from which look_back() begins with the line before `seq`.
  [[nodiscard]] static Place before(std::uint64_t seq) noexcept { return {seq, 0, kNowhere}; }
  /// A line. The text is valid during the visit.
  struct View {
    std::uint64_t seq;
    std::int64_t time_us;
    LogStream stream;
    bool continues;
    std::string_view text;
  };
  /// Calls `visit` for at most `count` lines before `place`, newest first, until `visit` returns
  /// false or the texts have reached `bytes` together. Moves `place` on.
  /// @return  whether there are older lines
  bool look_back(Place& place, std::size_t count, std::size_t bytes,
                 FunctionRef<bool(const View&)> visit) const;

 private:
  struct Header;
  struct RecordHead;
  [[nodiscard]] Header& header() const noexcept;
  [[nodiscard]] std::byte* run() const noexcept;
  void put(std::uint32_t offset, const void* data, std::size_t size) noexcept;
  void get(std::uint32_t offset, void* data, std::size_t size) const noexcept;
  [[nodiscard]] std::uint32_t step(std::uint32_t offset, std::uint32_t by) const noexcept;
  [[nodiscard]] std::uint32_t step_back(std::uint32_t offset, std::uint32_t by) const noexcept;
  [[nodiscard]] RecordHead head_at(std::uint32_t offset) const noexcept;
  [[nodiscard]] std::uint32_t offset_of(std::size_t index) const noexcept;
  void drop_oldest() noexcept;
  void lose() noexcept;
  [[nodiscard]] bool make_room(std::uint32_t size) noexcept;
  [[nodiscard]] bool move_to(std::size_t capacity) noexcept;
  [[nodiscard]] bool take_over() noexcept;
  void discard() noexcept;
  [[nodiscard]] RingBlock new_block(std::size_t size) noexcept;

  static constexpr std::uint32_t kNowhere = 0xffffffff;  // Place::moves of a place without offset

  Limits limits_;
  std::uint64_t last_seq_ = 0;
  std::uint32_t moves_ = 0;  // number of moves of the lines; a move makes offsets invalid
  RingBlock block_;
  RingMemory* memory_ = nullptr;
  Slot slot_ = kNoSlot;
};

}  // namespace zinit
