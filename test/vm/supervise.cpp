// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A booted machine keeps its services up and reports their faults.
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::supervise {
namespace {

const std::string kGood = "[service]\nexec = \"sleep 1000\"\n";

std::string requiring(const std::string& name, const std::string& more = "") {
  return kGood + "[dependencies]\nrequires = [\"" + name + "\"]\n" + more;
}

std::vector<File> services() {
  return {service("site", requiring("redis")),
          // A delay in which even a slow machine can answer.
          service("redis.toml.d/delay", "[lifecycle]\nrestart_delay_ms = 6000\n"),
          // shop requires web, web requires db, and db exits with 7.
          service("db",
                  "[service]\nexec = \"exit 7\"\n"
                  "[lifecycle]\nrestart_delay_ms = 100\nmax_restarts = 1\n"),
          service("web", requiring("db")),
          service("shop", requiring("web")),
          // Each kind of fault, beside files without faults.
          service("no-toml", "[service\nexec = 1"),
          service("wrong-type", "[service]\nexec = 42\n"),
          service("out-of-range", kGood + "[lifecycle]\nrestart_delay_ms = -1\n"),
          service("contradiction",
                  "[service]\nexec = \"true\"\noneshot = true\n"
                  "[lifecycle]\nrestart = \"always\"\n"),
          service("unknown-key", "[service]\nexec = \"sleep 1000\"\nexce = 1\n"),
          service("circle-a", requiring("circle-b")),
          service("circle-b", requiring("circle-a")),
          service("lonely", requiring("nobody")),
          service("narcissus", requiring("narcissus")),
          service("foe", requiring("redis", "conflicts = [\"redis\"]\n")),
          service("loose", kGood + "[dependencies]\nafter = [\"nobody\"]\nwants = [\"nobody\"]\n"),
          service("good", requiring("redis")),
          service("empty", ""),
          service("dos", "\xEF\xBB\xBF[service]\r\nexec = \"sleep 1000\"\r\n"),
          {"/etc/zinit/services/folder.toml/keep", ""}};
}

/// The type of a failed service's reason.
std::string failure_of(Machine& machine, const std::string& name) {
  const JsonDocument status = machine.ask("status " + name);
  CHECK(std::string(status["state"].GetString()) == "failed");
  if (!status["reason"].IsObject()) return "none";
  return status["reason"]["type"].GetString();
}

void check_respawn(Machine& machine) {
  machine.zinitctl("wait site --for running --timeout 120");
  const int redis = machine.pid("redis");
  const int site = machine.pid("site");
  machine.shell().output_of(fmt::format("kill -9 {}", redis));
  JsonDocument waiting;
  waiting.Parse<kJsonParse>(
      machine.shell().repeat_until("zinitctl --json status redis", "\"re-spawn\""));
  machine.zinitctl("wait redis --for running --timeout 120");
  CHECK(std::string(waiting["state"].GetString()) == "blocked");
  CHECK(std::string(waiting["summary"].GetString()) == "re-spawn");
  CHECK(waiting["restart_in_ms"].GetInt() > 0);
  CHECK(machine.pid("redis") != redis);
  const JsonDocument status = machine.ask("status redis");
  CHECK(std::string(status["last_exit"]["signal"].GetString()) == "SIGKILL");
  CHECK(status["restart_count"].GetInt() == 1);
  CHECK(machine.zinitctl("status redis").find("SIGKILL") != std::string::npos);
  CHECK(status["last_start_us"].GetInt64() - status["last_stop_us"].GetInt64() >= 6000000);
  machine.shell().repeat_until("redis-cli ping", "PONG");
  CHECK(machine.pid("site") == site);
}

void check_root_cause(Machine& machine) {
  machine.zinitctl("wait db web shop --for failed --timeout 120");
  for (const char* name : {"db", "web", "shop"}) {
    const std::string why = machine.zinitctl(std::string("why ") + name);
    INFO(why);
    CHECK(why.find("db") != std::string::npos);
    CHECK(why.find('7') != std::string::npos);
  }
  const JsonDocument why = machine.ask("why shop");
  CHECK(std::string(why["reasons"][0]["root_cause"].GetString()) == "db");
}

void check_mended(Machine& machine) {
  machine.shell().output_of(
      "printf '[service]\\nexec = \"sleep 1000\"\\n' >/etc/zinit/services/db.toml");
  CHECK(machine.shell().run("zinitctl reload").code == 1);  // the wrong files are still wrong
  machine.zinitctl("start db");
  // web and shop run without a request
  machine.zinitctl("wait db web shop --for running --timeout 120");
  CHECK(machine.state("shop") == "running");
}

void check_wrong_files(Machine& machine) {
  machine.zinitctl("wait good unknown-key loose dos --for running --timeout 120");
  for (const char* name : {"no-toml", "wrong-type", "out-of-range", "contradiction", "circle-a",
                           "circle-b", "narcissus", "foe", "empty"}) {
    INFO(name);
    CHECK(failure_of(machine, name) == "config_error");
  }
  CHECK(failure_of(machine, "lonely") == "missing_dependency");
  machine.shell().repeat_until("redis-cli ping", "PONG");
  const std::string warned = machine.zinitctl("status unknown-key");
  INFO(warned);
  CHECK(in_order(warned, {"service.exce", "exec"}));  // and the key that was meant
  const std::string circle = machine.zinitctl("why circle-a");
  INFO(circle);
  CHECK(in_order(circle, {"circle-a", "circle-b", "circle-a"}));
}

void check_added(Machine& machine) {
  machine.shell().output_of(
      "printf '[service]\\nexec = \"sleep 1000\"\\n' >/etc/zinit/services/nobody.toml");
  CHECK(machine.shell().run("zinitctl reload").code == 1);
  // the service that had failed without it runs
  machine.zinitctl("wait lonely --for running --timeout 120");
  CHECK(machine.state("lonely") == "running");
}

/// Makes zinit show many lines on a console that flow control has stopped.
void check_blocked_console(Machine& machine) {
  machine.console().send("\x13");
  machine.shell().output_of(
      "printf '[service]\\nexec = \"yes\"\\n[logging]\\nconsole = true\\n' "
      ">/tmp/yes.toml && zinitctl add-service /tmp/yes.toml");
  machine.shell().repeat_until("zinitctl --json status yes", "\"console\":");
  machine.zinitctl("stop site good");  // a restart would stop and start it
  machine.zinitctl("restart redis");
  power_off(machine);
}

SCENARIO("services that die come back, and what is wrong with others is said and harms no more") {
  Machine machine(services());
  step("redis killed with SIGKILL is back after its delay, and its dependents do not notice",
       [&] { check_respawn(machine); });
  step("a wrong file harms itself alone, whatever is wrong with it",
       [&] { check_wrong_files(machine); });
  step("what a service misses is added, and it runs", [&] { check_added(machine); });
  step("why names the root cause", [&] { check_root_cause(machine); });
  step("mending that alone brings dependents back", [&] { check_mended(machine); });
  step("a console that takes no output holds up nothing, not even the end of the machine",
       [&] { check_blocked_console(machine); });
}

}  // namespace
}  // namespace zinit::vm::supervise
