// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The wrong files: see wrong_files.hpp.
#include "scenario/harness/wrong_files.hpp"
#include "scenario/harness.hpp"

namespace zinit::test {

namespace {

const std::string kGood = "[service]\nexec = 'sleep 100000'\n";

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

std::string WrongFile::service() const {
  std::string name = file.substr(0, file.size() - 5);
  for (char& c : name) {
    if (std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-").find(c) ==
        std::string::npos) {
      c = '_';
    }
  }
  return name;
}

const std::vector<WrongFile>& wrong_files() {
  static const std::vector<WrongFile> all = {
      // --- not TOML
      {"syntax.toml", "", "", "[service\nexec = 'x'\n"},
      {"twice.toml", "3:", "", "[service]\nexec = 'sleep 1'\nexec = 'sleep 2'\n"},
      {"open-string.toml", "2:", "", "[service]\nexec = 'never ends\n"},
      {"not-utf8.toml", "2:", "", "[service]\nexec = 'a\xff\xfe'\n"},
      {"nul.toml", "", "", std::string("[service]\nexec = 'a\0b'\n", 22)},
      {"binary.toml", "1:", "",
       "\x7f"
       "ELF\x02\x01\x01"},
      {"deep.toml", "2:", "", "[service]\nexec = " + nested(5000) + "\n"},
      {"bad name !.toml", "1:", "", "nonsense\n"},
      // --- the content is not a service
      {"empty.toml", "1:", "service", ""},
      {"both.toml", "", "target", kGood + "[target]\n"},
      // --- a wrong type
      {"type-exec.toml", "2:8", "service.exec", "[service]\nexec = 5\n"},
      {"type-section.toml", "1:", "service", "service = 'x'\n"},
      // --- out of range
      {"range-huge.toml", "4:", "", kGood + "[lifecycle]\nmax_restarts = 99999999999999999999\n"},
      // --- names
      {"name-blank.toml", "2:8", "service.name",
       "[service]\nname = 'two words'\nexec = 'sleep 1'\n"},
      {"name-long.toml", "2:8", "128",
       "[service]\nname = '" + std::string(129, 'n') + "'\nexec = 'sleep 1'\n"},
      {"name-taken.toml", "2:8", "service.name", "[service]\nname = 'zinit'\nexec = 'sleep 1'\n"},
      // --- contradictions
      {"oneshot-always.toml", "5:11", "lifecycle.restart",
       kGood + "oneshot = true\n[lifecycle]\nrestart = 'always'\n"},
      {"delay-max.toml", "5:24", "lifecycle.restart_delay_max_ms",
       kGood + "[lifecycle]\nrestart_delay_ms = 100\nrestart_delay_max_ms = 99\n"},
  };
  return all;
}

}  // namespace zinit::test
