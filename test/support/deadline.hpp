// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Waits with a deadline for the effects of another thread or process. Only this file of the tests
// sleeps.

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

namespace zinit::test {

/// How long a test waits for what must happen. It is far longer than needed, so that a loaded
/// machine or a sanitizer's build does not fail a test that would pass.
inline constexpr std::chrono::milliseconds kPatience = std::chrono::seconds(60);

/// Whether `condition()` becomes true within `limit`. For conditions without an event to wait for.
/// Checks after `pause`, then after twice the time before each check, up to `longest`, because
/// checks cost processor time that other tests need.
template <class Condition>
bool becomes_true(Condition condition, std::chrono::milliseconds limit = kPatience,
                  std::chrono::milliseconds longest = std::chrono::milliseconds(16),
                  std::chrono::milliseconds pause = std::chrono::milliseconds(1)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (; !condition(); pause = std::min(2 * pause, longest)) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

/// Does `step` again and again, with a millisecond between, until `enough()`. For a thread beside
/// the test without an event to wait for.
template <class Step, class Enough>
void repeat(Step step, Enough enough) {
  const auto once = [&] {
    step();
    return bool(enough());
  };
  while (!becomes_true(once, kPatience, std::chrono::milliseconds(1))) continue;
}

/// Waits until `value()` has been the same for `span`. For work whose end causes no event.
/// @return  the value; nothing if it did not come to rest in time
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

/// Waits until the clock shows `when`, so that a time limit of the tested code passes. A test must
/// not use it to show that something does not happen: it checks the decisions made so far.
inline void let_pass(std::chrono::steady_clock::time_point when) {
  repeat([] {}, [when] { return std::chrono::steady_clock::now() >= when; });
}

}  // namespace zinit::test
