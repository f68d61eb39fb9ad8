// Daemons of Debian, from its packages as they are, run by the service files of
// etc/zinit/examples/debian on a machine with their users and folders (debian-image makes it).

#include <catch2/catch.hpp>

#include "base/format.hpp"
#include "vm/machine.hpp"

using namespace zinit;
using namespace zinit::vm;

namespace {

/// A command for the machine's shell, where $PID is the daemon's, and the line that it comes to
/// print.
struct Seen {
  std::string command;
  std::string output;
};

/// What Debian's unit of the daemon says, as it is seen from the machine.
struct Daemon {
  std::string name;
  std::string user;        ///< of its process
  std::vector<Seen> seen;  ///< folders with owner and mode, limits, privileges
  Seen answer;             ///< that it does its work
};

Seen open_files(unsigned limit) {
  return {"awk '/^Max open files/ { print $4, $5 }' /proc/$PID/limits",
          fmt::format("{} {}\n", limit, limit)};
}

Seen bounding_set(const std::string& bits) {
  return {"awk '/^CapBnd:/ { print $2 }' /proc/$PID/status", bits + "\n"};
}

const std::string kSysAdmin = "0000000000200000";  // CAP_SYS_ADMIN, 21

const std::vector<Daemon>& daemons() {
  static const std::vector<Daemon> all = {
      {"nginx",
       "root",
       {{"ps -o user,args | grep -c '^www-data nginx: worker'", "1\n"}},
       {"wget -S -q -O /dev/null http://127.0.0.1/ 2>&1", "HTTP/1.1 200 OK"}},
      {"rsyslog",
       "root",
       {open_files(16384)},
       {"logger -p user.info for $PID; grep -q \" for $PID$\" /var/log/user.log && echo logged",
        "logged\n"}},
      {"cron",
       "root",
       {},
       {"grep -x $PID /run/crond.pid && cat /run/cron-job", "the job has run\n"}},
      {"dropbear", "root", {}, {"nc 127.0.0.1 22 </dev/null", "SSH-2.0-dropbear"}},
      {"haveged",
       "root",
       {bounding_set(kSysAdmin)},
       {"readlink /proc/$PID/exe", "/usr/sbin/haveged\n"}},
      {"agetty-ttyS0",  // its prompt is awaited on the console
       "root",
       {{"readlink /proc/$PID/fd/0", "/dev/ttyS0\n"}},
       {"readlink /proc/$PID/exe", "/sbin/agetty\n"}},
  };
  return all;
}

/// The daemon's user, folders, limits and privileges, and that it answers.
void look_at(Machine& machine, const Daemon& daemon) {
  const auto see = [&, set_pid = fmt::format("PID={}; ", machine.pid(daemon.name))](
                       const Seen& seen) {
    machine.shell().repeat_until(set_pid + seen.command, seen.output);
  };
  see({fmt::format("U=$(id -u {}); awk -v u=$U '/^Uid:/ && $2 == u && $3 == u && $4 == u "
                   "{{ print \"same\" }}' /proc/$PID/status",
                   daemon.user),
       "same\n"});
  for (const Seen& seen : daemon.seen) see(seen);
  see(daemon.answer);
}

}  // namespace

SCENARIO("Debian's daemons run, answer, come back when killed, and stop in order") {
  GIVEN("a machine with their packages and a service file for each") {
    Machine machine({.memory_mib = 768, .folder = "build/vm/debian"});
    for (const Daemon& daemon : daemons())
      machine.zinitctl("wait " + daemon.name + " --for running --timeout 30");
    THEN("each is as Debian's unit has it, and again after it was killed") {
      for (const Daemon& daemon : daemons()) {
        INFO(daemon.name);
        look_at(machine, daemon);
        const int before = machine.pid(daemon.name);
        machine.shell().output_of(fmt::format("kill -9 {}", before));
        machine.shell().repeat_until("zinitctl --json status " + daemon.name, "SIGKILL");
        machine.zinitctl("wait " + daemon.name + " --for running --timeout 30");
        CHECK(machine.pid(daemon.name) != before);
        look_at(machine, daemon);
      }
      machine.console().wait_for("login: ");  // agetty's second
      const std::size_t up = machine.console().text().size();
      machine.shell().send("zinitctl poweroff\n");
      machine.console().wait_for("reboot: Power down");
      const std::string down = machine.console().text().substr(up);
      INFO(down);
      for (const char* earlier : {"cron", "agetty-ttyS0"})
        CHECK(in_order(down, {fmt::format("{}: stopped", earlier), "rsyslog: stopped"}));
      CHECK(down.find("goes on without") == std::string::npos);
      CHECK(machine.wait_for_end() == 0);
    }
  }
}
