// What cgroups do to services, on a kernel with all controllers: limits that bite, and ends of what
// has escaped.

#include <cstdlib>

#include "base/format.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_resources_test {

using namespace zinit;
using namespace zinit::vm;

namespace {

std::string cgroup_file(Machine& machine, const std::string& name, const std::string& file) {
  const std::string text =
      machine.shell().output_of(fmt::format("cat /sys/fs/cgroup/zinit/{}.service/{}", name, file));
  return std::string(trim(text));
}

long long number_of(Machine& machine, const std::string& name, const std::string& file) {
  return std::atoll(cgroup_file(machine, name, file).c_str());
}

/// How many processes have a command line that matches.
int count_of(Machine& machine, const std::string& pattern) {
  return std::atoi(
      machine.shell().output_of(fmt::format("ps | grep -c '{}' || true", pattern)).c_str());
}

}  // namespace

SCENARIO("a service beyond its memory_max is killed by the kernel, and told as that") {
  GIVEN("a service that takes ever more memory") {
    Machine machine({service("greedy",
                             "[service]\nexec = \"tail /dev/zero\"\n"
                             "[lifecycle]\nrestart = \"never\"\n"
                             "[resources]\nmemory_max = \"8M\"\nswap_max = 0\n")});
    machine.zinitctl("wait greedy --for failed --timeout 60");
    THEN("status, why and log have it from memory.events, and the reason is SIGKILL still") {
      const JsonDocument status = machine.ask("status greedy");
      const std::string told = "killed by the kernel for want of memory within its memory_max";
      CHECK(std::string(status["reason"]["type"].GetString()) == "signal");
      CHECK(std::string(status["reason"]["signal"].GetString()) == "SIGKILL");
      CHECK(std::string(status["reason"]["detail"].GetString()) == told);
      CHECK(std::string(status["last_exit"]["detail"].GetString()) == told);
      // exit status 3: it does not run
      CHECK(machine.shell().run("zinitctl status greedy").output.find(told) != std::string::npos);
      CHECK(machine.zinitctl("why greedy").find(told) != std::string::npos);
      CHECK(machine.zinitctl("logs zinit -n all").find("greedy: failed: " + told) !=
            std::string::npos);
      CHECK(status["warnings"].Size() == 0);
    }
  }
}

SCENARIO("a SIGKILL after a worker was killed for want of memory is not told as that too") {
  GIVEN("services that go on when a child of theirs is killed by the kernel") {
    const auto text = [](const std::string& name) {
      return "[service]\nexec = \"tail /dev/zero; echo > /run/" + name +
             "; while :; do sleep 1000; done\"\n[lifecycle]\nrestart = \"never\"\n"
             "[resources]\nmemory_max = \"8M\"\nswap_max = 0\n";
    };
    Machine machine({service("asked", text("asked")), service("other", text("other"))});
    auto& shell = machine.shell();
    shell.repeat_until("ls /run", "asked");
    shell.repeat_until("ls /run", "other");
    CHECK(cgroup_file(machine, "other", "memory.events").find("oom_kill 1") != std::string::npos);
    const double killed = std::stod(shell.output_of("cat /proc/uptime"));
    const auto reason_after_end = [&](const std::string& name) {
      machine.zinitctl("wait " + name + " --for failed --timeout 60");
      return machine.zinitctl("why " + name);
    };
    THEN("neither one that zinitctl sends nor a later one of anybody is the kernel's") {
      machine.zinitctl("kill --main asked KILL");
      const std::string by_request = reason_after_end("asked");
      CHECK(by_request.find("SIGKILL") != std::string::npos);
      CHECK(by_request.find("memory") == std::string::npos);
      shell.repeat_until("awk '{ print ($1 > " + std::to_string(killed + 6) + ") }' /proc/uptime",
                         "1");
      shell.output_of(fmt::format("kill -9 {}", machine.pid("other")));
      const std::string by_other = reason_after_end("other");
      CHECK(by_other.find("SIGKILL") != std::string::npos);
      CHECK(by_other.find("memory") == std::string::npos);
    }
  }
}

SCENARIO(
    "every key of [resources] is in its file of the service's cgroup, and a reload changes it") {
  GIVEN("a service with all of them") {
    const std::string begin = "[service]\nexec = \"sleep 100000\"\n[resources]\n";
    Machine machine({service("all", begin + "memory_max = \"64M\"\nmemory_high = \"48M\"\n"
                                            "swap_max = \"32M\"\ncpu_max = \"150%\"\n"
                                            "cpu_weight = 50\nio_weight = 50\npids_max = 20\n")});
    machine.zinitctl("wait all --for running --timeout 120");
    // A kernel that weighs no disks has no file for that, and status tells.
    const std::string io = machine.shell().output_of(
        "cat /sys/fs/cgroup/zinit/all.service/io.*weight 2>/dev/null || true");
    const std::string warnings = machine.zinitctl("status all");
    INFO(io << warnings);
    CHECK((io.find("50") != std::string::npos) !=
          (warnings.find("resources.io_weight has no effect") != std::string::npos));
    CHECK(machine.ask("status all")["warnings"].Size() <= 1);
    CHECK(number_of(machine, "all", "memory.max") == 64 << 20);
    CHECK(number_of(machine, "all", "memory.high") == 48 << 20);
    CHECK(number_of(machine, "all", "memory.swap.max") == 32 << 20);
    CHECK(cgroup_file(machine, "all", "cpu.max") == "150000 100000");
    CHECK(number_of(machine, "all", "cpu.weight") == 50);
    CHECK(number_of(machine, "all", "pids.max") == 20);
    const int pid = machine.pid("all");
    CHECK(machine.ask("status all")["memory_bytes"].GetInt64() ==
          number_of(machine, "all", "memory.current"));
    WHEN("one changes and the others are left out") {
      machine.shell().output_of(
          fmt::format("printf '%s' '{}memory_max = \"96M\"\n' >"
                      "/etc/zinit/services/all.toml",
                      begin));
      machine.zinitctl("reload");
      THEN("the live cgroup has the new limit and no other, and the process is the same") {
        machine.shell().repeat_until("cat /sys/fs/cgroup/zinit/all.service/pids.max", "max");
        CHECK(number_of(machine, "all", "memory.max") == 96 << 20);
        CHECK(cgroup_file(machine, "all", "memory.high") == "max");
        CHECK(cgroup_file(machine, "all", "cpu.max") == "max 100000");
        CHECK(number_of(machine, "all", "cpu.weight") == 100);
        CHECK(machine.pid("all") == pid);
      }
    }
  }
}

SCENARIO("cpu_max holds a busy service back") {
  GIVEN("a service that never rests, with a tenth of a processor") {
    Machine machine({service("busy",
                             "[service]\nexec = \"while :; do :; done\"\n"
                             "[resources]\ncpu_max = \"10%\"\n")});
    machine.zinitctl("wait busy --for running --timeout 120");
    THEN("the kernel throttles it, and its processor time is in its status") {
      machine.shell().repeat_until(
          "awk '/^nr_throttled/ { print ($2 > 3 ? \"held back\" : \"free\") }' "
          "/sys/fs/cgroup/zinit/busy.service/cpu.stat",
          "held back");
      CHECK(cgroup_file(machine, "busy", "cpu.max") == "10000 100000");
      CHECK(machine.ask("status busy")["cpu_usec"].GetInt64() > 0);
    }
  }
}

SCENARIO("pids_max stops a fork bomb, and a stop ends it whole") {
  GIVEN("a service that forks without end, each fork in a session of its own") {
    // A shell ends where it cannot fork, so it is one below the service's own that does.
    Machine machine({service("bomb",
                             "[service]\n"
                             "exec = '''while :; do (while :; do setsid sleep 1000 & done) "
                             "2>/dev/null; done'''\n"
                             "[lifecycle]\nstop_timeout_ms = 2000\nrestart = \"never\"\n"
                             "[resources]\npids_max = 25\n")});
    machine.shell().repeat_until(
        "awk '/^max/ { print ($2 > 0 ? \"refused\" : \"free\") }' "
        "/sys/fs/cgroup/zinit/bomb.service/pids.events",
        "refused");
    CHECK(number_of(machine, "bomb", "pids.current") <= 25);
    WHEN("it is stopped") {
      machine.zinitctl("stop bomb");
      THEN("none of its processes is left, nor its cgroup") {
        CHECK(count_of(machine, "[s]leep 1000$") == 0);
        machine.shell().repeat_until("ls /sys/fs/cgroup/zinit", "supervisor");
        machine.shell().repeat_until("[ -e /sys/fs/cgroup/zinit/bomb.service ] || echo gone",
                                     "gone");
      }
    }
  }
}

SCENARIO("a daemon that forked twice into a session of its own is killed by its cgroup") {
  GIVEN("a service whose daemon ignores SIGTERM") {
    Machine machine({service("daemon",
                             "[service]\n"
                             "exec = '''setsid sh -c 'trap \"\" TERM; sleep 4711 & wait' & "
                             "sleep 100000'''\n"
                             "[lifecycle]\nstop_timeout_ms = 500\n")});
    machine.shell().repeat_until("ps", "sleep 4711");
    WHEN("the service is stopped") {
      machine.zinitctl("stop daemon");
      THEN("the daemon is gone with it") {
        CHECK(count_of(machine, "[s]leep 4711$") == 0);
        CHECK(machine.state("daemon") == "exited");
      }
    }
    WHEN("the main process is killed") {
      machine.shell().output_of(fmt::format("kill -9 {}", machine.pid("daemon")));
      machine.zinitctl("wait daemon --for running --timeout 120");
      THEN("the daemon of the first run is gone: one alone is there") {
        machine.shell().repeat_until("ps | grep -c '[s]leep 4711$'", "1");
        // Its death was none of want of memory.
        CHECK_FALSE(machine.ask("status daemon")["last_exit"].HasMember("detail"));
      }
    }
  }
}

SCENARIO("a standalone server inside a service limits its own services, and leaves nothing") {
  GIVEN("a server that is a service of PID 1, and so in a cgroup that is not the root") {
    Machine machine({service("inner",
                             "[service]\nexec = \"zinit server --config-dir /inner --socket "
                             "/run/inner.sock\"\n"
                             "reload_exec = \"zinitctl --socket /run/inner.sock reload\"\n"
                             "stop_exec = \"zinitctl --socket /run/inner.sock shutdown\"\n"),
                     {"/inner/small.toml",
                      "[service]\nexec = \"sleep 4711\"\n[resources]\npids_max = 7\n"
                      "memory_max = \"32M\"\n"}});
    const std::string small = "zinitctl --socket /run/inner.sock ";
    machine.shell().repeat_until(small + "wait small --for running --timeout 120 && echo up", "up");
    const std::string inner = "/sys/fs/cgroup/zinit/inner.service";
    THEN("its services lie below its own cgroup, with the controllers, and it in a leaf") {
      const auto text_of = [&](const std::string& file) {
        const std::string text = machine.shell().output_of("cat " + inner + file);
        return std::string(trim(text));
      };
      CHECK(text_of("/cgroup.procs").empty());
      CHECK(text_of("/zinit/supervisor/cgroup.procs") == std::to_string(machine.pid("inner")));
      CHECK(text_of("/zinit/small.service/pids.max") == "7");
      CHECK(text_of("/zinit/small.service/memory.max") == std::to_string(32 << 20));
      CHECK(machine.shell().output_of(small + "status small").find("no effect") ==
            std::string::npos);
      AND_WHEN("it is reloaded and stopped by commands beside it") {
        machine.zinitctl("reload inner");
        machine.zinitctl("stop inner");
        const std::string log = machine.zinitctl("logs zinit -n all");
        CHECK(log.find("inner: reloaded") != std::string::npos);
        CHECK(log.find("stop signal is sent instead") == std::string::npos);
        CHECK(machine.ask("status inner")["last_exit"]["code"].GetInt() == 0);
        machine.shell().repeat_until("[ -e " + inner + " ] || echo gone", "gone");
        CHECK(count_of(machine, "[s]leep 4711$") == 0);
      }
      AND_WHEN("it is killed") {
        machine.shell().output_of(fmt::format("kill -9 {}", machine.pid("inner")));
        THEN("PID 1 ends what it has left, and it starts afresh") {
          machine.shell().repeat_until(small + "wait small --for running --timeout 120 && echo up",
                                       "up");
          CHECK(count_of(machine, "[s]leep 4711$") == 1);
          CHECK(text_of("/zinit/small.service/pids.max") == "7");
        }
      }
    }
  }
}

SCENARIO("a standalone server beside other processes has cgroups without controllers") {
  GIVEN("a server that shares its cgroup with a shell") {
    Machine machine(
        {service("inner",
                 "[service]\nexec = '''zinit server --config-dir /inner --socket /run/inner.sock & "
                 "wait'''\n"),
         {"/inner/small.toml",
          "[service]\nexec = '''setsid sleep 4711 & sleep 100000'''\n"
          "[resources]\npids_max = 7\n"}});
    const std::string small = "zinitctl --socket /run/inner.sock ";
    machine.shell().repeat_until(small + "wait small --for running --timeout 120 && echo up", "up");
    THEN("status tells what of the resources has no effect, and what escapes is killed") {
      CHECK(machine.shell()
                .output_of(small + "status small")
                .find("resources.pids_max has no effect") != std::string::npos);
      machine.shell().repeat_until("ps", "sleep 4711");
      machine.shell().output_of(small + "stop small");
      CHECK(count_of(machine, "[s]leep 4711$") == 0);
    }
  }
}

}  // namespace vm_resources_test
