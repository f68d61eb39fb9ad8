// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// metrics.get and zinitctl metrics: OpenMetrics text for services, proxies and zinit.
#include "base/text.hpp"
#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"
#include "support/open_metrics.hpp"

namespace zinit::test::control_metrics {
namespace {

OpenMetrics metrics_of(Server& zinit) { return OpenMetrics(zinit.result("metrics.get").text()); }

std::string of_service(const std::string& number, const std::string& name) {
  return "zinit_service_" + number + "{service=\"" + name + "\"}";
}

TEST_CASE("the example's metrics come after their directory did not let them", "[metrics]") {
  const std::string example = "etc/sample/examples/idioms/services/metrics.toml";
  if (access(example.c_str(), F_OK) != 0) return skip("does not run in the repository's root");
  Server zinit;
  REQUIRE(mkdir(zinit.path("bin").c_str(), 0755) == 0);
  REQUIRE(symlink(zinit_binary().c_str(), zinit.path("bin/zinitctl").c_str()) == 0);
  REQUIRE(mkdir(zinit.config("metrics.toml.d").c_str(), 0755) == 0);
  zinit.file("metrics.toml", read_file(example));
  zinit.file("metrics.toml.d/test.toml",
             "[service]\nenv = { OUT = '" + zinit.path("out/zinit.prom") + "', ZINIT_SOCKET = '" +
                 zinit.socket() + "', PATH = '" + zinit.path("bin") +
                 ":/usr/bin:/bin' }\n[lifecycle]\nrestart_delay_ms = 10\n"
                 "restart_delay_max_ms = 10\n");
  zinit.boot();
  zinit.await(
      "metrics", [](const Json& s) { return s["restart_count"].number() > 0; }, "started again");
  REQUIRE(mkdir(zinit.path("out").c_str(), 0755) == 0);
  CHECK(eventually([&] { return access(zinit.path("out/zinit.prom").c_str(), F_OK) == 0; }));
  CHECK(zinit.state("metrics") == "running");
}

TEST_CASE("metrics are the same text by the verb and by the method", "[check][metrics]") {
  Server zinit;
  zinit.add("web@1.x-y_z");
  zinit.add("down", {.service = "status = 'stop'"});
  zinit.file("all.toml", "[target]\n");
  zinit.boot({"web@1.x-y_z", "all"});
  const Outcome shown = zinit.ctl({"metrics"});
  CHECK(shown.code == 0);
  CHECK(shown.err.empty());
  const OpenMetrics metrics(shown.out);
  CHECK(metrics.number(of_service("up", "web@1.x-y_z")) == 1);
  CHECK(metrics.number(of_service("wanted", "web@1.x-y_z")) == 1);
  CHECK(metrics.number(of_service("tasks", "web@1.x-y_z")) == 1);
  CHECK(metrics.number(of_service("memory_bytes", "web@1.x-y_z")) > 0);
  CHECK(metrics.number(of_service("cpu_seconds_total", "web@1.x-y_z")) >= 0);
  CHECK(metrics.number(of_service("up", "all")) == 1);
  CHECK(metrics.number(of_service("wanted", "down")) == 0);
  CHECK(metrics[of_service("tasks", "down")].empty());
  CHECK(metrics[of_service("start_time_seconds", "down")].empty());
  CHECK(metrics[R"(zinit_service_state{service="down",state="inactive"})"] == "1");
  CHECK(metrics[R"(zinit_services{state="running"})"] == "2");
  CHECK(metrics["zinit_clients"] != "0");
  CHECK(metrics.number("zinit_process_open_fds") > 3);
  CHECK(metrics.count("zinit_build_info") == 1);

  const OpenMetrics asked = metrics_of(zinit);
  for (const char* name : {"zinit_service_up", "zinit_service_state", "zinit_service_tasks",
                           "zinit_service_log_lines"})
    CHECK(asked.count(name) == metrics.count(name));
  const Outcome json = zinit.ctl({"metrics", "--json"});
  const auto document = Json::parse(json.out);
  REQUIRE(document);
  CHECK(OpenMetrics(document->text()).count("zinit_service_up") == 3);
  CHECK(zinit.error("metrics.get", R"(["web"])")["code"] == -32602);
}

TEST_CASE("a service whose process has ended is not up while its post_exec runs", "[metrics]") {
  Server zinit;
  zinit.add("web", {.service = "post_exec = 'echo post >> $T; "
                               "until test -e $D/go; do sleep 0.01; done'"});
  zinit.boot({"web"});
  CHECK(metrics_of(zinit).number(of_service("up", "web")) == 1);
  zinit.kill("web");
  zinit.await_trace("post");
  CHECK(zinit.state("web") == "running");
  CHECK(zinit.result("service.is_running", R"(["web"])") == false);
  CHECK(metrics_of(zinit).number(of_service("up", "web")) == 0);
  zinit.mark("go");
}

TEST_CASE("in the older format of Prometheus the type of a counter is that of its samples",
          "[check][metrics]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  const std::string text = zinit.ctl({"metrics", "--prometheus"}).out;
  CHECK_THAT(text, Catch::Contains("# TYPE zinit_service_restarts_total counter\n"
                                   "# HELP zinit_service_restarts_total Re-spawns "));
  CHECK_THAT(text, Catch::Contains("# TYPE zinit_service_up gauge\n# HELP zinit_service_up "));
  CHECK_THAT(text, !Catch::Contains("# UNIT") && !Catch::Contains("# EOF"));
  // Each sample belongs to a family that has a type.
  std::set<std::string> typed;
  std::size_t samples = 0;
  for (const std::string_view line : zinit::split(text, '\n')) {
    const std::vector<std::string_view> words = zinit::split(line, ' ');
    if (line.starts_with("# TYPE ")) typed.emplace(words[2]);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string name(line.substr(0, line.find_first_of("{ ")));
    CAPTURE(name);
    CHECK(typed.contains(name));
    ++samples;
  }
  CHECK(samples > 20);
}

TEST_CASE("metrics count a restart, say how the process has ended, and whether it is healthy",
          "[metrics][check]") {
  Server zinit;
  zinit.add("web", {.exec = "echo said; exec sleep 100000", .lifecycle = "restart_delay_ms = 1"});
  zinit.add("checked", {.more = "[logging]\nforward = 'unix:" + zinit.path("nobody") +
                                "'\n[health]\ntype = 'exec'\nexec = 'test ! -e " +
                                zinit.path("ill") + "'\ninterval_ms = 20\nretries = 1000\n"});
  zinit.boot({"web", "checked"});
  REQUIRE(eventually([&] { return zinit.status("web")["log_lines"] == 1; }));
  const OpenMetrics before = metrics_of(zinit);
  CHECK(before[of_service("restarts_total", "web")] == "0");
  CHECK(before[of_service("log_lines_total", "web")] == "1");
  CHECK(before[of_service("last_exit_signal", "web")].empty());
  zinit.kill("web");
  REQUIRE(eventually([&] {
    const Json status = zinit.status("web");
    return status["restart_count"] == 1 && status["state"] == "running";
  }));
  const OpenMetrics after = metrics_of(zinit);
  CHECK(after[of_service("restarts_total", "web")] == "1");
  CHECK(after[of_service("last_exit_signal", "web")] == "9");
  CHECK(after[of_service("last_exit_code", "web")].empty());
  CHECK(after.number(of_service("log_lines_total", "web")) > 1);
  CHECK(after.number(of_service("start_time_seconds", "web")) >
        before.number(of_service("start_time_seconds", "web")));
  CHECK(after.number("zinit_state_changes_total") > before.number("zinit_state_changes_total"));

  CHECK(eventually([&] { return metrics_of(zinit)[of_service("healthy", "checked")] == "1"; }));
  zinit.mark("ill");
  CHECK(eventually([&] { return metrics_of(zinit)[of_service("healthy", "checked")] == "0"; }));
  CHECK(metrics_of(zinit).count("zinit_service_log_dropped_lines_total") == 1);
}

TEST_CASE("metrics count what goes through a proxy", "[check][metrics][xinet]") {
  Server zinit;
  const Proxied proxied(zinit, {"sum"});
  boot_open(zinit);
  const auto number = [&](const std::string& of) {
    return metrics_of(zinit).number("zinit_proxy_" + of + "{proxy=\"p\"}");
  };
  CHECK(number("listening") == 1);
  CHECK(number("connections_total") == 0);
  Client client(proxied.front);
  REQUIRE(client.send("0123456789"));
  CHECK(eventually([&] { return number("active_connections") == 1; }));
  client.finish();
  const std::string answer = client.read_all();
  CHECK(eventually([&] { return number("active_connections") == 0; }));
  CHECK(number("connections_total") == 1);
  CHECK(number("rejected_connections_total") == 0);
  CHECK(number("to_backend_bytes_total") == 10);
  CHECK(number("from_backend_bytes_total") == static_cast<double>(answer.size()));
}

}  // namespace
}  // namespace zinit::test::control_metrics
