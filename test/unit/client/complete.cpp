// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The input of the shells' completions.
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_complete {
namespace {

/// The words of `out`, without their help.
Texts words_in(const std::string& out) {
  Texts words;
  for (const std::string_view line : split(out, '\n'))
    if (!line.empty()) words.emplace_back(line.substr(0, line.find('\t')));
  return words;
}

/// Without a server.
Texts offline(Texts words) {
  words.insert(words.begin(), "__complete");
  return words_in(run(std::move(words)).out);
}

Texts asked(Texts words) {
  CannedServer server(
      {{"service.list_full", result(R"([{"name":"db","state":"running","kind":"service"},)"
                                    R"({"name":"off","state":"inactive","kind":"service"},)"
                                    R"({"name":"broken","state":"failed","kind":"service"},)"
                                    R"({"name":"all","state":"running","kind":"target"}])")},
       {"system.info", result(R"({"config":{"templates":["getty@"]}})")}});
  words.insert(words.begin(), {"__complete", "--socket", server.path()});
  return words_in(run(std::move(words)).out);
}

bool has(const Texts& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

TEST_CASE("the first word becomes a verb, those of families once", "[client]") {
  const Texts all = offline({""});
  for (const char* verb : {"list", "start", "xinet", "reexec"}) CHECK(has(all, verb));
  CHECK(std::count(all.begin(), all.end(), "xinet") == 1);
  CHECK(offline({"sto"}) == Texts{"stop", "stop-all"});
  CHECK(offline({"--timeout", "5", "sto"}).size() == 2);
  CHECK(offline({"xinet", ""}) == Texts{"set", "delete", "list", "status"});
  CHECK(offline({"nonsense", ""}).empty());
}

TEST_CASE("options are those of the verb and of all verbs, with their help", "[client]") {
  CHECK(has(offline({"start", "--"}), "--no-wait"));
  CHECK(has(offline({"start", "--"}), "--socket"));
  CHECK_FALSE(has(offline({"list", "--"}), "--no-wait"));
  CHECK(offline({"list", "--st"}) == Texts{"--state"});
  CHECK_THAT(run({"__complete", "list", "--st"}).out, Catch::StartsWith("--state\tonly "));
}

TEST_CASE("help is completed by verbs, and not by what they take", "[client]") {
  CHECK(offline({"help", "unm"}) == Texts{"unmask"});
  CHECK(offline({"help", "xinet", "l"}) == Texts{"list"});
  CHECK(offline({"--json", "help", "rel"}) == Texts{"reload"});
  CHECK(offline({"help", "explain", ""}).empty());
  CHECK(has(offline({"explain", ""}), "lifecycle.restart"));
}

TEST_CASE("values are completed by what they are", "[client]") {
  CHECK(offline({"list", "--state", "f"}) == Texts{"failed"});
  CHECK(offline({"list", "--state", "d"}) == Texts{"done", "disabled"});
  CHECK(offline({"list", "--state", "ma"}) == Texts{"masked"});
  CHECK(offline({"list", "--class", ""}) == Texts{"user", "system"});
  CHECK(has(offline({"import", "--from", ""}), "supervisord"));
  CHECK(offline({"wait", "--for", ""}) == Texts{"running", "exited", "failed", "stopped"});
  CHECK(offline({"logs", "--stream", "std"}) == Texts{"stdout", "stderr"});
  CHECK(has(offline({"kill", "db", ""}), "SIGHUP"));
  CHECK(offline({"--socket", ""}) == Texts{":files"});
  CHECK(offline({"check", ""}) == Texts{":files"});
  CHECK(offline({"check", "--calendar", "d"}) == Texts{"daily"});
  CHECK(offline({"logs", "--since", ""}).empty());
}

TEST_CASE("names of services are those that fit the verb", "[client]") {
  CHECK(asked({"start", ""}) == Texts{"off", "broken", "getty@"});
  CHECK(asked({"edit", "g"}) == Texts{"getty@"});
  CHECK(asked({"enable", ""}) == Texts{"db", "off", "broken", "all", "getty@"});
  CHECK(asked({"stop", ""}) == Texts{"db", "all"});
  CHECK(asked({"isolate", ""}) == Texts{"all"});
  CHECK(asked({"status", ""}) == Texts{"db", "off", "broken", "all"});
  CHECK(asked({"status", "db", ""}) == Texts{"off", "broken", "all"});
  CHECK(asked({"logs", "z"}) == Texts{"zinit"});
  CHECK(asked({"why", "d"}) == Texts{"db"});
  CHECK(asked({"isolate", "db", ""}).empty());
  CHECK(asked({"ping", ""}).empty());
}

TEST_CASE("without a server there are no names, and no error", "[client]") {
  const Ran ran = run({"__complete", "--socket", "/nowhere/zinit.sock", "start", ""});
  CHECK(ran.status == 0);
  CHECK(ran.out.empty());
  CHECK(ran.err.empty());
  CHECK(run({"__complete"}).status == 0);
}

}  // namespace
}  // namespace zinit::test::client_complete
