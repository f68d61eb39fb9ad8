// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Templates (zinit.toml(5), "Templates"): NAME@.toml, and the instances that dependencies, links
// and zinitctl start make from it.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::files_templates {
namespace {

const std::string kTemplate = "[service]\nexec = ['sleep', '10000%i']\n";

void await_names(Server& zinit, const Texts& wanted) {
  Texts last;
  (void)eventually([&] { return (last = zinit.result("service.list").texts()) == wanted; });
  CHECK(last == wanted);
}

void link(const Server& zinit, const std::string& target, const std::string& name) {
  std::filesystem::create_symlink(target, zinit.config(name));
}

TEST_CASE("instances of a template come by dependencies, links and requests, and go with them",
          "[check][templates]") {
  CHECK_DIALOGS("templates");
}

TEST_CASE("started instances and templates go over a re-execution", "[check][templates][reexec]") {
  Server zinit;
  zinit.file("web@.toml", kTemplate);
  zinit.add("all", {.dependencies = "requires = ['web@1']"});
  link(zinit, "web@.toml", "web@2.toml");
  zinit.boot({"all", "web@1", "web@2"});
  (void)zinit.start("web@3");
  const Texts instances{"web@1", "web@2", "web@3"};
  const auto pids = zinit.pids_of(instances);
  zinit.file("web@.toml", "[service]\nexec = ['sleep', '20000%i']\n");  // not in force yet
  const bool asked = GENERATE(true, false);
  asked ? zinit.reexecute() : crash(zinit);
  CHECK(zinit.pids_of(instances) == pids);
  for (const std::string& name : instances) CHECK(zinit.status(name)["instance_of"] == "web@");
  (void)zinit.start("web@4");
  CHECK(proc_cmdline(zinit.pid_of("web@4")) == "sleep 100004");
  CHECK(zinit.stop("web@4")["name"] == "web@4");
  await_names(zinit, {"all", "web@1", "web@2", "web@3"});
  CHECK(zinit.reload()["changed"].texts() == instances);
  for (std::size_t i = 0; i < instances.size(); ++i) zinit.await_new_pid(instances[i], pids[i]);
  CHECK(zinit.stop("web@3")["name"] == "web@3");
  await_names(zinit, {"all", "web@1", "web@2"});
}

TEST_CASE("many instances by one dependency", "[templates][soak]") {
  const int count = long_form() ? 1000 : 150;
  Server zinit;
  zinit.file("x@.toml", "[service]\nexec = 'true %i'\noneshot = true\nstatus = 'stop'\n");
  std::string all;
  for (int i = 0; i < count; ++i) all += "'x@" + std::to_string(i) + "', ";
  zinit.file("t.toml", "[target]\nstatus = 'stop'\n[dependencies]\nwants = [" + all + "]\n");
  zinit.boot();
  CHECK(zinit.result("service.list").size() == std::size_t(count + 1));
  CHECK(zinit.reload()["unchanged"].size() == std::size_t(count + 1));
  CHECK(zinit.start("t")["state"] == "running");
  zinit.await_settled();
  CHECK(zinit.status("x@" + std::to_string(count - 1))["last_exit"]["code"] == 0);
}

TEST_CASE("a connection's instance passes over the names of others", "[templates][accept]") {
  Server zinit;
  const std::string at = free_address();
  zinit.file("s.toml", "[service]\nexec = [" + peer({"inetd", "echo"}) +
                           "]\n[socket]\nlisten = ['" + at + "']\naccept = true\n");
  zinit.file("s@.toml", kTemplate);
  link(zinit, "s@.toml", "s@1.toml");
  boot_open(zinit);
  zinit.await_state("s@1", "running");
  Client client(at);
  CHECK(client.echo("one") == "one");
  zinit.await_state("s@2", "running");
  CHECK(zinit.status("s@1")["instance_of"] == "s@");
  CHECK(zinit.status("s@2")["instance_of"] == "s");
  client.close();
  await_names(zinit, {"s", "s@1"});
}

}  // namespace
}  // namespace zinit::test::files_templates
