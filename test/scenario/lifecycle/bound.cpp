// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Stops because of another service, beside stops of requirements: binds_to, stop_when_unneeded
// (behaviour.md, "Dependencies").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_bound {
namespace {

const char* const kSoon = "restart_delay_ms = 50\nstability_period_ms = 0";

/// vpn crashes while the mark `go` is missing, and tunnel is bound to it; web requires tunnel.
void add_vpn(Server& zinit, const std::string& edge_of_tunnel, const std::string& edge_of_vpn) {
  zinit.add("vpn", {.exec = "echo start vpn >> $T; exec sleep 100000",
                    .dependencies = edge_of_vpn,
                    .lifecycle = kSoon});
  zinit.add("tunnel", {.exec = tracing("tunnel"), .dependencies = edge_of_tunnel});
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['vpn']"});
  zinit.boot({"vpn", "tunnel", "web"});
  zinit.await_started({"tunnel", "web"});
}

TEST_CASE("a bound service stops with a crash of the other, and starts when that is ready again",
          "[bound][deps]") {
  for (const bool other_end : {false, true}) {
    INFO(other_end);
    Server zinit;
    add_vpn(zinit, other_end ? "" : "binds_to = ['vpn']", other_end ? "bound_by = ['tunnel']" : "");
    const pid_t web = zinit.pid_of("web"), tunnel = zinit.pid_of("tunnel");
    zinit.kill("vpn");
    zinit.await_new_pid("tunnel", tunnel);
    zinit.await_trace("start tunnel", 2);
    // The trace has: start vpn, its crash, stop tunnel, start vpn, start tunnel.
    zinit.await_trace("start vpn", 2);
    const auto trace = zinit.trace();
    const auto last_of = [&](const std::string& line) {
      return std::find(trace.rbegin(), trace.rend(), line);
    };
    CHECK(zinit.count("stop tunnel") == 1);
    CHECK(last_of("stop tunnel") > last_of("start vpn"));
    CHECK(zinit.pid_of("web") == web);
    CHECK(zinit.count("start web") == 1);
    const Json status = zinit.status("tunnel");
    CHECK(status["binds_to"].texts() == Texts{"vpn"});
    CHECK(zinit.status("vpn")["bound_by"].texts() == Texts{"tunnel"});
    CHECK(zinit.status("vpn")["required_by"].texts() == Texts{"web"});
    CHECK_THAT(zinit.ctl({"tree", "tunnel"}).out, Contains("vpn (binds_to)"));
    CHECK_THAT(zinit.ctl({"graph"}).out, Contains("\"tunnel\" -> \"vpn\" [style=bold]"));
  }
}

TEST_CASE("a bound service is held back, with its reason, over re-execution and crash",
          "[bound][reexec]") {
  Server zinit;
  zinit.add("vpn", {.lifecycle = "restart_delay_ms = 86400000"});
  zinit.add("tunnel", {.dependencies = "binds_to = ['vpn']"});
  zinit.boot({"vpn", "tunnel"});
  zinit.kill("vpn");
  const Json blocked = zinit.await_state("tunnel", "blocked");
  CHECK(blocked["waiting_on"][0]["kind"] == "binds_to");
  CHECK_THAT(zinit.ctl({"why", "tunnel"}).out, Contains("is bound to vpn"));
  zinit.reexecute();
  CHECK(zinit.status("tunnel")["waiting_on"][0]["kind"] == "binds_to");
  crash(zinit);
  CHECK(zinit.status("tunnel")["waiting_on"][0]["kind"] == "binds_to");
  zinit.start("vpn");
  zinit.await_state("tunnel", "running");
}

TEST_CASE("what nothing needs any more is stopped, unless a start has named it", "[unneeded]") {
  Server zinit;
  const char* unneeded = "stop_when_unneeded = true";
  zinit.add("db", {.service = "status = 'stop'", .lifecycle = unneeded});
  zinit.add("cache", {.service = "status = 'stop'", .lifecycle = unneeded});
  zinit.add("web", {.dependencies = "requires = ['db', 'cache']"});
  zinit.boot({"db", "cache", "web"});
  zinit.start("cache");
  zinit.reexecute();  // the next image knows both: named and needed
  crash(zinit);
  zinit.stop("web");
  zinit.await_state("db", "exited");
  CHECK(zinit.status("db")["wish"] == "down");
  CHECK(zinit.state("cache") == "running");
  CHECK_THAT(zinit.messages(), Contains("db: stopping, because no running service needs it"));
  zinit.start("web");
  CHECK(zinit.state("db") == "running");
}

}  // namespace
}  // namespace zinit::test::lifecycle_bound
