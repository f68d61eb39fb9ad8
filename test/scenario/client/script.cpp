// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl script: Lua with zinit's methods.
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::client_script {
namespace {

Outcome script(Server& zinit, const std::string& code, Texts more = {}) {
  more.insert(more.begin(), {"script", "-e", code});
  return zinit.ctl(more);
}

TEST_CASE("a script lists, starts, waits and reads, with tables as in JSON", "[check][script]") {
  Server zinit;
  zinit.add("web");
  zinit.add("web-2");
  zinit.add("spare", {.service = "status = 'stop'"});
  zinit.boot({"web", "web-2"});
  const Outcome listed = script(zinit, R"(
    print(table.concat(zinit.list("web*"), " "))
    local spare = zinit.status("spare")
    print(spare.state, spare.pid, spare.pid == zinit.null, #spare.requires)
    print(zinit.start("spare").state, zinit.stop("spare", {timeout = "5s"}).state)
    print(zinit.wait("web", {state = "running"}).name)
    print(zinit.call("service.is_running", {name = "web"}))
    print(#zinit.xinet.list(), zinit.call("system.ping").version == zinit.version)
  )");
  CHECK(listed.err.empty());
  CHECK(listed.out ==
        "web web-2\n"
        "inactive\tnull\ttrue\t0\n"
        "running\texited\n"
        "web\ntrue\n"
        "0\ttrue\n");
  CHECK(zinit.ctl({"--json", "script", "-e", "return {1, {a = zinit.null, b = zinit.array {}}}"})
            .out == "[1,{\"a\":null,\"b\":[]}]\n");
}

TEST_CASE("what a script returns and JSON cannot have is an error", "[script]") {
  Launch what;
  what.argv = {"zinitctl", "--json", "script", "-e", "return print"};
  const Outcome refused = run(what);
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("a function is no value of JSON"));
}

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

TEST_CASE("an error of a script has its place, and pcall catches it", "[check][script]") {
  Server zinit;
  zinit.add("bad", {.exec = "", .service = "exec = ['/no/such/program']"});
  zinit.boot();
  zinit.await_state("bad", "failed");
  const Outcome caught = script(zinit, R"(
    local ok, fault = pcall(zinit.start, "none")
    print(ok, fault.code, fault.message)
    ok, fault = pcall(zinit.start, "bad")
    print(ok, fault.data.status.reason.type)
    print(pcall(zinit.call, "system.ping", {f = print})))");
  CHECK_THAT(caught.out, Contains("false\t-32000\tno service \"none\"") &&
                             Contains("false\tspawn_error\n") &&
                             Contains("a function is no value of JSON"));
  CHECK(caught.code == 0);
  const auto [code, status, why] = GENERATE(table<std::string, int, std::string>({
      {"\nzinit.status('none')", 1, "-e:2: no service \"none\""},
      {"error{message = 'its own'}", 1, "script: its own"},
      {"x = = 1", 1, "-e:1: "},
      {"local t = {} t.t = t zinit.call('system.ping', t)", 1, "contains itself"},
      {"while true do end", 6, "--timeout is over"},
      {"zinit.follow('zinit', {timeout = 100})()", 6, "--timeout is over"},
      {"zinit.exit(7)", 7, ""},
      {"zinit.wait('bad', {['for'] = 'exited'})", 1, "-e:1: unknown option for"},
      {"zinit.set('text')", 1, "-e:1: a service is a table of keys"},
      {"zinit.sleep '0s' zinit.sleep 'x'", 1, "-e:1: x is no time"},
      {"zinit.spawn{}", 1, "-e:1: spawn needs the words of a command"},
      {"zinit.spawn{'cat', {}}", 1, "-e:1: spawn needs the words of a command"},
      {"zinit.spawn({'cat'}, {inptu = 'x'})", 1, "-e:1: unknown option inptu"},
  }));
  const Outcome ended = script(zinit, code, {"--timeout", "0.2"});
  CHECK(ended.code == status);
  CHECK_THAT(ended.err, Contains(why));
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
             Contains("exce: unknown key; write \"exec\"") || Contains("exce: unknown key"));
  const std::string output = following.output();
  CHECK(output.substr(output.find("-32005")) == "-32005\t2\nb 99\nlast\nrunning\texited\ntrue\n");
}

TEST_CASE("a script has its arguments, its input and commands without a shell", "[script]") {
  Server zinit;
  zinit.boot();
  const std::string file = zinit.path("own.lua");
  write_file(file,
             "#!/usr/bin/env -S zinitctl script\n"
             "print(#arg, arg[1], arg[2])\n"
             "local cat = zinit.spawn({\"cat\", \"-\"}, {input = \"a\\0$b\"})\n"
             "print(cat.code, #cat.out, zinit.spawn{\"sh\", \"-c\", \"kill -9 $$\"}.signal)\n");
  const Outcome run_file = zinit.ctl({"script", file, "--json", "-n"});
  CHECK(run_file.out == "2\t--json\t-n\n0\t4\tSIGKILL\n");
  CHECK(run_file.code == 0);
  CHECK(zinit.ctl({"script", zinit.path("none.lua")}).code == 1);
  // A command that does not read its input does not change SIGPIPE for other processes.
  const Outcome signals = script(zinit, R"lua(
    local function ignored(status) return tonumber(status:match "SigIgn:%s*(%x+)", 16) & 0x1000 end
    local function own() return ignored(io.open("/proc/self/status"):read "a") end
    local before = own()
    local command = zinit.spawn({"cat", "/proc/self/status"}, {input = "unread"}).out
    print(ignored(command) == before, own() == before))lua");
  CHECK(signals.out == "true\ttrue\n");
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

}  // namespace
}  // namespace zinit::test::client_script
