// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The examples of etc/sample/examples/idioms, each with a program that fails once. A drop-in puts
// the program in the place of the real one; the rest is the example's. metrics.toml is in
// test/scenario/control/metrics.cpp; webd-report.toml and webd-store-proxy.toml, which connections
// start, are left out.
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

}  // namespace
}  // namespace zinit::test::files_idioms
