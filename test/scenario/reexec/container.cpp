// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// PID 1 of a container (zinit.toml(5), "Where files are read"; control.md, "One binary, many
// names").
#include "scenario/harness.hpp"
namespace zinit::test::reexec_container {
namespace {

TEST_CASE("a container ends as its critical service does, or with 1 if that cannot run",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  for (const auto& [end, code] : {std::pair("exit 0", 0), std::pair("exit 3", 3),
                                  std::pair("kill -KILL $$", 128 + SIGKILL)}) {
    Server zinit({.container = true});
    zinit.add("main", {.exec = std::string("until [ -e $D/go ]; do sleep 0.01; done; ") + end,
                       .service = "critical = true",
                       .lifecycle = "restart = 'never'"});
    zinit.add("other", {.exec = tracing("other")});
    zinit.boot();
    zinit.await_trace("start other");
    zinit.mark("go");
    CHECK(zinit.exit_code() == code);
    CHECK(zinit.traced("stop other"));
  }
  for (const std::string required : {"missing", "fails"}) {
    Server zinit({.container = true});
    zinit.add("fails", {.exec = "exit 3", .lifecycle = "restart = 'never'"});
    zinit.add("middle", {.dependencies = "requires = ['" + required + "']"});
    zinit.add("main", {.service = "critical = true", .dependencies = "requires = ['middle']"});
    zinit.launch();
    CHECK(zinit.exit_code() == 1);
  }
}

TEST_CASE("container mode is chosen by option, name or environment, and needs no service",
          "[check][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const auto check = [](const std::string& name, Texts options, Texts env) {
    INFO(name);
    options.insert(options.begin(), name);
    Server zinit({.argv = options, .env = env, .namespaced = true, .by_environment = true});
    std::filesystem::remove(zinit.config());
    zinit.boot();
    CHECK(zinit.result("system.info")["mode"] == "container");
    CHECK(zinit.result("service.list").size() == 0);
    CHECK(zinit.result("system.ping")["pid"] == 1);
    zinit.await_message("container mode");
  };
  check("zinit-pid1", {"--container"}, {});
  check("zinit-server", {}, {});
  check("init", {}, {"ZINIT_CONTAINER=1"});
  check("init", {}, {"container=podman"});
  check("any-other-name", {}, {"ZINIT_CONTAINER=yes"});
}

TEST_CASE("no command after two dashes, or one for a standalone server, is wrong usage",
          "[check][container]") {
  const bool namespaces = can_make_namespaces();
  if (!namespaces) skip("needs pid namespaces, in part");
  const struct {
    Texts argv;
    std::string says;
    bool pid1 = false;
  } rows[] = {{{"zinit", "server", "--"}, "a command is missing after --"},
              {{"zinit-pid1", "--container", "--"}, "a command is missing after --", true},
              {{"zinit", "server", "bash", "-c", "exit 4"}, ""}};
  for (const auto& [argv, says, pid1] : rows) {
    if (pid1 && !namespaces) continue;
    const Outcome outcome = run({.argv = argv, .pid_namespace = pid1});
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Contains(says));
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

}  // namespace
}  // namespace zinit::test::reexec_container
