// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Crashes on demand, only in builds for tests.
#include "base/kill_point.hpp"

#ifdef ZINIT_KILL_POINTS

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace zinit {

void kill_point(const char* name) noexcept {
  static const char* const wanted = std::getenv("ZINIT_KILL_AT");
  static const char* const mark = std::getenv("ZINIT_KILL_MARK");
  static std::atomic<int> passed{0};
  if (wanted == nullptr || mark == nullptr) return;
  const std::size_t size = std::strlen(name);
  if (std::strncmp(wanted, name, size) != 0) return;
  if (wanted[size] != '\0' && wanted[size] != ':') return;
  const int nth = wanted[size] == ':' ? std::atoi(wanted + size + 1) : 1;
  if (++passed < nth) return;
  // Other threads and processes go on meanwhile.
  static const char* const when = std::getenv("ZINIT_KILL_WHEN");
  const timespec moment{0, 1'000'000};
  while (when != nullptr && ::access(when, F_OK) < 0) ::nanosleep(&moment, nullptr);
  if (::open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) < 0) return;
  std::raise(SIGSEGV);
}

bool crashes_apart() noexcept { return std::getenv("ZINIT_CRASHES_APART") != nullptr; }

}  // namespace zinit

#endif
