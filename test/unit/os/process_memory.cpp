// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// How long reads from the memory of others may take.
#include "os/process_memory.hpp"
#include "support/test.hpp"

namespace zinit::test::os_process_memory {
namespace {

constexpr std::uint64_t kMine = 1000, kYours = 1001;

TEST_CASE("slow reads of one user's processes cost a second at once, and then a tenth of the time",
          "[os]") {
  const TimePoint start = Clock::now();
  const auto cost = [&](Milliseconds each) {
    SlowReads reads;
    Milliseconds spent{0};
    for (TimePoint now = start; now < start + 20s; now += 1ms) {
      if (reads.too_many(kMine, now)) continue;
      now += each;
      spent += each;
      reads.took(kMine, each, now);
      CHECK_FALSE(reads.too_many(kYours, now));
    }
    return spent;
  };
  for (const Milliseconds each : {10ms, 50ms, 190ms}) {
    INFO(each.count() << " ms");
    CHECK(cost(each) > 2s);
    CHECK(cost(each) < 3500ms);
  }
  CHECK(cost(9ms) > 17s);  // is not slow
}

TEST_CASE("a read that hangs costs what its asker has waited", "[os]") {
  SlowReads reads;
  const TimePoint now = Clock::now();
  reads.took(kMine, 1h, now);
  CHECK_FALSE(reads.too_many(kMine, now));
  for (int i = 0; i < 5; ++i) reads.took(kMine, 1h, now);
  CHECK(reads.too_many(kMine, now));
  CHECK_FALSE(reads.too_many(kMine, now + 5s));
}

TEST_CASE("a process's files are read", "[os]") {
  for (const IfSlow if_slow : {IfSlow::refuse, IfSlow::wait}) {
    const auto text = read_of_process(::getpid(), "cmdline", 4096, if_slow);
    REQUIRE(text);
    CHECK_FALSE(text->empty());
  }
}

}  // namespace
}  // namespace zinit::test::os_process_memory
