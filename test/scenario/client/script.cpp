// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl script: Lua with zinit's methods.
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::client_script {

TEST_CASE("dialogs with scripts", "[check][script]") { CHECK_DIALOGS("script"); }

TEST_CASE("a script's prompt prints values, and tables as JSON", "[script]") {
  Terminal terminal;
  Launch what;
  what.argv = {"zinitctl", "script"};
  const pid_t pid = terminal.launch_in(what);
  terminal.await("> ");
  terminal.type("{1, {a = zinit.null}}, 5, {print}\n");
  terminal.await("[1,{\"a\":null}]\t5\ttable: ");
  terminal.await("> ");
  terminal.type("\x04");
  CHECK(wait_for_exit(pid) == 0);
}

TEST_CASE("a script makes services of keys, and follows what they do over a re-execution",
          "[check][script]") {
  Server zinit;
  zinit.boot();
  const std::string go = zinit.path("go");
  Background following(zinit, {"script", "-e",
                               R"(
    local job = zinit.service{name = "job", restart = "never", env = {A = "b"}, nofile = 99,
      exec = {"sh", "-c", "echo $A $(ulimit -n); until [ -e )" +
                                   go + R"( ]; do sleep 0.05; done; echo last"}}
    print(pcall(function() zinit.service{name = "x", exce = "y"} end))
    local wrong = zinit.service{name = "x", health = {type = "http"}}
    local ok, fault = pcall(wrong.check, wrong)
    print(fault.code, #fault.data.messages)
    job:check():add()
    local events = zinit.events("job", {lines = 100})
    for line in zinit.follow("job", {lines = 100}) do
      print(line.line)
      io.stdout:flush()
      if line.line == "last" then break end
    end
    for event in events do
      if event.to == "exited" then print(event.from, event.to) break end
    end
    print(zinit.delete("job").ok))"});
  CHECK(following.shows("b 99"));
  CHECK(zinit.ctl({"reexec"}).code == 0);
  write_file(go, "");
  CHECK(following.exit_code() == 0);
  CHECK_THAT(following.output(),
             Contains("exce: unknown key, did you mean \"exec\"?"));
  const std::string output = following.output();
  CHECK(output.substr(output.find("-32005")) == "-32005\t2\nb 99\nlast\nrunning\texited\ntrue\n");
}

TEST_CASE("no script outlives --timeout, nor do its commands", "[check][script]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  const std::string fifo = zinit.path("fifo");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const std::string codes[] = {
      "while true do pcall(function() while true do end end) end",
      "debug.sethook() while true do end",
      "string.find(string.rep('a', 3000), '.-.-.-.-b')",
      "setmetatable({}, {__gc = function() while true do end end})",
      "coroutine.wrap(function() while true do pcall(error) end end)()",
      "os.execute('sleep 1000; true')",
      "while true do pcall(os.execute, 'sleep 1000') end",
      "io.popen('sleep 1000; true'):read('a')",
      "zinit.spawn{'sh', '-c', 'sleep 1000; true'}",
      "zinit.spawn{'sh', '-c', 'exec >&-; sleep 1000; true'}",
      "while true do pcall(zinit.sleep, 1000) end",
      "while true do pcall(zinit.wait, 'web', {state = 'exited'}) end",
      "local next = zinit.follow('web') while true do pcall(next) end",
  };
  std::deque<Background> running;
  for (const std::string& code : codes)
    running.emplace_back(zinit, Texts{"--timeout", "0.2", "script", "-e", code});
  // What it has printed is written at its end. It has time to print, also on a loaded machine.
  Background prints(zinit, {"--timeout", "2", "script", "-e", "print(1) io.open('" + fifo + "')"});
  for (std::size_t i = 0; i < running.size(); ++i) {
    INFO(codes[i]);
    CHECK(running[i].exit_code() == 6);
    CHECK_THAT(running[i].errors(), Contains("--timeout"));
  }
  CHECK(prints.exit_code() == 6);
  CHECK(prints.output() == "1\n");
  // An orphan of a command becomes a child of the test.
  CHECK(eventually([&] {
    const auto children = children_of(getpid());
    return std::all_of(children.begin(), children.end(),
                       [&](pid_t pid) { return pid == zinit.pid() || proc_stat(pid, 3) == "Z"; });
  }));
}

TEST_CASE("Ctrl-C ends a script that waits for a command", "[script]") {
  Server zinit;
  Background script(zinit, {"script", "-e", "while true do os.execute('exec sleep 1000') end"});
  // A shell that gets SIGINT just before it starts its command waits for the end of that command.
  REQUIRE(eventually([&] {
    const auto commands = children_of(script.pid());
    return !commands.empty() && proc_status(commands[0], "Name") == "sleep";
  }));
  kill(-script.pid(), SIGINT);
  CHECK(script.exit_code() == 128 + SIGINT);
}

}  // namespace zinit::test::client_script
