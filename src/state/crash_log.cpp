// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The memory file of crashes. Its layout is fixed, because another version of zinit may read it.
#include "state/crash_log.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <new>

#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "model/reason.hpp"
#include "os/process.hpp"
#include "state/memory_file.hpp"

namespace zinit {

namespace {

constexpr std::uint64_t kCrashesMagic = 0x68737263'74696e7a;  // "znitcrsh"
constexpr std::int64_t kMinuteNs = 60'000'000'000;

struct CrashLog {
  std::uint64_t magic;
  std::atomic<std::uint32_t> count;
  std::atomic<std::uint32_t> dropped_lines;         // not reported before the last execve(2)
  std::array<std::int64_t, kCrashesAMinute> at_ns;  // of the last crashes, on the monotonic clock
  Crash last;
};

/// Never unmapped, because a crash may come at any time.
CrashLog* crash_log = nullptr;

Result<MappedFile> log_file(KeptFd inherited) {
  if (inherited) {
    auto file = MappedFile::map(std::move(inherited));
    // The file of an older version is shorter: the fields that it lacks are 0.
    if (file && (file->size() >= sizeof(CrashLog) || file->grow(sizeof(CrashLog)))) return file;
  }
  return MappedFile::create("zinit-crashes", sizeof(CrashLog));
}

}  // namespace

Result<void> open_crash_log(KeptFd inherited) {
  auto file = log_file(std::move(inherited));
  if (!file) return Failure(std::move(file.error()));
  static MappedFile& kept = *new MappedFile;
  kept = std::move(*file);
  kept.keep({KeptKind::crashes});
  crash_log = std::launder(reinterpret_cast<CrashLog*>(kept.data()));
  if (crash_log->magic != kCrashesMagic) {
    new (crash_log) CrashLog{};
    crash_log->magic = kCrashesMagic;
  }
  add_dropped_lines(crash_log->dropped_lines.exchange(0));
  return {};
}

const char* log_crash(const Crash& crash) noexcept {
  if (crash_log == nullptr) return "zinit has no record to count its faults in";
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t now_ns = now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
  const std::uint32_t nth = crash_log->count;
  // The array is a ring: this crash takes the place of the fifth crash before it.
  std::int64_t& place = crash_log->at_ns[nth % kCrashesAMinute];
  place = now_ns;
  crash_log->last = crash;
  crash_log->count = nth + 1;
  if (nth + 1 < kCrashesAMinute || crashes_apart()) return nullptr;
  const std::int64_t first = crash_log->at_ns[(nth + 1) % kCrashesAMinute];
  return now_ns - first > kMinuteNs ? nullptr : "too many faults within a minute";
}

Crashes logged_crashes() noexcept {
  if (crash_log == nullptr || crash_log->count == 0) return {};
  return {crash_log->count, crash_log->last};
}

void keep_dropped_lines() noexcept {
  if (crash_log != nullptr)
    crash_log->dropped_lines = static_cast<std::uint32_t>(add_dropped_lines(0));
}

std::string crash_text(const Crash& crash) {
  std::string text = fmt::format("{} in thread {}", signal_name(crash.signal),
                                 std::string(crash.thread_name.data()));
  if (crash.is_sent())
    text += crash.sender == 0
                ? ", sent from outside of the container"
                : ", sent by " + asker_text(crash.sender, printable(crash.sender_name.data()),
                                            crash.sender_uid);
  const std::size_t count = std::min<std::size_t>(crash.site_count, crash.sites.size());
  for (std::size_t i = 0; i < count; ++i)
    text += fmt::format("{}{:#x}", i == 0 ? ", at " : " ", crash.sites[i]);
  return text;
}

}  // namespace zinit
