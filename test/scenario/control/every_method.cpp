// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every method that rpc.discover lists, under each of its names. A method without a row in
// every_method.golden fails.
#include "scenario/harness.hpp"
namespace zinit::test::control_every_method {
namespace {

/// The completions offered after these words.
Texts words_for(Texts words) {
  words.insert(words.begin(), {"zinitctl", "__complete"});
  Texts offered;
  for (const std::string& line : lines_of(run({.argv = std::move(words)}).out))
    offered.push_back(line.substr(0, line.find('\t')));
  return offered;
}

TEST_CASE("every method of rpc.discover answers, under each of its names", "[check][methods]") {
  Server zinit;
  zinit.add("db");
  zinit.file("all.toml", "[target]\n");
  zinit.boot({"db"});
  Connection client = zinit.connect();
  std::multiset<std::string> known, tried;
  for (const Json& method : zinit.result("rpc.discover")["methods"].elements())
    known.insert(method["name"].text());
  const auto answered = [&](const std::string& row) {
    const std::string method = row.substr(0, row.find(' '));
    const std::string params =
        std::regex_replace(row.substr(method.size()), std::regex("\\$D"), zinit.folder());
    tried.insert(method);
    const Json answer = client.call(method, params), error = answer["error"];
    if (error["code"] == -32602) return "invalid_params"s;
    if (!error.is_null()) return error["data"]["name"].text();
    return answer["result"].is_null() ? "null"s : "answered"s;
  };
  CHECK_GOLDEN_ROWS("every_method", answered);
  CHECK(tried == known);
}

TEST_CASE("every verb is used by a scenario", "[ctl]") {
  const std::string tests = sources_of_tests();
  int verbs = 0;
  for (const std::string& verb : words_for({""})) {
    INFO(verb);
    ++verbs;
    const bool used = tests.find('"' + verb + '"') != std::string::npos ||
                      tests.find("zinitctl " + verb) != std::string::npos;
    CHECK(used);
  }
  CHECK(verbs > 30);
  for (const std::string& verb : words_for({"xinet", ""})) {
    INFO("xinet " << verb);
    const bool used = tests.find("\"xinet\", \"" + verb + '"') != std::string::npos ||
                      tests.find("zinitctl xinet " + verb) != std::string::npos;
    CHECK(used);
  }
}

}  // namespace
}  // namespace zinit::test::control_every_method
