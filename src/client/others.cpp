// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Effects of requests on other services: see others.hpp.
#include "client/others.hpp"

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/text_block.hpp"

namespace zinit {

void Others::add(const JsonValue& answer) {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    for (std::string& name : json_strings(answer, kKinds[i].member))
      names_[i].insert(std::move(name));
}

void Others::leave_out(const std::string& name) {
  for (auto& names : names_) names.erase(name);
}

std::string Others::text(const Terminal& terminal) const {
  std::string text;
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (names_[i].empty()) continue;
    const std::vector<std::string> names(names_[i].begin(), names_[i].end());
    std::vector<BlockWord> words = words_of(kKinds[i].words);
    for (BlockWord& word : name_list(names, Colour::none)) words.push_back(std::move(word));
    if (i >= kFirstDown) {
      words.back().text += ";";
      const std::string how = kKinds[i].member == kLeft
                                  ? fmt::format("`zinitctl start {}` starts {}", join(names, " "),
                                                names.size() == 1 ? "it" : "them")
                                  : fmt::format("`zinitctl why {}` says why", names.front());
      for (BlockWord& word : words_of(printable(how))) words.push_back(std::move(word));
    }
    text += wrapped(terminal, 0, 4, words);
  }
  return text;
}

}  // namespace zinit
