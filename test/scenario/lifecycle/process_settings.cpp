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

/// A fact about a process: a limit, a variable of its environment, a line of /proc/PID/status, or
/// one of those here.
std::string fact_of(pid_t pid, const std::string& name) {
  if (name.starts_with("Max ")) return limit_of(pid, name);
  if (name == "nice") return proc_stat(pid, 19);
  if (name == "cwd" || name == "root" || name == "exe") return proc_link(pid, name);
  if (name == "oom_score_adj")
    return lines_of(read_file("/proc/" + std::to_string(pid) + "/oom_score_adj")).at(0);
  if (name == "io" || name == "io class") {
    const long io = syscall(SYS_ioprio_get, 1, pid);
    const std::string io_class = "class " + std::to_string(io >> 13);
    return name == "io" ? io_class + " priority " + std::to_string(io & 0x1fff) : io_class;
  }
  if (name == "scheduler") {
    const char* const names[] = {"other", "fifo", "rr", "batch", "4", "idle"};
    sched_param param{};
    sched_getparam(pid, &param);
    return std::string(names[sched_getscheduler(pid)]) + " " + std::to_string(param.sched_priority);
  }
  if (name.starts_with('$')) {
    for (const std::string& entry : proc_environment(pid))
      if (entry.starts_with(name.substr(1) + "=")) return entry.substr(name.size());
    return "unset";
  }
  std::string value = std::regex_replace(proc_status(pid, name), std::regex("\t"), " ");
  if (name.starts_with("Cap"))
    value.erase(0, std::min(value.find_first_not_of('0'), std::size_t{15}));
  return value;
}

/// The answer to a row of process_settings.golden, by one more service.
std::string seen(Server& zinit, const std::string& row) {
  const auto bar = row.rfind('|');
  std::string settings = row.substr(0, bar);
  settings = std::regex_replace(settings, std::regex("\\$D"), zinit.folder());
  settings = std::regex_replace(settings, std::regex("; |(\\[[a-z]+\\]) (?=[a-z])"), "$1\n");
  if (row.find("exec = ") == row.npos) settings = "exec = 'sleep 100000'\n" + settings;
  const std::string name = "s" + std::to_string(entries_of(zinit.config()).size());
  zinit.file(name + ".toml", "[service]\n" + settings + "\n");
  (void)zinit.reload();
  const Json status = zinit.await(
      name,
      [](const Json& now) {
        return (now["state"] == "running" && now["pid"].is_number()) || now["state"] == "failed";
      },
      "running or failed");
  if (status["state"] == "failed") {
    CHECK(status["reason"]["type"] == "spawn_error");
    return status["reason"]["message"].text();
  }
  std::string all;
  std::istringstream facts(row.substr(bar + 1));
  for (std::string fact; std::getline(facts >> std::ws, fact, ',');) {
    const pid_t pid = static_cast<pid_t>(status["pid"].number());
    const bool compared = fact.ends_with('?');
    if (compared) fact.pop_back();
    const std::string value = fact_of(pid, fact);
    all += (all.empty() ? "" : ", ") + (!compared                             ? value
                                        : value == fact_of(zinit.pid(), fact) ? "as zinit's"
                                                                              : "other");
  }
  return all;
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

TEST_CASE("limits and settings of a process are seen from inside", "[check][limits][process]") {
  Server zinit;
  zinit.boot();
  CHECK_GOLDEN_ROWS("process_settings", [&](const std::string& row) { return seen(zinit, row); });
  const std::string files = limit_of(zinit.pid(), "Max open files");
  CHECK(seen(zinit, "[limits] nofile = '5:unlimited' | Max open files") ==
        "5 " + files.substr(files.find(' ') + 1));
  cpu_set_t allowed;
  REQUIRE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  int last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &allowed)) --last;
  const std::string cpu = std::to_string(last);
  CHECK(seen(zinit, "[process] cpu_affinity = [" + cpu + "] | Cpus_allowed_list") == cpu);
  // zinit has not changed its own.
  CHECK(fact_of(zinit.pid(), "oom_score_adj") == fact_of(getpid(), "oom_score_adj"));
  CHECK(fact_of(zinit.pid(), "NoNewPrivs") == fact_of(getpid(), "NoNewPrivs"));
}

TEST_CASE("a service without limits has those that zinit was started with", "[limits]") {
  Server zinit({.in_child = [] {
    const rlimit files{123, 456};
    setrlimit(RLIMIT_NOFILE, &files);
    const rlimit locked{4096, 8192};  // a sanitizer sets the limit of core dumps
    setrlimit(RLIMIT_MEMLOCK, &locked);
  }});
  zinit.boot();
  const std::string both = "| Max open files, Max locked memory";
  CHECK(seen(zinit, both) == "123 456, 4096 8192");
  CHECK(seen(zinit, "[limits] memlock = '1024:2048' " + both) == "123 456, 1024 2048");
}

TEST_CASE("what the kernel refuses is a spawn error that names the step",
          "[check][limits][process]") {
  Server zinit({.uid = geteuid() == 0 ? std::optional<uid_t>(65534) : std::nullopt, .in_child = [] {
                  const rlimit core{0, 0};
                  setrlimit(RLIMIT_CORE, &core);
                }});
  zinit.boot();
  CHECK_GOLDEN_ROWS("process_settings_refused",
                    [&](const std::string& row) { return seen(zinit, row); });
}

TEST_CASE("credentials, capabilities and root of a process are seen from inside",
          "[check][root][process]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  zinit.boot();
  CHECK_GOLDEN_ROWS("process_settings_root",
                    [&](const std::string& row) { return seen(zinit, row); });
  const std::string root = zinit.path("jail");
  copy_program(root, "/bin/sleep");
  // An absolute link, as on many systems: it leads to the file below the root.
  std::filesystem::create_directories(root + "/only/here");
  std::filesystem::create_symlink("/bin/sleep", root + "/only/here/waiting");
  const std::string jail = "[process] root = '" + root + "' | root, cwd, exe",
                    program = root + "/bin/sleep";
  CHECK(seen(zinit, jail) == root + ", " + root + ", " + program);
  CHECK(seen(zinit,
             "exec = 'waiting 100000'; dir = '/only'; user = 65534; "
             "env = {PATH = '/only/here'}; " +
                 jail) == root + ", " + root + "/only, " + program);
}

TEST_CASE("a pidfile below a root is found and removed there, also behind an absolute link",
          "[check][root][process][readiness][reexec]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  const std::string root = zinit.path("jail"), folder = zinit.path("pids"), file = folder + "/a";
  for (const char* program : {"/bin/sh", "/bin/sleep"}) copy_program(root, program);
  for (const std::string& made : {folder, root + folder, root + "/var"})
    std::filesystem::create_directories(made);
  std::filesystem::create_symlink(folder, root + "/var/run");
  zinit.add("a",
            {.exec = "echo $$ > /var/run/a; exec sleep 100000",
             .more = "[process]\nroot = '" + root + "'\n[readiness]\npidfile = '/var/run/a'\n"});
  zinit.boot({"a"});
  CHECK(read_file(root + file) == std::to_string(zinit.pid_of("a")) + "\n");
  // Where the link leads to outside of the root.
  std::filesystem::copy_file(root + file, file);
  SECTION("by the same image") {}
  SECTION("by the next image") { zinit.reexecute(); }
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(access((root + file).c_str(), F_OK) != 0);
  CHECK(access(file.c_str(), F_OK) == 0);
}

TEST_CASE("a real-time scheduler and a realtime io class are seen from inside",
          "[check][root][process]") {
  const sched_param lowest{1}, none{0};
  if (sched_setscheduler(0, SCHED_RR, &lowest) != 0) return skip("needs real-time priorities");
  REQUIRE(sched_setscheduler(0, SCHED_OTHER, &none) == 0);
  Server zinit;
  zinit.boot();
  CHECK(seen(zinit, "[process] scheduler = 'fifo'; priority = 20 | scheduler") == "fifo 20");
  CHECK(seen(zinit, "[process] scheduler = 'rr' | scheduler") == "rr 1");
  CHECK(seen(zinit, "[process] io_class = 'realtime'; io_priority = 0 | io") ==
        "class 1 priority 0");
}

TEST_CASE("capabilities that zinit was started with as inheritable do not come back",
          "[root][process]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = inherit_all_capabilities});
  zinit.boot();
  CHECK(seen(zinit, "| CapInh") != "0");
  const std::string kill = "[process] capabilities = ['kill'] | CapPrm, CapEff, CapBnd";  // 20
  CHECK(seen(zinit, kill + ", CapInh, CapAmb") == "20, 20, 20, 0, 0");
  CHECK(seen(zinit, "user = 'root'; " + kill) == "20, 20, 20");
  CHECK(seen(zinit, "user = 65534; " + kill + ", CapInh") == "20, 20, 20, 20");
}

TEST_CASE("a capability that zinit lacks is told", "[root][process]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = [] { prctl(PR_CAPBSET_DROP, 25, 0, 0, 0); }});  // CAP_SYS_TIME
  zinit.boot();
  CHECK(seen(zinit, "user = 65534; [process] capabilities = ['kill', 'sys_time'] |") ==
        "cannot keep the capability CAP_SYS_TIME, which zinit lacks itself: Operation not "
        "permitted");
}

TEST_CASE("a changed limit restarts the process, the same limit does not", "[limits]") {
  Server zinit;
  zinit.add("a", {.more = "[limits]\ncore = 0\nfsize = 4096\n"});
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  zinit.add("a", {.more = "[limits]\nfsize = 4096\ncore = 0\n"});
  CHECK(zinit.reload()["unchanged"].dump() == R"(["a"])");
  zinit.add("a", {.more = "[limits]\nfsize = 4096\ncore = '0:1'\n"});
  zinit.reload();
  CHECK(limit_of(zinit.await_new_pid("a", pid), "Max core file size") == "0 1");
}

}  // namespace
}  // namespace zinit::test::lifecycle_process_settings
