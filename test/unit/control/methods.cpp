// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of methods, its checks of parameters, and the methods that only show something.
#include "base/format.hpp"
#include "control/settling.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_methods {

// --- the table ---

TEST_CASE("the table of methods holds together", "[control][methods]") {
  Texts names;
  for (const Method& method : all_methods()) {
    INFO(method.name);
    names.emplace_back(method.name);
    for (const std::string_view alias : method.aliases) names.emplace_back(alias);
    CHECK(method.handler != nullptr);
    CHECK_FALSE(method.summary.empty());
    JsonWriter schema;
    put_schema(schema, method.result);
    CHECK(Json(schema.take()).is_object());
    bool optional_before = false;
    for (const Param& param : method.params) {
      CHECK_FALSE((param.required && optional_before));  // could not be left out by position
      optional_before |= !param.required;
      if (!param.default_json.empty()) (void)Json(std::string(param.default_json));
    }
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("a peer that may only read is refused every method that changes something",
          "[threads][control][methods]") {
  class Nobody final : public Subscriber {
    std::optional<std::uint64_t> subscribe(Texts) override { return 1; }
    bool unsubscribe(std::uint64_t) override { return true; }
    std::optional<std::uint64_t> subscribe_logs(Texts, std::size_t) override { return 1; }
    bool unsubscribe_logs(std::uint64_t) override { return true; }
  } nobody;
  Rig rig({sleeper("web")});
  std::vector<std::string_view> wrong;  // Catch's assertions belong to the test's own thread
  rig.on_loop([&] {
    LogStore& logs = rig.logs();  // debug.settle asks for longer than this call
    PowerSchedule power(rig.loop(), rig.board(), rig.daemon);
    FileChanges changes(
        rig.loop(), [](const ServiceSpec&) { return false; }, [] {});
    ProcessLooks processes(rig.loop(), [] {});
    Scrapes scrapes;
    Changes told(rig.loop());
    Settling settling({rig.loop(), rig.board(), logs, rig.daemon, told}, [] {});
    RpcContext context{rig.board(), logs,     rig.daemon,
                       power,       changes,  processes,
                       scrapes,     settling, [] { return ControlFigures{}; },
                       [] {}};
    for (const Method& method : all_methods()) {
      RpcMessage message =
          parse_rpc(fmt::format(R"({{"jsonrpc":"2.0","method":"{}","id":1}})", method.name));
      const Outcome outcome =
          dispatch(all_methods(), message.calls.at(0), Right::read, context, nobody);
      const auto* error = std::get_if<RpcError>(&outcome);
      const bool refused = error != nullptr && error->code() == RpcCode::not_permitted;
      if (refused != (method.right == Right::full)) wrong.push_back(method.name);
    }
  });
  CHECK(wrong.empty());
  CHECK(rig.daemon.powered == 0);
}

TEST_CASE("rpc.discover describes every method of the table", "[threads][control][methods]") {
  Rig rig;
  const std::string text = rig.client().call("rpc.discover");
  const Json document(text);
  CHECK(Json(text)["openrpc"] == "1.2.6");
  REQUIRE(document["info"]["title"].is_string());
  REQUIRE(document["info"]["version"].is_string());
  Texts described;
  for (const Json& method : document["methods"].elements()) {
    described.push_back(method["name"].string());
    INFO(described.back());
    CHECK(method["result"]["schema"].is_object());
    for (const Json& param : method["params"].elements()) {
      CHECK(param["name"].is_string());
      CHECK(param["schema"].is_object());
    }
  }
  Texts known;
  for (const Method& method : all_methods()) {
    if (method.name == "rpc.discover") continue;
    known.emplace_back(method.name);
    known.insert(known.end(), method.aliases.begin(), method.aliases.end());
  }
  CHECK(described == known);
  // Everything that is referred to exists.
  const Json& schemas = document["components"]["schemas"];
  const std::string reference = "#/components/schemas/";
  for (auto at = text.find(reference); at != std::string::npos; at = text.find(reference, at + 1)) {
    const auto begin = at + reference.size();
    CHECK(schemas.has(text.substr(begin, text.find('"', begin) - begin)));
  }
}

// --- parameters ---

TEST_CASE("parameters are checked, and what is wrong is named", "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  TestClient client = rig.client();
  const auto message = [&](const std::string& method, const std::string& params) {
    const std::string error = client.call(method, params);
    INFO(error);
    CHECK(Json(error)["code"] == -32602);
    return Json(error)["message"];
  };
  CHECK(message("service.status", "{}") == "Invalid params: \"name\" is missing");
  CHECK(message("service.status", R"({"name":null})") == "Invalid params: \"name\" is missing");
  CHECK(message("service.status", R"({"name":1})") == "Invalid params: \"name\" must be a string");
  CHECK(message("service.status", "[true]") == "Invalid params: \"name\" must be a string");
  CHECK(message("service.status", R"(["web",1])") == "Invalid params: 2 are given, 1 taken");
  CHECK(message("service.status", R"({"nmae":"web"})") ==
        "Invalid params: there is no parameter \"nmae\"");
  CHECK(message("service.status", R"({"name":"web","name":"db"})") ==
        "Invalid params: \"name\" is given twice");
  CHECK(message("service.start", R"({"name":"web","wait":1})") ==
        "Invalid params: \"wait\" must be true or false");
  for (const std::string wrong : {"-1", "1.5", "9007199254740993000", "\"1\"", "1e300"}) {
    CHECK(message("service.start", R"({"name":"web","timeout_ms":)" + wrong + "}") ==
          "Invalid params: \"timeout_ms\" must be an integer from 0 to 9007199254740992");
  }
  CHECK(message("service.wait", R"({"name":"web","for":"done"})") ==
        "Invalid params: \"for\" must be running, exited, failed, stopped or settled");
  CHECK(message("events.subscribe", R"([["web",1]])") ==
        "Invalid params: \"names\" must be an array of strings");

  const Json error(client.call("service.status", R"({"nmae":"web"})"));
  CHECK(error["data"]["hint"] == "did you mean \"name\"?");
  CHECK(error["data"]["name"] == "invalid_params");
  // Left out, null, by position, and an integer in another form of JSON.
  CHECK(Json(client.call("logs.tail", R"({"name":"web","lines":1.0e1})")).is_array());
  CHECK(Json(client.call("logs.tail", R"(["web",null])")).is_array());
}

TEST_CASE("a method that does not exist is answered with the nearest that does",
          "[threads][control][methods]") {
  Rig rig;
  const Json error(rig.client().call("service.lsit"));
  CHECK(error["code"] == -32601);
  CHECK(error["data"]["hint"] == "did you mean service.list?");
}

TEST_CASE("a service that does not exist is answered with the nearest that does",
          "[threads][control][methods]") {
  Rig rig({sleeper("database")});
  TestClient client = rig.client();
  for (const std::string method :
       {"service.status", "service.status_full", "service.start", "service.stop", "service.restart",
        "service.kill", "service.reload", "service.why", "service.tree", "service.is_running",
        "service.wait", "service.stats", "service.children", "debug.process_tree", "logs.get",
        "logs.tail"}) {
    INFO(method);
    const Json error(client.call(method, R"({"name":"databse"})"));
    REQUIRE(error.has("code"));
    CHECK(error["code"] == -32000);
    CHECK(error["data"]["name"] == "service_not_found");
    CHECK(error["data"]["service"] == "databse");
    CHECK(error["data"]["hint"] == "did you mean database?");
  }
  CHECK(client.error_of("events.subscribe", R"([["databse"]])") == -32000);
}

TEST_CASE("what is asked for by a name without end is refused in a few words",
          "[threads][control][methods]") {
  std::vector<SpecPtr> services;
  for (int i = 0; i < 100; ++i)
    services.push_back(sleeper("service-with-a-long-name-" + std::to_string(i)));
  Rig rig(services);
  TestClient client = rig.client();
  const std::string endless(900'000, 'x');
  const auto is_short = [](const std::string& answer, std::int64_t code) {
    INFO(answer.substr(0, 200));
    CHECK(answer.size() < 1000);
    CHECK(Json(answer)["code"] == code);
  };
  is_short(client.call("service.status", R"({"name":")" + endless + R"("})"), -32000);
  is_short(client.call("service." + endless), -32601);
  is_short(client.call("service.status", R"({")" + endless + R"(":1})"), -32602);
  const auto kill = [&](const std::string& signal) {
    return client.call("service.kill",
                       R"({"name":")" + services[0]->name + R"(","signal":")" + signal + R"("})");
  };
  is_short(kill(endless), Json(kill("x"))["code"].number());
}

// --- system ---

TEST_CASE("a shutdown is answered before it happens, and asked for once",
          "[threads][control][methods]") {
  Rig rig({sleeper("web")});
  PowerAction asked = PowerAction::halt;
  std::string why;
  rig.daemon.on_power = [&](PowerAction action, const std::string& message) {
    asked = action;
    why = message;
    rig.board().begin_shutdown();
  };
  TestClient client = rig.client();
  CHECK(client.call("system.shutdown", R"({"message":"for the night"})") == R"({"ok":true})");
  CHECK(becomes_true([&] { return rig.daemon.powered == 1; }));
  CHECK(asked == PowerAction::shut_down);
  CHECK(why == "for the night");
  CHECK(client.error_of("system.shutdown") == -32006);
  CHECK(client.error_of("service.start", R"(["web"])") == -32006);
  CHECK(client.error_of("service.restart", R"(["web"])") == -32006);
  CHECK(rig.daemon.powered == 1);
}

TEST_CASE("what the mode has not is not supported", "[threads][control][methods]") {
  Rig rig;
  TestClient client = rig.client();
  CHECK(client.error_of("system.switch_root", R"({"new_root":"/mnt"})") == -32013);
  for (const std::string method :
       {"system.poweroff", "system.reboot", "system.halt", "system.kexec"}) {
    CHECK(client.error_of(method) == -32013);
    CHECK(client.error_of(method, R"({"at_us":9000000000000000})") == -32013);
  }
  CHECK(rig.daemon.powered == 0);
}

TEST_CASE("a shutdown at a time happens then, unless it is taken back",
          "[threads][control][methods]") {
  Rig rig;
  TestClient client = rig.client();
  CHECK(client.call("system.cancel_shutdown") == R"({"ok":true,"cancelled":false})");
  const auto at = [](std::int64_t delay_us) {
    return fmt::format(R"({{"at_us":{}}})", wall_us() + delay_us);
  };
  CHECK(client.call("system.shutdown", at(3600000000)) == R"({"ok":true})");
  CHECK(client.call("system.cancel_shutdown") == R"({"ok":true,"cancelled":true})");
  CHECK(client.call("system.shutdown", at(100000)) == R"({"ok":true})");
  CHECK(becomes_true([&] { return rig.daemon.powered == 1; }));
  CHECK(client.call("system.shutdown", R"({"at_us":1})") == R"({"ok":true})");  // long past: now
  CHECK(becomes_true([&] { return rig.daemon.powered == 2; }));
}

// --- services ---

TEST_CASE("a full list has the members that were asked for alone", "[threads][control][methods]") {
  Rig rig({sleeper("web"), sleeper("db")});
  TestClient client = rig.client();
  CHECK(client.call("service.list_full", R"({"members":["state","name"]})") ==
        R"([{"name":"db","state":"inactive"},{"name":"web","state":"inactive"}])");
  CHECK(client.call("service.list_full", R"({"members":["name","of_a_later_version"]})") ==
        R"([{"name":"db"},{"name":"web"}])");
  // Null or empty members are left out: first, last, alone or between others.
  CHECK(client.call("service.list_full", R"({"members":["pid"]})") == "[{},{}]");
  CHECK(
      client.call("service.list_full",
                  R"({"members":["description","kind","requires","oneshot","log_dropped_by"]})") ==
      R"([{"kind":"service","oneshot":false},{"kind":"service","oneshot":false}])");
  const std::string all = client.call("service.list_full");
  CHECK(client.call("service.list_full", R"({"members":[]})") == all);
  CHECK(all.find("\"memory_bytes\":") != std::string::npos);
}

TEST_CASE("a full status has the figures of a process", "[threads][control][methods]") {
  Rig rig({sleeper("db"), sleeper("web", [](ServiceSpec& spec) {
             spec.description = "the \"web\"";
             spec.file = "/etc/zinit/services/web.toml";
             spec.findings.edit().warnings = {"odd"};
             spec.dependencies.edit().requires_.push_back({"db", {}});
             spec.dependencies.edit().after.push_back({"db", {}});
           })});
  TestClient client = rig.client();
  const Json down(client.call("service.status_full", R"(["web"])"));
  CHECK(down["state"] == "inactive");
  CHECK(down["pid"].is_null());
  CHECK(down["uptime_ms"].is_null());
  CHECK(down["reason"].is_null());
  CHECK(down["last_exit"].is_null());

  const Json up(client.call("service.start", R"(["web",true,20000])"));
  CHECK(up["state"] == "running");
  CHECK(up["symbol"] == "[+]");
  CHECK(up["summary"] == "running");
  CHECK(up["wish"] == "up");
  CHECK(up["pid"].number() > 0);
  CHECK(up["main_pid"] == up["pid"]);
  CHECK(up["uptime_ms"].number() >= 0);
  CHECK(up["last_start_us"].number() > 0);
  // The kernel counts a new process's memory in batches.
  CHECK(becomes_true([&] {
    return Json(client.call("service.status_full", R"(["web"])"))["memory_bytes"].number() > 0;
  }));
  CHECK(up["tasks"] == 1);
  CHECK(up["requires"][0] == "db");
  CHECK(up["warnings"][0] == "odd");
  CHECK(up["file"] == "/etc/zinit/services/web.toml");
  CHECK(Json(client.call("service.status_full", R"(["db"])"))["required_by"][0] == "web");
  CHECK(client.call("service.is_running", R"(["web"])") == "true");

  const Json ended(client.call("service.stop", R"(["web",true])"));
  CHECK(ended["state"] == "exited");
  CHECK(ended["summary"] == "stopped");
  CHECK(ended["last_exit"]["signal"] == "SIGTERM");
  CHECK(ended["last_exit"]["core"] == false);
  CHECK(ended["memory_bytes"].is_null());
  CHECK(client.call("service.is_running", R"(["web"])") == "false");
}

TEST_CASE("why names the root cause", "[threads][control][methods]") {
  Rig rig({failing("db", 3), sleeper("app", requiring("db")), sleeper("web", requiring("app"))});
  TestClient client = rig.client();
  (void)client.call("service.start", R"(["web",true])");
  const Json why(client.call("service.why", R"(["web"])"));
  CHECK(why["name"] == "web");
  CHECK(why["state"] == "failed");
  REQUIRE(why["reasons"].size() > 0);
  CHECK(why["reasons"][0]["root_cause"] == "db");
  for (const Json& reason : why["reasons"].elements()) {
    CHECK(reason.member_names() ==
          Texts{"kind", "service", "state", "detail", "root_cause", "depth", "code"});
  }
  CHECK(why["reasons"][0]["code"] == "dependency_failed");
  CHECK(why["reasons"][1]["code"] == "exit_code");
}

TEST_CASE("the tree follows dependencies both ways, and repeats nothing",
          "[threads][control][methods]") {
  Rig rig({sleeper("db"), sleeper("cache", requiring("db")),
           sleeper("web",
                   [](ServiceSpec& spec) {
                     spec.dependencies.edit().requires_ = {{"db", {}}, {"cache", {}}};
                     spec.dependencies.edit().after = {{"db", {}}, {"log", {}}};
                     spec.dependencies.edit().wants = {{"log", {}}};
                   }),
           sleeper("log"), sleeper("broken", requiring("nothing"))});
  TestClient client = rig.client();
  CHECK(
      Json(client.call("service.tree", R"(["web"])")) ==
      Json(R"({"name":"web","state":"inactive","kind":"service","children":[)"
           R"({"name":"db","state":"inactive","kind":"requires","children":[]},)"
           R"({"name":"cache","state":"inactive","kind":"requires","children":[)"
           R"({"name":"db","state":"inactive","kind":"requires","repeated":true,"children":[]}]},)"
           R"({"name":"log","state":"inactive","kind":"wants","children":[]}]})"));
  CHECK(Json(client.call("service.tree", R"(["db",true])")) ==
        Json(R"({"name":"db","state":"inactive","kind":"service","children":[)"
             R"({"name":"cache","state":"inactive","kind":"requires","children":[)"
             R"({"name":"web","state":"inactive","kind":"requires","children":[]}]},)"
             R"({"name":"web","state":"inactive","kind":"requires","repeated":true,)"
             R"("children":[]}]})"));
  const Json forest(client.call("service.tree"));
  REQUIRE(forest.size() == 2);
  CHECK(forest[0]["name"] == "broken");
  CHECK(forest[0]["children"][0]["name"] == "nothing");
  CHECK(forest[0]["children"][0]["state"].is_null());
  CHECK(forest[1]["name"] == "web");
}

TEST_CASE("services that want each other in a circle are in the forest",
          "[threads][control][methods]") {
  const auto wanting = [](const char* name) {
    return [name](ServiceSpec& spec) { spec.dependencies.edit().wants = {{name, {}}}; };
  };
  Rig rig({sleeper("x", wanting("y")), sleeper("y", wanting("x")), sleeper("z")});
  TestClient client = rig.client();
  for (const char* params : {"[]", R"({"reverse":true})"}) {
    const Json forest(client.call("service.tree", params));
    REQUIRE(forest.size() == 2);
    CHECK(forest[0]["name"] == "z");
    CHECK(forest[1]["children"][0]["name"] == "y");
  }
}

TEST_CASE("a chain of 2,000 services is a tree as deep as that", "[threads][control][methods]") {
  std::vector<SpecPtr> specs = {target("t0", {})};
  for (int i = 1; i < 2000; ++i) {
    specs.push_back(target(fmt::format("t{}", i), {fmt::format("t{}", i - 1)}));
  }
  Rig rig(specs);
  const std::string tree = rig.client().call("service.tree", R"(["t1999"])");
  CHECK(std::count(tree.begin(), tree.end(), '{') == 2000);
}

TEST_CASE("debug.state shows templates, their instances and paths", "[threads][control][methods]") {
  const auto one = std::make_shared<ServiceSpec>(*sleeper("web@1"));
  one->instance.edit().of = "web@";
  one->path.edit().exists = {"/x"};
  Rig rig({sleeper("db"), one});
  rig.board().name_templates({"web@"});
  rig.daemon.trigger_faults["web@1"] = "no inotify";
  const Json state(rig.client().call("debug.state"));
  CHECK(state["templates"].text() == R"(["web@"])");
  CHECK(state["services"][0]["instance_of"].is_null());
  CHECK_FALSE(state["services"][0].has("path"));
  const Json& web = state["services"][1];
  CHECK(web["instance_of"] == "web@");
  CHECK(web["path"].text() ==
        R"({"exists":["/x"],"changed":[],"directory_not_empty":[],"fault":"no inotify"})");
  CHECK(Json(rig.client().call("system.info"))["config"]["templates"].text() == R"(["web@"])");
}

TEST_CASE("a status tells when the timer of its service is due", "[threads][control][methods]") {
  const auto job = std::make_shared<ServiceSpec>(*sleeper("job"));
  job->timer.edit().calendar = {"daily", "hourly", "*-02-30"};
  Rig rig({sleeper("db"), job});
  rig.daemon.timers_there = {
      {"job", "daily", 0, 30}, {"job", "hourly", 0, 20}, {"job", "*-02-30", 0, {}}};
  TestClient client = rig.client();
  CHECK(Json(client.call("service.status_full", R"(["job"])"))["next_start_us"] == 20);
  CHECK(Json(client.call("service.status_full", R"(["db"])"))["next_start_us"].is_null());
  CHECK(Json(client.call("service.list_full", R"([["next_start_us"]])")).text() ==
        R"([{},{"next_start_us":20}])");
}

TEST_CASE("debug.state shows services, edges, threads and descriptors",
          "[threads][control][methods]") {
  Rig rig({sleeper("db"), sleeper("web", requiring("db"))});
  TestClient client = rig.client();
  (void)client.call("service.start", R"(["web",true])");
  const Json state(client.call("debug.state"));
  CHECK(state["shutting_down"] == false);
  CHECK(state["control"]["clients"] == 1);
  REQUIRE(state["services"].size() == 2);
  const Json& web = state["services"][1];
  CHECK(web["name"] == "web");
  CHECK(web["wish"] == "up");
  CHECK(web["process"] == "alive");
  CHECK(web["requires"][0] == "db");
  CHECK(state["services"][0]["required_by"][0] == "web");
  CHECK(state["threads"].size() >= 3);
  CHECK(state["descriptors"].size() >= 3);
}

}  // namespace zinit::test::control_methods
