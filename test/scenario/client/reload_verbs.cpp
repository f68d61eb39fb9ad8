// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl reload and its options, and the questions at a terminal before something stops
// (control.md, "zinitctl").
#include <filesystem>

#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::client_reload_verbs {
namespace {

const Toml kOther{.exec = "sleep 200000"};

/// zinitctl at its own terminal.
class AtTerminal {
 public:
  AtTerminal(const Server& zinit, Texts words, Texts env = {}) {
    Launch what;
    what.argv = {"zinitctl", "--socket", zinit.socket()};
    what.argv.insert(what.argv.end(), words.begin(), words.end());
    what.env = std::move(env);
    pid_ = terminal_.launch_in(what);
  }
  ~AtTerminal() {
    if (!ended_) kill(pid_, SIGKILL), (void)wait_for_exit(pid_);
  }
  AtTerminal(const AtTerminal&) = delete;
  AtTerminal& operator=(const AtTerminal&) = delete;

  /// Waits for the question and answers it; returns the exit status.
  std::optional<int> answer(const std::string& question, std::string_view keys) {
    terminal_.await(question + "; go on? [Y/n] ");
    terminal_.type(keys);
    return exit_code();
  }
  /// Waits for the question and sends a signal instead of an answer; returns the exit status.
  std::optional<int> signalled(const std::string& question, int signal) {
    terminal_.await(question + "; go on? [Y/n] ");
    kill(pid_, signal);
    return exit_code();
  }
  std::optional<int> exit_code() {
    ended_ = true;
    return wait_for_exit(pid_);
  }
  Terminal& terminal() { return terminal_; }

 private:
  Terminal terminal_;
  pid_t pid_ = 0;
  bool ended_ = false;
};

TEST_CASE("dialogs of reload", "[reload][ctl]") { CHECK_DIALOGS("reload_verbs"); }

TEST_CASE("reload --only reads the files of these services alone", "[reload][ctl]") {
  Server zinit;
  for (const char* name : {"a", "b", "gone"}) zinit.add(name);
  zinit.file("t@.toml", "[service]\nexec = 'sleep 100000'\n");
  zinit.boot({"a", "b", "gone"});
  (void)zinit.start("t@1");
  const pid_t a = zinit.pid_of("a"), b = zinit.pid_of("b"), t = zinit.pid_of("t@1");
  zinit.add("a", kOther);
  zinit.add("b", kOther);
  zinit.add("comes", {.dependencies = "requires = ['t@2']"});
  zinit.file("wrong.toml", "[service]\nexec = 1\n");
  zinit.file("t@.toml", "[service]\nexec = 'sleep 200000'\n");
  zinit.remove("gone");
  const Outcome done = zinit.ctl({"reload", "--only", "a", "comes"});
  CHECK(done.code == 0);
  CHECK(done.out ==
        "reloaded:\n    added        comes, t@2\n    changed      a\n    restarted    a (exec)\n");
  zinit.await_new_pid("a", a);
  zinit.await_state("comes", "running");
  CHECK(proc_cmdline(zinit.pid_of("t@2")) == "sleep 100000");  // of the template in force
  CHECK(zinit.result("service.reload", R"({"only":["gone"]})")["removed"].texts() == Texts{"gone"});
  CHECK(zinit.pid_of("b") == b);
  CHECK(zinit.pid_of("t@1") == t);
  CHECK(zinit.status("b")["changed_on_disk"] == true);
  CHECK_FALSE(zinit.result("service.list").mentions("wrong"));
  CHECK(zinit.ctl({"reload", "--only", "t@"}).code == 0);
  zinit.await_new_pid("t@1", t);
  const Outcome unknown = zinit.ctl({"reload", "--only", "bb"});
  CHECK(unknown.code == 4);
  CHECK_THAT(unknown.err, Contains("no service \"bb\""));
  CHECK(zinit.pid_of("b") == b);
}

TEST_CASE("a file of --only that has lost or changed its name is that of the same service",
          "[reload]") {
  Server zinit;
  zinit.file("f.toml", "[service]\nname = 'a'\nexec = 'sleep 100000'\n");
  zinit.boot({"a"});
  const pid_t pid = zinit.pid_of("a");
  zinit.file("f.toml", "[service\n");
  CHECK(zinit.result("service.reload", R"({"only":["a"]})")["failed"].texts() == Texts{"a"});
  CHECK(zinit.pid_of("a") == pid);
  zinit.file("f.toml", "[service]\nname = 'b'\nexec = 'sleep 100000'\n");
  const Json renamed = zinit.result("service.reload", R"({"only":["a"]})");
  CHECK(renamed["removed"].texts() == Texts{"a"});
  CHECK(renamed["added"].texts() == Texts{"b"});
}

TEST_CASE("reload --no-restart applies what needs none, and lists what waits", "[reload][ctl]") {
  Server zinit;
  for (const char* name : {"runs", "told", "down"}) zinit.add(name);
  zinit.boot({"runs", "told"});
  (void)zinit.stop("down");
  const pid_t runs = zinit.pid_of("runs"), told = zinit.pid_of("told");
  zinit.add("runs", {.exec = "sleep 200000", .service = "description = 'new'"});
  zinit.add("told", {.service = "description = 'new'"});
  zinit.add("down", kOther);
  const Outcome done = zinit.ctl({"reload", "--no-restart"});
  CHECK(done.code == 0);
  CHECK(done.out == "reloaded:\n    changed      down, told\n    waiting      runs (exec)\n");
  CHECK(zinit.status("told")["description"] == "new");
  CHECK(zinit.pid_of("told") == told);
  CHECK(zinit.pid_of("runs") == runs);
  CHECK(zinit.status("runs")["description"] == "");
  CHECK_FALSE(zinit.status("down")["changed_on_disk"].truth());
  // A restart uses the config in force, and reports so.
  const Outcome restarted = zinit.ctl({"restart", "runs"});
  CHECK(restarted.code == 0);
  CHECK(restarted.err == "zinitctl: restart runs: " + zinit.config("runs.toml") +
                             " has changed since it was read; `zinitctl reload --only runs` "
                             "applies the change\n");
  CHECK(proc_cmdline(zinit.pid_of("runs")) == "sleep 100000");
  CHECK(zinit.reload()["restarted"].texts() == Texts{"runs"});
  REQUIRE(eventually([&] { return proc_cmdline(zinit.pid_of("runs")) == "sleep 200000"; }));
  CHECK(zinit.ctl({"restart", "runs"}).err == "");
  // A new requirement that is not ready would stop the service until it is.
  zinit.add("runs", {.exec = "sleep 200000", .dependencies = "requires = ['late', 'told']"});
  zinit.add("late", {.service = "status = 'stop'"});
  const pid_t before = zinit.pid_of("runs");
  const Outcome held = zinit.ctl({"reload", "--no-restart"});
  CHECK(held.out ==
        "reloaded:\n    added        late\n    unchanged    2\n    waiting      runs "
        "(requires late, which is not ready)\n");
  CHECK(zinit.state("late") == "inactive");
  CHECK(zinit.pid_of("runs") == before);
  CHECK(zinit.start("late")["state"] == "running");
  CHECK_THAT(zinit.ctl({"reload", "--no-restart"}).out, Contains("changed      runs"));
  CHECK(zinit.pid_of("runs") == before);
  // A file that a reload would refuse does not count as waiting.
  zinit.add("runs", {.dependencies = "binds_to = ['ghost']"});
  const Outcome refused = zinit.ctl({"reload", "--no-restart"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.out, Contains("no service is named \"ghost\""));
}

TEST_CASE("a reload refuses a wrong zinit.toml, and says what a good one has changed",
          "[reload][settings]") {
  Server zinit({.settings = true});
  const std::string file = zinit.path("zinit.toml");
  write_file(file, "log_level = 'debug'\n[defaults]\nrestart_delay_ms = 50\n");
  zinit.add("a");
  zinit.boot({"a"});
  for (const char* wrong : {"log_level = 5\n", "socket_group = 'no-such-group'\n", "what = 1\n"}) {
    INFO(wrong);
    write_file(file, std::string(wrong) + "shutdown_timeout_ms = 1000\n");
    const Json report = zinit.reload();
    CHECK(report["failed"].texts() == Texts{file});
    CHECK_THAT(report["faults"][file].texts().at(0), Contains(file + ":1:") && Contains("error"));
    CHECK(report["settings"].size() == 0);
    CHECK(report["unchanged"].texts() == Texts{"a"});  // with the [defaults] in force
  }
  const Outcome refused = zinit.ctl({"reload"});
  CHECK(refused.code == 1);
  CHECK(refused.err ==
        "zinitctl: reload: 1 file is not in force; `zinitctl check` shows all faults\n");
  const std::string not_in_force = "not in force: " + file + ":1:1: error: what: unknown key";
  CHECK_THAT(zinit.ctl({"status"}).out, Contains(not_in_force));
  zinit.reexecute();
  CHECK_THAT(zinit.ctl({"status"}).out, Contains(not_in_force));
  write_file(file, "socket_group = 'no-such-group'\n");
  const Outcome checked = zinit.ctl({"check"});
  CHECK(checked.code == 1);
  CHECK_THAT(checked.out, Contains(file + ":1:16: error: socket_group: "));
  write_file(file, "log_level = 'debug'\nshutdown_timeout_ms = 1000\n");
  CHECK(zinit.reload()["settings"].texts() ==
        Texts{"defaults.restart_delay_ms", "shutdown_timeout_ms"});
  CHECK_THAT(zinit.ctl({"status"}).out, !Contains("not in force"));
  write_file(file, "default_target = 'some'\n");
  const Json warned = zinit.reload();
  CHECK(warned["failed"].size() == 0);
  CHECK_THAT(warned["warnings"].dump(), Contains(":1:18: warning: default_target: nothing is "));
  CHECK(zinit.reload()["warnings"].size() == 0);  // reported before
}

TEST_CASE("at a terminal a reload asks before it restarts or stops something", "[reload][ctl]") {
  Server zinit;
  for (const char* name : {"web", "old"}) zinit.add(name);
  zinit.boot({"web", "old"});
  const pid_t web = zinit.pid_of("web");
  zinit.add("web", kOther);
  zinit.remove("old");
  const std::string question = "restarts web; stops old";
  // No, in some other words, and no answer at all.
  for (const char* no : {"n\n", " No\n", "quit\n", "\x04"})
    CHECK(AtTerminal(zinit, {"reload"}).answer(question, no) == 1);
  CHECK(AtTerminal(zinit, {"reload"}).answer(question, "\x03") == 128 + SIGINT);
  CHECK(zinit.pid_of("web") == web);
  CHECK(zinit.state("old") == "running");
  CHECK(AtTerminal(zinit, {"reload", "--yes"}).exit_code() == 0);
  zinit.await_new_pid("web", web);
  CHECK(AtTerminal(zinit, {"reload"}).exit_code() == 0);  // no question
}

TEST_CASE("at a terminal an edit that must not be reloaded is taken back", "[verbs]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  const pid_t web = zinit.pid_of("web");
  const std::string before = read_file(zinit.config("web.toml"));
  const Texts env{"EDITOR=sed -i s/100000/100001/", "TMPDIR=" + zinit.folder()};
  AtTerminal edit(zinit, {"edit", "web"}, env);
  CHECK(edit.answer("restarts web", "n\n") == 1);
  edit.terminal().await("nothing was changed; what you wrote is in ");
  CHECK(read_file(zinit.config("web.toml")) == before);
  CHECK(zinit.pid_of("web") == web);
  CHECK(AtTerminal(zinit, {"edit", "web"}, env).answer("restarts web", "\n") == 0);
  zinit.await_new_pid("web", web);
}

TEST_CASE("an interrupted question of edit counts as no", "[verbs]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  const std::string file = zinit.config("web.toml");
  const std::string before = read_file(file);
  const Texts env{"EDITOR=sed -i s/100000/100001/", "TMPDIR=" + zinit.folder()};
  AtTerminal edit(zinit, {"edit", "web"}, env);
  CHECK(edit.answer("restarts web", "\x03") == 128 + SIGINT);
  edit.terminal().await("nothing was changed; what you wrote is in ");
  CHECK(read_file(file) == before);
  const Texts lay{"EDITOR=sh -c 'echo service.umask = \\\"077\\\" >> \"$0\"'",
                  "TMPDIR=" + zinit.folder()};
  CHECK(AtTerminal(zinit, {"edit", "--drop-in", "web"}, lay).answer("restarts web", "\x03") ==
        128 + SIGINT);
  CHECK_FALSE(std::filesystem::exists(file + ".d"));
  AtTerminal hung(zinit, {"edit", "web"}, env);
  CHECK(hung.signalled("restarts web", SIGHUP) == 128 + SIGHUP);
  CHECK(read_file(file) == before);
}

TEST_CASE("a question is asked although standard output is a pipe", "[ctl]") {
  Server zinit;
  for (const char* name : {"db", "web"}) zinit.add(name);
  zinit.boot({"db", "web"});
  Terminal terminal;
  const pid_t pid =
      terminal.launch_in({.argv = {"sh", "-c", "exec \"$0\" --socket \"$1\" stop '*' >/dev/null",
                                   zinit_binary(), zinit.socket()},
                          .program = "/bin/sh"});
  terminal.await("stops db, web; go on? [Y/n] ");
  terminal.type("n\n");
  CHECK(wait_for_exit(pid) == 1);
  CHECK(zinit.state("web") == "running");
}

TEST_CASE("at a terminal what stops many services asks first", "[ctl]") {
  Server zinit;
  zinit.add("db", {.service = "class = 'system'", .dependencies = "requires = ['disk']"});
  for (const char* name : {"disk", "web"}) zinit.add(name);
  zinit.file("rest.toml", "[target]\n[dependencies]\nwants = ['web2']\n");
  zinit.add("web2");
  zinit.boot({"db", "disk", "web", "web2"});
  CHECK(AtTerminal(zinit, {"stop-all"}).answer("stops rest, web, web2", "n\n") == 1);
  CHECK(AtTerminal(zinit, {"delete-all"}).answer("stops rest, web, web2", "n\n") == 1);
  CHECK(AtTerminal(zinit, {"isolate", "rest"}).answer("stops web", "n\n") == 1);
  const std::string all = "db, disk, rest, web, web2";
  CHECK(AtTerminal(zinit, {"stop", "*"}).answer("stops " + all, "n\n") == 1);
  CHECK(AtTerminal(zinit, {"stop", "w*", "d*", "rest"}).answer("stops " + all, "n\n") == 1);
  CHECK(AtTerminal(zinit, {"restart", "*"}).answer("restarts " + all, "n\n") == 1);
  CHECK(AtTerminal(zinit, {"kill", "*"}).answer("signals " + all, "n\n") == 1);
  CHECK(AtTerminal(zinit, {"remove-service", "*"}).answer("removes " + all, "n\n") == 1);
  const Texts add{"add-service", zinit.path("services/web.toml")};
  CHECK(AtTerminal(zinit, add).answer("replaces web", "n\n") == 1);
  for (const char* name : {"db", "disk", "web", "web2"}) CHECK(zinit.state(name) == "running");
  CHECK(AtTerminal(zinit, {"kill", "*", "-WINCH", "--yes"}).exit_code() == 1);  // of the target
  CHECK(AtTerminal(zinit, {"stop", "web*"}).exit_code() == 0);                  // not every service
  CHECK(AtTerminal(zinit, add).exit_code() == 0);                               // it is down
  CHECK(AtTerminal(zinit, {"isolate", "rest", "-y"}).exit_code() == 0);
  CHECK(AtTerminal(zinit, {"remove-service", "*", "--cascade", "-y"}).exit_code() == 0);
  CHECK(zinit.result("service.list").size() == 0);
}

TEST_CASE("at a terminal disable --now asks before it writes a file", "[ctl]") {
  Server zinit;
  for (const char* name : {"a", "b"}) zinit.add(name);
  zinit.boot({"a", "b"});
  const std::string written = zinit.config("a.toml.d/90-zinitctl.toml");
  CHECK(AtTerminal(zinit, {"disable", "--now", "*"}).answer("stops a, b", "n\n") == 1);
  CHECK_FALSE(std::filesystem::exists(written));
  CHECK(zinit.state("a") == "running");
  AtTerminal disable(zinit, {"disable", "--now", "*"});
  CHECK(disable.answer("stops a, b", "y\n") == 0);  // one question
  CHECK(std::filesystem::exists(written));
  CHECK(zinit.state("b") == "exited");
  CHECK(AtTerminal(zinit, {"enable", "--now", "*"}).exit_code() == 0);
  CHECK(AtTerminal(zinit, {"disable", "--now", "--yes", "*"}).exit_code() == 0);
  CHECK(zinit.state("a") == "exited");
}

TEST_CASE("at a terminal the question before an isolate names what the isolate stops", "[ctl]") {
  Server zinit;
  // A service of class system protects what it requires only if it is wanted up itself.
  zinit.add("agent", {.service = "class = 'system'\nstatus = 'stop'",
                      .dependencies = "requires = ['base']"});
  zinit.add("base");
  zinit.add("bound");
  zinit.add("crashing", {.exec = "exit 3",
                         .lifecycle = "restart_delay_ms = 60000\n"
                                      "restart_delay_max_ms = 60000"});
  zinit.file("rest.toml", "[target]\n[dependencies]\nbinds_to = ['bound']\n");
  zinit.boot({"base", "bound", "rest"});
  zinit.await_state("crashing", "blocked");
  CHECK(AtTerminal(zinit, {"isolate", "rest"}).answer("stops base, crashing", "y\n") == 0);
  CHECK(zinit.state("base") == "exited");
  CHECK(zinit.state("bound") == "running");
}

}  // namespace
}  // namespace zinit::test::client_reload_verbs
