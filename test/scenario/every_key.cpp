// Every key that zinit.toml(5) names: which test sets it and looks at what comes of it, and what is
// said where it is wrong. A key of the page without a row here fails, and so does a row whose test
// is gone.
#include <algorithm>
#include <map>
#include <set>

#include "scenario/harness.hpp"

using namespace zinit::test;

namespace {

struct KeyRow {
  const char* key;    // SECTION.NAME; a global setting: the name alone
  const char* wrong;  // a value that it may not have
  const char* seen;   // the test that sets it and looks
};

constexpr const char* kShown = "what a file says of a service for people is shown";
constexpr const char* kLimits = "every limit is seen from inside";
constexpr const char* kSettings = "nice value, io class, out-of-memory score and affinity are seen";
constexpr const char* kScheduler = "the scheduler is seen from inside";
constexpr const char* kResources =
    "every key of [resources] is in its file of the service's cgroup";
constexpr const char* kHealthTypes = "a service runs when its health check has succeeded, by";
constexpr const char* kDirectories = "directories are made for the service, and runtime_dir goes";

constexpr KeyRow kKeys[] = {
    {"service.name", "'-a'", "the name key names a service, else the file does"},
    {"service.description", "5", kShown},
    {"service.exec", "[]", "an array is the argument vector as it is"},
    {"service.dir", "'relative'", "a service runs in its directory with its umask"},
    {"service.oneshot", "'yes'", "a oneshot is starting until it ends and exited after a success"},
    {"service.status", "'up'", "a service is not started at boot unless its status says so"},
    {"service.class", "'other'", kShown},
    {"service.critical", "1", "a container ends with the exit code of a critical service"},
    {"service.survive", "'yes'", kShown},
    {"service.ports", "[70000]", "a port that a process has is told with the process"},
    {"service.env", "{ 'A=B' = 'x' }", "the environment has PATH, zinit's own, env and the"},
    {"service.env_file", "[5]", "env_file is read before each spawn, and stands between"},
    {"service.user", "true", "a service runs with the credentials of its user"},
    {"service.group", "-1", "a service runs with the credentials of its user"},
    {"service.groups", "'audio'", "a service runs with the credentials of its user"},
    {"service.umask", "'0999'", "a service runs in its directory with its umask"},
    {"service.tty", "5", "a tty is the controlling terminal and all three streams"},
    {"service.pre_exec", "[[5]]", "pre_exec runs one by one before each spawn"},
    {"service.post_exec", "true", "post_exec is told how the process ended"},
    {"service.runtime_dir", "'../up'", kDirectories},
    {"service.state_dir", "'/abs'", kDirectories},
    {"service.cache_dir", "5", kDirectories},
    {"service.log_dir", "['a', '..']", kDirectories},
    {"service.stop_exec", "5", "stop_exec stops the service in place of the signal"},
    {"service.reload_exec", "[]", "reload NAME runs reload_exec, and answers when it is done"},
    {"service.reload_signal", "'SIGNOPE'", "reload NAME sends reload_signal to the main process"},
    {"dependencies.requires", "'a'", "a start waits until what is required runs or is done"},
    {"dependencies.after", "[5]", "after holds a start while the other is starting"},
    {"dependencies.wants", "['-x']", "wants neither holds a start nor minds a failure"},
    {"dependencies.conflicts", "{}", "an explicit start stops what conflicts, whichever side"},
    {"lifecycle.restart", "'sometimes'", "every policy with every end, for services and oneshots"},
    {"lifecycle.restart_delay_ms", "86400001", "the delay doubles with each re-spawn"},
    {"lifecycle.restart_delay_max_ms", "10", "the delay is capped"},
    {"lifecycle.max_restarts", "-1", "after max_restarts re-spawns in a row it is failed"},
    {"lifecycle.stability_period_ms", "1.5", "having run for the stability period, the count"},
    {"lifecycle.start_timeout_ms", "0", "what is not ready in time is stopped and failed"},
    {"lifecycle.success", "[300]", "an exit code of success is a good end"},
    {"lifecycle.stop_timeout_ms", "0", "what ignores its stop signal is killed after"},
    {"lifecycle.stop_signal", "65", "a stop uses the signal of the service"},
    {"health.type", "'udp'", kHealthTypes},
    {"health.endpoint", "5", kHealthTypes},
    {"health.exec", "[]", kHealthTypes},
    {"health.status", "[600]", "an http answer outside of status is no health"},
    {"health.interval_ms", "0", "start_interval_ms counts until the first success, then"},
    {"health.start_interval_ms", "0", "start_interval_ms counts until the first success, then"},
    {"health.timeout_ms", "0", "a probe's command is killed with its group at its timeout"},
    {"health.retries", "0", "so many failures in a row end a running service"},
    {"readiness.notify", "'fd:2'", "a service that notifies is running once it has said READY=1"},
    {"readiness.pidfile", "'a.pid'", "a daemon that goes to the background is found by its"},
    {"readiness.notify_access", "'any'", "messages of the main process alone count, unless"},
    {"readiness.fdstore_max", "513", "descriptors are kept up to fdstore_max over a restart"},
    {"readiness.watchdog_ms", "-1", "a watchdog that is not fed ends the service, and"},
    {"logging.buffer_lines", "1000001", "lines are kept up to buffer_lines, the last ones"},
    {"logging.buffer_bytes", "4095", "buffer_bytes bounds what is kept"},
    {"logging.kmsg", "'yes'", "with kmsg a line goes to the kernel's ring buffer as well"},
    {"logging.console", "0", "with console a line goes to zinit's own standard output"},
    {"logging.file", "'relative.log'", "a log file that was renamed is opened anew at SIGHUP"},
    {"logging.file_max_bytes", "-1", "only file_keep renamed files are kept"},
    {"logging.file_keep", "'all'", "only file_keep renamed files are kept"},
    {"logging.syslog", "'localhost'", "syslog sends RFC 5424 over every kind of socket"},
    {"logging.forward", "'udp:localhost:9000'", "forward sends a JSON object a line"},
    {"limits.nofile", "'many'", kLimits},
    {"limits.nproc", "'5:'", kLimits},
    {"limits.core", "-1", kLimits},
    {"limits.memlock", "'2:1'", kLimits},
    {"limits.stack", "true", kLimits},
    {"limits.data", "'1M'", kLimits},
    {"limits.fsize", "''", kLimits},
    {"limits.cpu", "':5'", kLimits},
    {"limits.as", "[]", kLimits},
    {"limits.rss", "1.5", kLimits},
    {"limits.msgqueue", "'1:2:3'", kLimits},
    {"limits.nice", "'infinite'", kLimits},
    {"limits.rtprio", "-5", kLimits},
    {"limits.sigpending", "'x'", kLimits},
    {"limits.locks", "{}", kLimits},
    {"process.nice", "20", kSettings},
    {"process.io_class", "'slow'", kSettings},
    {"process.io_priority", "8", kSettings},
    {"process.oom_score_adj", "-1001", kSettings},
    {"process.cpu_affinity", "[-1]", kSettings},
    {"process.scheduler", "'fast'", kScheduler},
    {"process.priority", "100", "a real-time scheduler and a realtime io class are seen"},
    {"process.root", "'relative'", "root is the service's root directory: its program"},
    {"process.no_new_privs", "1", "no_new_privs is seen from inside, and is off by default"},
    {"process.capabilities", "['CAP_NOPE']", "capabilities cut the bounding set, and reach a user"},
    {"resources.memory_max", "'512X'", "a service beyond its memory_max is killed by the kernel"},
    {"resources.memory_high", "-1", kResources},
    {"resources.swap_max", "'much'", kResources},
    {"resources.cpu_max", "'half'", "cpu_max holds a busy service back"},
    {"resources.cpu_weight", "10001", kResources},
    {"resources.io_weight", "0", kResources},
    {"resources.pids_max", "-1", "pids_max stops a fork bomb, and a stop ends it whole"},
    {"target.name", "''", "a second file with a name already taken is told"},
    {"target.description", "true", kShown},
    {"target.status", "0", "a service is not started at boot unless its status says so"},
    {"target.class", "'none'", kShown},
    {"log_level", "'loud'", "log_level of the settings counts unless an option says"},
    {"socket_group", "true", "members of socket_group may ask and change nothing"},
    {"socket_group_access", "'all'", "socket_group_access and the group itself follow"},
    {"shutdown_timeout_ms", "0", "shutdown_timeout_ms bounds the stopping of all services"},
    {"default_target", "5", "default_target is what boot starts, and nothing else"},
    {"watchdog_device", "'watchdog'", "a watchdog whose driver comes late is fed from then on"},
    {"watchdog_timeout_ms", "999", "a watchdog whose driver comes late is fed from then on"},
    {"self_watchdog_ms", "-1", "a loop that is stuck counts as a crash with self_watchdog_ms"},
};

/// The keys of the page's KEYS: .Ss begins a section, .It Cm a key within .Bl and .El.
std::set<std::string> keys_of_the_page() {
  std::set<std::string> keys;
  std::string section;
  bool in_keys = false, in_list = false;
  for (const std::string& line : lines_of(read_file("man/zinit.toml.5"))) {
    if (line.rfind(".Sh ", 0) == 0) in_keys = line == ".Sh KEYS";
    if (line == ".Ss Global settings") section.clear();
    if (line.rfind(".Ss Section [", 0) == 0) section = line.substr(13, line.size() - 14) + ".";
    if (line.rfind(".Bl ", 0) == 0 || line == ".El") in_list = line != ".El";
    if (in_keys && in_list && line.rfind(".It Cm ", 0) == 0) keys.insert(section + line.substr(7));
  }
  return keys;
}

std::string section_of(const std::string& key) {
  const auto dot = key.find('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string name_of(const std::string& key) { return key.substr(key.find('.') + 1); }

/// A file that is right but for one key.
std::string wrong_file(const KeyRow& row) {
  const std::string section = section_of(row.key);
  const std::string line = name_of(row.key) + " = " + row.wrong + "\n";
  if (section == "target") return "[target]\n" + line;
  const bool replaces = std::string(row.key) == "service.exec";
  const std::string service = replaces ? "[service]\n" : "[service]\nexec = 'true'\n";
  return service + (section == "service" ? "" : "[" + section + "]\n") + line;
}

/// Where it is wrong.
std::string line_of(const std::string& key) {
  if (key == "service.exec" || section_of(key) == "target") return "2";
  return section_of(key) == "service" ? "3" : "4";
}

}  // namespace

TEST_CASE("every key of the manual has a test that looks at what it does", "[keys]") {
  std::set<std::string> rows;
  std::string tests;
  for (const char* folder : {"test/scenario", "test/vm"}) {
    for (const std::string& file : entries_of(folder)) {
      const bool this_file = file == "every_key.cpp";
      if (!this_file) tests += read_file(std::string(folder) + "/" + file);
    }
  }
  tests += "\"" + std::string(kShown) + "\"";
  for (const KeyRow& row : kKeys) {
    INFO(row.key << ": " << row.seen);
    CHECK(rows.insert(row.key).second);
    CHECK(tests.find("\"" + std::string(row.seen)) != std::string::npos);
  }
  const std::set<std::string> page = keys_of_the_page();
  REQUIRE(page.size() > 50);
  CHECK(rows == page);
}

TEST_CASE("every key set wrong is told by its name, in its place", "[quick][keys]") {
  Server zinit({.settings = true});
  std::map<std::string, std::string> wrong;  // file, key
  std::string settings;
  for (const KeyRow& row : kKeys) {
    if (section_of(row.key).empty()) {
      settings += std::string(row.key) + " = " + row.wrong + "\n";
      continue;
    }
    const std::string file = std::string(row.key) + ".toml";
    zinit.file(file, wrong_file(row));
    wrong[zinit.config(file)] = row.key;
  }
  const Outcome check = zinit.ctl({"check", zinit.config()});
  CHECK(check.code == 1);
  for (const auto& [file, key] : wrong) {
    INFO(read_file(file) << check.out);
    const auto at = check.out.find(file + ":" + line_of(key) + ":");
    REQUIRE(at != std::string::npos);
    const std::string message = check.out.substr(at, check.out.find('\n', at) - at);
    CHECK_THAT(message, Catch::Contains(": error: " + key + ": "));
  }

  write_file(zinit.path("zinit.toml"), settings);
  zinit.boot();
  for (const KeyRow& row : kKeys) {
    if (!section_of(row.key).empty()) continue;
    const std::string message = std::string(": error: ") + row.key + ": ";
    INFO(message);
    zinit.await_message(message);
  }
}

TEST_CASE("what a file says of a service for people is shown", "[quick][keys]") {
  Server zinit;
  zinit.add("a", {.service = "description = 'the a of all'\nclass = 'system'\nsurvive = true"});
  zinit.file("t.toml", "[target]\ndescription = 'the t'\nclass = 'system'\n");
  zinit.add("b");
  zinit.boot();
  CHECK(zinit.status("a")["description"] == "the a of all");
  CHECK(zinit.status("a")["class"] == "system");
  CHECK(zinit.status("a")["warnings"].size() == 0);
  CHECK(zinit.status("b")["class"] == "user");
  CHECK(zinit.status("t")["description"] == "the t");
  CHECK(zinit.status("t")["class"] == "system");
  CHECK_THAT(zinit.ctl({"list", "--class", "system"}).out,
             Catch::Contains("the a of all") && !Catch::Contains("b "));
}
