// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Debian's rsyslog receives what services send, over each transport. It takes /dev/log over, and
// gives it back.
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::rsyslog {
namespace {

/// Writes messages from the network and from its own socket to its own file.
const File kReceiver = {"/etc/rsyslog.d/received.conf", R"(
module(load="imudp")
module(load="imtcp")
template(name="received" type="string"
  string="%pri% %app-name% %procid% %msgid% %structured-data% %timestamp:::date-rfc3339%|%msg%|\n")
ruleset(name="received") { action(type="omfile" file="/var/log/received" template="received") }
input(type="imudp" address="127.0.0.1" port="514" ruleset="received")
input(type="imtcp" address="127.0.0.1" port="601" ruleset="received")
input(type="imuxsock" Socket="/run/received" UseSpecialParser="off" ruleset="received")
)"};

/// Sends text that is hard to transport, and then that many numbered lines.
File sender(const std::string& name, const std::string& address) {
  return service(name, fmt::format(R"([service]
exec = ['/bin/sh', '-c', '''
  printf 'plain\n<5>[a b="c"] \\ ä\n'; echo err >&2
  for n in $(seq 100); do echo "number $n"; done''']
oneshot = true
status = "stop"

[logging]
syslog = "{}"
)",
                                   address));
}

void check_received(Machine& machine, const std::string& name) {
  Terminal& shell = machine.shell();
  machine.zinitctl(fmt::format("start {}", name));
  const auto count = [&](const std::string& pattern) {
    return fmt::format("echo \"$(grep -cE '^30 {} [0-9]+ {}' /var/log/received)\" lines", name,
                       pattern);
  };
  const std::string time = R"([0-9-]{10}T[0-9:]{8}\.[0-9]{6}[-+Z][0-9:]*)";
  const std::string head = "stdout - " + time;
  shell.repeat_until(count(head + R"(\|number [0-9]+\|$)"), "100 lines");
  shell.repeat_until(count(head + R"(\|number 100\|$)"), "1 lines");
  CHECK(shell.run(count(head + R"(\|plain\|$)")).output == "1 lines\n");
  CHECK(shell.run(count(head + R"(\|<5>\[a b="c"\] \\ ä\|$)")).output == "1 lines\n");
  shell.repeat_until(count("stderr - " + time + R"(\|err\|$)"), "1 lines");
  CHECK(shell.run(count("")).output == "103 lines\n");
  CHECK(machine.ask(fmt::format("status {}", name))["log_dropped"].GetInt() == 0);
}

void check_reaches_rsyslog(Machine& machine, const std::string& what) {
  Terminal& shell = machine.shell();
  shell.repeat_until(
      fmt::format("logger -p user.info -t test {0}; grep {0} /var/log/user.log", what), what);
  // From here on rsyslog gets all messages.
  const std::string last = what + "-last";
  shell.output_of("logger -p user.info -t test " + last);
  shell.repeat_until(fmt::format("grep {} /var/log/user.log", last), last);
  CHECK(machine.zinitctl("logs syslog test-shell -n all").find(last) == std::string::npos);
}

void check_reaches_zinit(Machine& machine, const std::string& what) {
  // The line is in the shell's log, or in `syslog` if the sender has ended too early.
  machine.shell().repeat_until(
      fmt::format("logger -p user.info -t test {}; zinitctl logs syslog test-shell", what), what);
}

/// rsyslog is stopped, started, and killed.
void check_taken_over(Machine& machine) {
  Terminal& shell = machine.shell();
  check_reaches_rsyslog(machine, "in-the-beginning");
  machine.zinitctl("stop rsyslog");
  check_reaches_zinit(machine, "while-stopped");
  machine.zinitctl("start rsyslog");
  shell.repeat_until("zinitctl logs zinit -n 1 --grep /dev/log", "no longer serves /dev/log");
  check_reaches_rsyslog(machine, "when-back");
  shell.output_of(fmt::format("kill -9 {}", machine.pid("rsyslog")));
  shell.repeat_until("zinitctl logs zinit -n all --grep 'rsyslog: running' | wc -l", "3");
  check_reaches_rsyslog(machine, "after-a-kill");
  const std::string told = machine.zinitctl("logs zinit -n all --grep 'serves /dev/log'");
  INFO(told);
  CHECK(in_order(
      told, {"no longer serves /dev/log", "serves /dev/log again", "no longer serves /dev/log"}));
}

SCENARIO("rsyslog receives what services send, whole and once, and takes /dev/log over") {
  Machine machine(
      {.files = {kReceiver, sender("by-udp", "udp:127.0.0.1:514"),
                 sender("by-tcp", "tcp:localhost:601"), sender("by-unix", "unix:/run/received")},
       .memory_mib = 768,
       .folder = "build/vm/debian"});
  Terminal& shell = machine.shell();
  shell.repeat_until("netstat -lnu", "127.0.0.1:514");
  shell.repeat_until("netstat -lnt", "127.0.0.1:601");
  shell.repeat_until("ls /run/received", "/run/received");
  for (const char* name : {"by-udp", "by-tcp", "by-unix"})
    step(fmt::format("{}: each line with its service, pid, stream, time and text", name),
         [&] { check_received(machine, name); });
  step("/dev/log is rsyslog's while it runs, after its re-spawn too, and PID 1's in between",
       [&] { check_taken_over(machine); });
}

}  // namespace
}  // namespace zinit::vm::rsyslog
