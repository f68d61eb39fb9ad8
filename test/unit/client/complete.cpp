// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The input of the shells' completions.
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_complete {

TEST_CASE("words are completed by verbs, options, values and the names that fit", "[client]") {
  const auto completed = [](const std::string& line) {
    CannedServer server(
        {{"service.list_full", result(R"([{"name":"db","state":"running","kind":"service"},)"
                                      R"({"name":"off","state":"inactive","kind":"service"},)"
                                      R"({"name":"broken","state":"failed","kind":"service"},)"
                                      R"({"name":"all","state":"running","kind":"target"}])")},
         {"system.info", result(R"({"config":{"templates":["getty@"]}})")}});
    Texts words{"__complete", "--socket", server.path()};
    for (const std::string& word : words_of_line(line)) words.push_back(word == "''" ? "" : word);
    const std::string out = run(std::move(words)).out;
    std::string all;
    for (const std::string_view word : split(out, '\n'))
      all += std::string(word.substr(0, word.find('\t'))) + " ";  // without its help
    return std::string(trim(all));
  };
  CHECK_GOLDEN_ROWS("complete", completed);
}

TEST_CASE("options are completed with their help", "[client]") {
  CHECK_THAT(run({"__complete", "list", "--st"}).out, StartsWith("--state\tonly "));
}

TEST_CASE("without a server there are no names, and no error", "[client]") {
  const Ran ran = run({"__complete", "--socket", "/nowhere/zinit.sock", "start", ""});
  CHECK(ran.status == 0);
  CHECK(ran.out.empty());
  CHECK(ran.err.empty());
  CHECK(run({"__complete"}).status == 0);
}

}  // namespace zinit::test::client_complete
