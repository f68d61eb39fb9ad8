// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Copies with high numbers, and the lock of the low ones. See low_numbers.hpp.
#include "base/low_numbers.hpp"

#include <fcntl.h>
#include <sys/resource.h>

namespace zinit {

bool leaves_lowest() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
         limit.rlim_cur >= static_cast<rlim_t>(4 * kFirstOfStrangers);
}

UniqueFd copy_above_lowest(int fd) noexcept {
  if (fd < 0 || fd >= kFirstOfStrangers || !leaves_lowest()) return {};
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstOfStrangers));
}

UniqueFd raised(UniqueFd fd) noexcept {
  UniqueFd higher = copy_above_lowest(fd.get());
  return higher ? std::move(higher) : std::move(fd);
}

Mutex& low_numbers() noexcept {
  // Never destroyed, because threads may spawn until the end.
  static union Holder {
    Holder() : mutex() {}
    ~Holder() {}
    Mutex mutex;
  } holder;
  return holder.mutex;
}

}  // namespace zinit
