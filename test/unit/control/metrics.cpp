// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// metrics.get: its text, and how it is made while many clients ask and processes hang.
#include "control/metrics.hpp"
#include "support/test.hpp"

#include "support/open_metrics.hpp"
#include "unit/control/proxies.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_metrics {
namespace {

TEST_CASE("metrics are told as the golden file has them, without what is not known",
          "[control][metrics]") {
  MetricsSnapshot snapshot;
  const std::string nothing = metrics_text(snapshot);
  for (std::size_t i = 0; i < snapshot.numbers.size(); ++i)
    snapshot.numbers[i] = static_cast<std::int64_t>(i) + 1;
  snapshot.numbers[MetricsSnapshot::uptime] = 61'000'005;                  // microseconds
  snapshot.numbers[MetricsSnapshot::memory] = 9'007'199'254'740'993;       // more than a double has
  ServiceSample all{"a\"b\\c\nd\xff", State::running, {}, {{"a\"b", 2}}};  // to be escaped
  for (std::size_t i = 0; i < all.numbers.size(); ++i)
    all.numbers[i] = static_cast<std::int64_t>(i) + 991;
  all.numbers[ServiceSample::started] = 1'795'647'558'221'291;
  ServiceSample some{"some", State::failed};
  some.numbers[ServiceSample::exit_code] = 0;
  snapshot.services = {all, some, {"none", State::running}};
  snapshot.proxies = two_proxies();
  const std::string text = metrics_text(snapshot);
  CHECK(OpenMetrics(text).count("zinit_services") == kStateCount);
  const std::regex version("version=\"[^\"]*\"");
  CHECK_GOLDEN(std::regex_replace(nothing + text, version, "version=*"), "metrics");
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
  const OpenMetrics metrics(Json("[" + client.call("metrics.get") + "]")[0].text());
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
  std::unique_ptr<CallParts> scraping;
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
    scraping = std::make_unique<CallParts>(rig);
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
  std::unique_ptr<CallParts> scraping;
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
    scraping = std::make_unique<CallParts>(rig, 50ms);
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
