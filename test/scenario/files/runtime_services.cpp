// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Services that come and go at runtime: service.get, service.set, service.delete and their verbs,
// and requests for all services of class user (control.md).
#include "scenario/harness.hpp"
namespace zinit::test::files_runtime_services {
namespace {

const std::string kWeb = R"({"service":{"name":"web","exec":"sleep 100000"}})";

/// The parameters of service.set with a file.
std::string setting(const std::string& config, const std::string& more = "") {
  return R"({"persist":true,"config":)" + config + more + "}";
}
/// The same at runtime only.
std::string passing(const std::string& config, const std::string& more = "") {
  return R"({"config":)" + config + more + "}";
}

/// A service of that name, with additional lines in [service], and a service that it requires.
std::string config_of(const std::string& name, const std::string& more = "",
                      const std::string& required = "") {
  return R"({"service":{"name":")" + name + R"(","exec":"sleep 100000")" + more +
         R"(},"dependencies":{"requires":[)" + required + "]}}";
}

Texts names_of(const Json& left) {
  Texts names;
  for (const Json& one : left.elements()) names.push_back(one["name"].text());
  return names;
}

TEST_CASE("service.set adds a service with its file, which a reload then finds as it is",
          "[check][runtime]") {
  Server zinit;
  zinit.boot();
  const Json made = zinit.result(
      "service.set",
      setting(R"({"service":{"name":"web","exec":"sleep 100000","env":{"A":"b \"c\"\n"},)"
              R"("description":"a\\b"},"lifecycle":{"restart_delay_ms":50,"success":[1,"HUP"]}})"));
  CHECK(made["name"] == "web");
  CHECK(made["created"].truth());
  zinit.await_state("web", "running");
  CHECK(zinit.status("web")["file"] == zinit.config("web.toml"));
  CHECK(zinit.status("web")["changed_on_disk"] == false);
  CHECK(zinit.ctl({"check", zinit.config()}).code == 0);
  const pid_t pid = zinit.pid_of("web");
  CHECK(zinit.reload()["unchanged"].texts() == Texts{"web"});
  CHECK(zinit.pid_of("web") == pid);
  const Json config = zinit.result("service.get", named("web"))["config"];
  CHECK(config["service"]["env"]["A"] == "b \"c\"\n");
  CHECK(config["service"]["description"] == "a\\b");
  CHECK(config["lifecycle"]["success"][1] == "HUP");
}

TEST_CASE("service.set replaces a service as a reload would", "[runtime]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  const pid_t pid = zinit.pid_of("web");
  const Json same = zinit.result(
      "service.update",
      setting(R"({"service":{"name":"web","exec":"sleep 100000","description":"new"}})"));
  CHECK_FALSE(same["created"].truth());
  CHECK(zinit.status("web")["description"] == "new");
  CHECK(zinit.pid_of("web") == pid);
  (void)zinit.result("service.set", setting(R"({"service":{"name":"web","exec":"sleep 100001"}})"));
  zinit.await_new_pid("web", pid);
  CHECK_THAT(read_file(zinit.config("web.toml")), Contains("sleep 100001"));
}

TEST_CASE("service.set refuses what check refuses, with every fault, and changes nothing",
          "[check][runtime]") {
  Server zinit;
  zinit.add("db", {.dependencies = "requires = ['web']"});
  zinit.boot();
  const auto refused = [&](const std::string& config) {
    const Json error = zinit.error("service.set", setting(config));
    CHECK(error["code"] == -32005);
    CHECK(zinit.result("service.list").texts() == Texts{"db"});
    CHECK(entries_of(zinit.config()) == Texts{"db.toml"});
    return error["data"]["messages"].texts();
  };
  CHECK(refused(R"({"service":{"name":"web","exce":"x","oneshot":1}})").size() == 3);
  CHECK_THAT(refused(R"({"service":{"exec":"sleep 1"}})").at(0), Contains("service.name"));
  CHECK_THAT(refused(R"({"service":{"name":"zinit","exec":"sleep 1"}})").at(0),
             Contains("service.name"));
  CHECK_THAT(refused(config_of("web", "", R"("db")")).at(0), Contains("web -> db -> web"));
  CHECK_THAT(refused(R"({"service":{"name":"web","exec":18446744073709551615}})").at(0),
             Contains("service.exec: "));
  const std::string nameless =
      "error: service.name: is missing, and there is no file name to take it from; "
      "add e.g. \"name\": \"web\"";
  CHECK(refused(R"({"servce":{"name":"web","exec":"x"}})") ==
        Texts{"error: servce: unknown section, did you mean [service]?", nameless});
  CHECK(refused(R"({"service":"x"})") ==
        Texts{"error: service: is a string, must be a section, [service]", nameless});
  CHECK(refused(R"({"name":"web","exec":"x"})").size() == 4);
  CHECK(zinit.error("service.set", R"({"config":"text"})")["code"] == -32602);
  CHECK(zinit.error("service.set", "{}")["code"] == -32602);
}

TEST_CASE("what the graph refuses has no place, as no file has it yet", "[check][runtime]") {
  Server zinit;
  zinit.add("web");
  zinit.boot();
  for (const auto parameters : {setting, passing}) {
    for (const char* name : {"web", "new"}) {
      const std::string quoted = "\"" + std::string(name) + "\"";
      const Json error = zinit.error("service.set", parameters(config_of(name, "", quoted), ""));
      const std::string fault =
          "error: dependencies.requires: a service cannot name itself; remove its name here";
      CHECK(error["data"]["messages"].texts() == Texts{fault});
      CHECK(error["message"] == "the config is wrong: " + fault);
    }
  }
  // But its drop-ins exist already.
  std::filesystem::create_directory(zinit.config("web.toml.d"));
  zinit.file("web.toml.d/1.toml", "dependencies.requires = ['web']\nservice.exec = 5\n");
  CHECK_THAT(zinit.error("service.set", setting(kWeb))["data"]["messages"].texts().at(0),
             Catch::StartsWith(zinit.config("web.toml.d/1.toml") + ":2:16: error: service.exec"));
  zinit.file("web.toml.d/1.toml", "dependencies.requires = ['web']\n");
  CHECK_THAT(zinit.error("service.set", setting(kWeb))["data"]["messages"].texts().at(0),
             Catch::StartsWith(zinit.config("web.toml.d/1.toml") + ":1:26: error: dependencies"));
}

TEST_CASE("an error of service.set names the service that the config names", "[runtime]") {
  Server zinit;
  zinit.file("web.toml", "[service]\nname = 'other'\nexec = 'sleep 100000'\n");
  zinit.boot();
  const auto named_in = [&](const std::string& config, int code) {
    const Json error = zinit.error("service.set", setting(config));
    CHECK(error["code"] == code);
    return error["data"]["service"];
  };
  CHECK(named_in(kWeb, -32001) == "web");  // its file would be the other one's
  CHECK_THAT(read_file(zinit.config("web.toml")), Contains("other"));
  CHECK(zinit.result("service.list").texts() == Texts{"other"});
  CHECK(named_in(R"({"service":{"name":"n1","exec":5}})", -32005) == "n1");
  CHECK(named_in(R"({"service":{"name":"n1","exec":[null]}})", -32005) == "n1");
  CHECK(named_in(R"({"target":{"name":"n1","wat":5}})", -32005) == "n1");
  CHECK(named_in(R"({"service":{"name":"no name"}})", -32005).is_null());
  CHECK(named_in(R"({"service":{"exec":"x"}})", -32005).is_null());
}

TEST_CASE("what requires a service that is added comes up with it, and what was on a cycle",
          "[runtime][check]") {
  Server zinit;
  zinit.add("app", {.dependencies = "requires = ['web']"});
  zinit.add("a", {.dependencies = "requires = ['b']"});
  zinit.add("b", {.dependencies = "requires = ['a']"});
  zinit.boot();
  zinit.await_failed("app", "missing_dependency");
  (void)zinit.result("service.set", setting(kWeb));
  zinit.await_state("app", "running");
  const Json made = zinit.result("service.add", passing(config_of("top", "", R"("none")")));
  CHECK_THAT(made["warnings"].texts().at(0), Contains("none"));

  zinit.await_failed("a", "config_error");
  (void)zinit.result("service.set", setting(config_of("a")));
  zinit.await_state("a", "running");
  zinit.await_state("b", "running");
}

TEST_CASE("a service added at runtime only has no file and outlives reloads", "[runtime]") {
  Server zinit;
  zinit.boot();
  (void)zinit.result("service.add", passing(kWeb, R"(,"start":false)"));
  CHECK(zinit.state("web") == "inactive");
  (void)zinit.result("service.add", passing(kWeb));
  zinit.await_state("web", "running");
  const pid_t pid = zinit.pid_of("web");
  const Json got = zinit.result("service.get", named("web"));
  CHECK(got["runtime"].truth());
  CHECK(got["file"].is_null());
  CHECK(entries_of(zinit.config()).empty());
  CHECK(zinit.reload()["unchanged"].texts() == Texts{"web"});
  CHECK(zinit.pid_of("web") == pid);
  zinit.add("web");  // its file appears: the service belongs to it from now on
  (void)zinit.reload();
  CHECK_FALSE(zinit.result("service.get", named("web"))["runtime"].truth());
  CHECK(zinit.pid_of("web") == pid);
}

TEST_CASE("a file's service that is replaced at runtime only is as its file says after a reload",
          "[runtime]") {
  Server zinit;
  zinit.add("web", {.service = "description = 'file'"});
  zinit.boot();
  (void)zinit.result(
      "service.add",
      passing(R"({"service":{"name":"web","exec":"sleep 100000","description":"now"}})"));
  CHECK(zinit.status("web")["description"] == "now");
  CHECK_FALSE(zinit.result("service.get", named("web"))["runtime"].truth());
  CHECK(zinit.reload()["changed"].texts() == Texts{"web"});
  CHECK(zinit.status("web")["description"] == "file");
}

TEST_CASE("drop-ins lie over what service.set writes, and are told", "[check][runtime]") {
  Server zinit;
  zinit.add("web");
  std::filesystem::create_directory(zinit.config("web.toml.d"));
  zinit.file("web.toml.d/1.toml", "service.description = 'on top'\n");
  zinit.boot();
  const Json made = zinit.result("service.set", setting(kWeb));
  CHECK_THAT(made["warnings"].texts().at(0),
             Contains("web.toml.d/1.toml is a drop-in that changes"));
  CHECK(zinit.status("web")["description"] == "on top");
  CHECK(zinit.reload()["unchanged"].texts() == Texts{"web"});
}

TEST_CASE("service.delete stops a service, and takes it and its file away", "[runtime]") {
  Server zinit;
  zinit.add("web", {.exec = tracing("web")});
  zinit.add("kept");
  zinit.boot();
  zinit.await_trace("start web");
  CHECK(zinit.ctl({"disable", "web"}).code == 0);  // its drop-in goes, too
  const pid_t pid = zinit.pid_of("web");
  CHECK(zinit.result("service.remove", named("web", R"("persist":true)"))["ok"].truth());
  CHECK(zinit.traced("stop web"));
  CHECK(kill(pid, 0) == -1);
  CHECK(zinit.result("service.list").texts() == Texts{"kept"});
  CHECK(entries_of(zinit.config()) == Texts{"kept.toml"});
  CHECK(zinit.error("service.delete", named("web"))["code"] == -32000);
}

TEST_CASE("service.delete without persist leaves the file for the next reload", "[runtime]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  CHECK(zinit.result("service.delete", named("web"))["ok"].truth());
  CHECK(zinit.result("service.list").size() == 0);
  CHECK(zinit.result("service.set", setting(kWeb))["created"].truth());  // its own file's place
  CHECK(zinit.result("service.delete", named("web"))["ok"].truth());
  CHECK(zinit.reload()["added"].texts() == Texts{"web"});
  zinit.await_state("web", "running");
}

TEST_CASE("what others require is deleted by cascade alone, dependents first", "[runtime]") {
  Server zinit;
  zinit.add("db", {.exec = tracing("db")});
  zinit.add("app", {.exec = tracing("app"), .dependencies = "requires = ['db']"});
  zinit.add("top", {.exec = tracing("top"), .dependencies = "requires = ['app']"});
  zinit.boot();
  for (const char* name : {"db", "app", "top"}) zinit.await_trace(std::string("start ") + name);
  const Json error = zinit.error("service.delete", named("db"));
  CHECK(error["code"] == -32010);
  CHECK(error["data"]["required_by"].texts() == Texts{"app"});
  CHECK(error.mentions("app"));
  CHECK(zinit.state("db") == "running");
  CHECK(zinit.result("service.delete", R"({"name":"db","cascade":true})")["ok"].truth());
  zinit.traced_in_order("stop top", "stop app");
  zinit.traced_in_order("stop app", "stop db");
  const Json app = zinit.status("app");
  CHECK(app["wish"] == "down");
  CHECK(app["requires"].size() == 0);
  CHECK(zinit.start("top")["state"] == "running");
}

TEST_CASE("what is set, started or required while its removal waits for its stop stays",
          "[threads][runtime]") {
  const std::string by = GENERATE(as<std::string>{}, "set", "start", "requirement");
  Server zinit;
  zinit.add("web", {.exec = stubborn("web"), .lifecycle = "stop_timeout_ms = 500"});
  zinit.boot();
  zinit.await_trace("start web");
  Connection other = zinit.connect();
  other.begin("service.delete", R"(["web",true])");
  zinit.await_state("web", "stopping");
  if (by == "set")
    (void)zinit.result("service.set", setting(kWeb));
  else if (by == "start")
    zinit.begin_start("web");
  else
    (void)zinit.result("service.add",
                       passing(config_of("app", "", R"("web")"), R"(,"start":false)"));
  CHECK(other.read()["error"]["code"] == (by == "requirement" ? -32010 : -32009));
  if (by == "requirement") CHECK(zinit.start("app")["state"] == "running");
  zinit.await_state("web", "running");
  CHECK(entries_of(zinit.config()) == Texts{"web.toml"});
  CHECK(zinit.reload()["unchanged"].mentions("\"web\""));
}

TEST_CASE("a file that has become a link to something else is not written through",
          "[check][runtime]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  std::filesystem::remove(zinit.config("web.toml"));
  const std::string pipe = zinit.path("pipe");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  std::filesystem::create_symlink(pipe, zinit.config("web.toml"));
  CHECK(zinit.error("service.set", setting(kWeb))["code"] == -32001);
  CHECK(std::filesystem::is_fifo(pipe));
  CHECK(std::filesystem::is_symlink(zinit.config("web.toml")));
}

TEST_CASE("many services are deleted at once", "[threads][runtime]") {
  constexpr int kMany = 100;
  Server zinit;
  zinit.add("base");
  for (int i = 0; i < kMany; ++i) {
    zinit.add("s" + std::to_string(i), {.lifecycle = "stop_timeout_ms = 10000"});
  }
  zinit.boot();
  zinit.await_settled();
  Connection client = zinit.connect();
  for (int i = 0; i < kMany; ++i) {
    client.begin("service.delete", R"(["s)" + std::to_string(i) + "\",true]");
  }
  for (int i = 0; i < kMany; ++i) CHECK(client.read()["result"]["ok"].truth());
  CHECK(zinit.result("service.list").texts() == Texts{"base"});
  CHECK(entries_of(zinit.config()) == Texts{"base.toml"});
}

TEST_CASE("stop-all, start-all and delete-all pass over class system and what it stands on",
          "[runtime]") {
  Server zinit;
  zinit.add("agent", {.service = "class = 'system'", .dependencies = "requires = ['base']"});
  zinit.add("base");
  zinit.add("web", {.dependencies = "requires = ['base']"});
  zinit.add("never", {.service = "status = 'ignore'"});
  zinit.add("bad", {.exec = "/nonexistent"});
  zinit.boot({"web", "agent"});
  const Json stopped = zinit.result("service.stop_all");
  CHECK(stopped["stopped"].texts() == Texts{"bad", "web"});
  CHECK(names_of(stopped["skipped"]) == Texts{"agent", "base"});
  CHECK_THAT(stopped["skipped"][1]["reason"].text(), Contains("agent"));
  CHECK(zinit.state("web") == "exited");
  CHECK(zinit.state("base") == "running");
  const Json started = zinit.result("service.start_all");
  CHECK(started["started"].texts() == Texts{"web"});
  CHECK(names_of(started["skipped"]) == Texts{"agent", "never"});
  CHECK(names_of(started["failed"]) == Texts{"bad"});
  CHECK_THAT(started["failed"][0]["reason"].text(), Contains("No such file"));
  const Json deleted = zinit.result("service.delete_all");
  CHECK(deleted["deleted"].texts() == Texts{"bad", "never", "web"});
  CHECK(zinit.result("service.list").texts() == Texts{"agent", "base"});
  CHECK(entries_of(zinit.config()).size() == 5);
}

TEST_CASE("start-all starts what has status stop, and stops nothing for it", "[runtime]") {
  Server zinit;
  zinit.add("one");
  zinit.add("two", {.service = "status = 'stop'", .dependencies = "conflicts = ['one']"});
  zinit.add("three", {.service = "status = 'stop'"});
  zinit.boot({"one"});
  const Json started = zinit.result("service.start_all");
  CHECK(started["started"].texts() == Texts{"three"});
  CHECK_THAT(started["failed"][0]["reason"].text(), Contains("conflicts with one"));
  CHECK(zinit.state("one") == "running");
}

TEST_CASE("add-service and remove-service do the same from the command line", "[check][runtime]") {
  Server zinit;
  zinit.boot();
  write_file(zinit.path("web.toml"), "[service]\nexec = 'sleep 100000' # by its file's name\n");
  CHECK(zinit.ctl({"add-service", zinit.path("web.toml")}).out == "web added, at runtime only\n");
  CHECK(entries_of(zinit.config()).empty());
  CHECK(zinit.status("web")["changed_on_disk"] == false);
  CHECK(zinit.ctl({"add-service", "--persist", zinit.path("web.toml")}).out == "web replaced\n");
  CHECK(entries_of(zinit.config()) == Texts{"web.toml"});
  const Outcome wrong = zinit.ctl({"add-service", "-"}, "[service]\nname = 'x'\nexce = 'x'\n");
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.err, Contains("add-service: -:3:1: error: service.exce: unknown key"));
  const Outcome input = zinit.ctl(
      {"add-service", "-"},
      "[service]\nname = 'app'\nexec = 'sleep 100000'\n[dependencies]\nrequires = ['web']\n");
  CHECK(input.out == "app added, at runtime only\n");
  const Outcome cycle = zinit.ctl({"add-service", "-"},
                                  "[service]\nname = 'web'\nexec = 'sleep 100000'\n"
                                  "[dependencies]\nrequires = ['app']\n");
  CHECK(cycle.code == 1);
  CHECK_THAT(cycle.err, Contains("web -> app -> web"));
  CHECK_THAT(zinit.ctl({"remove-service", "web"}).err, Contains("web is required by app"));
  CHECK(zinit.ctl({"remove-service", "--cascade", "--persist", "web"}).out ==
        "web removed\nalso stopped: app\n");
  CHECK(entries_of(zinit.config()).empty());
  CHECK(zinit.ctl({"remove-service", "web"}).code == 4);
  CHECK(zinit.ctl({"start-all"}).out == "    started      app\n");
  CHECK(zinit.ctl({"stop-all"}).out == "    stopped      app\n");
  CHECK(zinit.ctl({"delete-all"}).out == "    deleted      app\n");
  CHECK(zinit.ctl({"delete-all"}).out == "nothing to do\n");
}

TEST_CASE("a vendor's service is replaced in /etc/zinit and removed by masking",
          "[root][runtime]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit({.own_root = true});
  const std::string vendors = zinit.path("usr/lib/zinit/services/web.toml");
  zinit.put("usr/lib/zinit/services/web.toml", "[service]\nexec = 'sleep 100000'\n");
  zinit.boot();
  (void)zinit.result("service.set", setting(kWeb));
  CHECK(zinit.status("web")["file"] == "/etc/zinit/services/web.toml");
  CHECK(read_file(vendors) == "[service]\nexec = 'sleep 100000'\n");
  CHECK(zinit.result("service.delete", named("web", R"("persist":true)"))["ok"].truth());
  CHECK(std::filesystem::read_symlink(zinit.config("web.toml")) == "/dev/null");
  CHECK(zinit.reload()["added"].size() == 0);
  const Json error = zinit.error("service.set", setting(kWeb));
  CHECK(error["code"] == -32009);
  CHECK(error["data"]["service"] == "web");
  CHECK(error.mentions("masked"));
}

const std::string kOld = "[service]\nexec = 'sleep 100000'\n";

/// Mounts a disk with room for only web.toml on `directory`, visible only to the calling process.
void fill_disk(const std::string& directory) {
  have_own_mounts();
  if (mount("none", directory.c_str(), "tmpfs", 0, "size=16k") != 0) _exit(125);
  write_file(directory + "/web.toml", kOld);
  std::ofstream fill(directory + "/fill");
  while (fill << std::string(4096, 'x') << std::flush) continue;
}

TEST_CASE("a full disk refuses service.set and leaves the old file and service",
          "[root][runtime]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  std::string directory;
  Server::Options options;
  options.in_child = [&directory] { fill_disk(directory); };
  Server zinit(options);
  directory = zinit.config();
  zinit.file("placeholder", "");  // makes the directory
  zinit.boot({"web"});
  const pid_t pid = zinit.pid_of("web");
  const Json error =
      zinit.error("service.set", setting(R"({"service":{"name":"web","exec":"sleep 100001"}})"));
  CHECK(error["code"] == -32008);
  CHECK(error["data"]["service"] == "web");
  CHECK(error.mentions("No space left on device"));
  CHECK(zinit.pid_of("web") == pid);
  const std::string seen = "/proc/" + std::to_string(zinit.pid()) + "/root" + directory;
  CHECK(read_file(seen + "/web.toml") == kOld);
  CHECK(entries_of(seen) == Texts{"fill", "web.toml"});
  CHECK(zinit.error("service.set", setting(config_of("new")))["code"] == -32008);
  CHECK(zinit.result("service.list").texts() == Texts{"web"});
}

}  // namespace
}  // namespace zinit::test::files_runtime_services
