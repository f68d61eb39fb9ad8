// The handler that operator new calls when there is no memory. See memory.hpp.
#include "base/memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <new>

namespace zinit {

namespace {

// Enough for all threads to finish what they have begun; a launch takes 20 KiB.
constexpr std::size_t kReserveBytes = std::size_t{128} * 1024;

// Between attempts: long enough for a process to end, and for the attempts to cost little.
constexpr timespec kBetweenAttempts{0, 20'000'000};

std::atomic<void*> reserve{nullptr};

thread_local bool refusable = false;

}  // namespace

void await_memory() {
  if (refusable) throw std::bad_alloc();
  if (void* const spare = reserve.exchange(nullptr)) {
    std::free(spare);
    return;
  }
  ::malloc_trim(0);  // its result does not tell whether there is enough now, so wait all the same
  ::nanosleep(&kBetweenAttempts, nullptr);
}

void install_memory_policy() {
  // The first call of anything in glibc's malloc sets it up, which two threads must not do at once.
  // Under a sanitizer, which has a malloc of its own, that would be the one in await_memory().
  ::malloc_trim(0);
  if (reserve == nullptr) reserve = std::malloc(kReserveBytes);
  std::set_new_handler(await_memory);
}

AllocationScope::AllocationScope(bool is_refusable) noexcept : before_(refusable) {
  refusable = is_refusable;
}

AllocationScope::~AllocationScope() { refusable = before_; }

}  // namespace zinit
