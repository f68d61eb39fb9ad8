// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl's command line, exit status and errors.
#include "base/format.hpp"
#include "client/libzinit/json.hpp"
#include "client/verbs.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_command_line {
namespace {

bool has_option(const VerbRow& verb, std::string_view names) {
  return std::ranges::any_of(verb.options,
                             [&](const OptionRow& option) { return option.names == names; });
}

TEST_CASE("wrong usage exits 2 and says what is wrong", "[client]") {
  CHECK_GOLDEN_ROWS("usage", [](const std::string& line) {
    const Ran ran = run(words_of_line(line));
    std::string all = fmt::format("{} {}", ran.status, ran.err);
    for (std::size_t at = 0; (at = all.find('\n')) != all.npos;) all.replace(at, 1, "⏎");
    return all;
  });
}

TEST_CASE("global options are accepted before and after the verb", "[client]") {
  CannedServer server({{"system.ping", result(R"({"version":"1","pid":7})")}});
  const std::string socket = server.path();
  CHECK(run({"--json", "--socket", socket, "ping"}).out == "{\"version\":\"1\",\"pid\":7}\n");
  CHECK(run({"ping", "--socket=" + socket, "--json", "--timeout", "9"}).out ==
        "{\"version\":\"1\",\"pid\":7}\n");
  CHECK(run({"ping", "--socket", socket}).out == "zinit 1, pid 7\n");
}

TEST_CASE("help and version need no server", "[client]") {
  CHECK_THAT(run({"--help"}).out, Contains("\n  restart NAME... "));
  CHECK_THAT(run({"-h"}).out, Contains("usage: zinitctl"));
  CHECK_THAT(run({"start", "--help"}).out, StartsWith("usage: zinitctl start [OPTIONS] NAME...\n"));
  CHECK_THAT(run({"start", "--help"}).out, Contains("--no-wait"));
  CHECK_THAT(run({"--version"}).out, StartsWith("zinit "));
  CHECK_THAT(run({"xinet", "--help"}).out, Contains("\n  xinet status [NAME] "));
  CHECK(run({"xinet", "--help"}).out.find("restart") == std::string::npos);
  for (const VerbRow& verb : verbs()) {
    Texts words = words_of_line(std::string(verb.name));
    words.emplace_back("--help");
    const Ran ran = run(words);
    CHECK(ran.status == 0);
    CHECK(longest_line(ran.out) <= 80);
  }
  CHECK(longest_line(run({"--help"}).out) <= 80);
}

TEST_CASE("each error of the server or the connection has its exit status", "[client]") {
  const auto [code, status] = GENERATE(table<int, int>({{-32000, 4},
                                                        {-32003, 1},
                                                        {-32006, 1},
                                                        {-32007, 7},
                                                        {-32009, 1},
                                                        {-32011, 1},
                                                        {-32012, 6},
                                                        {-32013, 1},
                                                        {-32014, 4},
                                                        {-32602, 2},
                                                        {-32603, 1}}));
  CannedServer server(
      {{"service.status_full", R"("error":{"code":)" + std::to_string(code) +
                                   R"(,"message":"it is so","data":{"hint":"do this"}})"}});
  const Ran ran = server.run({"status", "web"});
  CHECK(ran.status == status);
  CHECK(ran.err == "zinitctl: status web: it is so; do this\n");
  CHECK(ran.out.empty());
}

TEST_CASE("no server exits 5, one that hangs up 5, one that is silent 6, one that babbles 1",
          "[client]") {
  CHECK(run({"--socket", "/nonexistent/socket", "list"}).status == 5);
  CHECK_THAT(run({"--socket", "/nonexistent/socket", "list"}).err,
             StartsWith("zinitctl: list: cannot connect to /nonexistent/socket: No such file"));
  FakeServer closing([](Peer& peer) { peer.read_line(); });
  CHECK(run({"--socket", closing.path(), "list"}).status == 5);
  FakeServer silent([](Peer& peer) { peer.wait_for_close(); });
  CHECK(run({"--socket", silent.path(), "--timeout", "0.01", "list"}).status == 6);
  FakeServer babbling([](Peer& peer) {
    peer.read_line();
    peer.send("\x1b[31mhello\n");
  });
  const Ran ran = run({"--socket", babbling.path(), "list"});
  CHECK(ran.status == 1);
  CHECK(ran.err.find('\x1b') == std::string::npos);
}

TEST_CASE("every verb prints one JSON document with --json", "[client]") {
  const std::string status = result(status_json("a", "running"));
  CannedServer server({{"service.list_full", result("[]")},
                       {"service.status_full", status},
                       {"service.status", result(status_json("a", "failed"))},
                       {"service.start", status},
                       {"service.stop", result(status_json("a", "inactive"))},
                       {"service.restart", status},
                       {"service.kill", result("{\"ok\":true}")},
                       {"logs.get", result("[]")},
                       {"logs.filter", result("[]")},
                       {"service.why", result("{}")},
                       {"service.tree", result("[]")},
                       {"service.reload", result("{}")},
                       {"service.set", result("{}")},
                       {"service.delete", result("{\"ok\":true}")},
                       {"service.start_all", result("{}")},
                       {"service.stop_all", result("{}")},
                       {"service.delete_all", result("{}")},
                       {"system.isolate", result("{}")},
                       {"service.wait", status},
                       {"service.is_running", result("true")},
                       {"service.list", result(R"(["a"])")},
                       {"service.stats", result("{}")},
                       {"debug.process_tree", result("{}")},
                       {"system.ping", result("{}")},
                       {"system.bootchart", result("[]")},
                       {"system.rehearse", result("{}")},
                       {"system.timers", result("[]")},
                       {"system.shutdown", result("{\"ok\":true}")},
                       {"system.poweroff", result("{\"ok\":true}")},
                       {"system.reboot", result("{\"ok\":true}")},
                       {"system.halt", result("{\"ok\":true}")},
                       {"system.kexec", result("{\"ok\":true}")},
                       {"system.switch_root", result("{\"ok\":true}")},
                       {"xinet.set", result("{}")},
                       {"xinet.delete", result("{\"ok\":true}")},
                       {"xinet.status", result("{}")},
                       {"xinet.status_all", result("[]")},
                       {"metrics.get", result(R"("# EOF\n")")},
                       {"debug.state", result("{}")},
                       {"events.get", result("[]")}});
  const test::TempDir image;
  const std::string kServiceFile = "usr/lib/zinit/services/a.toml";
  std::filesystem::create_directories(image / "usr/lib/zinit/services");
  image.write(kServiceFile, "[service]\nexec = 'a'\n");
  for (const VerbRow& verb : verbs()) {
    // These need: no server; a line for each event; an editor; a server that closes the connection,
    // or does not know the name yet; a file of another init.
    if (verb.name == "import" || verb.name == "check" || verb.name == "events" ||
        verb.name == "edit" || verb.name == "reexec" || verb.name == "run")
      continue;
    Texts words = words_of_line(std::string(verb.name));
    words.emplace_back("--json");
    if (verb.least() > 0 || verb.name == "logs")
      words.push_back(verb.name == "add-service" ? image / kServiceFile
                      : verb.name == "explain"   ? "exec"
                                                 : "a");
    if (verb.name == "xinet set")
      words.insert(words.end(), {"--listen", "a:1", "--backend", "b:1", "--service", "s"});
    // The canned server never ends a service.
    if (verb.name != "start" && has_option(verb, "--no-wait")) words.emplace_back("--no-wait");
    if (has_option(verb, "--root")) words.insert(words.end(), {"--root", image.path()});
    const Ran ran = server.run(words);
    CAPTURE(verb.name, ran.out, ran.err);
    CHECK(ran.status == (verb.name == "is-enabled" ? 1 : 0));  // `disable` came before
    CHECK(ran.err.empty());
    CHECK(ran.out.find('\n') == ran.out.size() - 1);
    CHECK_NOTHROW((void)parse_json(ran.out));
  }
}

}  // namespace
}  // namespace zinit::test::client_command_line
