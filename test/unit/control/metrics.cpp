// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// metrics.get: its text, and how it is made while many clients ask and processes hang.
#include "control/metrics.hpp"
#include "support/test.hpp"

#include "control/scrapes.hpp"
#include "control/settling.hpp"
#include "support/open_metrics.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_metrics {
namespace {

ServiceSample service(const std::string& name, State state) {
  ServiceSample sample;
  sample.name = name;
  sample.state = state;
  return sample;
}

ProxyView proxy(const std::string& name) {
  ProxySpec spec;
  spec.name = name;
  ProxyView view;
  view.spec = std::make_shared<const ProxySpec>(std::move(spec));
  return view;
}

/// The parts of a scrape, on the loop of a rig. A separate thread looks at processes, and the test
/// can keep it busy.
struct Scraping {
  explicit Scraping(Rig& rig, Milliseconds patience = 20'000ms)
      : looks(rig.loop(), [] {}),
        power(rig.loop(), rig.board(), rig.daemon),
        changes(
            rig.loop(), [](const ServiceSpec&) { return false; }, [] {}),
        scrapes(patience),
        told(rig.loop()),
        settling({rig.loop(), rig.board(), rig.logs(), rig.daemon, told}, [] {}),
        context{rig.board(), rig.logs(), rig.daemon,
                power,       changes,    looks,
                scrapes,     settling,   [] { return ControlFigures{}; },
                [] {}} {}

  ProcessLooks looks;
  PowerSchedule power;
  FileChanges changes;
  Scrapes scrapes;
  Changes told;
  Settling settling;
  RpcContext context;
};

TEST_CASE("label values are escaped as OpenMetrics has it", "[control][metrics]") {
  MetricsSnapshot snapshot;
  snapshot.services = {service("a\"b\\c\nd\xff", State::running)};
  snapshot.services[0].numbers[ServiceSample::up] = 1;
  snapshot.services[0].dropped = {{"a\"b", 2}};
  const OpenMetrics metrics(metrics_text(snapshot));
  const std::string label = R"(service="a\"b\\c\nd)"
                            "\xef\xbf\xbd\"";
  CHECK(metrics["zinit_service_up{" + label + "}"] == "1");
  CHECK(metrics["zinit_service_state{" + label + R"(,state="running"})"] == "1");
  CHECK(metrics["zinit_service_log_dropped_lines_total{" + label + R"(,sink="a\"b"})"] == "2");
}

TEST_CASE("a service is counted in its state, and all states are told", "[control][metrics]") {
  MetricsSnapshot snapshot;
  snapshot.services = {service("a", State::running), service("b", State::failed),
                       service("c", State::running)};
  const OpenMetrics metrics(metrics_text(snapshot));
  CHECK(metrics.count("zinit_services") == kStateCount);
  CHECK(metrics[R"(zinit_services{state="running"})"] == "2");
  CHECK(metrics[R"(zinit_services{state="failed"})"] == "1");
  CHECK(metrics[R"(zinit_services{state="blocked"})"] == "0");
  CHECK(metrics.count("zinit_service_state") == 3);
  CHECK(metrics[R"(zinit_service_state{service="b",state="failed"})"] == "1");
}

TEST_CASE("times are seconds, and large numbers keep all digits", "[control][metrics]") {
  MetricsSnapshot snapshot;
  snapshot.numbers[MetricsSnapshot::uptime] = 61'000'005;
  snapshot.numbers[MetricsSnapshot::memory] = 9'007'199'254'740'993;
  snapshot.services = {service("a", State::running)};
  snapshot.services[0].numbers[ServiceSample::started] = 1'795'647'558'221'291;
  snapshot.services[0].numbers[ServiceSample::cpu] = 999;
  snapshot.services[0].numbers[ServiceSample::io_read] = 999;
  const OpenMetrics metrics(metrics_text(snapshot));
  CHECK(metrics["zinit_uptime_seconds"] == "61.000005");
  CHECK(metrics["zinit_process_resident_memory_bytes"] == "9007199254740993");
  CHECK(metrics[R"(zinit_service_start_time_seconds{service="a"})"] == "1795647558.221291");
  CHECK(metrics[R"(zinit_service_cpu_seconds_total{service="a"})"] == "0.000999");
  CHECK(metrics[R"(zinit_service_io_read_bytes_total{service="a"})"] == "999");
}

TEST_CASE("what is not known is left out, with its family if nothing of that is",
          "[control][metrics]") {
  MetricsSnapshot snapshot;
  CHECK(metrics_text(snapshot).find("service_") == std::string::npos);
  CHECK(metrics_text(snapshot).find("proxy_") == std::string::npos);
  CHECK(metrics_text(snapshot).find("uptime") == std::string::npos);
  snapshot.services = {service("a", State::running), service("b", State::exited)};
  snapshot.services[1].numbers[ServiceSample::exit_code] = 0;
  const OpenMetrics metrics(metrics_text(snapshot));
  CHECK(metrics.count("zinit_service_last_exit_code") == 1);
  CHECK(metrics[R"(zinit_service_last_exit_code{service="b"})"] == "0");
  CHECK(metrics_text(snapshot).find("memory") == std::string::npos);
}

TEST_CASE("a proxy's connections and bytes are told", "[control][metrics]") {
  MetricsSnapshot snapshot;
  snapshot.proxies = {proxy("front")};
  ProxyView& view = snapshot.proxies[0];
  view.running = true;
  view.total_connections = 9;
  view.active_connections = 2;
  view.rejected_connections = 1;
  view.bytes_to_backend = 1000;
  view.bytes_from_backend = 5'000'000'000;
  const OpenMetrics metrics(metrics_text(snapshot));
  CHECK(metrics[R"(zinit_proxy_listening{proxy="front"})"] == "1");
  CHECK(metrics[R"(zinit_proxy_connections_total{proxy="front"})"] == "9");
  CHECK(metrics[R"(zinit_proxy_active_connections{proxy="front"})"] == "2");
  CHECK(metrics[R"(zinit_proxy_rejected_connections_total{proxy="front"})"] == "1");
  CHECK(metrics[R"(zinit_proxy_to_backend_bytes_total{proxy="front"})"] == "1000");
  CHECK(metrics[R"(zinit_proxy_from_backend_bytes_total{proxy="front"})"] == "5000000000");
}

TEST_CASE("a counter of processor time goes on where a process of several has ended",
          "[control][metrics]") {
  GrowingSums sums;
  const auto grown = [&](std::int64_t started_us, std::int64_t cpu_us) {
    ServiceFigures figures;
    figures.cpu_us = cpu_us;
    sums.grow(3, started_us, figures);
    CHECK_FALSE(figures.io_read_bytes);
    return *figures.cpu_us;
  };
  CHECK(grown(1000, 500) == 500);
  CHECK(grown(1000, 800) == 800);
  CHECK(grown(1000, 300) == 800);  // a process that used 500 has ended
  CHECK(grown(1000, 350) == 850);
  CHECK(grown(2000, 20) == 20);  // the next process
}

TEST_CASE("metrics.get has what the server knows of itself and of its services",
          "[threads][control][metrics]") {
  Rig rig({sleeper("web"), failing("bad", 3)});
  rig.daemon.proxies_there = {proxy("front")};
  TestClient client = rig.client();
  client.call("service.start", R"(["web",true])");
  client.call("service.start", R"(["bad",true])");
  const OpenMetrics metrics(Json("[" + client.call("metrics.get") + "]")[0].string());
  CHECK(metrics.count("zinit_build_info") == 1);
  CHECK(metrics["zinit_uptime_seconds"] == "0.005000");
  CHECK(metrics["zinit_clients"] == "1");
  CHECK(metrics["zinit_crashes_total"] == "0");
  CHECK(metrics.number("zinit_state_changes_total") >= 3);
  CHECK(metrics.number("zinit_process_resident_memory_bytes") > 0);
  CHECK(metrics.number("zinit_process_cpu_seconds_total") > 0);
  CHECK(metrics.number("zinit_process_open_fds") > 3);
  CHECK(metrics[R"(zinit_service_up{service="web"})"] == "1");
  CHECK(metrics[R"(zinit_service_wanted{service="web"})"] == "1");
  CHECK(metrics[R"(zinit_service_tasks{service="web"})"] == "1");
  CHECK(metrics.number(R"(zinit_service_memory_bytes{service="web"})") > 0);
  CHECK(metrics[R"(zinit_service_up{service="bad"})"] == "0");
  CHECK(metrics[R"(zinit_service_last_exit_code{service="bad"})"] == "3");
  CHECK(metrics[R"(zinit_service_tasks{service="bad"})"].empty());
  CHECK(metrics.count("zinit_proxy_listening") == 1);
}

TEST_CASE("however many ask for metrics, there are two scrapes at most",
          "[threads][control][metrics]") {
  Rig rig({sleeper("web")});
  std::unique_ptr<Scraping> scraping;
  std::vector<Later> laters;
  Texts answers;
  const auto look = [&] {
    std::erase_if(laters, [&](Later& later) {
      std::optional<RpcResult> answer = later.look();
      if (answer) answers.push_back(answer->value_or(""));
      return answer.has_value();
    });
  };
  rig.on_loop([&] {
    scraping = std::make_unique<Scraping>(rig);
    for (int i = 0; i < 500; ++i) laters.push_back(scraping->scrapes.ask(scraping->context));
    look();  // begins the first scrape
    rig.daemon.proxies_there = {proxy("later")};
    for (int i = 0; i < 500; ++i) laters.push_back(scraping->scrapes.ask(scraping->context));
  });
  CHECK(becomes_true([&] {
    rig.on_loop(look);
    return laters.empty();
  }));
  REQUIRE(answers.size() == 1000);
  CHECK(rig.daemons(&FakeDaemon::asked_for_proxies) == 2);
  // A scrape that began before a change does not answer a client that asked after it.
  const auto has_it = [](const std::string& answer) {
    return answer.find("later") != std::string::npos;
  };
  CHECK(std::ranges::count_if(answers, has_it) == 500);
  rig.on_loop([&] { scraping.reset(); });
}

TEST_CASE("metrics come without the figures of processes if one hangs",
          "[threads][control][metrics]") {
  Rig rig({sleeper("web")});
  rig.client().call("service.start", R"(["web",true])");
  std::atomic<bool> hangs{true};
  std::unique_ptr<Scraping> scraping;
  std::optional<Later> hung, asked;
  std::string answer;
  const auto ask = [&] {
    answer.clear();
    rig.on_loop([&] { asked = scraping->scrapes.ask(scraping->context); });
    CHECK(becomes_true([&] {
      rig.on_loop([&] {
        if (auto result = asked->look()) answer = result->value_or("");
      });
      return !answer.empty();
    }));
  };
  rig.on_loop([&] {
    scraping = std::make_unique<Scraping>(rig, 50ms);
    hung = std::get<Later>(scraping->looks.ask("web", [&](ProcessScan&) -> RpcResult {
      hangs.wait(true);
      return "";
    }));
  });
  ask();
  CHECK_THAT(answer, Catch::Contains("zinit_service_up"));
  CHECK(answer.find("zinit_service_tasks") == std::string::npos);
  hangs = false;
  hangs.notify_all();
  CHECK(becomes_true([&] {
    ask();
    return answer.find("zinit_service_tasks") != std::string::npos;
  }));
  rig.on_loop([&] {
    asked.reset();
    hung.reset();
    scraping.reset();
  });
}

}  // namespace
}  // namespace zinit::test::control_metrics
