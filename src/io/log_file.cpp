// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Appends to a log file and rotates it. See log_file.hpp.
#include "io/log_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/trusted_path.hpp"

namespace zinit {

namespace {

constexpr mode_t kMode = 0640;

/// Whether the disk or the FIFO is full. Opening the file again does not help then.
bool is_full(int errnum) { return is_disk_full(errnum) || errnum == EAGAIN; }

}  // namespace

Result<void> LogFile::open() {
  if (fd_) return {};
  auto fd = open_trusted(path_, O_WRONLY | O_APPEND | O_CREAT, kMode);
  if (!fd && fd.error().errnum == ENXIO)
    return Failure(Error{"cannot open " + path_ + ": nobody reads the FIFO", ENXIO});
  if (!fd) return Failure(fd.error());
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return sys_failure("look at", path_);
  fd_ = std::move(*fd);
  device_ = status.st_dev;
  inode_ = status.st_ino;
  regular_ = S_ISREG(status.st_mode);
  size_ = static_cast<std::uint64_t>(status.st_size);
  within_line_ = regular_ && size_ > 0 && ends_within_line();
  return {};
}

/// Whether the open file ends without a newline, as where an earlier image has stopped. False if it
/// cannot be read.
bool LogFile::ends_within_line() const {
  const auto readable = open_trusted(path_, O_RDONLY);
  char last = '\n';
  return readable && ::pread(readable->get(), &last, 1, static_cast<off_t>(size_ - 1)) == 1 &&
         last != '\n';
}

Result<void> LogFile::append(std::string_view lines, const Rotation& rotation,
                             std::size_t& written, WriteListener* listener) {
  written = 0;
  while (!lines.empty()) {
    if (auto opened = open(); !opened) return opened;
    const std::string_view part = lines.substr(0, whole_lines(lines, rotation));
    if (part.empty()) {
      if (auto rotated = rotate(rotation.keep); !rotated) return rotated;
      continue;
    }
    if (regular_ && listener != nullptr) {
      // Not by fstat(2): for its times a network file system writes out the file first.
      const off_t end = ::lseek(fd_.get(), 0, SEEK_END);
      if (end >= 0) listener->begins({device_, inode_, static_cast<std::uint64_t>(end)});
    }
    kill_point("file.writes");
    const ssize_t count = ::write(fd_.get(), part.data(), part.size());
    kill_point("file.written");
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      auto fault = sys_failure("write to", path_);
      if (!is_full(fault.value().errnum)) fd_.reset();
      return fault;
    }
    const auto bytes = static_cast<std::size_t>(count);
    if (listener != nullptr) listener->wrote(bytes);
    if (bytes > 0) within_line_ = part[bytes - 1] != '\n';
    size_ += bytes;
    written += bytes;
    lines.remove_prefix(bytes);
  }
  return {};
}

Result<std::size_t> LogFile::found_at(const FilePlace& place, std::string_view text) {
  if (auto opened = open(); !opened) return Failure(opened.error());
  const auto readable = regular_ ? open_trusted(path_, O_RDONLY) : Result<UniqueFd>(UniqueFd());
  struct stat status {};
  if (!readable || ::fstat(readable->get(), &status) < 0 || status.st_dev != place.device ||
      status.st_ino != place.inode)
    return 0;
  std::size_t found = 0;
  char buffer[16384];
  while (found < text.size()) {
    const ssize_t count =
        ::pread(readable->get(), buffer, std::min(sizeof buffer, text.size() - found),
                static_cast<off_t>(place.offset + found));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    const std::string_view got(buffer, static_cast<std::size_t>(count));
    if (text.substr(found, got.size()) != got) return 0;  // somebody else's text
    found += got.size();
  }
  if (found > 0) within_line_ = text[found - 1] != '\n';
  return found;
}

/// How many bytes of `lines` to write to the open file. 0: rotate it first.
std::size_t LogFile::whole_lines(std::string_view lines, const Rotation& rotation) const {
  if (!regular_ || rotation.max_bytes == 0) return lines.size();
  const std::uint64_t room = rotation.max_bytes - std::min(rotation.max_bytes, size_);
  if (lines.size() <= room) return lines.size();
  const std::size_t last =
      room == 0 ? std::string_view::npos : lines.rfind('\n', static_cast<std::size_t>(room) - 1);
  if (last != std::string_view::npos) return last + 1;
  // Not even the first line fits. Do not rotate within a line, and do not rotate an empty file.
  if (size_ > 0 && !within_line_) return 0;
  return std::min(lines.find('\n'), lines.size() - 1) + 1;
}

/// Renames the file and closes it. If somebody else has renamed, removed or emptied the file, only
/// closes it. Every step uses the one folder that holds the open file, even if the folder's owner
/// puts another folder in its place meanwhile.
Result<void> LogFile::rotate(std::uint32_t keep) {
  const auto folder = open_folder_of(path_);
  if (!folder) return Failure(folder.error());
  const int at = folder->fd.get();
  struct stat open_one {};
  struct stat named {};
  if (::fstat(fd_.get(), &open_one) < 0 ||
      ::fstatat(at, folder->name.c_str(), &named, AT_SYMLINK_NOFOLLOW) < 0 ||
      open_one.st_ino != named.st_ino || open_one.st_dev != named.st_dev ||
      static_cast<std::uint64_t>(named.st_size) < size_) {
    fd_.reset();
    return {};
  }
  const auto numbered = [](const std::string& name, std::uint32_t number) {
    return number == 0 ? name : fmt::format("{}.{}", name, number);
  };
  if (keep == 0 && ::unlinkat(at, folder->name.c_str(), 0) < 0) return sys_failure("remove", path_);
  for (std::uint32_t number = keep; number-- > 0;) {
    const std::string from = numbered(folder->name, number);
    if (::renameat(at, from.c_str(), at, numbered(folder->name, number + 1).c_str()) == 0) continue;
    if (errno != ENOENT || number == 0) return sys_failure("rename", numbered(path_, number));
  }
  fd_.reset();
  return {};
}

}  // namespace zinit
