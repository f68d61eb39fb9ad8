// A log file, with rotation by size. It has no queue and no thread of its own, so calls may block
// on a disk.
//
// The file is opened with O_APPEND, so that others may write to it too, and by the rules of
// base/trusted_path.hpp: in a folder of its own a service could replace the log, or a folder on its
// path, by a link, and so have root append text of its choice to any file. A new file has mode
// 0640. Opening a FIFO that nobody reads fails at once.
//
// Rotation renames `.1` to `.2` and so on, the highest number first, and then the file to `.1`; the
// oldest is replaced. It happens between lines, in the folder that holds the open file. If the path
// no longer leads to the open file, as after logrotate(8), it is opened again instead. Where
// nothing can be renamed, nothing is written either: a service could prevent the rotation, and fill
// the disk.
//
// Threads: any, but only one at a time.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.hpp"

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
  /// @return  any error of open(2), write(2) and, with a full file, rename(2); EAGAIN: a FIFO that
  ///          is full. The next call opens the file again if that may help.
  [[nodiscard]] Result<void> append(std::string_view lines, const Rotation& rotation,
                                    std::size_t& written);

  /// The next append() opens the file again.
  void close() noexcept { fd_.reset(); }

  /// Opens the file unless it is open.
  [[nodiscard]] Result<void> open();

  /// The file system of the file when it was last opened; 0 before.
  [[nodiscard]] dev_t device() const noexcept { return device_; }

 private:
  [[nodiscard]] std::size_t whole_lines(std::string_view lines,
                                        const Rotation& rotation) const;
  [[nodiscard]] Result<void> rotate(std::uint32_t keep);

  const std::string path_;
  UniqueFd fd_;
  dev_t device_ = 0;
  bool regular_ = false;
  bool within_line_ = false;   // the last byte written was not a newline
  std::uint64_t size_ = 0;
};

}  // namespace zinit
