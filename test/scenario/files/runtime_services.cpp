// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Services that come and go at runtime: service.get, service.set, service.delete and their verbs,
// and requests for all services of class user (control.md).
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::files_runtime_services {
namespace {

TEST_CASE("services come and go at runtime, and requests for all take those of class user",
          "[check][runtime]") {
  CHECK_DIALOGS("runtime");
}

TEST_CASE("what is set, started or required while its removal waits for its stop stays",
          "[threads][runtime]") {
  const std::string by = GENERATE(as<std::string>{}, "set", "start", "requirement");
  Server zinit;
  zinit.add("web", {.exec = stubborn("web"), .lifecycle = "stop_timeout_ms = 500"});
  zinit.boot();
  zinit.await_trace("start web");
  Connection other = zinit.connect();
  other.begin("service.delete", R"(["web",true])");
  zinit.await_state("web", "stopping");
  if (by == "set")
    (void)zinit.result(
        "service.set",
        R"({"persist":true,"config":{"service":{"name":"web","exec":"sleep 100000"}}})");
  else if (by == "start")
    zinit.begin_start("web");
  else
    (void)zinit.result("service.add",
                       R"({"start":false,"config":{"service":{"name":"app","exec":"sleep 1000"},)"
                       R"("dependencies":{"requires":["web"]}}})");
  CHECK(other.read()["error"]["code"] == (by == "requirement" ? -32010 : -32009));
  if (by == "requirement") CHECK(zinit.start("app")["state"] == "running");
  zinit.await_state("web", "running");
  CHECK(entries_of(zinit.config()) == Texts{"web.toml"});
  CHECK(zinit.reload()["unchanged"].mentions("\"web\""));
}

TEST_CASE("a removal that waits for its stop goes on over a re-execution",
          "[check][runtime][reexec][crash]") {
  const bool crashes = GENERATE(false, true);
  const auto by = GENERATE(as<std::string>{}, "delete", "start", "reload");
  Server zinit;
  const Toml slow{.exec = "trap '' TERM; echo begun >> $T; until [ -e $D/go ]; do sleep 0.02; done",
                  .lifecycle = "stop_timeout_ms = 'infinity'"};
  zinit.add("web", slow);
  zinit.boot();
  zinit.await_trace("begun");
  Connection other = zinit.connect();
  if (by == "reload") {
    zinit.remove("web");
    (void)zinit.reload();
  } else {
    other.begin("service.delete", R"(["web",true])");
  }
  zinit.await_state("web", "stopping");
  if (by == "start") zinit.begin_start("web");
  crashes ? crash(zinit) : zinit.reexecute();
  CHECK(zinit.state("web") == "stopping");
  zinit.mark("go");
  if (by == "start") {
    zinit.await_message("web was started again meanwhile");
    CHECK(entries_of(zinit.config()) == Texts{"web.toml"});
  } else {
    CHECK(eventually([&] { return zinit.result("service.list").texts().empty(); }));
    CHECK(entries_of(zinit.config()).empty());
  }
  crashes ? crash(zinit) : zinit.reexecute();
  CHECK(zinit.result("service.list").texts() == (by == "start" ? Texts{"web"} : Texts{}));
}

TEST_CASE("what clients have added to a server without files, and stopped, is not booted later",
          "[check][runtime][reexec]") {
  const std::string by = GENERATE(as<std::string>{}, "reload", "reexecution", "crash");
  const bool target = GENERATE(false, true);
  Server zinit({.settings = true});
  zinit.put("zinit.toml", target ? "default_target = 'missing'\n" : "");
  zinit.boot();
  const auto set = [&](const std::string& name, const std::string& start) {
    (void)zinit.result("service.set", R"({"config":{"service":{"name":")" + name +
                                          R"(","exec":"sleep 100000"}},"start":)" + start + "}");
  };
  set("stopped", "true");
  set("added", "false");
  set("up", "true");
  for (const std::string name : {"stopped", "up"}) zinit.await_program(name);
  zinit.stop("stopped");
  CHECK(zinit.result("system.info")["boot"]["settled_ms"].number() >= 0);
  const pid_t up = zinit.pid_of("up");
  if (by == "reload") {
    zinit.add("file");
    zinit.reload();
    zinit.await_state("file", "running");
  } else {
    by == "crash" ? crash(zinit) : zinit.reexecute();
  }
  CHECK(zinit.state("stopped") == "exited");
  CHECK(zinit.state("added") == "inactive");
  CHECK(zinit.pid_of("up") == up);
  if (by == "reload") return;
  zinit.add("file");
  zinit.add("missing", {.dependencies = "wants = ['file']"});
  zinit.reload();
  zinit.await_state("file", "running");
  CHECK(zinit.state("stopped") == "exited");
}

TEST_CASE("many services are deleted at once", "[threads][runtime]") {
  constexpr int kMany = 100;
  Server zinit;
  zinit.add("base");
  for (int i = 0; i < kMany; ++i) {
    zinit.add("s" + std::to_string(i), {.lifecycle = "stop_timeout_ms = 10000"});
  }
  zinit.boot();
  zinit.await_settled();
  Connection client = zinit.connect();
  for (int i = 0; i < kMany; ++i) {
    client.begin("service.delete", R"(["s)" + std::to_string(i) + "\",true]");
  }
  for (int i = 0; i < kMany; ++i) CHECK(client.read()["result"]["ok"].truth());
  CHECK(zinit.result("service.list").texts() == Texts{"base"});
  CHECK(entries_of(zinit.config()) == Texts{"base.toml"});
}

const std::string kOld = "[service]\nexec = 'sleep 100000'\n";

/// Mounts a disk with room for only web.toml on `directory`, visible only to the calling process.
void fill_disk(const std::string& directory) {
  have_own_mounts();
  if (mount("none", directory.c_str(), "tmpfs", 0, "size=16k") != 0) _exit(125);
  write_file(directory + "/web.toml", kOld);
  std::ofstream fill(directory + "/fill");
  while (fill << std::string(4096, 'x') << std::flush) continue;
}

TEST_CASE("a full disk refuses service.set and leaves the old file and service",
          "[root][runtime]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  std::string directory;
  Server::Options options;
  options.in_child = [&directory] { fill_disk(directory); };
  Server zinit(options);
  directory = zinit.config();
  zinit.file("placeholder", "");  // makes the directory
  zinit.boot({"web"});
  const pid_t pid = zinit.pid_of("web");
  const auto set = [&](const std::string& name) {
    return zinit.error("service.set", R"({"persist":true,"config":{"service":{"name":")" + name +
                                          R"(","exec":"sleep 100001"}}})");
  };
  const Json error = set("web");
  CHECK(error["code"] == -32008);
  CHECK(error["data"]["service"] == "web");
  CHECK(error.mentions("No space left on device"));
  CHECK(zinit.pid_of("web") == pid);
  const std::string seen = "/proc/" + std::to_string(zinit.pid()) + "/root" + directory;
  CHECK(read_file(seen + "/web.toml") == kOld);
  CHECK(entries_of(seen) == Texts{"fill", "web.toml"});
  CHECK(set("new")["code"] == -32008);
  CHECK(zinit.result("service.list").texts() == Texts{"web"});
}

}  // namespace
}  // namespace zinit::test::files_runtime_services
