// Debian's rsyslog as the receiver of what services send, over each transport, and as the one that
// takes /dev/log over and gives it back.

#include "base/format.hpp"
#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_rsyslog_test {

using namespace zinit;
using namespace zinit::vm;

namespace {

/// Notes what comes over the network and by a socket of its own, in a file of its own.
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

/// Says what is hard to carry, and then so many numbered lines.
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

Machine debian(std::vector<File> files) {
  return Machine({.files = std::move(files), .memory_mib = 768, .folder = "build/vm/debian"});
}

}  // namespace

SCENARIO("rsyslog receives what services send, whole and once, over udp, tcp and a unix socket") {
  GIVEN("a machine whose rsyslog listens, and services that send to it") {
    Machine machine =
        debian({kReceiver, sender("by-udp", "udp:127.0.0.1:514"),
                sender("by-tcp", "tcp:localhost:601"), sender("by-unix", "unix:/run/received")});
    Terminal& shell = machine.shell();
    shell.repeat_until("netstat -lnu", "127.0.0.1:514");
    shell.repeat_until("netstat -lnt", "127.0.0.1:601");
    shell.repeat_until("ls /run/received", "/run/received");
    for (const char* name : {"by-udp", "by-tcp", "by-unix"}) {
      WHEN(fmt::format("{} writes lines", name)) {
        machine.zinitctl(fmt::format("start {}", name));
        THEN("each is received with its service, pid, stream, time and text") {
          const auto count = [&](const std::string& pattern) {
            return fmt::format("echo \"$(grep -cE '^30 {} [0-9]+ {}' /var/log/received)\" lines",
                               name, pattern);
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
      }
    }
  }
}

SCENARIO("rsyslog takes /dev/log over from PID 1, which has it back when that is gone") {
  GIVEN("a machine where rsyslog runs") {
    Machine machine = debian({});
    Terminal& shell = machine.shell();
    const auto reaches_rsyslog = [&](const std::string& what) {
      shell.repeat_until(
          fmt::format("logger -p user.info -t test {0}; grep {0} /var/log/user.log", what), what);
      // From now on it has all of them.
      const std::string last = what + "-last";
      shell.output_of("logger -p user.info -t test " + last);
      shell.repeat_until(fmt::format("grep {} /var/log/user.log", last), last);
      CHECK(machine.zinitctl("logs syslog test-shell -n all").find(last) == std::string::npos);
    };
    const auto reaches_zinit = [&](const std::string& what) {
      // The shell's is the log, or nobody's where the sender has ended before it is looked at.
      shell.repeat_until(
          fmt::format("logger -p user.info -t test {}; zinitctl logs syslog test-shell", what),
          what);
    };
    reaches_rsyslog("in-the-beginning");
    WHEN("it is stopped, started, and killed") {
      machine.zinitctl("stop rsyslog");
      reaches_zinit("while-stopped");
      machine.zinitctl("start rsyslog");
      shell.repeat_until("zinitctl logs zinit -n 1 --grep /dev/log", "no longer zinit's");
      reaches_rsyslog("when-back");
      shell.output_of(fmt::format("kill -9 {}", machine.pid("rsyslog")));
      shell.repeat_until("zinitctl logs zinit -n all --grep 'rsyslog: running' | wc -l", "3");
      THEN("whoever runs has what is said, and rsyslog has its messages after its re-spawn") {
        reaches_rsyslog("after-a-kill");
        const std::string told = machine.zinitctl("logs zinit -n all --grep 'syslog: /dev/log'");
        INFO(told);
        CHECK(in_order(told, {"is no longer zinit's", "is zinit's again", "is no longer zinit's"}));
      }
    }
  }
}

}  // namespace vm_rsyslog_test
