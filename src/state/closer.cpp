// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Closes descriptors on another thread. See closer.hpp.
#include "state/closer.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/memory.hpp"
#include "state/disposal.hpp"
#include "state/kept_descriptors.hpp"
#include "state/memory_file.hpp"

namespace zinit {

namespace {

/// What the kernel itself knows about the file. Does not ask the server of a network file system,
/// which could take long. All zero if nothing is known.
struct statx look_at(int fd) noexcept {
  struct statx file {};
  const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (::statx(fd, "", flags, STATX_TYPE, &file) < 0) return {};
  return file;
}

bool same_device(const struct statx& a, const struct statx& b) noexcept {
  return a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

/// Whether the file is one of the kernel's own in memory, such as an eventfd or a memory file:
/// closing it asks nobody to flush. A process for each such file would cost more than all else.
bool is_plain(const struct statx& file) noexcept {
  static const std::array<struct statx, 2> own = [] {
    const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
    const auto memory = make_memory_file("zinit-plain");
    return std::array{look_at(event.get()), look_at(memory ? memory->get() : -1)};
  }();
  return std::ranges::any_of(
      own, [&](const auto& each) { return each.stx_mask != 0 && same_device(each, file); });
}

struct Queued {
  Closer::Sender sender;  // released after fd is closed
  KeptFd fd;
};

}  // namespace

void Closer::close(UniqueFd fd, Sender sender) noexcept {
  if (!fd) return;
  const struct statx file = look_at(fd.get());
  if ((file.stx_mode & S_IFMT) == S_IFIFO) return;
  const EssentialAllocations essential;
  const auto queued = std::make_shared<Queued>(
      Queued{std::move(sender), KeptFd(std::move(fd), {KeptKind::unwanted})});
  closes_.post([queued, plain = is_plain(file)] {
    if (!plain) close_elsewhere(queued->fd.release(), std::move(queued->sender));
  });
}

void Closer::try_again() noexcept {
  closes_.post([] { close_left(); });
}

}  // namespace zinit
