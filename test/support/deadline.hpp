#pragma once
// Waiting for what another thread or process brings about, with a deadline. The one place of the
// tests that sleeps.

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

namespace zinit::test {

/// How long a test waits for what must happen. Far more than it ever takes: a loaded machine and a
/// sanitizer's build must not fail a test that would pass.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);

/// Whether `condition()` becomes true within `limit`. For what gives no event to wait for: it is
/// looked at after 1 ms, then after twice as long each time, up to `longest`. Looking costs the
/// processors that other tests run on.
template <class Condition>
bool becomes_true(Condition condition, std::chrono::milliseconds limit = kPatience,
                  std::chrono::milliseconds longest = std::chrono::milliseconds(16)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (std::chrono::milliseconds pause(1); !condition(); pause = std::min(2 * pause, longest)) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

/// Does `step` again and again, with a millisecond between, until `enough()`: for a thread beside
/// the test that has no event to wait for.
template <class Step, class Enough>
void repeat(Step step, Enough enough) {
  const auto once = [&] {
    step();
    return bool(enough());
  };
  while (!becomes_true(once, kPatience, std::chrono::milliseconds(1))) continue;
}

/// Waits until `value()` comes to rest: is the same for as long as `span`. For work whose end
/// nothing tells.
/// @return  the value; nothing if it has not come to rest in time
template <class Value>
auto at_rest_for(std::chrono::milliseconds span, Value value) -> std::optional<decltype(value())> {
  using Clock = std::chrono::steady_clock;
  auto last = value();
  auto since = Clock::now();
  const bool rests = becomes_true([&] {
    auto now = value();
    if (now != last) since = Clock::now();
    last = std::move(now);
    return Clock::now() - since >= span;
  });
  return rests ? std::optional(std::move(last)) : std::nullopt;
}

/// Waits until the clock shows `when`: for a time limit of what is tested that has to pass. What
/// must not happen until then is asserted on what has been decided, not by a wait.
inline void let_pass(std::chrono::steady_clock::time_point when) {
  repeat([] {}, [when] { return std::chrono::steady_clock::now() >= when; });
}

}  // namespace zinit::test
