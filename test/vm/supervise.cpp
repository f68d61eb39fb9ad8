// A booted machine keeps its services up and says what is wrong with them.

#include "base/format.hpp"
#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_supervise_test {

using namespace zinit;
using namespace zinit::vm;

namespace {

/// The type of a failed service's reason.
std::string failure_of(Machine& machine, const std::string& name) {
  const JsonDocument status = machine.ask("status " + name);
  CHECK(std::string(status["state"].GetString()) == "failed");
  if (!status["reason"].IsObject()) return "none";
  return status["reason"]["type"].GetString();
}

}  // namespace

SCENARIO("redis killed with SIGKILL is back after its delay, and its dependents do not notice") {
  GIVEN("a booted machine where web requires redis") {
    Machine machine({service("web",
                             "[service]\nexec = \"sleep 1000\"\n"
                             "[dependencies]\nrequires = [\"redis\"]\n")});
    machine.zinitctl("wait web --for running --timeout 120");
    const int redis = machine.pid("redis");
    const int web = machine.pid("web");
    WHEN("redis is killed") {
      machine.shell().output_of(fmt::format("kill -9 {}", redis));
      machine.shell().repeat_until("zinitctl status redis", "[?]");
      const JsonDocument waiting = machine.ask("status redis");
      machine.zinitctl("wait redis --for running --timeout 120");
      THEN("it is back as another process, status tells how it ended, and web did not notice") {
        CHECK(std::string(waiting["state"].GetString()) == "blocked");
        CHECK(std::string(waiting["summary"].GetString()) == "re-spawn");
        CHECK(waiting["restart_in_ms"].GetInt() > 0);
        CHECK(machine.pid("redis") != redis);
        const JsonDocument status = machine.ask("status redis");
        CHECK(std::string(status["last_exit"]["signal"].GetString()) == "SIGKILL");
        CHECK(status["restart_count"].GetInt() == 1);
        CHECK(machine.zinitctl("status redis").find("SIGKILL") != std::string::npos);
        CHECK(status["last_start_us"].GetInt64() - status["last_stop_us"].GetInt64() >= 1000000);
        machine.shell().repeat_until("redis-cli ping", "PONG");
        CHECK(machine.pid("web") == web);
      }
    }
  }
}

SCENARIO("why names the root cause, and mending that alone brings dependents back") {
  GIVEN("shop requires web requires db, and db exits with 7") {
    Machine machine(
        {service("db",
                 "[service]\nexec = \"exit 7\"\n"
                 "[lifecycle]\nrestart_delay_ms = 100\nmax_restarts = 1\n"),
         service("web", "[service]\nexec = \"sleep 1000\"\n[dependencies]\nrequires = [\"db\"]\n"),
         service("shop",
                 "[service]\nexec = \"sleep 1000\"\n[dependencies]\nrequires = [\"web\"]\n")});
    machine.zinitctl("wait db web shop --for failed --timeout 120");
    WHEN("why is asked of each") {
      for (const char* name : {"db", "web", "shop"}) {
        const std::string why = machine.zinitctl(std::string("why ") + name);
        INFO(why);
        CHECK(why.find("db") != std::string::npos);
        CHECK(why.find('7') != std::string::npos);
      }
      const JsonDocument why = machine.ask("why shop");
      CHECK(std::string(why["reasons"][0]["root_cause"].GetString()) == "db");
      AND_WHEN("db's file is mended and db started") {
        machine.shell().output_of(
            "printf '[service]\\nexec = \"sleep 1000\"\\n' >/etc/zinit/services/db.toml");
        machine.zinitctl("reload");
        machine.zinitctl("start db");
        // web and shop run without being started
        machine.zinitctl("wait db web shop --for running --timeout 120");
        CHECK(machine.state("shop") == "running");
      }
    }
  }
}

SCENARIO("a wrong file harms itself alone, whatever is wrong with it") {
  const std::string good = "[service]\nexec = \"sleep 1000\"\n";
  const auto requires_ = [&](const std::string& name, const std::string& more = "") {
    return good + "[dependencies]\nrequires = [\"" + name + "\"]\n" + more;
  };
  GIVEN("files with each kind of fault beside good ones") {
    Machine machine({
        service("no-toml", "[service\nexec = 1"),
        service("wrong-type", "[service]\nexec = 42\n"),
        service("out-of-range", good + "[lifecycle]\nrestart_delay_ms = -1\n"),
        service("contradiction",
                "[service]\nexec = \"true\"\noneshot = true\n"
                "[lifecycle]\nrestart = \"always\"\n"),
        service("unknown-key", "[service]\nexec = \"sleep 1000\"\nexce = 1\n"),
        service("circle-a", requires_("circle-b")),
        service("circle-b", requires_("circle-a")),
        service("lonely", requires_("nobody")),
        service("narcissus", requires_("narcissus")),
        service("foe", requires_("redis", "conflicts = [\"redis\"]\n")),
        service("loose", good + "[dependencies]\nafter = [\"nobody\"]\nwants = [\"nobody\"]\n"),
        service("good", requires_("redis")),
        service("empty", ""),
        service("dos", "\xEF\xBB\xBF[service]\r\nexec = \"sleep 1000\"\r\n"),
        {"/etc/zinit/services/folder.toml/keep", ""},
    });
    machine.zinitctl("wait good unknown-key loose dos --for running --timeout 120");
    THEN("the wrong ones are failed, each with its reason, and the good ones run") {
      for (const char* name : {"no-toml", "wrong-type", "out-of-range", "contradiction", "circle-a",
                               "circle-b", "narcissus", "foe", "empty"}) {
        INFO(name);
        CHECK(failure_of(machine, name) == "config_error");
      }
      CHECK(failure_of(machine, "lonely") == "missing_dependency");
      machine.shell().repeat_until("redis-cli ping", "PONG");
      const std::string warned = machine.zinitctl("status unknown-key");
      INFO(warned);
      CHECK(in_order(warned, {"service.exce", "exec"}));  // and what was meant
      const std::string circle = machine.zinitctl("why circle-a");
      INFO(circle);
      CHECK(in_order(circle, {"circle-a", "circle-b", "circle-a"}));
      AND_WHEN("the missing service is added") {
        machine.shell().output_of(
            "printf '[service]\\nexec = \"sleep 1000\"\\n' >/etc/zinit/services/nobody.toml");
        CHECK(machine.shell().run("zinitctl reload").code == 1);  // the wrong ones are wrong still
        // what was failed for want of it runs
        machine.zinitctl("wait lonely --for running --timeout 120");
        CHECK(machine.state("lonely") == "running");
      }
    }
  }
}

}  // namespace vm_supervise_test
