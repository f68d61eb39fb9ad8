// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The record of zinit's crashes, in a memory file. The process image after a crash reads it,
// reports the crash and counts the crashes.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

/// One crash.
struct Crash {
  std::int64_t at_us = 0;  // wall clock
  std::int32_t signal = 0;
  pid_t thread = 0;
  std::array<char, 16> thread_name{};  // ends with a NUL
  std::uint32_t site_count = 0;
  std::array<std::uint64_t, 24> sites{};  // os/call_sites.hpp
  // Who has sent the signal. A version without these fields leaves those of an earlier crash, so
  // `sent` is sent_mark() of the crash to which they belong.
  std::uint32_t sent = 0;
  pid_t sender = 0;  // 0: from outside of the container
  std::uint32_t sender_uid = 0;
  std::array<char, 16> sender_name{};  // ends with a NUL; empty: unknown

  [[nodiscard]] std::uint32_t sent_mark() const noexcept {
    return static_cast<std::uint32_t>(at_us) | 1;
  }
  /// Whether another process has sent the signal.
  [[nodiscard]] bool is_sent() const noexcept { return sent == sent_mark(); }
};

/// The contents of the log.
struct Crashes {
  std::uint32_t count = 0;  // of all process images
  std::optional<Crash> last;
};

/// zinit recovers from fewer crashes than this within a minute.
inline constexpr std::size_t kCrashesAMinute = 5;

/// Continues the log of the previous process image, or begins a log. Without a log zinit recovers
/// from no crash, because it could not tell when to stop. Call it on the main thread, before other
/// threads start. Errors are those of memfd_create(2).
[[nodiscard]] Result<void> open_crash_log(KeptFd inherited);

/// Adds a crash.
/// @return  null: zinit may re-execute itself; otherwise why not: there is no log, or this is the
///          fifth crash within a minute
/// Async-signal-safe.
[[nodiscard]] const char* log_crash(const Crash& crash) noexcept;

[[nodiscard]] Crashes logged_crashes() noexcept;

/// Makes the next process image report the dropped lines of zinit's log. Async-signal-safe.
void keep_dropped_lines() noexcept;

/// "SIGSEGV in thread zinit-data, at 0x1234 0x5678", and before the addresses who has sent it.
/// addr2line(1) reads the addresses.
[[nodiscard]] std::string crash_text(const Crash& crash);

}  // namespace zinit
