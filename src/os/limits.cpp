// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Raises the limit of descriptors, and marks inherited ones. See limits.hpp.
#include "os/limits.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr unsigned kFirstInherited = 3;

// Enough for a thousand running services, which need four each. Such a table takes 65 KiB.
constexpr rlim_t kRoom = 8192;

/// The most that the kernel allows: fs.nr_open, else its default.
rlim_t most_allowed_by_kernel() {
  const auto text = read_file("/proc/sys/fs/nr_open", 64);
  const auto number = text ? parse_integer(trim(*text)) : std::nullopt;
  return number && *number > 0 ? static_cast<rlim_t>(*number) : 1048576;
}

void mark(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags >= 0) ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

}  // namespace

Result<rlimit> raise_descriptor_limit() {
  rlimit before{};
  if (::getrlimit(RLIMIT_NOFILE, &before) < 0)
    return sys_failure("read", "the limit of open files");
  rlimit high = before;
  high.rlim_cur = high.rlim_max = std::max(most_allowed_by_kernel(), before.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &high) == 0) return before;
  // Without the privilege the hard limit stays, and the soft limit may be raised to it.
  high.rlim_cur = high.rlim_max = before.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &high) < 0) return sys_failure("raise", "the limit of open files");
  return before;
}

std::optional<rlimit> limit_for_services() noexcept {
  constexpr rlim_t soft = 1024, hard = 524288;
  rlimit own{};
  if (::getrlimit(RLIMIT_NOFILE, &own) < 0) return std::nullopt;
  return rlimit{std::min(soft, own.rlim_max), std::min(hard, own.rlim_max)};
}

std::size_t part_of_descriptors(std::size_t divisor) noexcept {
  rlimit limit{1024, 1024};  // as of most programs, if the kernel does not answer
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  return std::max<std::size_t>(limit.rlim_cur / divisor, 1);
}

void make_room_for_descriptors() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == 0) return;
  const auto last = static_cast<int>(std::min(limit.rlim_cur, kRoom) - 1);
  const UniqueFd any(::open("/", O_PATH | O_CLOEXEC));
  if (any) const UniqueFd highest(::fcntl(any.get(), F_DUPFD_CLOEXEC, last));
}

void mark_inherited_descriptors() noexcept {
  if (::syscall(SYS_close_range, kFirstInherited, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  Directory directory("/proc/self/fd");
  if (!directory) {
    for (int fd = kFirstInherited; fd < 1024; ++fd) mark(fd);
  }
  while (const dirent* entry = directory.next()) {
    const auto fd = parse_integer(entry->d_name);
    if (fd && *fd >= static_cast<long long>(kFirstInherited)) mark(static_cast<int>(*fd));
  }
}

}  // namespace zinit
