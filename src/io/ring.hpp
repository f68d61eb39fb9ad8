// The log ring of one service: its last lines, bounded by number and by bytes, in one block of
// memory that is taken as lines arrive and not before.
//
// The block is a header and a circular run of records (time, stream, text). Everything in it is an
// offset from its start and nothing is a pointer, so that it can lie in a memory file and outlive
// an execve. A record knows its own length and that of the one before, which makes both ends cheap:
// the oldest leave in constant time each, and the last n are found by walking back.
//
// Lines are numbered from 1 on, without gaps and for ever: clear() and lowered limits take lines
// away but never a number back. A reader that remembers the last number it saw can so tell what it
// missed.
//
// Threads: none of its own locking; service_log.hpp guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

enum class LogStream : std::uint8_t {
  out,     // standard output
  err,     // standard error
  zinit,   // in the own log, what zinit itself says
  syslog,  // what it said to /dev/log
};

/// "stdout", "stderr", "zinit", "syslog": the word in JSON.
[[nodiscard]] std::string_view log_stream_name(LogStream stream) noexcept;

/// A line longer than this is stored in pieces of this many bytes (zinit.toml(5), "[logging]").
inline constexpr std::size_t kMaxPiece = 16384;

struct LogLine {
  std::uint64_t seq = 0;
  std::int64_t time_us = 0;  // wall time at which it was read
  LogStream stream = LogStream::out;
  bool continues = false;    // a piece: the line goes on in the next one of this stream
  std::string text;          // bytes as they came, without the line's end
};

class Ring {
 public:
  struct Limits {
    std::uint32_t lines = 1000;
    std::uint32_t bytes = 1048576;  // of text; the 16 bytes beside each line are not counted
  };

  explicit Ring(Limits limits) noexcept : limits_(limits) {}

  /// Adds a line, and takes the oldest away where a limit asks for it. Text beyond kMaxPiece or
  /// Limits::bytes is cut off. For want of memory the oldest leave early; a line that even so finds
  /// no room is lost, as if it had never come.
  void append(std::int64_t time_us, LogStream stream, bool continues,
              std::string_view text) noexcept;

  /// New limits from now on; gives memory back where they are much lower.
  void set_limits(Limits limits) noexcept;

  /// Takes all lines away and gives the memory back.
  void clear() noexcept;

  [[nodiscard]] std::size_t lines() const noexcept;
  [[nodiscard]] std::size_t text_bytes() const noexcept;
  /// Memory taken now.
  [[nodiscard]] std::size_t block_bytes() const noexcept { return block_bytes_; }
  /// Number of the last line that came, 0 before the first.
  [[nodiscard]] std::uint64_t last_seq() const noexcept { return last_seq_; }
  [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

  /// A place in the run of lines, from which the next portion of a long way back goes on.
  struct Place {
    std::uint64_t seq = 0;  // the line that was looked at last; 0: none yet
    std::uint32_t offset = 0;
    std::uint32_t moves = 0;
  };
  /// One that begins with the line before `seq`.
  [[nodiscard]] static Place before(std::uint64_t seq) noexcept { return {seq, 0, kNowhere}; }
  /// A line; its text is valid until the visit is over.
  struct View {
    std::uint64_t seq;
    std::int64_t time_us;
    LogStream stream;
    bool continues;
    std::string_view text;
  };
  /// Shows `visit` at most `count` lines, the newest first, or those before `place`, until it
  /// answers false; no more once they have come to `bytes`. True: there are more.
  bool look_back(Place& place, std::size_t count, std::size_t bytes,
                 const std::function<bool(const View&)>& visit) const;

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
  [[nodiscard]] bool make_room(std::uint32_t size) noexcept;
  [[nodiscard]] bool move_to(std::size_t capacity) noexcept;

  static constexpr std::uint32_t kNowhere = 0xffffffff;  // no count of moves

  Limits limits_;
  std::uint64_t last_seq_ = 0;
  std::uint32_t moves_ = 0;  // of all lines to another block: places in the old one mean nothing
  std::unique_ptr<std::byte[]> block_;
  std::size_t block_bytes_ = 0;
};

}  // namespace zinit
