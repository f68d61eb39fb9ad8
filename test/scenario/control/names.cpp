// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The behaviour of each name of the binary (control.md, "One binary, many names").
#include "scenario/harness.hpp"
namespace zinit::test::control_names {
namespace {

Outcome called(const Texts& argv, const Texts& env = {}) { return run({.argv = argv, .env = env}); }

TEST_CASE("zinit is the server or the client by its name, and refuses names that it does not know",
          "[names]") {
  Server zinit;
  zinit.boot();
  const auto answered = [&](const std::string& row) {
    std::istringstream words(std::regex_replace(row, std::regex("\\$D"), zinit.folder()));
    const Texts argv{std::istream_iterator<std::string>(words), {}};
    const Outcome outcome = called(argv, {"ZINIT_SOCKET=" + zinit.socket()});
    const std::string line = lines_of(outcome.out + outcome.err).at(0);
    return std::to_string(outcome.code) + " " +
           std::regex_replace(line, std::regex("[0-9][0-9.]*"), "N");
  };
  CHECK_GOLDEN_ROWS("names", answered);
}

TEST_CASE("zinit as PID 1 is the client by its first word alone", "[names][container]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  const auto as_pid1 = [](Texts argv) {
    return run({.argv = std::move(argv),
                .env = {"ZINIT_SOCKET=/nonexistent"},
                .pid_namespace = true})
        .code;
  };
  const TempDir dir;
  const std::string config = "--config-dir=" + dir.path(), socket = "--socket=" + dir / "s";
  CHECK(as_pid1({"zinitctl", "list"}) == 5);
  CHECK(as_pid1({"zinit", "ping"}) == 5);
  CHECK(as_pid1({"zinit", "--version"}) == 0);
  CHECK(as_pid1({"zinit", "--container", config, socket, "--", "sh", "-c", "exit 3", "start"}) ==
        3);
  CHECK(as_pid1({"zinit", "--container", config, socket, "sh", "-c", "exit 4", "--version"}) == 4);
}

TEST_CASE("zinit-pid1 that is not PID 1 runs its command as a child subreaper", "[names]") {
  const TempDir dir;
  const auto with = [&](const std::string& command) {
    return called({"zinit-pid1", "--container", "--config-dir", dir.path(), "--socket", dir / "s",
                   "sh", "-c", command});
  };
  const Outcome outcome = with("exit 5");
  CHECK(outcome.code == 5);
  CHECK_THAT(outcome.err, Contains("zinit runs as a child subreaper"));
  CHECK(lines_of(outcome.err).size() == 1);
  // An orphan becomes a child of zinit, not of process 1.
  CHECK(with("cd " + dir.path() +
             "; up=$PPID; (sh -c 'sleep 0.1; ps -o ppid= -p $$ > parent' &); "
             "while ! [ -s parent ]; do sleep 0.01; done; [ $(cat parent) = $up ]")
            .code == 0);
}

TEST_CASE("zinit-server has its places and log level from its environment, which options overrule",
          "[check][names]") {
  const auto messages_at = [](Server::Options options) {
    options.argv = {"zinit-server"};
    options.by_environment = true;
    Server zinit(std::move(options));
    zinit.add("a");
    zinit.boot({"a"});
    CHECK(zinit.result("system.info")["mode"] == "standalone");
    zinit.shut_down();
    return zinit.messages();
  };
  CHECK(messages_at({.arguments = {"--log-level", "error"}}) == "");
  CHECK(messages_at({.arguments = {"--log-level", "error"}, .env = {"ZINIT_LOG_LEVEL=debug"}}) ==
        "");
  CHECK_THAT(messages_at({.env = {"ZINIT_LOG_LEVEL=debug"}}), Contains("debug"));
}

}  // namespace
}  // namespace zinit::test::control_names
