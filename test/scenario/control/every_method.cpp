// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every method that rpc.discover lists, under each of its names. A method without a row here fails.
#include "scenario/harness.hpp"
namespace zinit::test::control_every_method {
namespace {

struct Row {
  std::string method;
  std::string params;
  std::string error{};  // the name of the expected error; empty: success
};

std::string config_of(const std::string& name) {
  return R"({"config":{"service":{"name":")" + name +
         R"(","exec":"sleep 100000"}},"persist":false,"start":false})";
}

std::string proxy_of(const std::string& name, const Server& zinit) {
  return R"({"name":")" + name + R"(","listen":["unix:)" + zinit.path(name + ".sock") +
         R"("],"backend":"unix:)" + zinit.path("backend") + R"(","service":"db","persist":false})";
}

/// Ordered so that each method finds what it needs. A method that would end or replace the server
/// gets parameters that are refused; other scenarios call it for real.
std::vector<Row> rows(const Server& zinit) {
  const std::string db = named("db");
  return {
      {"system.ping", ""},
      {"system.info", ""},
      {"system.bootchart", ""},
      {"system.timers", ""},
      {"system.shutdown", R"({"at_us":"soon"})", "invalid_params"},
      {"system.poweroff", "", "not_supported"},
      {"system.reboot", "", "not_supported"},
      {"system.halt", "", "not_supported"},
      {"system.kexec", "", "not_supported"},
      {"system.switch_root", R"({"new_root":"/"})", "not_supported"},
      {"system.reexec", R"({"update":5})", "invalid_params"},
      {"system.prepare_restart", R"({"update":5})", "invalid_params"},
      {"system.cancel_shutdown", ""},
      {"service.list", ""},
      {"service.list_full", ""},
      {"service.status", db},
      {"service.status_full", db},
      {"service.get", db},
      {"service.why", db},
      {"service.tree", db},
      {"service.is_running", db},
      {"service.stats", db},
      {"service.children", db},
      {"debug.process_tree", db},
      {"debug.state", ""},
      {"debug.settle", R"({"timeout_ms":20000})"},
      {"metrics.get", ""},
      {"service.set", config_of("set")},
      {"service.create", config_of("create")},
      {"service.update", config_of("update")},
      {"service.register", config_of("register")},
      {"service.add", config_of("add")},
      {"service.monitor", config_of("monitor")},
      {"service.delete", R"({"name":"add","persist":false})"},
      {"service.remove", R"({"name":"monitor","persist":false})"},
      {"service.start", db},
      {"service.restart", R"({"name":"db","wait":true})"},
      {"service.kill", R"({"name":"db","signal":"CONT"})"},
      {"service.wait", R"({"name":"db","timeout_ms":60000})"},
      {"service.reload", ""},
      {"logs.get", db},
      {"logs.tail", db},
      {"logs.filter", R"({"pattern":"x"})"},
      {"logs.subscribe", ""},
      {"logs.unsubscribe", R"({"subscription":1})"},
      {"events.get", ""},
      {"events.subscribe", ""},
      {"events.unsubscribe", R"({"subscription":2})"},
      {"xinet.set", proxy_of("set", zinit)},
      {"xinet.create", proxy_of("create", zinit)},
      {"xinet.register", proxy_of("register", zinit)},
      {"xinet.list", ""},
      {"xinet.status", named("set")},
      {"xinet.status_all", ""},
      {"xinet.delete", named("set")},
      {"xinet.unregister", named("create")},
      {"system.isolate", R"({"target":"all"})"},
      {"service.start_all", ""},
      {"service.stop_all", ""},
      {"service.stop", db},
      {"service.delete_all", ""},
  };
}

/// The completions offered after these words.
Texts words_for(Texts words) {
  words.insert(words.begin(), {"zinitctl", "__complete"});
  Texts offered;
  for (const std::string& line : lines_of(run({.argv = std::move(words)}).out))
    offered.push_back(line.substr(0, line.find('\t')));
  return offered;
}

TEST_CASE("every method of rpc.discover answers, under each of its names", "[check][methods]") {
  Server zinit;
  zinit.add("db");
  zinit.file("all.toml", "[target]\n");
  zinit.boot({"db"});
  Texts known, tried;
  for (const Json& method : zinit.result("rpc.discover")["methods"].elements())
    known.push_back(method["name"].text());
  for (const Row& row : rows(zinit)) {
    INFO(row.method);
    tried.push_back(row.method);
    if (row.error.empty())
      CHECK_FALSE(zinit.result(row.method, row.params).is_null());
    else if (row.error == "invalid_params")
      CHECK(zinit.error(row.method, row.params)["code"] == -32602);
    else
      CHECK(zinit.error(row.method, row.params)["data"]["name"] == row.error);
  }
  std::sort(known.begin(), known.end());
  std::sort(tried.begin(), tried.end());
  CHECK(tried == known);
}

TEST_CASE("every verb is used by a scenario", "[ctl]") {
  const std::string tests = sources_of_tests();
  int verbs = 0;
  for (const std::string& verb : words_for({""})) {
    INFO(verb);
    ++verbs;
    const bool used = tests.find('"' + verb + '"') != std::string::npos ||
                      tests.find("zinitctl " + verb) != std::string::npos;
    CHECK(used);
  }
  CHECK(verbs > 30);
  for (const std::string& verb : words_for({"xinet", ""})) {
    INFO("xinet " << verb);
    CHECK(tests.find("\"xinet\", \"" + verb + '"') != std::string::npos);
  }
}

}  // namespace
}  // namespace zinit::test::control_every_method
