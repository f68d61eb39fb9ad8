// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Runs zinitctl with canned answers: see zinitctl.hpp.
#include "unit/client/zinitctl.hpp"
#include "support/test.hpp"

#include "base/text.hpp"
#include "client/libzinit/json.hpp"

namespace zinit::test {

std::string status_json(const std::string& name, const std::string& state,
                        const std::string& more) {
  const std::string summary = state == "running"  ? "running"
                              : state == "failed" ? "error"
                                                  : "stopped";
  return R"({"name":")" + name + R"(","kind":"service","state":")" + state + R"(","summary":")" +
         summary + R"(","wish":"up","class":"user","status":"start")" +
         (more.empty() ? "" : "," + more) + "}";
}

std::string result(const std::string& json) { return "\"result\":" + json; }

Texts words_of_line(const std::string& line) {
  Texts words;
  for (const std::string_view word : split(line, ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

std::size_t longest_line(const std::string& text) {
  std::size_t longest = 0;
  for (const std::string_view line : split(text, '\n'))
    longest = std::max(longest, display_width(line));
  return longest;
}

Ran run(Texts words, Terminal terminal) {
  StringPrinter printer(terminal);
  const int status = zinitctl(std::move(words), printer);
  return {status, printer.out_, printer.err_};
}

CannedServer::CannedServer(FromMap, const Answers& canned)
    : server_([answers = canned](Peer& peer) {
        for (std::string line = peer.read_line(); !line.empty(); line = peer.read_line()) {
          const JsonDocument request = parse_json(line);
          const auto found = answers.find(json_string(request, "method"));
          const std::string members =
              found != answers.end() ? found->second
                                     : R"("error":{"code":-32601,"message":"Method not found"})";
          peer.send(R"({"jsonrpc":"2.0","id":)" + id_of(line) + "," + members + "}\n");
        }
      }) {}

Ran CannedServer::run(Texts words, Terminal terminal) {
  words.insert(words.begin(), {"--socket", server_.path()});
  return test::run(std::move(words), terminal);
}

Texts CannedServer::requests() {
  Texts short_ones;
  for (const std::string& line : server_.requests()) {
    const JsonDocument request = parse_json(line);
    const JsonValue* params = json_member(request, "params");
    short_ones.push_back(json_string(request, "method") +
                         (params != nullptr ? " " + json_text(*params) : ""));
  }
  return short_ones;
}

}  // namespace zinit::test
