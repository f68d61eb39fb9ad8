// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Threads of jobs, as ps -L shows them: which services have one, and what happens if no thread can
// be made (supervisor/job_scheduler.cpp).
#include "scenario/harness.hpp"
#include "scenario/harness/lone_user.hpp"

namespace zinit::test::lifecycle_job_threads {
namespace {

std::string numbered(int i) { return "s" + std::to_string(i); }

TEST_CASE("a service on its way has a thread of its name, and none at rest", "[threads]") {
  Server zinit;
  zinit.add("first",
            {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done", .service = "oneshot = true"});
  for (const auto& [name, needs] : {std::pair{"b", "first"}, {"c", "b"}, {"d", "c"}, {"e", "d"}})
    zinit.add(name, {.dependencies = "requires = ['" + std::string(needs) + "']"});
  zinit.boot();
  const Texts all = {"b", "c", "d", "e", "first"};
  CHECK(eventually([&] { return job_threads(zinit.pid()) == all; }));
  zinit.mark("go");
  zinit.await_state("e", "running");
  CHECK(eventually([&] { return job_threads(zinit.pid()).empty(); }));
}

TEST_CASE("a re-spawn delay and a stop have a thread, and what waits behind a delay has none",
          "[threads]") {
  Server zinit;
  zinit.add("base", {.exec = "exit 1", .lifecycle = "restart_delay_ms = 600000"});
  zinit.add("above", {.dependencies = "requires = ['base']"});
  zinit.add("deaf", {.exec = "trap '' TERM; echo deaf >> $T; while :; do sleep 0.05; done",
                     .lifecycle = "stop_timeout_ms = 600000"});
  zinit.boot();
  zinit.await_trace("deaf");
  zinit.await_delayed("base");
  CHECK(eventually([&] { return job_threads(zinit.pid()) == Texts{"base"}; }));
  (void)zinit.result("service.stop", named("deaf"));
  CHECK(eventually([&] { return job_threads(zinit.pid()) == Texts{"base", "deaf"}; }));
  zinit.kill("deaf");
  zinit.await_state("deaf", "exited");
  CHECK(eventually([&] { return job_threads(zinit.pid()) == Texts{"base"}; }));
}

TEST_CASE("what waits for a service has a thread again when that is started again", "[threads]") {
  Server zinit;
  zinit.add("base", {.lifecycle = "start_timeout_ms = 1500\nrestart_delay_ms = 1000",
                     .more = "[readiness]\nnotify = 'systemd'\n"});
  zinit.add("above", {.dependencies = "requires = ['base']"});
  zinit.boot();
  zinit.await(
      "base",
      [](const Json& s) { return s["restart_count"].number() > 0 && s["state"] == "starting"; },
      "a second start");
  CHECK(eventually([&] { return job_threads(zinit.pid()) == Texts{"above", "base"}; }));
}

TEST_CASE("where processes are few as many services run as fit, and others when there is room",
          "[root]") {
  if (geteuid() != 0) return skip(kNeedsLoneUser);
  if (binary_is_sanitized()) return skip("sanitizers need threads of their own");
  constexpr uid_t kUser = 64127;
  constexpr rlim_t kProcesses = 12;
  constexpr int kServices = 20;
  Server zinit({.uid = kUser, .in_child = limited_to(kProcesses)});
  for (int i = 0; i < kServices; ++i) zinit.add(numbered(i));
  zinit.boot();
  const auto running = [&] {
    Texts names;
    for (int i = 0; i < kServices; ++i) {
      if (zinit.result("service.is_running", named(numbered(i))) == true)
        names.push_back(numbered(i));
    }
    return names;
  };
  const std::string tasks = "/proc/" + std::to_string(zinit.pid()) + "/task";
  const auto full = [&] {
    return job_threads(zinit.pid()).empty() &&
           running().size() + entries_of(tasks).size() == kProcesses;
  };
  CHECK(eventually(full));
  const std::string first = running().front();
  CHECK(zinit.stop(first)["state"] == "exited");
  CHECK(eventually(full));
  CHECK_FALSE(zinit.result("service.is_running", named(first)) == true);
}

}  // namespace
}  // namespace zinit::test::lifecycle_job_threads
