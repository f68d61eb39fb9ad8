// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// PID 1 of a container (zinit.toml(5), "Where files are read"; control.md, "One binary, many
// names").
#include "scenario/harness.hpp"
namespace zinit::test::reexec_container {
namespace {

const Toml kCritical{.exec = "while ! [ -e $D/end ]; do sleep 0.01; done; . $D/end",
                     .service = "critical = true",
                     .lifecycle = "restart = 'never'"};

TEST_CASE("a container ends with the exit code of a critical service, or 128 + its signal",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const auto& [end, code] : {std::pair("exit 0", 0), std::pair("exit 3", 3),
                                  std::pair("kill -KILL $$", 128 + SIGKILL)}) {
    Server zinit({.container = true});
    zinit.add("main", kCritical);
    zinit.add("other", {.exec = tracing("other")});
    zinit.boot();
    zinit.await_trace("start other");
    write_file(zinit.path("end.new"), end);
    std::filesystem::rename(zinit.path("end.new"), zinit.path("end"));
    CHECK(zinit.exit_code() == code);
    CHECK(zinit.traced("stop other"));
  }
}

TEST_CASE("a container ends when what its critical service requires is missing or has failed",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const std::string required : {"missing", "fails"}) {
    Server zinit({.container = true});
    zinit.add("fails", {.exec = "exit 3", .lifecycle = "restart = 'never'"});
    zinit.add("middle", {.dependencies = "requires = ['" + required + "']"});
    zinit.add("main", {.service = "critical = true", .dependencies = "requires = ['middle']"});
    zinit.launch();
    CHECK(zinit.exit_code() == 1);
  }
}

TEST_CASE("a container lives on while a critical service is spawned again or stopped on request",
          "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true});
  zinit.add("main", {.service = "critical = true", .lifecycle = "restart_delay_ms = 1"});
  zinit.boot({"main"});
  zinit.kill("main");
  zinit.await(
      "main", [](const Json& s) { return s["state"] == "running" && s["restart_count"] == 1; },
      "running again");
  CHECK(zinit.stop("main")["state"] == "exited");
  zinit.result("system.ping");
}

TEST_CASE("without a service a container's PID 1 stays up and answers", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  Server zinit({.container = true});
  std::filesystem::remove(zinit.config());
  zinit.boot();
  CHECK(zinit.result("service.list").size() == 0);
  CHECK(zinit.result("system.ping")["pid"] == 1);
  zinit.await_message("container mode");
  std::filesystem::create_directory(zinit.config());
}

TEST_CASE("container mode is chosen by option, name or environment", "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const auto mode_of = [](Texts argv, Texts env) {
    Server zinit({.argv = std::move(argv),
                  .env = std::move(env),
                  .namespaced = true,
                  .by_environment = true});
    zinit.boot();
    return zinit.result("system.info")["mode"].text();
  };
  CHECK(mode_of({"zinit-pid1", "--container"}, {}) == "container");
  CHECK(mode_of({"zinit-server"}, {}) == "container");
  CHECK(mode_of({"init"}, {"ZINIT_CONTAINER=1"}) == "container");
  CHECK(mode_of({"init"}, {"container=podman"}) == "container");
  CHECK(mode_of({"any-other-name"}, {"ZINIT_CONTAINER=yes"}) == "container");
}

TEST_CASE("a command after two dashes is the critical service main", "[container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const std::string command = "echo hello; while ! [ -e $D/go ]; do sleep 0.01; done; exit 9";
  Server zinit({.arguments = {"--", "/bin/sh", "-c", command}, .container = true});
  zinit.add("other", {.exec = tracing("other")});
  zinit.boot();
  zinit.await_trace("start other");
  const Json main = zinit.await_state("main", "running");
  CHECK(main["pid"].number() > 1);
  REQUIRE(eventually([&] { return zinit.output() == "hello\n"; }));  // zinit's own standard streams
  zinit.mark("go");
  CHECK(zinit.exit_code() == 9);
  CHECK(zinit.traced("stop other"));
}

TEST_CASE("two dashes without a command behind them are wrong usage", "[container]") {
  for (const bool pid1 : {false, true}) {
    if (pid1 && !can_make_namespaces()) return skip("needs pid namespaces");
    Launch what;
    what.argv = pid1 ? Texts{"zinit-pid1", "--container", "--"} : Texts{"zinit", "server", "--"};
    what.pid_namespace = pid1;
    const Outcome outcome = run(what);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Catch::Contains("a command is missing after --"));
  }
}

TEST_CASE("a container reads services and targets below /etc/zinit, in that order",
          "[root][container]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit({.argv = {"zinit-pid1", "--container"}, .namespaced = true, .own_root = true});
  write_file(zinit.path("etc/passwd"),
             "root:x:0:0::/:/bin/sh\nmine:x:64123:64124::/home/mine:/bin/sh\n");
  write_file(zinit.path("etc/group"), "root:x:0:\nmine:x:64124:\nmore:x:64125:other,mine\n");
  zinit.put("etc/zinit/system/z.toml", "[service]\nexec = 'sleep 100000'\n");
  zinit.put("etc/zinit/targets/all.toml", "[target]\n[dependencies]\nrequires = ['a']\n");
  zinit.put("etc/zinit/targets/a.toml", "[target]\n");
  zinit.add("a", {.service = "user = 'mine'"});
  zinit.boot({"all"});
  CHECK(zinit.result("service.list").texts() == Texts{"a", "all"});
  const Json a = zinit.status("a");
  CHECK(a["kind"] == "service");
  CHECK(a["file"] == "/etc/zinit/services/a.toml");
  CHECK(a["warnings"].mentions("/etc/zinit/targets/a.toml"));
  const auto children = children_of(zinit.pid());
  REQUIRE(children.size() == 1);
  CHECK(proc_status(children[0], "Groups") == "64124 64125");  // the user's own groups
  CHECK_THAT(proc_status(children[0], "Uid"), Catch::StartsWith("64123"));
}

TEST_CASE("with --pid1-mode a standalone server reads system and targets as well",
          "[root][container]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  const auto listed = [](Texts argv) {
    Server zinit({.argv = std::move(argv), .own_root = true});
    zinit.put("etc/zinit/system/s.toml", "[service]\nexec = 'sleep 100000'\n");
    zinit.put("etc/zinit/targets/t.toml", "[target]\n");
    zinit.add("a");
    zinit.boot({"a"});
    CHECK(zinit.result("system.info")["mode"] == "standalone");
    return zinit.result("service.list").texts();
  };
  CHECK(listed({"zinit", "server"}) == Texts{"a"});
  CHECK(listed({"zinit", "server", "--pid1-mode"}) == Texts{"a", "s", "t"});
}

}  // namespace
}  // namespace zinit::test::reexec_container
