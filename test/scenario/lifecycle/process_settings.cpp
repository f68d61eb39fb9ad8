// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [limits] and [process], each checked from inside the service (zinit.toml(5)), and each refused by
// the kernel.
#include <linux/capability.h>

#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_process_settings {
namespace {

/// "SOFT HARD" of a line of /proc/PID/limits.
std::string limit_of(pid_t pid, const std::string& name) {
  for (const std::string& line : lines_of(read_file("/proc/" + std::to_string(pid) + "/limits"))) {
    if (line.rfind(name, 0) != 0) continue;
    std::string soft, hard;
    std::istringstream(line.substr(26)) >> soft >> hard;
    return soft + " " + hard;
  }
  return "no " + name;
}

/// A section with one key.
std::string section(const std::string& name, const std::string& line) {
  return "[" + name + "]\n" + line + "\n";
}

/// The message of service `a` once it has failed to spawn.
std::string spawn_message(Server& zinit, const Toml& toml) {
  zinit.add("a", toml);
  zinit.boot();
  return zinit.await_failed("a", "spawn_error")["reason"]["message"].text();
}

struct LimitRow {
  const char* setting;
  const char* line;  // of /proc/PID/limits
  const char* seen;
};

// No value exceeds what an ordinary user may have.
constexpr LimitRow kLimits[] = {
    {"nofile = '100:200'", "Max open files", "100 200"},
    {"nproc = '300:400'", "Max processes", "300 400"},
    {"core = 0", "Max core file size", "0 0"},
    {"memlock = '4096:8192'", "Max locked memory", "4096 8192"},
    {"stack = 4194304", "Max stack size", "4194304 4194304"},
    {"data = 1073741824", "Max data size", "1073741824 1073741824"},
    {"fsize = 1048576", "Max file size", "1048576 1048576"},
    {"cpu = '3600:7200'", "Max cpu time", "3600 7200"},
    {"as = '4294967296:8589934592'", "Max address space", "4294967296 8589934592"},
    {"rss = 268435456", "Max resident set", "268435456 268435456"},
    {"msgqueue = '1000:2000'", "Max msgqueue size", "1000 2000"},
    {"nice = 0", "Max nice priority", "0 0"},
    {"rtprio = '0:0'", "Max realtime priority", "0 0"},
    {"sigpending = '10:20'", "Max pending signals", "10 20"},
    {"locks = '30:unlimited'", "Max file locks", "30 unlimited"},
};

/// The name of the service with the limit: the name of the key.
std::string service_of(const LimitRow& row) {
  const std::string setting = row.setting;
  return setting.substr(0, setting.find(' '));
}

/// Inherits as some container engines let their processes inherit; the ambient capability follows.
void inherit_all_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct own[2]{};
  syscall(SYS_capget, &header, own);
  for (auto& half : own) half.inheritable = half.permitted;
  syscall(SYS_capset, &header, own);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0);  // CAP_CHOWN
}

/// Copies a program and its libraries to the same paths below `root`.
void copy_program(const std::string& root, const std::string& program) {
  const auto copy = [&](const std::string& path) {
    const std::filesystem::path to = root + path;
    std::filesystem::create_directories(to.parent_path());
    std::filesystem::copy_file(path, to, std::filesystem::copy_options::overwrite_existing);
  };
  copy(program);
  const Outcome needed = run({.argv = {"ldd", program}, .program = "/usr/bin/ldd"});
  std::istringstream words(needed.out);
  for (std::string word; words >> word;)
    if (word.front() == '/') copy(word);
}

TEST_CASE("every limit is seen from inside", "[check][limits]") {
  Server zinit;
  for (const LimitRow& row : kLimits) {
    zinit.add(service_of(row), {.more = section("limits", row.setting)});
  }
  zinit.boot();
  for (const LimitRow& row : kLimits) {
    INFO(row.setting);
    CHECK(limit_of(zinit.await_program(service_of(row)), row.line) == row.seen);
  }
}

TEST_CASE("a service without limits has those that zinit was started with", "[limits]") {
  Server zinit({.in_child = [] {
    const rlimit files{123, 456};
    setrlimit(RLIMIT_NOFILE, &files);
    const rlimit locked{4096, 8192};  // a sanitizer sets the limit of core dumps
    setrlimit(RLIMIT_MEMLOCK, &locked);
  }});
  zinit.add("a");
  zinit.add("b", {.more = section("limits", "memlock = '1024:2048'")});
  zinit.boot();
  CHECK(limit_of(zinit.await_program("a"), "Max open files") == "123 456");
  CHECK(limit_of(zinit.await_program("a"), "Max locked memory") == "4096 8192");
  CHECK(limit_of(zinit.await_program("b"), "Max open files") == "123 456");
  CHECK(limit_of(zinit.await_program("b"), "Max locked memory") == "1024 2048");
}

TEST_CASE("unlimited open files are as many as zinit may have", "[limits]") {
  Server zinit;
  zinit.add("a", {.more = section("limits", "nofile = '5:unlimited'")});
  zinit.boot();
  const std::string own = limit_of(zinit.pid(), "Max open files");
  CHECK(limit_of(zinit.await_program("a"), "Max open files") ==
        "5 " + own.substr(own.find(' ') + 1));
}

TEST_CASE("a limit that may not be raised is a spawn error that names it", "[check][limits]") {
  Server zinit({.uid = geteuid() == 0 ? std::optional<uid_t>(65534) : std::nullopt, .in_child = [] {
                  const rlimit core{0, 0};
                  setrlimit(RLIMIT_CORE, &core);
                }});
  const std::string message = spawn_message(zinit, {.more = section("limits", "core = '0:4096'")});
  CHECK(message == "cannot set the limit core to 0:4096: Operation not permitted");
}

TEST_CASE("a changed limit restarts the process, the same limit does not", "[limits]") {
  Server zinit;
  zinit.add("a", {.more = section("limits", "core = 0\nfsize = 4096")});
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  zinit.add("a", {.more = section("limits", "fsize = 4096\ncore = 0")});
  CHECK(zinit.reload()["unchanged"].dump() == R"(["a"])");
  zinit.add("a", {.more = section("limits", "fsize = 4096\ncore = '0:1'")});
  zinit.reload();
  CHECK(limit_of(zinit.await_new_pid("a", pid), "Max core file size") == "0 1");
}

TEST_CASE("nice value, io class, scheduler, affinity and the like are seen from inside",
          "[check][process]") {
  cpu_set_t allowed;
  REQUIRE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  int cpu = CPU_SETSIZE - 1;
  while (!CPU_ISSET(cpu, &allowed)) --cpu;
  Server zinit;
  zinit.add("nice", {.more = section("process", "nice = 7")});
  zinit.add("io", {.more = section("process", "io_class = 'best-effort'\nio_priority = 6")});
  zinit.add("io-default", {.more = section("process", "io_class = 'best-effort'")});
  zinit.add("io-priority", {.more = section("process", "io_priority = 5")});
  zinit.add("io-idle", {.more = section("process", "io_class = 'idle'")});
  zinit.add("oom", {.more = section("process", "oom_score_adj = 500")});
  zinit.add("cpu", {.more = section("process", "cpu_affinity = [" + std::to_string(cpu) + "]")});
  zinit.add("batch", {.more = section("process", "scheduler = 'batch'\nnice = 3")});
  zinit.add("idle", {.more = section("process", "scheduler = 'idle'")});
  zinit.add("other", {.more = section("process", "scheduler = 'other'")});
  zinit.add("on", {.more = section("process", "no_new_privs = true")});
  zinit.add("off");
  zinit.boot();
  CHECK(proc_stat(zinit.await_program("nice"), 19) == "7");
  const auto io = [&](const char* name) {
    return syscall(SYS_ioprio_get, 1, zinit.await_program(name));
  };
  CHECK(io("io") == (2 << 13 | 6));
  CHECK(io("io-default") == (2 << 13 | 4));
  CHECK(io("io-priority") == (2 << 13 | 5));
  CHECK(io("io-idle") >> 13 == 3);
  const std::string oom = "/proc/" + std::to_string(zinit.await_program("oom")) + "/oom_score_adj";
  CHECK(read_file(oom) == "500\n");
  const std::string own = "/proc/" + std::to_string(zinit.pid()) + "/oom_score_adj";
  CHECK(read_file(own) == read_file("/proc/self/oom_score_adj"));
  CHECK(proc_status(zinit.await_program("cpu"), "Cpus_allowed_list") == std::to_string(cpu));

  CHECK(sched_getscheduler(zinit.await_program("batch")) == SCHED_BATCH);
  CHECK(proc_stat(zinit.await_program("batch"), 19) == "3");
  CHECK(sched_getscheduler(zinit.await_program("idle")) == SCHED_IDLE);
  CHECK(sched_getscheduler(zinit.await_program("other")) == SCHED_OTHER);

  CHECK(proc_status(zinit.await_program("on"), "NoNewPrivs") == "1");
  CHECK(proc_status(zinit.await_program("off"), "NoNewPrivs") ==
        proc_status(getpid(), "NoNewPrivs"));
}

TEST_CASE("a real-time scheduler and a realtime io class are seen from inside",
          "[check][root][process]") {
  const sched_param lowest{1}, none{0};
  if (sched_setscheduler(0, SCHED_RR, &lowest) != 0) return skip("needs real-time priorities");
  REQUIRE(sched_setscheduler(0, SCHED_OTHER, &none) == 0);
  Server zinit;
  zinit.add("fifo", {.more = section("process", "scheduler = 'fifo'\npriority = 20")});
  zinit.add("rr", {.more = section("process", "scheduler = 'rr'")});
  zinit.add("io", {.more = section("process", "io_class = 'realtime'\nio_priority = 0")});
  zinit.boot();
  const auto priority = [](pid_t pid) {
    sched_param param{};
    sched_getparam(pid, &param);
    return param.sched_priority;
  };
  CHECK(sched_getscheduler(zinit.await_program("fifo")) == SCHED_FIFO);
  CHECK(priority(zinit.await_program("fifo")) == 20);
  CHECK(sched_getscheduler(zinit.await_program("rr")) == SCHED_RR);
  CHECK(priority(zinit.await_program("rr")) == 1);
  CHECK(syscall(SYS_ioprio_get, 1, zinit.await_program("io")) == (1 << 13 | 0));
}

TEST_CASE("capabilities cut the bounding set, and reach a user that is not root",
          "[check][root][process]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  const std::string two = "capabilities = ['CAP_NET_BIND_SERVICE', 'kill']";  // bits 10 and 5
  const std::string bits = "0000000000000420", none = "0000000000000000";
  zinit.add("root", {.more = section("process", two)});
  zinit.add("user", {.service = "user = 65534", .more = section("process", two)});
  zinit.add("sealed",
            {.service = "user = 65534", .more = section("process", two + "\nno_new_privs = true")});
  zinit.add("none", {.more = section("process", "capabilities = []")});
  zinit.add("plain", {.service = "user = 65534"});
  zinit.boot();
  for (const char* set : {"CapBnd", "CapPrm", "CapEff"}) {
    INFO(set);
    for (const char* name : {"root", "user", "sealed"})
      CHECK(proc_status(zinit.await_program(name), set) == bits);
    CHECK(proc_status(zinit.await_program("none"), set) == none);
  }
  for (const char* set : {"CapInh", "CapAmb"}) {
    INFO(set);
    for (const char* name : {"user", "sealed"})
      CHECK(proc_status(zinit.await_program(name), set) == bits);
    CHECK(proc_status(zinit.await_program("root"), set) == none);
  }
  CHECK_THAT(proc_status(zinit.await_program("user"), "Uid"), Catch::StartsWith("65534"));
  CHECK(proc_status(zinit.await_program("sealed"), "NoNewPrivs") == "1");
  CHECK(proc_status(zinit.await_program("plain"), "CapEff") == none);
  CHECK(proc_status(zinit.await_program("plain"), "CapBnd") == proc_status(zinit.pid(), "CapBnd"));
}

TEST_CASE("capabilities that zinit was started with as inheritable do not come back",
          "[root][process]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = inherit_all_capabilities});
  const std::string one = "capabilities = ['kill']";  // bit 5
  zinit.add("root", {.more = section("process", one)});
  zinit.add("named", {.service = "user = 'root'", .more = section("process", one)});
  zinit.add("user", {.service = "user = 65534", .more = section("process", one)});
  zinit.add("plain");
  zinit.boot();
  const std::string bit = "0000000000000020", none = "0000000000000000";
  CHECK(proc_status(zinit.await_program("plain"), "CapInh") != none);
  for (const char* name : {"root", "named", "user"}) {
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
      INFO(name << " " << set);
      CHECK(proc_status(zinit.await_program(name), set) == bit);
    }
  }
  CHECK(proc_status(zinit.await_program("root"), "CapInh") == none);
  CHECK(proc_status(zinit.await_program("root"), "CapAmb") == none);
  CHECK(proc_status(zinit.await_program("user"), "CapInh") == bit);
}

TEST_CASE("a capability that zinit lacks is told", "[root][process]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = [] { prctl(PR_CAPBSET_DROP, 25, 0, 0, 0); }});  // CAP_SYS_TIME
  const std::string message =
      spawn_message(zinit, {.service = "user = 65534",
                            .more = section("process", "capabilities = ['kill', 'sys_time']")});
  CHECK(message ==
        "cannot keep the capability CAP_SYS_TIME, which zinit lacks itself: Operation not "
        "permitted");
}

TEST_CASE("root is the service's root directory: its program is looked up there",
          "[check][root][process]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  const std::string root = zinit.path("jail");
  copy_program(root, "/bin/sleep");
  // An absolute link, as on many systems: it leads to the file below the root.
  std::filesystem::create_directories(root + "/only/here");
  std::filesystem::create_symlink("/bin/sleep", root + "/only/here/waiting");
  zinit.add("path", {.exec = "sleep 100000", .more = section("process", "root = '" + root + "'")});
  zinit.add("link", {.exec = "waiting 100000",
                     .service = "dir = '/only'\nuser = 65534\nenv = {PATH = '/only/here'}",
                     .more = section("process", "root = '" + root + "'")});
  chmod(zinit.folder().c_str(), 0755);
  zinit.boot();
  CHECK(proc_link(zinit.await_program("path"), "root") == root);
  CHECK(proc_link(zinit.await_program("path"), "cwd") == root);
  CHECK(proc_link(zinit.await_program("link"), "root") == root);
  CHECK(proc_link(zinit.await_program("link"), "cwd") == root + "/only");
  CHECK(proc_link(zinit.await_program("link"), "exe") == root + "/bin/sleep");
}

TEST_CASE("a root that does not exist, or lacks the program, is a spawn error", "[root][process]") {
  if (geteuid() != 0) return skip("needs root");
  {
    Server zinit;
    CHECK(spawn_message(zinit, {.more = section("process", "root = '/no/such/root'")}) ==
          "cannot change the root to /no/such/root: No such file or directory");
  }
  {
    Server zinit;
    zinit.file("a.toml", "[service]\nexec = ['/x']\n[process]\nroot = '/no/such/root'\n");
    zinit.boot();
    CHECK(zinit.await_failed("a", "spawn_error")["reason"]["message"] ==
          "cannot change the root to /no/such/root: No such file or directory");
  }
  Server zinit;
  CHECK(spawn_message(zinit, {.more = section("process", "root = '" + zinit.folder() + "'")}) ==
        "no program \"sleep\" in PATH");
}

TEST_CASE("what the kernel refuses is a spawn error that names the step", "[check][process]") {
  struct Row {
    const char* line;
    const char* message;
  };
  const Row rows[] = {
      {"nice = -20", "cannot set the nice value to -20: "},
      {"io_class = 'realtime'", "cannot set io_class and io_priority: Operation not permitted"},
      {"oom_score_adj = -1000", "cannot set oom_score_adj to -1000: Permission denied"},
      {"scheduler = 'fifo'\npriority = 5",
       "cannot take the scheduler fifo with priority 5: Operation not permitted"},
      {"root = '/'", "cannot change the root to /: Operation not permitted"},
      {"capabilities = ['CAP_KILL']",
       "cannot drop the capability CAP_CHOWN: Operation not permitted"},
      {"cpu_affinity = [8191]", "cannot be bound to processor 8191: Invalid argument"},
  };
  Server zinit({.uid = geteuid() == 0 ? std::optional<uid_t>(65534) : std::nullopt});
  for (std::size_t i = 0; i < std::size(rows); ++i)
    zinit.add("s" + std::to_string(i), {.more = section("process", rows[i].line)});
  zinit.boot();
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    INFO(rows[i].line);
    const Json status = zinit.await_failed("s" + std::to_string(i), "spawn_error");
    CHECK_THAT(status["reason"]["message"].text(), Catch::StartsWith(rows[i].message));
  }
}

}  // namespace
}  // namespace zinit::test::lifecycle_process_settings
