// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads files of /proc/PID on another thread. See process_memory.hpp.
#include "os/process_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/mutex.hpp"
#include "os/offload.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

constexpr Offload::Limits kReads{
    .name = "zinit-proc",
    // A process that works in its memory's map delays others for less than this.
    .patience = Milliseconds{200},
    .most_hung = 64,
    .most_hung_of_owner = 8,
    .killable = true,  // Linux waits for the map of another process's memory so
};

// A read from memory takes microseconds. On a busy machine, its thread may lose its processor.
constexpr Milliseconds kSlow{10};
constexpr int kOneOf = 10;  // the part of the time that slow reads may cost
constexpr Milliseconds kSlowAtOnce{1000};

Result<std::string> read_some(const std::string& path, std::size_t most) {
  const auto fd = open_fd(path.c_str(), O_RDONLY);
  if (!fd) return Failure(fd.error());
  std::string text;
  while (text.size() < most) {
    const std::size_t before = text.size();
    text.resize(std::min(most, before + 65536));
    const ssize_t got = ::read(fd->get(), text.data() + before, text.size() - before);
    const int errnum = errno;
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errnum != EINTR) return sys_failure("read", path, errnum);
    if (got == 0) break;
  }
  return text;
}

}  // namespace

void SlowReads::took(std::uint64_t owner, Milliseconds time, TimePoint now) {
  std::erase_if(until_, [&](const auto& one) { return one.second <= now; });
  if (time < kSlow) return;
  auto at = std::ranges::find(until_, owner, [](const auto& one) { return one.first; });
  if (at == until_.end()) at = until_.emplace(at, owner, now);
  at->second = after(at->second, std::min(time, kReads.patience) * kOneOf);
}

bool SlowReads::too_many(std::uint64_t owner, TimePoint now) const {
  return std::ranges::any_of(until_, [&](const auto& one) {
    return one.first == owner && one.second > after(now, kSlowAtOnce * kOneOf);
  });
}

Result<std::string> read_of_process(pid_t pid, const char* name, std::size_t most, IfSlow if_slow) {
  struct Slow {
    Mutex mutex;
    SlowReads reads GUARDED_BY(mutex);
  };
  // Never destroyed: any thread may use them.
  static Offload& reads = *new Offload(kReads);
  static Slow& slow = *new Slow;
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  const auto text = std::make_shared<Result<std::string>>(Failure(Error{{}, ENOMEM}));
  // Root's processes share no limit: root can do worse to zinit, and many may wait for one disk.
  const auto process = static_cast<std::uint64_t>(pid);
  const std::uint64_t user = user_of_process(pid).value_or(0);
  const Offload::Key whose{user != 0 ? user : process << 32, process};
  if (if_slow == IfSlow::refuse) {
    MutexLock lock(slow.mutex);
    if (slow.reads.too_many(whose.owner, Clock::now())) return sys_failure("read", path, ETIMEDOUT);
  }
  const auto work = [=] {
    const TimePoint began = Clock::now();
    *text = read_some(path, most);
    const TimePoint now = Clock::now();
    MutexLock lock(slow.mutex);
    slow.reads.took(whose.owner, Milliseconds(ms_between(began, now)), now);
  };
  const auto read = reads.ask(work, whose);
  if (const auto done = reads.await(read); !done)
    return sys_failure("read", path, done.error().errnum);
  return std::move(*text);
}

}  // namespace zinit
