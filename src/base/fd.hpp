// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// File descriptors that close themselves, and the calls that make them, always close-on-exec.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace zinit {

/// Owns one descriptor, or none (-1).
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Gives the descriptor away: the caller closes it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes the present descriptor and takes `fd`. Keeps errno, so that an error path that closes
  /// descriptors still reports the first fault.
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
/// Owns the result of fopen(3), which may be null.
using UniqueFile = std::unique_ptr<std::FILE, CloseFile>;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

/// pipe2(2), close-on-exec; `flags` may add O_NONBLOCK (for both ends).
[[nodiscard]] Result<Pipe> make_pipe(int flags = 0);

/// A pipe for the output of a process that expects a blocking write end. Only the read end, which
/// is zinit's, is non-blocking.
[[nodiscard]] Result<Pipe> make_pipe_to_read();

/// How many bytes can be read from a pipe or stream socket now (FIONREAD); 0 also if the kernel
/// does not report it. For a pipe, waits for its lock like read(2).
[[nodiscard]] std::size_t readable_bytes(int fd) noexcept;

/// openat(2), always close-on-exec, EINTR repeated. Empty, with errno, if it fails.
[[nodiscard]] UniqueFd open_at(int directory, const char* path, int flags,
                               mode_t mode = 0) noexcept;

/// open(2) in the same way.
[[nodiscard]] Result<UniqueFd> open_fd(const char* path, int flags, mode_t mode = 0);

/// An option of a socket whose value is an int. Empty, with errno, if getsockopt(2) fails.
[[nodiscard]] std::optional<int> socket_option(int socket, int level, int option) noexcept;

/// Reads a whole file. More than `limit` bytes are an error (EFBIG). Reads until the end, because
/// files of /proc claim a size of 0. Refuses everything except a regular file, with errnum EINVAL,
/// or EISDIR for a directory. Opens with O_NONBLOCK, so that a FIFO cannot hang the caller.
[[nodiscard]] Result<std::string> read_file(const char* path, size_t limit);

/// The same for an open file; errors call it `path`.
[[nodiscard]] Result<std::string> read_open_file(int fd, const char* path, size_t limit);

/// Writes all of `data` to `fd`, repeating on EINTR and short writes. Blocks if `fd` does.
[[nodiscard]] Result<void> write_all(int fd, std::string_view data, std::string_view object);

}  // namespace zinit
