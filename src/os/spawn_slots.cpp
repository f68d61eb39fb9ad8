// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reserves descriptors and hands them out. See spawn_slots.hpp.
#include "os/spawn_slots.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/low_numbers.hpp"
#include "base/mutex.hpp"

namespace zinit {

namespace {

// How many spawns can have slots at the same time: usually no more threads spawn.
constexpr int kSets = 8;
constexpr int kSlots = kSets * kStreams;

/// All slots of this process.
class Pool {
 public:
  void reserve() noexcept EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!tried_) reserve_all();
  }

  /// @return  a free set, or -1
  int take() noexcept EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!tried_) reserve_all();
    for (int set = 0; set < sets_; ++set) {
      if (taken_[std::size_t(set)]) continue;
      taken_[std::size_t(set)] = true;
      return set;
    }
    return -1;
  }

  void give_back(int set) noexcept EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    taken_[std::size_t(set)] = false;
    if (sets_ == 0) close_set(set);
  }

  bool give_up() noexcept EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    tried_ = true;
    const int had = std::exchange(sets_, 0);
    for (int set = 0; set < had; ++set)
      if (!taken_[std::size_t(set)]) close_set(set);
    return had > 0;
  }

  // Read without the lock, but only by threads that have taken a set, so after reserve_all().
  [[nodiscard]] int slot(int set, int stream) const noexcept {
    return slots_[std::size_t(set * kStreams + stream)];
  }
  [[nodiscard]] int end() const noexcept { return end_; }
  [[nodiscard]] int null() const noexcept { return null_; }

 private:
  void close_set(int set) noexcept {
    for (int stream = 0; stream < kStreams; ++stream) ::close(slot(set, stream));
  }

  void reserve_all() noexcept REQUIRES(mutex_) {
    tried_ = true;
    const MutexLock lock(low_numbers());
    null_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    int count = 0;
    while (null_ >= 0 && count < kSlots) {
      const int fd = ::fcntl(null_, F_DUPFD_CLOEXEC, kStreams);
      if (fd < 0) break;
      // The child copies the table up to the highest slot: with higher ones this gains nothing.
      if (fd >= kFirstOfStrangers) {
        ::close(fd);
        break;
      }
      slots_[std::size_t(count++)] = fd;
      end_ = std::max(end_, fd + 1);
    }
    while (count % kStreams != 0) ::close(slots_[std::size_t(--count)]);  // no whole set
    sets_ = count / kStreams;
  }

  Mutex mutex_;
  bool tried_ GUARDED_BY(mutex_) = false;
  int sets_ GUARDED_BY(mutex_) = 0;
  std::array<bool, kSets> taken_ GUARDED_BY(mutex_) = {};
  int null_ = -1;
  int end_ = 0;
  std::array<int, kSlots> slots_ = {};
};

Pool& pool() {
  // Not on the heap, and never destroyed, because threads may spawn until the end.
  static union Holder {
    Holder() : pool() {}
    ~Holder() {}
    Pool pool;
  } holder;
  return holder.pool;
}

}  // namespace

StreamSlots::StreamSlots(const int (&streams)[kStreams]) noexcept : set_(pool().take()) {
  for (placed_ = 0; set_ >= 0 && placed_ < kStreams; ++placed_) {
    if (::dup3(streams[placed_], fd(placed_), O_CLOEXEC) >= 0) continue;
    let_go();  // RLIMIT_NOFILE was lowered to below the slot
    return;
  }
}

StreamSlots::~StreamSlots() { let_go(); }

void StreamSlots::let_go() noexcept {
  if (set_ < 0) return;
  bool whole = true;
  for (int i = 0; i < placed_; ++i) {
    if (::dup3(pool().null(), fd(i), O_CLOEXEC) >= 0) continue;
    ::close(fd(i));  // the number may be reused now: this set is never taken again
    whole = false;
  }
  if (whole) pool().give_back(set_);
  set_ = -1;
}

int StreamSlots::fd(int i) const noexcept { return pool().slot(set_, i); }

void StreamSlots::reserve() noexcept { pool().reserve(); }

int StreamSlots::end() noexcept { return pool().end(); }

bool StreamSlots::give_up() noexcept { return pool().give_up(); }

}  // namespace zinit
