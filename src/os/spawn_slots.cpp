// Reserving descriptors and handing them out: see spawn_slots.hpp.
#include "os/spawn_slots.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <type_traits>

#include "base/mutex.hpp"

namespace zinit {

namespace {

// As many spawns at a time as there usually are threads that spawn.
constexpr int kSets = 8;
constexpr int kSlots = kSets * kStreams;

// The part of the table that is copied ends at the highest slot. Beyond this it would be no gain.
constexpr int kHighest = 255;

/// All slots of this process.
class Pool {
 public:
  /// @return  a free set, -1 where there is none
  int take() noexcept EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!tried_) reserve();
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
  }

  void give_up() noexcept EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    tried_ = true;
    sets_ = 0;
  }

  // Read without the lock by who has taken a set: reserve() was over before.
  [[nodiscard]] int slot(int set, int stream) const noexcept {
    return slots_[std::size_t(set * kStreams + stream)];
  }
  [[nodiscard]] int end() const noexcept { return end_; }
  [[nodiscard]] int null() const noexcept { return null_; }

 private:
  void reserve() noexcept REQUIRES(mutex_) {
    tried_ = true;
    null_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    int count = 0;
    while (null_ >= 0 && count < kSlots) {
      const int fd = ::fcntl(null_, F_DUPFD_CLOEXEC, kStreams);
      if (fd < 0) break;
      if (fd > kHighest) {
        ::close(fd);
        break;
      }
      slots_[std::size_t(count++)] = fd;
      end_ = std::max(end_, fd + 1);
    }
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
  // Takes no memory; and nothing of it is destroyed, for threads may spawn until the end.
  static_assert(std::is_trivially_destructible_v<Pool>);
  static Pool pool;
  return pool;
}

}  // namespace

StreamSlots::StreamSlots(const int (&streams)[kStreams]) noexcept : set_(pool().take()) {
  for (placed_ = 0; set_ >= 0 && placed_ < kStreams; ++placed_) {
    if (::dup3(streams[placed_], fd(placed_), O_CLOEXEC) >= 0) continue;
    let_go();  // a limit that was lowered forbids it
    return;
  }
}

StreamSlots::~StreamSlots() { let_go(); }

void StreamSlots::let_go() noexcept {
  if (set_ < 0) return;
  bool whole = true;
  for (int i = 0; i < placed_; ++i) {
    if (::dup3(pool().null(), fd(i), O_CLOEXEC) >= 0) continue;
    ::close(fd(i));  // for whoever opens something next: this set is never taken again
    whole = false;
  }
  if (whole) pool().give_back(set_);
  set_ = -1;
}

int StreamSlots::fd(int i) const noexcept { return pool().slot(set_, i); }

int StreamSlots::end() noexcept { return pool().end(); }

void StreamSlots::give_up() noexcept { pool().give_up(); }

}  // namespace zinit
