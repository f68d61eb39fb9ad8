// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A server beside another, or after one that was killed: no service runs twice.
#include "scenario/harness.hpp"
namespace zinit::test::reexec_second_server {
namespace {

void add_some(Server& zinit) {
  zinit.add("a", {.exec = tracing("a")});
  zinit.add("b", {.exec = "echo start b >> $T; sleep 100000 & exec sleep 100000",
                  .dependencies = "requires = ['a']"});
  zinit.add("once", {.exec = "echo once >> $T", .service = "oneshot = true"});
  zinit.add("later", {.exec = tracing("later"), .service = "status = 'stop'"});
}

/// A killed server's services go on under the next server, which supervises them.
void check_goes_on(Server& zinit) {
  add_some(zinit);
  zinit.boot({"a", "b"});
  zinit.await_state("once", "exited");
  zinit.await_trace("start b");
  const pid_t first = zinit.pid(), a = zinit.pid_of("a"), b = zinit.pid_of("b");
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  zinit.add("new", {.exec = tracing("new")});
  zinit.boot({"a", "b", "new"});
  CHECK(zinit.pid_of("a") == a);
  CHECK(zinit.pid_of("b") == b);
  CHECK(zinit.state("once") == "exited");
  CHECK(zinit.status("once")["summary"] == "ok");
  CHECK(zinit.state("later") == "inactive");
  CHECK_THAT(zinit.messages(), Contains("the server with pid " + std::to_string(first)));
  CHECK_THAT(zinit.messages(), Contains("b: its output is lost until it is restarted"));
  const auto is_unheard = [&](const std::string& name) {
    const std::string lost = "its output is lost until it is restarted";
    CHECK_THAT(zinit.status(name)["warnings"].dump(), Contains(lost));
    CHECK_THAT(zinit.ctl({"why", name}).out, Contains(lost));
  };
  is_unheard("b");
  CHECK(zinit.status("new")["warnings"].size() == 0);
  // The server still knows them after a re-execution and a crash, although they are not children.
  zinit.reexecute();
  crash(zinit);
  CHECK(zinit.pid_of("a") == a);
  CHECK(zinit.pid_of("b") == b);
  is_unheard("b");
  // The server notices an end, and kills the rest of the group before it starts the service again.
  REQUIRE(kill(b, SIGKILL) == 0);
  const pid_t next = zinit.await_new_pid("b", b);
  zinit.await_trace("start b", 2);
  zinit.restart("a");
  zinit.await_trace("start a", 2);
  CHECK_THAT(zinit.status("a")["warnings"].dump(), !Contains("output is lost"));
  CHECK(zinit.count("stop a") == 1);
  CHECK(next != b);
  CHECK(zinit.count("once") == 1);
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("what a killed server has left goes on under the next one, and nothing runs twice",
          "[check][reexec][second]") {
  Server zinit;
  check_goes_on(zinit);
}

TEST_CASE("what a killed server without cgroups has left goes on under the next one",
          "[check][root][reexec][second]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit({.uid = 65534});
  check_goes_on(zinit);
}

TEST_CASE("a killed server that has left nothing is followed by an ordinary start",
          "[check][reexec][second]") {
  Server zinit;
  add_some(zinit);
  zinit.boot({"a", "b"});
  zinit.await_state("once", "exited");
  zinit.stop("a");
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  zinit.boot({"a", "b"});
  zinit.await_trace("once", 2);
  CHECK(zinit.messages().find("was killed") == std::string::npos);
}

TEST_CASE("a server refuses to start beside one that runs the same files, unless told to",
          "[check][reexec][second]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a")});
  zinit.boot({"a"});
  zinit.await_started({"a"});
  const std::string socket = zinit.path("other.sock");
  Launch second;
  second.argv = {"zinit", "server", "--config-dir", zinit.config() + "/", "--socket", socket};
  second.env = {"T=" + zinit.path("trace")};
  const Outcome refused = run(second);
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("pid " + std::to_string(zinit.pid())));
  CHECK_THAT(refused.err, Contains("zinitctl --socket " + zinit.socket()));
  CHECK_THAT(refused.err, Contains("--new-instance"));
  CHECK(zinit.count("start a") == 1);
  CHECK(access(socket.c_str(), F_OK) != 0);
  zinit.reexecute();  // the lock stays
  CHECK(run(second).code == 1);
  second.argv.emplace_back("--new-instance");
  const pid_t beside = launch(second);
  zinit.await_trace("start a", 2);
  kill(beside, SIGTERM);
  CHECK(wait_for_exit(beside) == 0);
  CHECK(zinit.state("a") == "running");
}

}  // namespace
}  // namespace zinit::test::reexec_second_server
