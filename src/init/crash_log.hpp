// What is known of zinit's crashes: in a memory file, so that the image after a crash can tell of
// it, and knows how many there have been.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/kept_descriptors.hpp"

namespace zinit {

/// One crash.
struct Crash {
  std::int64_t at_us = 0;  // wall clock
  std::int32_t signal = 0;
  pid_t thread = 0;
  std::array<char, 16> thread_name{};  // ends with a NUL
  std::uint32_t site_count = 0;
  std::array<std::uint64_t, 24> sites{};  // os/call_sites.hpp
};

/// What the log holds.
struct Crashes {
  std::uint32_t count = 0;  // of all images
  std::optional<Crash> last;
};

/// The most crashes within a minute that zinit recovers from, less one.
inline constexpr std::size_t kCrashesAMinute = 5;

/// Goes on with the log of the previous process image, or begins one. Without one zinit recovers
/// from no crash, since it could not tell when to stop. Main thread, before others start. Errors
/// are those of memfd_create(2).
[[nodiscard]] Result<void> open_crash_log(KeptFd inherited);

/// Adds a crash.
/// @return  whether zinit may execute itself anew: this is not the fifth within a minute, and there
///          is a log
/// Async-signal-safe.
[[nodiscard]] bool log_crash(const Crash& crash) noexcept;

[[nodiscard]] Crashes logged_crashes() noexcept;

/// Has the next image tell of the lines of zinit's log that were dropped. Async-signal-safe.
void keep_dropped_lines() noexcept;

/// "SIGSEGV in thread zinit-data, at 0x1234 0x5678": the addresses are for addr2line(1).
[[nodiscard]] std::string crash_text(const Crash& crash);

}  // namespace zinit
