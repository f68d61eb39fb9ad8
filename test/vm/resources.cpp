// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The effect of cgroups on services, on a kernel with all controllers: limits that are enforced,
// and the end of processes that have escaped.
#include "base/format.hpp"
#include "base/text.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::resources {
namespace {

std::string cgroup_file(Machine& machine, const std::string& name, const std::string& file) {
  const std::string text =
      machine.shell().output_of(fmt::format("cat /sys/fs/cgroup/zinit/{}.service/{}", name, file));
  return std::string(trim(text));
}

long long number_of(Machine& machine, const std::string& name, const std::string& file) {
  return std::atoll(cgroup_file(machine, name, file).c_str());
}

/// The number of processes whose command line matches.
int count_of(Machine& machine, const std::string& pattern) {
  return std::atoi(
      machine.shell().output_of(fmt::format("ps | grep -c '{}' || true", pattern)).c_str());
}

/// Starts one of the services below without waiting for the result.
void start(Machine& machine, const std::string& name) {
  machine.zinitctl("start --no-wait " + name);
}

/// A service that its step starts.
File idle(const std::string& name, const std::string& text) {
  return service(name, "[service]\nstatus = \"stop\"\n" + text);
}

const std::string kNeverAgain = "[lifecycle]\nrestart = \"never\"\n";
const std::string kEightMegabytes = "[resources]\nmemory_max = \"8M\"\nswap_max = 0\n";

/// Goes on when the kernel has killed a child of it.
File unmoved(const std::string& name) {
  return idle(name, "exec = \"tail /dev/zero; echo > /run/" + name +
                        "; while :; do sleep 1000; done\"\n" + kNeverAgain + kEightMegabytes);
}

const std::string kSleeper = "exec = \"sleep 100000\"\n[resources]\n";

std::vector<File> services() {
  return {
      idle("greedy", "exec = \"tail /dev/zero\"\n" + kNeverAgain + kEightMegabytes),
      unmoved("asked"),
      unmoved("other"),
      idle("all", kSleeper +
                      "memory_max = \"64M\"\nmemory_high = \"48M\"\nswap_max = \"32M\"\n"
                      "cpu_max = \"150%\"\ncpu_weight = 50\nio_weight = 50\npids_max = 20\n"),
      idle("busy", "exec = \"while :; do :; done\"\n[resources]\ncpu_max = \"10%\"\n"),
      // Each fork runs in its own session. A shell that cannot fork ends, so a shell below the
      // service's own shell forks.
      idle("bomb",
           "exec = '''while :; do (while :; do setsid sleep 1000 & done) 2>/dev/null; done'''\n"
           "[lifecycle]\nstop_timeout_ms = 2000\nrestart = \"never\"\n"
           "[resources]\npids_max = 25\n"),
      // The process that it leaves has forked twice, runs in its own session, and ignores SIGTERM.
      idle("daemon",
           "exec = '''setsid sh -c 'trap \"\" TERM; sleep 4711 & wait' & sleep 100000'''\n"
           "[lifecycle]\nstop_timeout_ms = 500\n"),
      // Each process divides the cgroup that it is started in, as container engines do, and leaves
      // a process there.
      idle("engine",
           "exec = '''set -e; c=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); "
           "mkdir $c/sub; echo $$ >$c/sub/cgroup.procs; echo +pids >$c/cgroup.subtree_control; "
           "setsid sleep 4712 & exec sleep 100000'''\n"
           "[lifecycle]\nkill_mode = \"main\"\n[resources]\ndelegate = true\n"),
      // A server in a cgroup that is not the root.
      idle("inner",
           "exec = \"zinit server --config-dir /inner --socket /run/inner.sock\"\n"
           "reload_exec = \"zinitctl --socket /run/inner.sock reload\"\n"
           "stop_exec = \"zinitctl --socket /run/inner.sock shutdown\"\n"),
      {"/inner/small.toml",
       "[service]\nexec = \"sleep 4711\"\n[resources]\npids_max = 7\nmemory_max = \"32M\"\n"},
      // A server that shares its cgroup with a shell.
      idle("beside",
           "exec = '''zinit server --config-dir /beside --socket /run/beside.sock & wait'''\n"),
      {"/beside/small.toml",
       "[service]\nexec = '''setsid sleep 4711 & sleep 100000'''\n[resources]\npids_max = 7\n"}};
}

void check_killed_for_lack_of_memory(Machine& machine) {
  start(machine, "greedy");
  machine.zinitctl("wait greedy --for failed --timeout 60");
  const JsonDocument status = machine.ask("status greedy");
  const std::string told = "killed by the kernel because of a lack of memory within its memory_max";
  CHECK(std::string(status["reason"]["type"].GetString()) == "signal");
  CHECK(std::string(status["reason"]["signal"].GetString()) == "SIGKILL");
  CHECK(std::string(status["reason"]["detail"].GetString()) == told);
  CHECK(std::string(status["last_exit"]["detail"].GetString()) == told);
  // Exit status 3: the service does not run. A long reason is broken into two lines.
  CHECK(machine.shell().run("zinitctl status greedy").output.find("because of a lack of memory") !=
        std::string::npos);
  CHECK(machine.zinitctl("why greedy").find(told) != std::string::npos);
  CHECK(machine.zinitctl("logs zinit -n all").find("greedy: failed: " + told) != std::string::npos);
  CHECK(status["warnings"].Size() == 0);
}

void check_killed_by_somebody_later(Machine& machine) {
  Terminal& shell = machine.shell();
  for (const char* name : {"asked", "other"}) {
    start(machine, name);
    shell.repeat_until("ls /run", name);
  }
  CHECK(cgroup_file(machine, "other", "memory.events").find("oom_kill 1") != std::string::npos);
  shell.repeat_until("zinitctl events other", "killed because of a lack of memory");
  const auto reason_after_end = [&](const std::string& name) {
    machine.zinitctl("wait " + name + " --for failed --timeout 60");
    return machine.zinitctl("why " + name);
  };
  machine.zinitctl("kill --main asked KILL");
  const std::string by_request = reason_after_end("asked");
  CHECK(by_request.find("SIGKILL") != std::string::npos);
  CHECK(by_request.find("memory") == std::string::npos);
  let_pass(shell, 6);
  shell.output_of(fmt::format("kill -9 {}", machine.pid("other")));
  const std::string by_other = reason_after_end("other");
  CHECK(by_other.find("SIGKILL") != std::string::npos);
  CHECK(by_other.find("memory") == std::string::npos);
}

void check_every_key(Machine& machine) {
  machine.zinitctl("start all");
  machine.zinitctl("wait all --for running --timeout 120");
  // A kernel without weights for disks has no file for them, and status reports it.
  const std::string io = machine.shell().output_of(
      "cat /sys/fs/cgroup/zinit/all.service/io.*weight 2>/dev/null || true");
  const std::string warnings = machine.zinitctl("status all");
  INFO(io << warnings);
  CHECK((io.find("50") != std::string::npos) !=
        (warnings.find("resources.io_weight is not enforced") != std::string::npos));
  CHECK(machine.ask("status all")["warnings"].Size() <= 1);
  CHECK(number_of(machine, "all", "memory.max") == 64 << 20);
  CHECK(number_of(machine, "all", "memory.high") == 48 << 20);
  CHECK(number_of(machine, "all", "memory.swap.max") == 32 << 20);
  CHECK(cgroup_file(machine, "all", "cpu.max") == "150000 100000");
  CHECK(number_of(machine, "all", "cpu.weight") == 50);
  CHECK(number_of(machine, "all", "pids.max") == 20);
  CHECK(machine.ask("status all")["memory_bytes"].GetInt64() ==
        number_of(machine, "all", "memory.current"));
}

/// One key changes; the other keys are removed.
void check_reload(Machine& machine) {
  const int pid = machine.pid("all");
  machine.shell().output_of(
      fmt::format("printf '%s' '[service]\nstatus = \"stop\"\n{}memory_max = \"96M\"\n' "
                  ">/etc/zinit/services/all.toml",
                  kSleeper));
  machine.zinitctl("reload");
  machine.shell().repeat_until("cat /sys/fs/cgroup/zinit/all.service/pids.max", "max");
  CHECK(number_of(machine, "all", "memory.max") == 96 << 20);
  CHECK(cgroup_file(machine, "all", "memory.high") == "max");
  CHECK(cgroup_file(machine, "all", "cpu.max") == "max 100000");
  CHECK(number_of(machine, "all", "cpu.weight") == 100);
  CHECK(machine.pid("all") == pid);
}

void check_held_back(Machine& machine) {
  start(machine, "busy");
  machine.zinitctl("wait busy --for running --timeout 120");
  machine.shell().repeat_until(
      "awk '/^nr_throttled/ { print ($2 > 3 ? \"held back\" : \"free\") }' "
      "/sys/fs/cgroup/zinit/busy.service/cpu.stat",
      "held back");
  CHECK(cgroup_file(machine, "busy", "cpu.max") == "10000 100000");
  CHECK(machine.ask("status busy")["cpu_usec"].GetInt64() > 0);
  machine.zinitctl("stop busy");
}

void check_fork_bomb(Machine& machine) {
  start(machine, "bomb");
  machine.shell().repeat_until(
      "awk '/^max/ { print ($2 > 0 ? \"refused\" : \"free\") }' "
      "/sys/fs/cgroup/zinit/bomb.service/pids.events",
      "refused");
  CHECK(number_of(machine, "bomb", "pids.current") <= 25);
  machine.zinitctl("stop bomb");
  CHECK(count_of(machine, "[s]leep 1000$") == 0);
  machine.shell().repeat_until("ls /sys/fs/cgroup/zinit", "supervisor");
  machine.shell().repeat_until("[ -e /sys/fs/cgroup/zinit/bomb.service ] || echo gone", "gone");
}

void check_daemon_of_killed_service(Machine& machine) {
  start(machine, "daemon");
  machine.shell().repeat_until("ps", "sleep 4711");
  machine.shell().output_of(fmt::format("kill -9 {}", machine.pid("daemon")));
  machine.shell().repeat_until("zinitctl --json status daemon", "\"restart_count\":1");
  machine.zinitctl("wait daemon --for running --timeout 120");
  machine.shell().repeat_until("ps | grep -c '[s]leep 4711$'", "1");
  // It did not die because of a lack of memory.
  CHECK_FALSE(machine.ask("status daemon")["last_exit"].HasMember("detail"));
}

void check_daemon_of_stopped_service(Machine& machine) {
  machine.zinitctl("stop daemon");
  CHECK(count_of(machine, "[s]leep 4711$") == 0);
  CHECK(machine.state("daemon") == "exited");
}

void check_started_beside_spared(Machine& machine) {
  machine.zinitctl("start engine");
  for (int left = 1; left <= 3; ++left) {
    machine.shell().repeat_until("ps | grep -c '[s]leep 4712$'", std::to_string(left));
    CHECK(machine.state("engine") == "running");
    machine.zinitctl(left < 3 ? "restart engine" : "stop engine");
  }
  machine.zinitctl("kill --all engine KILL");
  machine.shell().repeat_until("[ -e /sys/fs/cgroup/zinit/engine.service ] || echo gone", "gone");
}

const std::string kOfInner = "zinitctl --socket /run/inner.sock ";
const std::string kGroupOfInner = "/sys/fs/cgroup/zinit/inner.service";

void await_small(Machine& machine, const std::string& zinitctl) {
  machine.shell().repeat_until(zinitctl + "wait small --for running --timeout 120 && echo up",
                               "up");
}

std::string text_of_inner(Machine& machine, const std::string& file) {
  const std::string text = machine.shell().output_of("cat " + kGroupOfInner + file);
  return std::string(trim(text));
}

void check_server_in_service(Machine& machine) {
  start(machine, "inner");
  await_small(machine, kOfInner);
  CHECK(text_of_inner(machine, "/cgroup.procs").empty());
  CHECK(text_of_inner(machine, "/zinit/supervisor/cgroup.procs") ==
        std::to_string(machine.pid("inner")));
  CHECK(text_of_inner(machine, "/zinit/small.service/pids.max") == "7");
  CHECK(text_of_inner(machine, "/zinit/small.service/memory.max") == std::to_string(32 << 20));
  CHECK(machine.shell().output_of(kOfInner + "status small").find("no effect") ==
        std::string::npos);
}

void check_killed_server(Machine& machine) {
  machine.shell().output_of(fmt::format("kill -9 {}", machine.pid("inner")));
  machine.shell().repeat_until("zinitctl --json status inner", "\"restart_count\":1");
  await_small(machine, kOfInner);
  CHECK(count_of(machine, "[s]leep 4711$") == 1);
  CHECK(text_of_inner(machine, "/zinit/small.service/pids.max") == "7");
}

void check_stopped_server(Machine& machine) {
  machine.zinitctl("reload inner");
  machine.zinitctl("stop inner");
  const std::string log = machine.zinitctl("logs zinit -n all");
  CHECK(log.find("inner: reloaded") != std::string::npos);
  CHECK(log.find("stop signal is sent instead") == std::string::npos);
  CHECK(machine.ask("status inner")["last_exit"]["code"].GetInt() == 0);
  machine.shell().repeat_until("[ -e " + kGroupOfInner + " ] || echo gone", "gone");
  CHECK(count_of(machine, "[s]leep 4711$") == 0);
}

void check_server_beside_others(Machine& machine) {
  const std::string small = "zinitctl --socket /run/beside.sock ";
  start(machine, "beside");
  await_small(machine, small);
  CHECK(machine.shell()
            .output_of(small + "status small")
            .find("resources.pids_max is not enforced") != std::string::npos);
  machine.shell().repeat_until("ps", "sleep 4711");
  machine.shell().output_of(small + "stop small");
  CHECK(count_of(machine, "[s]leep 4711$") == 0);
}

SCENARIO("limits of cgroups bite and are reported, and nothing of a service escapes its end") {
  Machine machine(services());
  step("a service beyond its memory_max is killed by the kernel, and told as that",
       [&] { check_killed_for_lack_of_memory(machine); });
  step("a SIGKILL after a worker was killed because of a lack of memory is not told as that too",
       [&] { check_killed_by_somebody_later(machine); });
  step("every key of [resources] is in its file of the service's cgroup",
       [&] { check_every_key(machine); });
  step("after a reload the live cgroup has the new limit alone, and the process is the same",
       [&] { check_reload(machine); });
  step("cpu_max holds a busy service back, and its processor time is in its status",
       [&] { check_held_back(machine); });
  step("pids_max stops a fork bomb, and a stop leaves none of its processes, nor its cgroup",
       [&] { check_fork_bomb(machine); });
  step("after the main process was killed, the daemon of the first run is gone",
       [&] { check_daemon_of_killed_service(machine); });
  step("the daemon of a service that is stopped is gone with it",
       [&] { check_daemon_of_stopped_service(machine); });
  step("a service starts again beside spared processes that have its cgroup divided",
       [&] { check_started_beside_spared(machine); });
  step("services of a server in a service lie below its cgroup, with controllers, it in a leaf",
       [&] { check_server_in_service(machine); });
  step("if that server is killed, PID 1 ends what it has left, and it starts afresh",
       [&] { check_killed_server(machine); });
  step("it is reloaded and stopped by commands beside it, and leaves nothing",
       [&] { check_stopped_server(machine); });
  step("a server beside other processes tells what has no effect, and kills what escapes",
       [&] { check_server_beside_others(machine); });
}

}  // namespace
}  // namespace zinit::vm::resources
