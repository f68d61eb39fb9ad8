// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Looks at a file. See close_waits.hpp.
#include "os/close_waits.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/fd.hpp"

namespace zinit {

namespace {

/// All zero if nothing is known.
struct statx look_at(int fd) noexcept {
  struct statx file {};
  const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (::statx(fd, "", flags, STATX_TYPE, &file) < 0) return {};
  return file;
}

bool same_device(const struct statx& a, const struct statx& b) noexcept {
  return a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

bool is_in_memory(const struct statx& file) noexcept {
  static const std::array<struct statx, 2> own = [] {
    const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
    const UniqueFd memory(::memfd_create("zinit-plain", MFD_CLOEXEC));
    return std::array{look_at(event.get()), look_at(memory.get())};
  }();
  return std::ranges::any_of(
      own, [&](const auto& each) { return each.stx_mask != 0 && same_device(each, file); });
}

}  // namespace

CloseWaits close_waits(int fd) noexcept {
  const struct statx file = look_at(fd);
  if (S_ISFIFO(file.stx_mode)) return CloseWaits::never;
  if (S_ISSOCK(file.stx_mode)) return CloseWaits::if_last;
  return is_in_memory(file) ? CloseWaits::memory : CloseWaits::always;
}

}  // namespace zinit
