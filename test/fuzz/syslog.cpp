// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the reader of /dev/log: any bytes are a message whose parts lie within them.
#include "fuzz/fuzz.hpp"

#include <functional>

#include "io/syslog_message.hpp"

namespace zinit::fuzz {
namespace {

bool lies_in(std::string_view part, std::string_view whole) {
  const std::less_equal<> no_later;
  return part.empty() || (no_later(whole.data(), part.data()) &&
                          no_later(part.data() + part.size(), whole.data() + whole.size()));
}

}  // namespace

std::set<std::string> words() {
  return words_in("<34>|<34>1 |Jan  5 06:07:08 |web[1]: |[a b=\"|\"]", '|');
}

void look_at(std::string_view input) {
  const SyslogMessage message = parse_syslog(input);
  require(message.severity >= 0 && message.severity <= 7);
  require(!severity_name(message.severity).empty());
  require(lies_in(message.tag, input));
  require(lies_in(message.text, input));
  require(message.tag.size() <= 128);
  require(message.tag.find_first_of(" \n") == std::string_view::npos);
}

}  // namespace zinit::fuzz
