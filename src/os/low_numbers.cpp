// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The lock of the low numbers. See low_numbers.hpp.
#include "os/low_numbers.hpp"

#include <sys/resource.h>

namespace zinit {

bool leaves_lowest() noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
         limit.rlim_cur >= static_cast<rlim_t>(4 * kFirstOfStrangers);
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
