// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of methods, its checks of parameters, and the methods that only show something.
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/control/proxies.hpp"
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
    std::optional<std::uint64_t> subscribe_logs(Texts, const LogStart&) override { return 1; }
    bool unsubscribe_logs(std::uint64_t) override { return true; }
  } nobody;
  Rig rig({sleeper("web")});
  std::vector<std::string_view> wrong;  // Catch's assertions belong to the test's own thread
  rig.on_loop([&] {
    CallParts parts(rig);
    for (const Method& method : all_methods()) {
      RpcMessage message =
          parse_rpc(fmt::format(R"({{"jsonrpc":"2.0","method":"{}","id":1}})", method.name));
      const Outcome outcome =
          dispatch(all_methods(), message.calls.at(0), Right::read, parts.context, nobody);
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
    described.push_back(method["name"].text());
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
  rig.on_loop([&] { rig.daemon.proxies_there = two_proxies(); });
  is_short(client.call("xinet.status", R"([")" + endless + R"("])"), -32014);
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
  CHECK(state["templates"].dump() == R"(["web@"])");
  CHECK(state["services"][0]["instance_of"].is_null());
  CHECK_FALSE(state["services"][0].has("path"));
  const Json& web = state["services"][1];
  CHECK(web["instance_of"] == "web@");
  CHECK(web["path"].dump() ==
        R"({"exists":["/x"],"changed":[],"directory_not_empty":[],"fault":"no inotify"})");
  CHECK(Json(rig.client().call("system.info"))["config"]["templates"].dump() == R"(["web@"])");
}

TEST_CASE("a status tells when the timer of its service is due, and without members a list has all",
          "[threads][control][methods]") {
  const auto job = std::make_shared<ServiceSpec>(*sleeper("job"));
  job->timer.edit().calendar = {"daily", "hourly", "*-02-30"};
  Rig rig({sleeper("db"), job});
  rig.daemon.timers_there = {
      {"job", "daily", 0, 30}, {"job", "hourly", 0, 20}, {"job", "*-02-30", 0, {}}};
  TestClient client = rig.client();
  CHECK(Json(client.call("service.status_full", R"(["job"])"))["next_start_us"] == 20);
  CHECK(Json(client.call("service.status_full", R"(["db"])"))["next_start_us"].is_null());
  CHECK(Json(client.call("service.list_full", R"([["next_start_us"]])")).dump() ==
        R"([{},{"next_start_us":20}])");
  const std::string all = client.call("service.list_full");
  CHECK(client.call("service.list_full", R"({"members":[]})") == all);
  CHECK_THAT(all, Contains("\"memory_bytes\":"));
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
