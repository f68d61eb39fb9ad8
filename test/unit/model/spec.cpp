// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Names of services, and which changes of a file need a restart.
#include "model/spec.hpp"
#include "support/test.hpp"

namespace zinit::test::model_spec {
namespace {

ServiceSpec web() {
  ServiceSpec spec;
  spec.name = "web";
  spec.exec.argv = {"/usr/bin/webd"};
  spec.dependencies.edit().requires_ = {{"db", {3, 1}}};
  return spec;
}

struct Change {
  const char* key;
  std::function<void(ServiceSpec&)> make;
};

const Change kSettings[] = {
    {"ports", [](ServiceSpec& s) { s.ports = {80}; }},
    {"post_exec", [](ServiceSpec& s) { s.post_exec.edit().push_back({{"a"}}); }},
    {"ready_exec", [](ServiceSpec& s) { s.ready_exec.edit().push_back({{"a"}}); }},
    {"stop_exec", [](ServiceSpec& s) { s.stop_exec.edit().argv = {"a"}; }},
    {"reload_exec", [](ServiceSpec& s) { s.reload_exec.edit().argv = {"a"}; }},
    {"check_exec", [](ServiceSpec& s) { s.check_exec.edit().argv = {"a"}; }},
    {"reload_signal", [](ServiceSpec& s) { s.reload_signal = 1; }},
    {"description", [](ServiceSpec& s) { s.description = "x"; }},
    {"status", [](ServiceSpec& s) { s.status = StartStatus::stop; }},
    {"class", [](ServiceSpec& s) { s.class_ = ServiceClass::system; }},
    {"critical", [](ServiceSpec& s) { s.critical = true; }},
    {"restart", [](ServiceSpec& s) { s.lifecycle.restart = RestartPolicy::never; }},
    {"restart_delay_ms", [](ServiceSpec& s) { s.lifecycle.restart_delay = Milliseconds{5}; }},
    {"restart_delay_max_ms",
     [](ServiceSpec& s) { s.lifecycle.restart_delay_max = Milliseconds{5}; }},
    {"max_restarts", [](ServiceSpec& s) { s.lifecycle.max_restarts = 3; }},
    {"stability_period_ms", [](ServiceSpec& s) { s.lifecycle.stability_period = Milliseconds{5}; }},
    {"start_timeout_ms", [](ServiceSpec& s) { s.lifecycle.start_timeout = kForever; }},
    {"success", [](ServiceSpec& s) { s.lifecycle.success.edit().codes = {3}; }},
    {"on_failure",
     [](ServiceSpec& s) {
       s.lifecycle.on_failure = {{"mail@", {}}};
     }},
    {"on_failure_action",
     [](ServiceSpec& s) { s.lifecycle.on_failure_action = FailureAction::halt; }},
    {"stop_timeout_ms", [](ServiceSpec& s) { s.lifecycle.stop_timeout = Milliseconds{5}; }},
    {"stop_signal", [](ServiceSpec& s) { s.lifecycle.stop_signal = 2; }},
    {"buffer_lines", [](ServiceSpec& s) { s.logging.edit().buffer_lines = 5; }},
    {"buffer_bytes", [](ServiceSpec& s) { s.logging.edit().buffer_bytes = 5000; }},
    {"kmsg", [](ServiceSpec& s) { s.logging.edit().kmsg = true; }},
    {"console", [](ServiceSpec& s) { s.logging.edit().console = ConsoleMode::lines; }},
    {"rate_lines", [](ServiceSpec& s) { s.logging.edit().rate_lines = 9; }},
    {"rate_interval_ms", [](ServiceSpec& s) { s.logging.edit().rate_interval = Milliseconds{9}; }},
    {"syslog", [](ServiceSpec& s) { s.logging.edit().syslog = "unix:/dev/log"; }},
    {"forward", [](ServiceSpec& s) { s.logging.edit().forward = "unix:/x"; }},
    {"file", [](ServiceSpec& s) { s.logging.edit().file = "/var/log/x.log"; }},
    {"requires", [](ServiceSpec& s) { s.dependencies.edit().requires_.clear(); }},
    {"after",
     [](ServiceSpec& s) {
       s.dependencies.edit().after = {{"db", {}}};
     }},
    {"wants",
     [](ServiceSpec& s) {
       s.dependencies.edit().wants = {{"db", {}}};
     }},
    {"conflicts",
     [](ServiceSpec& s) {
       s.dependencies.edit().conflicts = {{"old", {}}};
     }},
};

const Change kRestarts[] = {
    {"exec", [](ServiceSpec& s) { s.exec.argv.push_back("-v"); }},
    {"dir", [](ServiceSpec& s) { s.dir = "/srv"; }},
    {"oneshot", [](ServiceSpec& s) { s.oneshot = true; }},
    {"env",
     [](ServiceSpec& s) {
       s.env = {{"A", "1"}};
     }},
    {"user", [](ServiceSpec& s) { s.user = "web"; }},
    {"group", [](ServiceSpec& s) { s.group = "web"; }},
    {"groups", [](ServiceSpec& s) { s.groups.edit().emplace(); }},
    {"umask", [](ServiceSpec& s) { s.umask = 077; }},
    {"tty", [](ServiceSpec& s) { s.tty = "/dev/ttyS0"; }},
    {"env_file",
     [](ServiceSpec& s) {
       s.env_file.edit().push_back({"/a", true});
     }},
    {"pre_exec", [](ServiceSpec& s) { s.pre_exec.edit().push_back({{"a"}}); }},
    {"runtime_dir", [](ServiceSpec& s) { s.directories.edit().runtime = {"a"}; }},
    {"state_dir", [](ServiceSpec& s) { s.directories.edit().state = {"a"}; }},
    {"cache_dir", [](ServiceSpec& s) { s.directories.edit().cache = {"a"}; }},
    {"log_dir", [](ServiceSpec& s) { s.directories.edit().log = {"a"}; }},
    {"listen", [](ServiceSpec& s) { s.socket.edit().listen = {"a:1"}; }},
    {"merge_stderr", [](ServiceSpec& s) { s.logging.edit().merge_stderr = true; }},
    {"kind", [](ServiceSpec& s) { s.kind = Kind::target; }},
};

const Change kNothing[] = {
    {"place of a dependency",
     [](ServiceSpec& s) {
       s.dependencies.edit().requires_[0].at = {9, 9};
     }},
    {"place of the section",
     [](ServiceSpec& s) {
       s.dependencies_at = {9, 9};
     }},
    {"file", [](ServiceSpec& s) { s.file = "/etc/zinit/services/b.toml"; }},
    {"warnings", [](ServiceSpec& s) { s.findings.edit().warnings = {"b.toml:1:1: warning: x"}; }},
};

SpecChange change_by(const Change& change) {
  ServiceSpec after = web();
  change.make(after);
  return compare(web(), after);
}

TEST_CASE("a change of what zinit alone looks at needs no restart", "[model][spec]") {
  for (const Change& change : kSettings) {
    INFO(change.key);
    CHECK(change_by(change) == SpecChange::settings);
  }
}

TEST_CASE("a change of what the process was made from needs a restart", "[model][spec]") {
  for (const Change& change : kRestarts) {
    INFO(change.key);
    CHECK(change_by(change) == SpecChange::restart);
  }
}

TEST_CASE("comments, places and warnings change nothing", "[model][spec]") {
  CHECK(compare(web(), web()) == SpecChange::none);
  for (const Change& change : kNothing) {
    INFO(change.key);
    CHECK(change_by(change) == SpecChange::none);
  }
}

TEST_CASE("of two changes the one that needs more counts", "[model][spec]") {
  ServiceSpec after = web();
  after.description = "x";
  after.umask = 077;
  CHECK(compare(web(), after) == SpecChange::restart);
}

TEST_CASE("a name is 1 to 128 of a few characters and begins with a letter or digit",
          "[model][spec]") {
  for (const std::string& good :
       {std::string("a"), std::string("9p"), std::string("web-1.x_y@z"), std::string(128, 'n'),
        std::string("cgroup.procs"), std::string("Zinit"), std::string("zinit2")}) {
    INFO(good);
    CHECK(name_fault(good) == std::nullopt);
  }
  for (const std::string& bad :
       {std::string(), std::string(129, 'n'), std::string("-a"), std::string(".a"),
        std::string("_a"), std::string("@a"), std::string("a b"), std::string("a/b"),
        std::string("a\n"), std::string("gr\xC3\xBC"), std::string("a\0b", 3), std::string("zinit"),
        std::string("syslog")}) {
    INFO(bad);
    CHECK(name_fault(bad).has_value());
  }
}

}  // namespace
}  // namespace zinit::test::model_spec
