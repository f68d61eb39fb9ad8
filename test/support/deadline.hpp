#pragma once
// Waiting for what another thread or process brings about, with a deadline.

#include <chrono>
#include <thread>

namespace zinit::test {

/// How long a test waits for what must happen. Far more than it ever takes: a loaded machine and a
/// sanitizer's build must not fail a test that would pass.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);

/// Whether `condition()` becomes true within `limit`. For what gives no event to wait for: it is
/// looked at each millisecond.
template <class Condition>
bool becomes_true(Condition condition, std::chrono::milliseconds limit = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace zinit::test
