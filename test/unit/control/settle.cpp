// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// debug.settle: what it waits for, what it does not wait for, and its end.
#include "io/watcher.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_settle {
namespace {

constexpr const char* kOk = R"({"ok":true})";
constexpr const char* kPatient = R"({"timeout_ms":60000})";

TEST_CASE("an idle watcher is called when everything that was ready has been handled", "[io]") {
  auto loop = std::move(EventLoop::create().value());
  std::string order;
  IdleWatcher idle(*loop, [&] {
    order += "idle ";
    loop->stop();
  });
  TimerWatcher timer(*loop, [&] { order += "timer "; });
  timer.set(0ms);
  idle.start();
  REQUIRE(loop->post([&] {
    order += "task ";
    REQUIRE(loop->post([&] { order += "its task "; }));
  }));
  loop->run();
  CHECK(order.ends_with("idle "));
  CHECK(order.size() == std::string_view("timer task its task idle ").size());
  // The callback was for one time.
  loop->stop();
  loop->run();
  CHECK(order.size() == std::string_view("timer task its task idle ").size());
}

TEST_CASE("debug.settle answers when pipes are read and the log is written, and not later",
          "[control][settle]") {
  const auto later = [](ServiceSpec& spec) {
    spec.lifecycle.restart = RestartPolicy::always;
    spec.lifecycle.restart_delay = Milliseconds(3'600'000);
  };
  Rig rig({sleeper("web"), service("again", {"/bin/false"}, later)});
  TestClient client = rig.client();
  const Slot slot = rig.board().find("web");
  const auto pipes = rig.logs().open_output(slot);
  REQUIRE(pipes);
  // zinit does not watch a pipe for a moment if more is written to it soon.
  for (std::uint64_t line = 1; line <= 100; ++line) {
    REQUIRE(::write(pipes->out.get(), "line\n", 5) == 5);
    REQUIRE(client.call("debug.settle", kPatient) == kOk);
    REQUIRE(rig.logs().info(slot).last_seq == line);
  }
  for (int round = 0; round < 20; ++round) {
    rig.board().log(LogLevel::debug, "a line that the janitor writes");
    REQUIRE(client.call("debug.settle", kPatient) == kOk);
    REQUIRE(rig.board().quiet());
  }
  // A restart delay is nothing to wait for.
  (void)client.call("service.start", R"({"name":"again"})");
  REQUIRE(rig.becomes("again", State::blocked));
  CHECK(client.call("debug.settle", kPatient) == kOk);
}

TEST_CASE("debug.settle has an end where zinit never comes to rest", "[control][settle]") {
  Rig rig;
  TestClient client = rig.client();
  std::atomic<bool> over{false};
  std::function<void()> load = [&] {
    if (!over) static_cast<void>(rig.loop().post(load));
  };
  REQUIRE(rig.loop().post(load));
  CHECK(client.error_of("debug.settle", R"({"timeout_ms":20})") ==
        static_cast<int>(RpcCode::timeout));
  CHECK(Json(client.call("system.ping")).has("pid"));
  over = true;
  CHECK(client.call("debug.settle", kPatient) == kOk);
}

}  // namespace
}  // namespace zinit::test::control_settle
