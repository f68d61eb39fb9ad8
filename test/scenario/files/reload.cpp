// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reading the service files again (control.md, `reload`).
#include "scenario/harness.hpp"
#include "scenario/harness/wrong_files.hpp"

namespace zinit::test::files_reload {

TEST_CASE("a reload tells what is added, changed, removed and unchanged, and does it", "[reload]") {
  Server zinit;
  for (const char* name : {"stays", "changes", "goes"}) zinit.add(name);
  zinit.boot();
  const auto stays = zinit.await_state("stays", "running")["pid"];
  const pid_t changes = zinit.await_program("changes");
  const pid_t goes = zinit.await_program("goes");
  zinit.add("changes", {.exec = "sleep 200000", .service = "umask = '0077'\ndescription = 'x'"});
  zinit.add("comes");
  zinit.remove("goes");
  const Json dry = zinit.result("service.reload", R"({"dry_run":true})");
  CHECK(zinit.result("service.list").texts() == Texts{"changes", "goes", "stays"});
  const Json done = zinit.reload();
  for (const Json& plan : {dry, done}) {
    for (const char* member : {"added", "changed", "failed", "removed", "unchanged"})
      CHECK(plan[member].is_array());
    CHECK(plan["added"].mentions("\"comes\""));
    CHECK(plan["changed"].mentions("\"changes\""));
    CHECK(plan["removed"].mentions("\"goes\""));
    CHECK(plan["unchanged"].mentions("\"stays\""));
    CHECK(plan["failed"].size() == 0);
    CHECK(plan["restarted"].texts() == Texts{"changes"});
    CHECK(plan["why"]["changes"].texts() == Texts{"exec", "umask"});
  }
  zinit.await_new_pid("changes", changes);
  zinit.await_state("comes", "running");
  REQUIRE(eventually([&] {
    return zinit.result("service.list").texts() == Texts{"changes", "comes", "stays"};
  }));
  CHECK_FALSE(alive(goes));
  CHECK(zinit.status("stays")["pid"] == stays);
}

TEST_CASE("a dry run tells whom a change takes along, and why", "[check][reload]") {
  Server zinit;
  zinit.add("base");
  zinit.add("web", {.dependencies = "requires = ['base']"});
  zinit.add("top", {.dependencies = "requires = ['web']"});
  zinit.add("goes");
  zinit.add("left", {.dependencies = "requires = ['goes']"});
  zinit.boot({"top", "left"});
  zinit.add("base", {.exec = "sleep 200000"});
  zinit.remove("goes");
  const Json dry = zinit.result("service.reload", R"({"dry_run":true})");
  CHECK(dry["restarted"].texts() == Texts{"base", "top", "web"});
  CHECK(dry["stopped"].texts() == Texts{"left"});
  CHECK(dry["why"]["base"].texts() == Texts{"exec"});
  CHECK(dry["why"]["top"].texts() == Texts{"requires web"});
  CHECK(dry["why"]["left"].texts() == Texts{"requires goes"});
  CHECK_THAT(zinit.ctl({"reload", "--dry-run"}).out,
             Contains("restarted    base (exec), top (requires web), web (requires base)\n"));
  const pid_t top = zinit.pid_of("top");
  zinit.reload();
  zinit.await_new_pid("top", top);
  zinit.await_failed("left", "missing_dependency");
}

TEST_CASE("who no longer requires what goes is not told to go with it", "[reload]") {
  Server zinit;
  zinit.add("goes");
  zinit.add("base");
  zinit.add("web", {.dependencies = "requires = ['goes', 'base']"});
  zinit.boot({"web"});
  const pid_t web = zinit.pid_of("web");
  zinit.remove("goes");
  zinit.add("base", {.exec = "sleep 200000"});
  zinit.add("web");
  const Json dry = zinit.result("service.reload", R"({"dry_run":true})");
  const Json done = zinit.reload();
  for (const Json& report : {dry, done}) {
    CHECK(report["removed"].texts() == Texts{"goes"});
    CHECK(report["changed"].texts() == Texts{"base", "web"});
    CHECK(report["restarted"].texts() == Texts{"base"});
    CHECK(report["stopped"].size() == 0);
  }
  zinit.await_settled();
  CHECK(zinit.pid_of("web") == web);
}

TEST_CASE("comments change nothing, and description, policy and delays without a restart",
          "[reload]") {
  Server zinit;
  zinit.file("a.toml", "[service]\nexec = 'sleep 100000'\noneshot = false\n");
  zinit.boot();
  const auto pid = zinit.await_state("a", "running")["pid"];
  zinit.file("a.toml", "# new\n[service]\noneshot = false # no\nexec = \"sleep 100000\"\n");
  CHECK(zinit.reload()["unchanged"].mentions("\"a\""));
  CHECK(zinit.status("a")["pid"] == pid);
  zinit.add("a", {.service = "description = 'new'",
                  .lifecycle = "restart = 'never'\nrestart_delay_ms = 5"});
  CHECK(zinit.reload()["changed"].mentions("\"a\""));
  const Json status = zinit.status("a");
  CHECK(status["pid"] == pid);
  CHECK(status["description"] == "new");
}

TEST_CASE("a removed service fails what requires it, and a changed one runs its oneshots again",
          "[reload]") {
  Server zinit;
  zinit.add("db", {.exec = tracing("db")});
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['db']"});
  zinit.add("base");
  zinit.add("job", {.exec = "echo job >> $T",
                    .service = "oneshot = true",
                    .dependencies = "requires = ['base']"});
  zinit.add("site", {.dependencies = "requires = ['job']"});
  zinit.boot({"site"});
  zinit.await_started({"db", "web"});
  zinit.remove("db");
  zinit.reload();
  CHECK(zinit.await_failed("web", "missing_dependency")["reason"]["dependency"] == "db");
  zinit.await_trace("stop db");
  zinit.traced_in_order("stop web", "stop db");
  zinit.add("db", {.exec = tracing("db")});
  zinit.reload();
  zinit.await_state("web", "running");

  zinit.add("base", {.exec = "sleep 100001"});
  const Texts all = {"base", "job", "site"};
  CHECK(zinit.result("service.reload", R"({"dry_run":true})")["restarted"].texts() == all);
  CHECK(zinit.reload()["restarted"].texts() == all);
  zinit.await_trace("job", 2);
}

TEST_CASE("a service that is removed and added again while it stops starts again",
          "[threads][reload]") {
  Server zinit;
  const std::string exec =
      "trap 'echo term >> $T; while ! [ -e $D/go ]; do sleep 0.01; done; exit 0' TERM; echo start "
      ">> $T; "
      "while :; do sleep 1 & wait; done";
  zinit.add("a", {.exec = exec});
  zinit.boot();
  zinit.await_trace("start");
  zinit.remove("a");
  zinit.reload();
  zinit.await_trace("term");
  zinit.add("a", {.exec = exec});
  zinit.reload();
  CHECK(zinit.count("start") == 1);
  zinit.mark("go");
  zinit.await_trace("start", 2);
  zinit.await_state("a", "running");
}

TEST_CASE("a service that comes back wrong while it stops is failed when it is down", "[reload]") {
  Server zinit;
  zinit.add("a", {.exec = stubborn("a"), .lifecycle = "stop_timeout_ms = 300"});
  zinit.boot();
  zinit.await_trace("start a");
  zinit.remove("a");
  zinit.reload();
  zinit.file("a.toml", "[service]\nexec = 1\n");
  CHECK(zinit.reload()["failed"].texts() == Texts{"a"});
  zinit.await_failed("a", "config_error");
  zinit.add("a");
  zinit.reload();
  zinit.await_state("a", "running");
}

TEST_CASE("a oneshot that is done and becomes a target or a daemon is started as that",
          "[reload]") {
  Server zinit;
  zinit.add("job", {.exec = "true", .service = "oneshot = true"});
  zinit.add("web", {.dependencies = "requires = ['job']"});
  zinit.boot({"web"});
  zinit.file("job.toml", "[target]\n");
  zinit.reload();
  zinit.await_state("job", "running");
  zinit.await_state("web", "running");
  zinit.add("job");
  zinit.reload();
  zinit.await_program("job");
  zinit.await_state("web", "running");
}

TEST_CASE("a service that becomes a target while its process is spawned leaves none behind",
          "[threads][reload]") {
  Server zinit;
  const auto name = [](int i) { return "s" + std::to_string(i); };
  constexpr int services = 20;
  for (int i = 0; i < services; ++i)
    zinit.add(name(i), {.exec = "echo $$ >> $D/pids; exec sleep 100000"});
  zinit.boot();
  for (int i = 0; i < services; ++i) {
    zinit.file(name(i) + ".toml", "[target]\n");
    zinit.begin_stop(name(i));
    zinit.begin_start(name(i));
    for (int j = 0; j < i; ++j) zinit.result("system.ping");  // some of them meet the spawn
    zinit.reload();
    CHECK(zinit.await_state(name(i), "running")["kind"] == "target");
  }
  CHECK(zinit.shut_down() == 0);
  std::istringstream pids(read_file(zinit.path("pids")));
  int count = 0;
  for (pid_t pid = 0; pids >> pid; ++count) CHECK_FALSE(alive(pid));
  CHECK(count >= services);
}

TEST_CASE("at a reload each wrong file leaves its service on the old config, with a warning",
          "[check][reload]") {
  Server zinit;
  zinit.add("good");
  for (const WrongFile& wrong : wrong_files()) {
    // Some files have a wrong name, so the service is loaded under the file's name.
    zinit.file(wrong.file, "[service]\nname = '" + wrong.service() + "'\nexec = 'sleep 100000'\n");
  }
  zinit.boot();
  std::map<std::string, std::string> pids;
  for (const WrongFile& wrong : wrong_files())
    pids[wrong.service()] = zinit.await_state(wrong.service(), "running")["pid"].dump();
  const auto good = zinit.await_state("good", "running")["pid"];
  for (const WrongFile& wrong : wrong_files()) zinit.file(wrong.file, wrong.text);
  const Json plan = zinit.reload();
  for (const WrongFile& wrong : wrong_files()) {
    INFO(wrong.file);
    CHECK(plan["failed"].mentions("\"" + wrong.service() + "\""));
    const Json status = zinit.status(wrong.service());
    CHECK(status["state"] == "running");
    CHECK(status["pid"].dump() == pids[wrong.service()]);
    CHECK_THAT(status["warnings"].dump(), Contains(wrong.file + ":" + wrong.place));
  }
  CHECK(zinit.status("good")["pid"] == good);
}

TEST_CASE("a wrong file that is new at a reload is listed as failed", "[reload]") {
  Server zinit;
  zinit.add("good");
  zinit.boot();
  const auto good = zinit.await_state("good", "running")["pid"];
  for (const WrongFile& wrong : wrong_files()) zinit.file(wrong.file, wrong.text);
  zinit.reload();
  for (const WrongFile& wrong : wrong_files()) zinit.await_failed(wrong.service(), "config_error");
  CHECK(zinit.status("good")["pid"] == good);
  // After a repair the next reload starts them.
  for (const WrongFile& wrong : wrong_files())
    zinit.file(wrong.file, "[service]\nname = '" + wrong.service() + "'\nexec = 'sleep 100000'\n");
  zinit.reload();
  for (const WrongFile& wrong : wrong_files()) zinit.await_state(wrong.service(), "running");
}

TEST_CASE("a wrong file whose name is another at each reload harms nobody", "[check][reload]") {
  Server zinit;
  zinit.add("good");
  zinit.file("f.toml", "[service]\nname = 'n'\nexec = 1\n");
  zinit.boot();
  const auto good = zinit.await_state("good", "running")["pid"];
  zinit.await_failed("n", "config_error");
  zinit.file("f.toml", "[service\n");
  CHECK(zinit.reload()["failed"].texts() == Texts{"f"});
  zinit.await_failed("f", "config_error");
  std::filesystem::rename(zinit.config("f.toml"), zinit.config("g.toml"));
  CHECK(zinit.reload()["failed"].texts() == Texts{"g"});
  zinit.await_failed("g", "config_error");
  CHECK(zinit.result("service.list").texts() == Texts{"g", "good"});
  CHECK(zinit.status("good")["pid"] == good);
}

TEST_CASE("a reload reports a file that was wrong before and still is", "[reload]") {
  Server zinit;
  zinit.add("good");
  zinit.file("bad.toml", "[service]\nexec = 1\n");
  zinit.boot();
  const Json report = zinit.reload();
  CHECK(report["failed"].texts() == Texts{"bad"});
  CHECK(report["failed_before"].texts() == Texts{"bad"});
  CHECK(report["unchanged"].texts() == Texts{"good"});
  CHECK_THAT(zinit.ctl({"status", "bad"}).out, !Contains("changed on disk"));
  zinit.file("bad.toml", "[service]\nexec = 2\n");
  CHECK_THAT(zinit.ctl({"status", "bad"}).out, Contains("changed on disk"));
  zinit.file("good.toml", "[service]\nexec = 2\n");
  CHECK(zinit.status("good")["changed_on_disk"] == true);
  CHECK(zinit.reload()["failed"].texts() == Texts{"bad", "good"});
  CHECK(zinit.status("good")["changed_on_disk"] == false);  // refused, but read
  zinit.add("good");
  CHECK(zinit.status("good")["changed_on_disk"] == true);
  zinit.file("bad.toml", "[service]\nexec = 1\n");
  const Outcome told = zinit.ctl({"reload"});
  CHECK(told.code == 1);
  CHECK_THAT(told.out, Contains("bad.toml:2:8: error: service.exec: 1 is an integer"));
}

TEST_CASE("a wrong file is told as long as it is wrong, whatever is asked of its service",
          "[reload]") {
  Server zinit;
  zinit.file("broken.toml", "[service]\nexec = 1\n");
  zinit.add("web");
  zinit.file("rescue.toml", "[target]\nstatus = 'stop'\n");
  zinit.boot({"web"});
  const std::string fault = "broken.toml:2:8: error: service.exec: 1 is an integer";
  const auto told = [&] {
    INFO(zinit.status("broken"));
    CHECK(zinit.status("broken")["reason"]["type"] == "config_error");
    CHECK(zinit.status("broken")["reason"].mentions(fault));
    CHECK(zinit.result("service.why", named("broken")).mentions(fault));
    CHECK_THAT(zinit.ctl({"why", "broken"}).out,
               Contains("service.exec: 1 is an integer") && Contains("zinitctl reload"));
    CHECK_THAT(zinit.ctl({"list"}).out, Contains("config error: service.exec: 1 is an integer"));
    const Json all = zinit.result("service.start_all");
    CHECK(all["failed"].elements().at(0)["name"] == "broken");
    CHECK(all["failed"].mentions(fault));
  };
  zinit.await_failed("broken", "config_error");
  told();
  zinit.stop("broken");
  CHECK(zinit.state("broken") == "inactive");
  told();
  CHECK(zinit.ctl({"isolate", "rescue"}).code == 0);
  zinit.await_state("web", "exited");
  told();
  zinit.reexecute();
  told();
  zinit.add("broken", {.service = "status = 'stop'"});
  zinit.reload();
  CHECK(zinit.state("broken") == "inactive");
  CHECK(zinit.status("broken")["reason"].is_null());
  CHECK_FALSE(zinit.result("service.why", named("broken")).mentions("error"));
}

TEST_CASE("what was stopped while its file was wrong stays stopped when that is mended",
          "[reload]") {
  Server zinit;
  for (const char* name : {"db", "wanted"}) zinit.add(name, {.service = "status = 'stop'"});
  zinit.add("web", {.dependencies = "requires = ['db']\nconflicts = ['db']"});
  zinit.boot();
  CHECK(zinit.state("web") == "failed");
  zinit.stop("web");
  zinit.add("web", {.dependencies = "requires = ['db']\nwants = ['wanted']"});
  zinit.reload();
  const Json status = zinit.status("web");
  CHECK(status["state"] == "inactive");
  CHECK(status["wish"] == "down");
  CHECK(status["reason"].is_null());
  for (const char* name : {"db", "wanted"}) CHECK(zinit.state(name) == "inactive");
  CHECK(zinit.start("web")["state"] == "running");
}

TEST_CASE("a file that was refused is told so, with what is wrong with it", "[reload]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  CHECK(zinit.status("web")["refused"].size() == 0);
  zinit.file("web.toml", "[service]\nexec = 2\n");
  const Outcome reload = zinit.ctl({"reload"});
  CHECK(reload.code == 1);
  CHECK_THAT(reload.out, Contains("web.toml:2:8: error: service.exec: 2 is an integer"));
  const Json refused = zinit.status("web")["refused"];
  REQUIRE(refused.size() == 1);
  CHECK(refused.mentions("web.toml:2:8: error: service.exec: 2 is an integer"));
  const std::string status = zinit.ctl({"status", "web"}).out;
  CHECK_THAT(status, Contains("refused when it was last read") && !Contains("changed on disk") &&
                         Contains("refused      " + zinit.config("web.toml") + ":2:8"));
  zinit.add("web");
  CHECK(zinit.ctl({"reload"}).code == 0);
  CHECK(zinit.status("web")["refused"].size() == 0);
}

TEST_CASE("a reload prints the warnings of what it applies, or would apply", "[reload]") {
  Server zinit;
  zinit.file("old.toml", "[service]\nexec = 'sleep 100000'\nold_key = 1\n");
  zinit.boot({"old"});
  zinit.add("new", {.service = "onshot = true"});
  const Outcome dry = zinit.ctl({"reload", "--dry-run"});
  CHECK_THAT(dry.out, Contains("service.onshot: unknown key") && !Contains("old_key"));
  const Outcome added = zinit.ctl({"reload"});
  CHECK(added.code == 0);
  CHECK_THAT(added.out, Contains("service.onshot: unknown key, did you mean \"oneshot\"?") &&
                            !Contains("old_key"));
  zinit.add("new", {.service = "onshot = false\numask = '0077'"});
  CHECK_THAT(zinit.ctl({"reload"}).out,
             Contains("changed") && Contains("service.onshot") && !Contains("old_key"));
  // A change without effect on the service, which counts as unchanged.
  zinit.file("old.toml", "[service]\nexec = 'sleep 100000'\nold_key = 1\nother_key = 1\n");
  CHECK_THAT(zinit.ctl({"reload"}).out, Contains("unchanged    2") &&
                                            Contains("old.toml:4:1: warning: service.other_key") &&
                                            !Contains("old_key"));
  CHECK_THAT(zinit.ctl({"reload"}).out, !Contains("unknown key"));
}

TEST_CASE("a reload restarts nothing that is being stopped on request", "[reload]") {
  Server zinit;
  zinit.add("web", {.exec = stubborn("web"), .lifecycle = "stop_timeout_ms = 1000"});
  zinit.boot();
  zinit.await_trace("start web");
  zinit.begin_stop("web");
  zinit.await_state("web", "stopping");
  zinit.add("web");
  const Json report = zinit.reload();
  CHECK(report["changed"].texts() == Texts{"web"});
  CHECK(report["restarted"].size() == 0);
  zinit.await_state("web", "exited");
}

TEST_CASE("what is wrong with one service's folder of drop-ins keeps no other from a reload",
          "[check][reload]") {
  Server zinit;
  zinit.add("web");
  zinit.add("odd");
  zinit.boot();
  const auto web = zinit.await_state("web", "running")["pid"];
  zinit.file("odd.toml.d", "no folder");
  std::filesystem::create_symlink("web.toml.d", zinit.config("web.toml.d"));
  zinit.add("new");
  const Json report = zinit.reload();
  CHECK(report["added"].texts() == Texts{"new"});
  CHECK(report["failed"].texts() == Texts{"web"});
  CHECK(report["unchanged"].texts() == Texts{"odd"});
  CHECK(zinit.status("web")["pid"] == web);
  CHECK_THAT(zinit.status("web")["warnings"].dump(),
             Contains("web.toml.d:1:1: error: cannot read"));
}

TEST_CASE("a reload that cannot read its directory changes nothing and says so", "[reload]") {
  Server zinit;
  zinit.add("a");
  zinit.boot();
  const auto pid = zinit.await_state("a", "running")["pid"];
  const std::string away = zinit.path("away");
  std::filesystem::rename(zinit.config(), away);
  const auto refused = [&](const std::string& params, const std::string& why) {
    const Json error = zinit.error("service.reload", params);
    INFO(error);
    CHECK(error["code"] == -32008);
    CHECK_THAT(error["message"].text(), Contains(zinit.config()) && Contains(why));
    CHECK(zinit.status("a")["pid"] == pid);
  };
  refused("", "a was read from");
  refused(R"({"dry_run":true})", "a was read from");
  write_file(zinit.config(), "");
  refused("", "Not a directory");
  zinit.signal(SIGHUP);
  zinit.await_message("error reload: ");
  CHECK(zinit.status("a")["pid"] == pid);

  std::filesystem::remove(zinit.config());
  std::filesystem::rename(away, zinit.config());
  CHECK(zinit.reload()["unchanged"].texts() == Texts{"a"});
  std::filesystem::remove_all(zinit.config());
  std::filesystem::create_directory(zinit.config());
  CHECK(zinit.reload()["removed"].texts() == Texts{"a"});
}

TEST_CASE("a reload that cannot read zinit.toml keeps the settings and the services",
          "[check][reload][settings]") {
  Server zinit({.settings = true});
  write_file(zinit.path("zinit.toml"), "[defaults]\nstop_signal = 'SIGQUIT'\n");
  zinit.add("a");
  zinit.boot();
  const auto pid = zinit.await_state("a", "running")["pid"];
  std::filesystem::remove(zinit.path("zinit.toml"));
  std::filesystem::create_directory(zinit.path("zinit.toml"));
  const Json error = zinit.error("service.reload");
  CHECK(error["code"] == -32008);
  CHECK_THAT(error["message"].text(), Contains(zinit.path("zinit.toml")));
  CHECK(zinit.status("a")["pid"] == pid);
  CHECK(zinit.stop("a")["last_exit"]["signal"] == "SIGQUIT");
}

TEST_CASE("reloads asked for without end are few readings, and all are answered",
          "[threads][reload]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  Connection client = zinit.connect();
  constexpr int kAsked = 2000;
  std::string all;
  for (int i = 0; i < kAsked; ++i)
    all += R"({"jsonrpc":"2.0","id":)" + std::to_string(i) +
           R"(,"method":"service.reload"})"
           "\n";
  REQUIRE(client.send(all));
  for (int i = 0; i < kAsked; ++i) REQUIRE(client.read()["result"]["unchanged"].size() == 1);
  zinit.shut_down();
  const std::string messages = zinit.messages();
  int readings = 0;
  for (auto at = messages.find("reload: "); at != std::string::npos;
       at = messages.find("reload: ", at + 1))
    ++readings;
  CHECK(readings >= 1);
  CHECK(readings < kAsked / 2);
}

}  // namespace zinit::test::files_reload
