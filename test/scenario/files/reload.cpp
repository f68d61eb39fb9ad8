// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reading the service files again (control.md, `reload`), and files that are wrong (zinit.toml(5),
// "What a wrong file does").
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/wrong_files.hpp"

namespace zinit::test::files_reload {

TEST_CASE("a reload does what the files say by now, and tells it", "[reload]") {
  CHECK_DIALOGS("reload");
}

TEST_CASE("a reload refuses what is wrong, and tells it as long as it is", "[check][reload]") {
  CHECK_DIALOGS("refused");
}

TEST_CASE(
    "each kind of wrong file fails its service at boot and when it is new, and later leaves "
    "the old config in force",
    "[check][files][reload]") {
  Server zinit;
  zinit.add("good");
  const auto& files = wrong_files();
  for (std::size_t i = 0; i < files.size(); i += 2) zinit.file(files[i].file, files[i].text);
  zinit.boot({"good"});
  const pid_t good = zinit.pid_of("good");
  for (std::size_t i = 1; i < files.size(); i += 2) zinit.file(files[i].file, files[i].text);
  zinit.reload();
  for (const WrongFile& wrong : files) {
    INFO(wrong.file << ":\n" << wrong.text.substr(0, 500));
    const Json status = zinit.await_failed(wrong.service(), "config_error");
    const Texts messages = status["reason"]["messages"].texts();
    REQUIRE_FALSE(messages.empty());
    const std::string place = zinit.config(wrong.file) + ":" + wrong.place;
    CHECK_THAT(messages[0], Catch::StartsWith(place));
    CHECK_THAT(messages[0], Contains(": error: ") && Contains(wrong.says));
    zinit.await_message(place);
  }
  // Some files have a wrong name, so the service is loaded under the file's name.
  for (const WrongFile& wrong : files)
    zinit.file(wrong.file, "[service]\nname = '" + wrong.service() + "'\nexec = 'sleep 100000'\n");
  zinit.reload();
  std::map<std::string, pid_t> pids;
  for (const WrongFile& wrong : files) pids[wrong.file] = zinit.await_program(wrong.service());
  for (const WrongFile& wrong : files) zinit.file(wrong.file, wrong.text);
  const Texts failed = zinit.reload()["failed"].texts();
  CHECK(failed.size() == files.size());
  for (const WrongFile& wrong : files) {
    INFO(wrong.file);
    CHECK(std::ranges::count(failed, wrong.service()) == 1);
    const Json status = zinit.status(wrong.service());
    CHECK(status["state"] == "running");
    CHECK(zinit.pid_of(wrong.service()) == pids[wrong.file]);
    CHECK_THAT(status["warnings"].dump(), Contains(wrong.file + ":" + wrong.place));
  }
  CHECK(zinit.pid_of("good") == good);
}

TEST_CASE("systemctl reload, by the command in the unit, fails if a file is refused", "[reload]") {
  Server zinit;
  zinit.boot();
  const std::string unit = read_file("etc/systemd/zinit.service");
  const std::string begin = "\nExecReload=/usr/sbin/";
  const auto at = unit.find(begin) + begin.size();
  Launch reload;
  std::istringstream words(unit.substr(at, unit.find('\n', at) - at));
  for (std::string word; words >> word;) reload.argv.push_back(word);
  reload.env = {"ZINIT_SOCKET=" + zinit.socket()};
  CHECK(run(reload).code == 0);
  zinit.file("wrong.toml", "[service]\n");
  const Outcome refused = run(reload);
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("1 file is not in force"));
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

TEST_CASE("a service that is removed and still stops is not removed by the next reload",
          "[reload]") {
  Server zinit;
  zinit.add("db");
  zinit.add("old", {.exec = "trap 'while ! [ -e $D/go ]; do sleep 0.01; done; exit 0' TERM; "
                            "echo start >> $T; while :; do sleep 0.01; done",
                    .dependencies = "requires = ['db']"});
  zinit.boot({"db", "old"});
  zinit.await_trace("start");
  zinit.remove("old");
  CHECK(zinit.reload()["removed"].texts() == Texts{"old"});
  zinit.await_state("old", "stopping");
  const Json again = zinit.reload();
  CHECK(again["removed"].texts().empty());
  CHECK(again["unchanged"].texts() == Texts{"db"});
  zinit.remove("db");
  const Json both = zinit.reload();
  CHECK(both["removed"].texts() == Texts{"db"});
  CHECK(both["stopped"].texts().empty());
  zinit.mark("go");
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("a program that cannot be read delays the answer to its reload, and nothing else",
          "[reload]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("up");
  launch_under(injector, zinit);
  zinit.await_state("up", "running");
  injector.hold("/program");
  zinit.add("late", {.exec = zinit.path("program") + " 1", .service = "status = 'stop'"});
  Connection client = zinit.connect();
  REQUIRE(client.begin("service.reload"));
  REQUIRE(eventually([&] { return injector.held() == 1; }));
  CHECK(zinit.state("late") == "inactive");
  CHECK_THAT(client.read()["result"]["warnings"].dump(), Contains("were not looked for"));
  CHECK_THAT(zinit.ctl({"reexec"}).err, Contains("a search for the programs of services"));
  // Another request for a reload, which has nothing to look for, does not end the wait of this one.
  zinit.add("next", {.exec = zinit.path("program") + " 2", .service = "status = 'stop'"});
  zinit.add("lost", {.exec = zinit.path("nothing"), .service = "status = 'stop'"});
  injector.release();
  injector.hold("/program");
  REQUIRE(client.begin("service.reload"));
  REQUIRE(eventually([&] { return injector.held() == 1; }));
  CHECK(zinit.ctl({"reload", "--dry-run"}).code == 0);
  injector.release();
  const std::string warnings = client.read()["result"]["warnings"].dump();
  CHECK_THAT(warnings, Contains(zinit.path("nothing")) && !Contains("were not looked for"));
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
