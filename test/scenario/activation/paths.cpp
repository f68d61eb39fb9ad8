// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [path] of services: files start services.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::activation_paths {
namespace {

/// A oneshot that writes its name when it runs, with this [path].
void add(Server& zinit, const std::string& name, const std::string& key, const std::string& path) {
  zinit.add(name, {.exec = "echo " + name + " >>$T",
                   .service = "oneshot = true",
                   .lifecycle = "restart_delay_ms = 100",
                   .more = "[path]\n" + key + " = " + toml_string(zinit.path(path)) + "\n"});
}

TEST_CASE("files that come, change and go start services", "[check][path][reexec]") {
  CHECK_DIALOGS("paths");
}

TEST_CASE("files that change while zinit executes itself again, or has crashed, are seen",
          "[path][reexec]") {
  Server zinit;
  zinit.put("conf", "one");
  add(zinit, "s", "changed", "conf");
  add(zinit, "seen", "changed", "seen");
  zinit.boot();
  /// Waits until zinit has seen all changes of files so far.
  const auto await_seen = [&](int times) {
    zinit.settle();
    zinit.mark("seen");
    zinit.await_trace("seen", times);
  };
  await_seen(1);
  zinit.reexecute();
  await_seen(2);
  CHECK_FALSE(zinit.traced("s"));
  // After go_on() the previous process image gets no further than its crash.
  zinit.hold();
  write_file(zinit.path("conf"), "two");
  zinit.fault();
  zinit.go_on();
  zinit.reconnect();
  zinit.await_trace("s");
  zinit.await_settled();
  Connection client = zinit.connect();
  zinit.hold();
  REQUIRE(client.begin("system.reexec"));
  write_file(zinit.path("conf"), "three");
  zinit.go_on();
  while (client.line()) {}
  zinit.reconnect();
  zinit.await_trace("s", 2);
  zinit.await_settled();
  await_seen(3);
  CHECK(zinit.count("s") == 2);
}

TEST_CASE("more changes than the kernel keeps lose none that counts", "[path]") {
  const int most = std::stoi(read_file("/proc/sys/fs/inotify/max_queued_events"));
  if (most > 100000) return skip("this kernel keeps more events than files are made here");
  Server zinit;
  zinit.put("folder/first", "");
  add(zinit, "s", "changed", "folder");
  add(zinit, "late", "exists", "folder/late");
  zinit.boot();
  zinit.settle();
  zinit.hold();
  for (int i = 0; i <= most; ++i) zinit.put("folder/" + std::to_string(i), "");
  zinit.mark("folder/late");  // its event is lost
  zinit.go_on();
  zinit.await_trace("s");
  zinit.await_trace("late");
}

TEST_CASE("files and timers start services that clients have added to a server without any",
          "[path][timers]") {
  Server zinit;
  zinit.put("services/t@.toml", "[service]\nexec = \"echo %i >>$T\"\noneshot = true\n[path]\n" +
                                    ("changed = " + toml_string(zinit.path("conf"))) + "\n");
  zinit.boot();
  const auto set = [&](const std::string& name, const std::string& trigger) {
    zinit.result("service.set", R"({"start":false,"config":{"service":{"name":")" + name +
                                    R"(","oneshot":true,"exec":"echo )" + name + R"( >>$T"},)" +
                                    trigger + "}}");
  };
  set("by-file", R"("path":{"exists":)" + toml_string(zinit.path("file")) + "}");
  set("by-time", R"("timer":{"every_ms":20})");
  zinit.start("t@one");
  zinit.await_trace("one");
  zinit.mark("file");
  zinit.await_trace("by-file");
  zinit.await_trace("by-time");
  write_file(zinit.path("conf"), "changed");
  zinit.await_trace("one", 2);
}

TEST_CASE("a file that changes after an answer of zinit starts its service", "[path]") {
  Server zinit;
  std::string many;  // their check takes long
  for (int i = 0; i < 3000; ++i) many += toml_string(zinit.path(std::to_string(i))) + ",";
  zinit.add("many", {.more = "[path]\nexists = [" + many + "]\n"});
  zinit.put("conf", "");
  zinit.put("one", "");
  add(zinit, "s", "changed", "conf");
  zinit.put("services/t@.toml", "[service]\nexec = \"echo %i >>$T\"\noneshot = true\n[path]\n" +
                                    ("changed = " + toml_string(zinit.path("%i"))) + "\n");
  zinit.boot();
  write_file(zinit.path("conf"), "changed");
  zinit.await_trace("s");
  zinit.settle();
  zinit.begin_start("t@one");
  write_file(zinit.path("one"), "changed");
  zinit.await_trace("one", 2);
}

}  // namespace
}  // namespace zinit::test::activation_paths
