// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Many services: a thousand at rest, a chain of a hundred.
#include "scenario/harness.hpp"

namespace zinit::test::control_scale {
namespace {

/// How often all threads of a process together gave up the processor to wait.
long waits(pid_t pid) {
  long sum = 0;
  for (const std::string& task : entries_of("/proc/" + std::to_string(pid) + "/task"))
    sum += std::atol(proc_status(std::stoi(task), "voluntary_ctxt_switches").c_str());
  return sum;
}

std::string numbered(const std::string& name, int i) { return name + std::to_string(i); }

/// Asks about each service separately: an answer about all of them would leave its size behind.
void wait_until_all_run(Server& zinit, const Texts& names) {
  for (const std::string& name : names)
    zinit.result("service.wait", named(name, R"("for":"running")"));
}

TEST_CASE("a thousand services rest without a wake-up in 6 MB, stop and start again by one",
          "[alone][scale][soak]") {
  const int count = long_form() ? 5000 : 1000;
  Texts names;
  for (int i = 0; i < count; ++i) names.push_back(numbered("s", i));
  Server zinit;
  zinit.add("base");
  for (const std::string& name : names) zinit.add(name, {.dependencies = "requires = ['base']"});
  zinit.boot();
  wait_until_all_run(zinit, names);
  long before = 0;
  const auto in_peace = [&](std::chrono::milliseconds time) {
    before = waits(zinit.pid());
    return !eventually([&] { return waits(zinit.pid()) != before; }, time);
  };
  REQUIRE(eventually([&] { return in_peace(500ms); }));
  CHECK(in_peace(long_form() ? 10s : 2s));
  INFO(waits(zinit.pid()) - before << " wake-ups");
  if (!binary_is_sanitized()) {  // sanitizers take memory themselves
    // Soon after the last of many requests zinit returns the memory that they took.
    CHECK(eventually([&] { return resident_kb(zinit.pid()) <= 6 * 1024 * count / 1000; }, 10s));
    INFO(resident_kb(zinit.pid()) << " KB");
  }
  const pid_t old = zinit.pid_of("s0");
  CHECK(zinit.restart("base")["state"] == "running");
  wait_until_all_run(zinit, names);
  zinit.await_new_pid("s0", old);
  CHECK(zinit.stop("base")["state"] == "exited");
  CHECK(children_of(zinit.pid()).empty());
  for (const Json& status : zinit.result("service.list_full").elements())
    CHECK(status["state"] == "exited");
  CHECK(zinit.result("service.start_all")["started"].size() == names.size() + 1);
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("a chain of a hundred services starts in order and stops in the reverse one",
          "[threads][scale][soak]") {
  constexpr std::size_t kLength = 100;
  Server zinit;
  Texts names, expected;
  for (std::size_t i = 0; i < kLength; ++i) {
    names.push_back(numbered("s", int(i)));
    expected.push_back("pre " + names.back());
    zinit.add(names[i], {.exec = tracing(names[i]),
                         .service = "pre_exec = 'echo pre " + names[i] + " >> $T'",
                         .dependencies = i == 0 ? "" : "requires = ['" + names[i - 1] + "']"});
  }
  std::for_each(names.rbegin(), names.rend(),
                [&](const std::string& name) { expected.push_back("stop " + name); });
  for (int run = long_form() ? 10 : 2; run > 0; --run) {
    write_file(zinit.path("trace"), "");
    zinit.boot();
    zinit.await_started(names);
    REQUIRE(zinit.shut_down() == 0);
    Texts seen = zinit.trace();
    // Running services write it when they get the processor.
    std::erase_if(seen, [](const std::string& line) { return line.starts_with("start "); });
    REQUIRE(seen == expected);
  }
}

}  // namespace
}  // namespace zinit::test::control_scale
