// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Processes of services and their resources: service.stats, service.children, debug.process_tree,
// and zinitctl stats and debug-procs.
#include "scenario/harness.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/left_processes.hpp"

namespace zinit::test::control_stats {
namespace {

const Texts kFigures = {"cpu_percent",  "cpu_usec", "io_read_bytes", "io_write_bytes",
                        "memory_bytes", "pid",      "tasks"};

/// A shell with two children; one of them has a child.
constexpr const char* kFamily = "(sleep 100001 & wait) & sleep 100002 & wait";

/// The command lines of a service's processes, once there are that many.
Texts command_lines(Server& zinit, const std::string& name, std::size_t count) {
  Texts lines;
  CHECK(eventually([&] {
    lines.clear();
    for (const Json& each : zinit.result("service.children", named(name)).elements())
      lines.push_back(each["cmdline"].text());
    return lines.size() == count;
  }));
  return lines;
}

bool has(const Texts& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

/// A process that has left its service's session writes its pid to $D/escaped.
constexpr const char* kEscaping =
    "setsid sh -c 'echo $$ > $D/escaped; exec sleep 100003' & exec sleep 100000";

TEST_CASE("the processes of a service are counted, listed and drawn, its main process first",
          "[check][stats]") {
  Server zinit;
  zinit.add("a", {.exec = kFamily});
  zinit.boot({"a"});
  CHECK(command_lines(zinit, "a", 4).size() == 4);
  const Json stats = zinit.result("service.stats", named("a"));
  CHECK(stats.members() == kFigures);
  CHECK(stats["pid"] == std::int64_t{zinit.pid_of("a")});
  CHECK(stats["tasks"] == 4);
  CHECK(stats["memory_bytes"].number() > 0);
  CHECK(stats["cpu_usec"].number() >= 0);

  // A forked process has the shell's command line until it executes its program.
  CHECK(eventually([&] {
    const Texts lines = command_lines(zinit, "a", 4);
    return has(lines, "sleep 100001") && has(lines, "sleep 100002");
  }));
  const Json main = zinit.result("service.children", named("a"))[0];
  CHECK(main.members() == Texts{"cmdline", "comm", "pid", "ppid", "state"});
  CHECK(main["pid"] == std::int64_t{zinit.pid_of("a")});
  CHECK(main["ppid"] == std::int64_t{zinit.pid()});
  CHECK(main["comm"] == "sh");
  CHECK(main["state"].text().size() == 1);

  const Json tree = zinit.result("debug.process_tree", named("a"));
  CHECK(tree.members() == Texts{"children", "comm", "others", "pid"});
  CHECK(tree["pid"] == std::int64_t{zinit.pid_of("a")});
  REQUIRE(tree["children"].size() == 2);
  CHECK(tree["children"][0]["children"].size() + tree["children"][1]["children"].size() == 1);
  CHECK(tree["others"].size() == 0);

  const Outcome drawn = zinit.ctl({"debug-procs", "a"});
  CHECK(drawn.code == 0);
  const Texts lines = lines_of(drawn.out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == std::to_string(zinit.pid_of("a")) + " sh");
  CHECK_THAT(drawn.out, Contains("├─ ") && Contains("└─ ") && Contains(" sleep\n"));
  const auto json = Json::parse(zinit.ctl({"debug-procs", "a", "--json"}).out);
  REQUIRE(json);
  CHECK((*json)["pid"] == std::int64_t{zinit.pid_of("a")});
}

TEST_CASE("the figures of a process that works differ from those of one that sleeps", "[stats]") {
  Server zinit;
  zinit.add("works", {.exec = "while :; do :; done"});
  zinit.add("sleeps");
  zinit.boot({"works", "sleeps"});
  CHECK(eventually([&] {
    const Json stats = zinit.result("service.stats", named("works"));
    return stats["cpu_usec"].number() > 100'000 && stats["cpu_percent"].dump() != "0.0";
  }));
  CHECK(zinit.result("service.stats", named("sleeps"))["cpu_percent"].is_number());

  const Json of_disks = zinit.result("service.stats", named("sleeps"));
  if (read_file("/proc/" + std::to_string(zinit.pid_of("sleeps")) + "/io").empty())
    return skip("needs /proc/PID/io");
  CHECK(of_disks["io_read_bytes"].number() >= 0);
  CHECK(of_disks["io_write_bytes"].number() >= 0);
}

TEST_CASE("a process whose memory cannot be read holds up no answer", "[stats][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("hung");
  zinit.add("fine");
  launch_under(injector, zinit);
  injector.hold("/" + std::to_string(zinit.pid_of("hung")) + "/cmdline");
  for (int i = 0; i < 5; ++i) CHECK(command_lines(zinit, "hung", 1) == Texts{""});
  CHECK(injector.held() == 1);  // zinit does not read a file again that has hung once
  CHECK(command_lines(zinit, "fine", 1) == Texts{"sleep 100000"});
  injector.release();
  CHECK(eventually([&] { return command_lines(zinit, "hung", 1) == Texts{"sleep 100000"}; }));
}

TEST_CASE("what is down has no figures, and what does not exist is named with what is near",
          "[stats]") {
  Server zinit;
  zinit.add("idle", {.service = "status = 'stop'"});
  zinit.file("t.toml", "[target]\n");
  zinit.add("web");
  zinit.add("down", {.service = "status = 'stop'"});
  zinit.boot({"t", "web"});
  for (const char* name : {"idle", "t"}) {
    INFO(name);
    const Json stats = zinit.result("service.stats", named(name));
    for (const std::string& figure : kFigures) CHECK(stats[figure].is_null());
    CHECK(zinit.result("service.children", named(name)).dump() == "[]");
    const Json error = zinit.error("debug.process_tree", named(name));
    CHECK(error["code"] == -32003);
    CHECK(error["message"] == std::string(name) + " has no process");
  }

  for (const char* method : {"service.stats", "service.children", "debug.process_tree"}) {
    INFO(method);
    const Json error = zinit.error(method, named("wep"));
    CHECK(error["code"] == -32000);
    CHECK(error["data"]["hint"] == "did you mean web?");
    CHECK(zinit.error(method)["code"] == -32602);
  }

  const Outcome stats = zinit.ctl({"stats", "wep", "web"});
  CHECK(stats.code == 4);
  CHECK_THAT(stats.err, Contains("did you mean web?"));
  CHECK_THAT(zinit.ctl({"stats", "web.service"}).err, Contains("did you mean web?"));
  CHECK_THAT(stats.out, Contains("web "));  // it shows the other one
  CHECK(zinit.ctl({"stats", "x*"}).code == 4);
  CHECK(zinit.ctl({"debug-procs", "wep"}).code == 4);
  const Outcome down = zinit.ctl({"debug-procs", "down"});
  CHECK(down.code == 1);
  CHECK_THAT(down.err, Contains("down has no process"));
  CHECK(zinit.ctl({"debug-procs"}).code == 2);
}

TEST_CASE("processes that have left session or parent are still those of their service",
          "[stats][cgroups]") {
  Server zinit;
  zinit.add("a", {.exec = kEscaping});
  // The parent of the sleep ends at once.
  zinit.add("lost", {.exec = "sh -c 'sleep 100001 &'; exec sleep 100000"});
  zinit.boot({"a", "lost"});
  REQUIRE(eventually([&] { return !read_file(zinit.path("escaped")).empty(); }));
  const std::string escaped = lines_of(read_file(zinit.path("escaped"))).front();
  command_lines(zinit, "a", 2);
  CHECK(
      zinit.result("debug.process_tree", named("a")).mentions("\"pid\":" + escaped + ",\"comm\":"));

  command_lines(zinit, "lost", 2);
  Json tree;
  // The shell's child is a shell until it has executed its program. The shell itself is a child of
  // the main process until the main process has reaped it.
  CHECK(eventually([&] {
    tree = zinit.result("debug.process_tree", named("lost"));
    return tree["others"].size() == 1 && tree["others"][0]["comm"] == "sleep" &&
           tree["children"].size() == 0;
  }));
}

TEST_CASE("without cgroups what a oneshot has left is counted, listed and drawn",
          "[root][stats][oneshot]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.in_child = have_no_cgroups});
  zinit.add("o", {.exec = "setsid sh -c 'sleep 100001 & exec sleep 100002' & exit 0",
                  .service = "oneshot = true"});
  zinit.boot();
  const Json status = zinit.await(
      "o", [](const Json& s) { return s["left"].size() == 1 && s["tasks"] == 1; },
      "what it has left");
  CHECK(eventually([&] {
    return command_lines(zinit, "o", 2) == Texts{"sleep 100002", "sleep 100001"};
  }));
  const Json left = status["left"][0]["pid"];
  CHECK(zinit.result("service.children", named("o"))[0]["pid"] == left);
  const Json tree = zinit.result("debug.process_tree", named("o"));
  CHECK(tree["pid"] == left);
  CHECK(tree["children"].size() == 1);
  const Json stats = zinit.result("service.stats", named("o"));
  CHECK(stats["tasks"] == 2);
  CHECK(stats["pid"].is_null());
  CHECK_THAT(zinit.ctl({"debug-procs", "o"}).out, Contains(" sleep\n"));
}

TEST_CASE("the share of a processor of what a oneshot has left is that since its start",
          "[stats][oneshot]") {
  Server zinit;
  zinit.add("o", {.exec = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; sleep 100000 & exit 0",
                  .service = "oneshot = true"});
  zinit.boot();
  zinit.await_state("o", "exited");
  const Json share = zinit.result("service.stats", named("o"))["cpu_percent"];
  INFO(share);
  CHECK((share.is_null() || std::stod(share.dump()) <= 200));
}

TEST_CASE("processes that come and go while they are looked at are no errors",
          "[check][threads][stats]") {
  Server zinit;
  zinit.add("a", {.exec = "while :; do sleep 0; done"});
  zinit.boot({"a"});
  for (int i = 0; i < 100; ++i) {
    CHECK(zinit.result("service.children", named("a")).size() >= 1);
    CHECK(zinit.result("service.stats", named("a"))["tasks"].number() >= 1);
    CHECK(zinit.result("debug.process_tree", named("a"))["pid"].is_number());
  }
}

TEST_CASE("many questions at once are all answered", "[threads][stats]") {
  Server zinit;
  for (int i = 0; i < 20; ++i) zinit.add("s" + std::to_string(i));
  zinit.boot();
  zinit.await_settled();
  Connection client = zinit.connect();
  std::string requests;
  for (int i = 0; i < 400; ++i) {
    requests += R"({"jsonrpc":"2.0","method":"service.stats","params":["s)" +
                std::to_string(i % 20) + R"("],"id":)" + std::to_string(i) + "}\n";
  }
  REQUIRE(client.send(requests));
  for (int i = 0; i < 400; ++i) CHECK(client.read()["result"]["tasks"] == 1);
}

}  // namespace
}  // namespace zinit::test::control_stats
