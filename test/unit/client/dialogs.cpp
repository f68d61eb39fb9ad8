// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What zinitctl prints for what a server answers. A case of dialogs.golden has lines `METHOD
// MEMBERS` for the answers; `$WIDTH WORDS` runs zinitctl at a terminal of this width, `$ WORDS` on
// a pipe, and `>` shows the requests since the last `>`. In its output, lines that begin with ! are
// of standard error, and = is the exit status if it is not 0.
#include <charconv>

#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_dialogs {
namespace {

/// The lines of a text behind a mark each.
std::string marked(std::string_view mark, std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::string all;
  if (text.empty()) return all;
  for (const std::string_view line : split(text, '\n'))
    all += std::string(mark) + std::string(line) + "\n";
  return all;
}

Terminal terminal_of(std::string_view width) {
  Terminal terminal;
  terminal.is_terminal = !width.empty();
  std::from_chars(width.data(), width.data() + width.size(), terminal.width);
  return terminal;
}

std::string dialog(const std::string& input) {
  CannedServer::Answers answers;
  const auto lines = split(input, '\n');
  for (const std::string_view line : lines)
    if (const auto end = line.find(' '); end != line.npos && !line.starts_with('$'))
      answers.emplace(line.substr(0, end), line.substr(end + 1));
  CannedServer server(CannedServer::FromMap{}, answers);
  std::string all;
  std::size_t shown = 0;
  for (const std::string_view line : lines) {
    if (line.starts_with('$')) {
      const auto end = line.find(' ');
      const Ran ran = server.run(words_of_line(std::string(line.substr(end))),
                                 terminal_of(line.substr(1, end - 1)));
      all += std::string(line) + "\n" + marked("", ran.out) + marked("! ", ran.err);
      if (ran.status != 0) all += "= " + std::to_string(ran.status) + "\n";
    } else if (line == ">") {
      const auto requests = server.requests();
      for (; shown < requests.size(); ++shown) all += "> " + requests[shown] + "\n";
    }
  }
  return all;
}

TEST_CASE("zinitctl prints what the golden dialogs have", "[client]") {
  const TimeZone utc("UTC");  // times of day are local
  CHECK_GOLDEN_CASES("dialogs", dialog);
}

}  // namespace
}  // namespace zinit::test::client_dialogs
