// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The examples of etc/sample/examples/idioms, each with a program that fails once. A drop-in puts
// the program in the place of the real one; the rest is the example's. metrics.toml is in
// test/scenario/control/metrics.cpp; webd-report.toml and webd-store-proxy.toml, which connections
// start, are left out. Also the template for users' servers of doc/beside.md.
#include "scenario/harness.hpp"
#include "scenario/harness/listening.hpp"
#include "scenario/harness/notifier.hpp"

namespace zinit::test::files_idioms {
namespace {

const std::string kIdioms = "etc/sample/examples/idioms/";

/// Adds an example. `drop_in` replaces what this machine does not have.
void add(Server& zinit, const std::string& file, const std::string& drop_in) {
  const std::string name = file.substr(file.rfind('/') + 1);
  zinit.file(name + ".toml", read_file(kIdioms + file + ".toml"));
  REQUIRE(mkdir(zinit.config(name + ".toml.d").c_str(), 0755) == 0);
  zinit.file(name + ".toml.d/test.toml", drop_in);
}

/// [service] for root, with a shell command that fails the first time; without `then` that of
/// pre_exec.
std::string fails_once(const Server& zinit, const std::string& name, const std::string& then) {
  const std::string mark = zinit.path(name + ".failed");
  return "[service]\nuser = 'root'\ngroup = 'root'\n" +
         std::string(then.empty() ? "pre_exec" : "exec") + " = '[ -e " + mark + " ] || { : > " +
         mark + "; exit 3; }; " + then + "'\n";
}

const std::string kSoon = "[lifecycle]\nrestart_delay_ms = 10\n";

/// Waits until it runs, after one failure.
void comes_back(Server& zinit, const std::string& name) {
  zinit.await(
      name,
      [](const Json& s) { return s["state"] == "running" && s["restart_count"].number() > 0; },
      "running again");
}

TEST_CASE("each example of an idiom comes up after a failure", "[root]") {
  if (geteuid() != 0) return skip("needs root, for the users of the examples");
  if (access(kIdioms.c_str(), F_OK) != 0) return skip("does not run in the repository's root");
  Listening store;
  Server::Options options;
  options.in_child = [] {  // their runtime directories are not those of the machine
    have_own_mounts();
    (void)mount("run", "/run", "tmpfs", 0, nullptr);
  };
  Server zinit(options);
  const std::string forever = "exec sleep 100000";
  add(zinit, "services/network", fails_once(zinit, "network", "true") + kSoon);
  add(zinit, "services/webd-setup", fails_once(zinit, "webd-setup", "true") + kSoon);
  add(zinit, "services/webd-stats",
      fails_once(zinit, "webd-stats", forever) + kSoon + "[limits]\nnproc = 4096\n");
  add(zinit, "services/webd", fails_once(zinit, "webd", forever) + "dir = '/'\n" + kSoon);
  add(zinit, "services/webd-mail",
      fails_once(zinit, "webd-mail", "sleep 100000 & echo $! > /run/webd-mail/pid") + kSoon +
          "[health]\nexec = 'true'\n");
  add(zinit, "services/webd-store",
      fails_once(zinit, "webd-store", "") + "exec = [" + notifier({"send", "READY=1", "sleep"}) +
          "]\n" + kSoon +
          "[readiness]\nwatchdog_ms = 3600000\n[health]\ninterval_ms = 3600000\nendpoint = "
          "'127.0.0.1:" +
          store.port() + "'\n");
  add(zinit, "user/sync-notes", fails_once(zinit, "sync-notes", forever) + kSoon);
  zinit.file("web.toml", read_file(kIdioms + "targets/web.toml"));
  zinit.boot();
  // A oneshot is not run again by itself. What requires it fails with it, and comes back with it.
  for (const char* name : {"network", "webd-setup"}) {
    zinit.await_state(name, "failed");
    CHECK(zinit.start(name)["state"] == "exited");
  }
  for (const char* name : {"webd", "webd-stats", "webd-mail", "webd-store", "sync-notes"})
    comes_back(zinit, name);
  zinit.await_state("web", "running");
}

TEST_CASE("the template of doc/beside.md starts a user's own server", "[root]") {
  if (geteuid() != 0) return skip("needs root, to start a service as another user");
  const std::string page = read_file("doc/beside.md");
  const auto begin = page.find("```toml\n");
  if (begin == std::string::npos) return skip("does not run in the repository's root");
  Server::Options options;
  options.own_root = true;
  options.env = {"PATH=/etc/bin:/usr/bin:/bin"};
  Server zinit(options);
  zinit.put("etc/passwd", "root:x:0:0::/:/bin/sh\nalice:x:4242:4242::/etc/alice:/bin/sh\n");
  zinit.put("etc/group", "root:x:0:\nalice:x:4242:\n");
  zinit.put("etc/alice/.config/zinit/services/job.toml",
            "service.exec = 'touch /run/alice/ran; exec sleep 100000'\n");
  zinit.put("etc/bin/zinit", read_file(zinit_binary()));
  REQUIRE(chmod(zinit.path("etc/bin/zinit").c_str(), 0755) == 0);
  REQUIRE(mkdir(zinit.path("run/alice").c_str(), 0700) == 0);
  REQUIRE(chown(zinit.path("run/alice").c_str(), 4242, 4242) == 0);
  const auto end = page.find("```", begin + 3);
  zinit.file("user@.toml", page.substr(begin + 8, end - begin - 8));
  zinit.put("etc/zinit/services/user@.toml.d/test.toml",
            "service.env = { XDG_RUNTIME_DIR = '/run/alice' }\n");
  zinit.add("all", {.dependencies = "wants = ['user@alice']"});
  zinit.boot();
  zinit.await_state("user@alice", "running");
  CHECK(eventually([&] { return access(zinit.path("run/alice/ran").c_str(), F_OK) == 0; }));
}

}  // namespace
}  // namespace zinit::test::files_idioms
