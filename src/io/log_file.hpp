// A file that lines are appended to, with its rotation by size: the calls alone, without queue or
// thread. Whoever calls may wait for a disk.
//
// The file is opened for each run of writes that needs it, with O_APPEND, so that others may write
// to it too, and with O_NOFOLLOW: in a directory that a service can write to, a link in place of
// the log would have root write what that service likes into a file of its choice. Its mode is
// 0640 where it is made. O_NONBLOCK lets a FIFO that nobody reads fail at once.
//
// Rotation renames the file to `.1`, `.1` to `.2` and so on, the highest first, so that whoever
// looks finds each at one of two names; the last is replaced. It happens between lines. A name that
// no longer leads to the file that is open, as after logrotate(8), is opened anew instead.
//
// Threads: one at a time.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit {

struct Rotation {
  std::uint64_t max_bytes = 0;  // 0: never
  std::uint32_t keep = 0;       // files beside the live one; 0: what was is removed
};

class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}

  /// Appends `lines`, whose first begins where the last call ended.
  ///
  /// @param written  bytes that are in the file now; all of them unless there is a failure.
  /// @return  what keeps the rest out: any errno of open(2) and write(2), EAGAIN for a FIFO that is
  ///          full. The file is opened anew at the next call where that may help.
  [[nodiscard]] Result<void> append(std::string_view lines, const Rotation& rotation,
                                    std::size_t& written);

  /// Opened anew at the next append().
  void close() noexcept { fd_.reset(); }

  /// Opens the file where it is closed.
  [[nodiscard]] Result<void> open();

  /// Where it was when it was last opened; 0 before.
  [[nodiscard]] dev_t device() const noexcept { return device_; }

  /// Why the file could not be rotated, once for each time; empty: nothing to tell.
  [[nodiscard]] std::string take_rotation_fault() noexcept { return std::move(rotation_fault_); }

 private:
  [[nodiscard]] std::size_t whole_lines(std::string_view lines, const Rotation& rotation);
  [[nodiscard]] bool rotate(const Rotation& rotation);
  [[nodiscard]] bool shift(std::uint32_t keep);

  const std::string path_;
  UniqueFd fd_;
  dev_t device_ = 0;
  bool regular_ = false;
  bool within_line_ = false;   // the last byte written was no line's end
  std::uint64_t size_ = 0;
  std::string rotation_fault_;
  TimePoint rotate_from_{};    // not before: the last try failed
};

}  // namespace zinit
