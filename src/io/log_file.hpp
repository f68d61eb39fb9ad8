// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A log file, with rotation by size. It has no queue and no thread, so calls may block on a disk.
//
// O_APPEND lets others write to the file too. The file is opened by the rules of
// base/trusted_path.hpp: a service that owns a folder could replace the log, or a folder on its
// path, by a link, and so make root append text of the service's choice to any file. A new file has
// mode 0640. Opening a FIFO that nobody reads fails at once.
//
// Rotation renames `.1` to `.2` and so on, the highest number first, and then the file to `.1`. The
// oldest file is replaced. Rotation happens between lines, in the folder that holds the open file.
// If the path no longer leads to the open file, as after logrotate(8), the path is opened again
// instead. If a rename fails, nothing is written: otherwise a service could prevent the rotation
// and fill the disk.
//
// Threads: any, but one at a time.
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.hpp"

namespace zinit {

struct Rotation {
  std::uint64_t max_bytes = 0;  // 0: no rotation
  std::uint32_t keep = 0;       // rotated files to keep; 0: a full file is removed
};

/// A place in a regular file.
struct FilePlace {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t offset = 0;
};

/// Follows each write(2) to a log file, so that somebody else can find out after a crash which
/// bytes were written.
class WriteListener {
 public:
  virtual ~WriteListener() = default;
  /// The next bytes are about to be written to a regular file, at `place` unless another process
  /// appends to the file at this moment.
  virtual void begins(const FilePlace& place) noexcept = 0;
  virtual void wrote(std::size_t bytes) noexcept = 0;
};

/// Whether this error of a write says that the disk, or the user's part of it, is full.
[[nodiscard]] constexpr bool is_disk_full(int errnum) noexcept {
  return errnum == ENOSPC || errnum == EDQUOT;
}

class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Appends `lines`. They continue the text of the last call, which may have ended within a line.
  ///
  /// @param written  bytes written: all, unless there is an error
  /// @param listener  may be null
  /// @return  errors of open(2), write(2) and, for a full file, rename(2). EAGAIN: a full FIFO. If
  ///          that may help, the next call opens the file again.
  [[nodiscard]] Result<void> append(std::string_view lines, const Rotation& rotation,
                                    std::size_t& written, WriteListener* listener = nullptr);

  /// How many bytes of `text` an earlier process image has written at `place`. 0 if the file at the
  /// path is another one now, or cannot be read. Errors: those of open(2).
  [[nodiscard]] Result<std::size_t> found_at(const FilePlace& place, std::string_view text);

  /// The next append() opens the file again.
  void close() noexcept { fd_.reset(); }

  /// Opens the file unless it is open.
  [[nodiscard]] Result<void> open();

  [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(fd_); }
  /// Whether the file ends without a newline.
  [[nodiscard]] bool within_line() const noexcept { return within_line_; }

  /// The file system on which the file was last opened; 0 before the first time.
  [[nodiscard]] dev_t device() const noexcept { return device_; }

 private:
  [[nodiscard]] std::size_t whole_lines(std::string_view lines,
                                        const Rotation& rotation) const;
  [[nodiscard]] Result<void> rotate(std::uint32_t keep);
  [[nodiscard]] bool ends_within_line() const;

  const std::string path_;
  UniqueFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool regular_ = false;
  bool within_line_ = false;   // the last byte written was not a newline
  std::uint64_t size_ = 0;
};

}  // namespace zinit
