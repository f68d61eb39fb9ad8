// A log file, with rotation by size. It has no queue and no thread of its own, so calls may block
// on a disk.
//
// The file is opened with O_APPEND, so that others may write to it too, and with O_NOFOLLOW: in a
// directory that a service can write to, the service could replace the log by a symbolic link, and
// so have root append text of its choice to any file. A new file has mode 0640. With O_NONBLOCK,
// opening a FIFO that nobody reads fails at once.
//
// Rotation renames `.1` to `.2` and so on, the highest number first, and then the file to `.1`; the
// oldest is replaced. It happens between lines. If the path no longer leads to the open file, as
// after logrotate(8), it is opened again instead.
//
// Threads: any, but only one at a time.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit {

struct Rotation {
  std::uint64_t max_bytes = 0;  // 0: no rotation
  std::uint32_t keep = 0;       // rotated files; 0: the file is removed when it is full
};

class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}

  /// Appends `lines`; they continue what the last call wrote, which may have ended within a line.
  ///
  /// @param written  how many bytes were written; all, unless there is an error.
  /// @return  any error of open(2) and write(2); EAGAIN: a FIFO that is full. The next call opens
  ///          the file again if that may help.
  [[nodiscard]] Result<void> append(std::string_view lines, const Rotation& rotation,
                                    std::size_t& written);

  /// The next append() opens the file again.
  void close() noexcept { fd_.reset(); }

  /// Opens the file unless it is open.
  [[nodiscard]] Result<void> open();

  /// The file system of the file when it was last opened; 0 before.
  [[nodiscard]] dev_t device() const noexcept { return device_; }

  /// Why a rotation failed, once for each failure; otherwise empty.
  [[nodiscard]] std::string take_rotation_fault() noexcept { return std::move(rotation_fault_); }

 private:
  [[nodiscard]] std::size_t whole_lines(std::string_view lines, const Rotation& rotation);
  [[nodiscard]] bool rotate(const Rotation& rotation);
  [[nodiscard]] bool shift(std::uint32_t keep);

  const std::string path_;
  UniqueFd fd_;
  dev_t device_ = 0;
  bool regular_ = false;
  bool within_line_ = false;   // the last byte written was not a newline
  std::uint64_t size_ = 0;
  std::string rotation_fault_;
  TimePoint rotate_from_{};    // when to try a failed rotation again
};

}  // namespace zinit
