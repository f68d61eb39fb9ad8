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
      {"no-value.toml", "2:", "", "[service]\nexec =\n"},
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
      {"comment.toml", "1:", "service", "# nothing\n"},
      {"both.toml", "", "target", kGood + "[target]\n"},
      {"no-exec.toml", "1:", "service.exec", "[service]\noneshot = true\n"},
      // --- a wrong type
      {"type-exec.toml", "2:8", "service.exec", "[service]\nexec = 5\n"},
      {"type-array.toml", "2:", "service.exec", "[service]\nexec = ['a', 5]\n"},
      {"type-bool.toml", "3:11", "service.oneshot", kGood + "oneshot = 'yes'\n"},
      {"type-integer.toml", "4:20", "lifecycle.restart_delay_ms",
       kGood + "[lifecycle]\nrestart_delay_ms = '5'\n"},
      {"type-float.toml", "4:20", "lifecycle.restart_delay_ms",
       kGood + "[lifecycle]\nrestart_delay_ms = 1.5\n"},
      {"type-names.toml", "4:12", "dependencies.requires",
       kGood + "[dependencies]\nrequires = 'a'\n"},
      {"type-table.toml", "3:7", "service.env", kGood + "env = 'A=b'\n"},
      {"type-section.toml", "1:", "service", "service = 'x'\n"},
      {"type-env.toml", "3:", "service.env", kGood + "env = { A = 5 }\n"},
      // --- out of range
      {"range-low.toml", "4:20", "lifecycle.restart_delay_ms",
       kGood + "[lifecycle]\nrestart_delay_ms = -1\n"},
      {"range-high.toml", "4:20", "86400000", kGood + "[lifecycle]\nrestart_delay_ms = 86400001\n"},
      {"range-huge.toml", "4:", "", kGood + "[lifecycle]\nmax_restarts = 99999999999999999999\n"},
      {"range-zero.toml", "4:19", "lifecycle.stop_timeout_ms",
       kGood + "[lifecycle]\nstop_timeout_ms = 0\n"},
      {"range-word.toml", "4:11", "on-failure", kGood + "[lifecycle]\nrestart = 'sometimes'\n"},
      {"range-status.toml", "3:10", "ignore", kGood + "status = 'on'\n"},
      {"range-class.toml", "3:9", "system", kGood + "class = 'root'\n"},
      {"range-timeout.toml", "4:20", "infinity",
       kGood + "[lifecycle]\nstart_timeout_ms = 'forever'\n"},
      {"range-signal.toml", "4:15", "lifecycle.stop_signal",
       kGood + "[lifecycle]\nstop_signal = 'SIGNONE'\n"},
      {"range-signal-number.toml", "4:15", "lifecycle.stop_signal",
       kGood + "[lifecycle]\nstop_signal = 99\n"},
      {"range-success.toml", "4:", "lifecycle.success", kGood + "[lifecycle]\nsuccess = [256]\n"},
      {"range-umask.toml", "3:9", "service.umask", kGood + "umask = '999'\n"},
      {"range-buffer.toml", "4:16", "logging.buffer_lines",
       kGood + "[logging]\nbuffer_lines = 1000001\n"},
      {"range-bytes.toml", "4:16", "logging.buffer_bytes",
       kGood + "[logging]\nbuffer_bytes = 4095\n"},
      {"empty-exec.toml", "2:8", "service.exec", "[service]\nexec = ''\n"},
      {"empty-array.toml", "2:8", "service.exec", "[service]\nexec = []\n"},
      {"empty-program.toml", "2:", "service.exec", "[service]\nexec = ['']\n"},
      // --- names
      {"name-blank.toml", "2:8", "service.name",
       "[service]\nname = 'two words'\nexec = 'sleep 1'\n"},
      {"name-dash.toml", "2:8", "service.name", "[service]\nname = '-x'\nexec = 'sleep 1'\n"},
      {"name-long.toml", "2:8", "128",
       "[service]\nname = '" + std::string(129, 'n') + "'\nexec = 'sleep 1'\n"},
      {"name-taken.toml", "2:8", "service.name", "[service]\nname = 'zinit'\nexec = 'sleep 1'\n"},
      {"name-syslog.toml", "2:8", "service.name", "[service]\nname = 'syslog'\nexec = 'sleep 1'\n"},
      {"name-of-other.toml", "4:", "dependencies.requires",
       kGood + "[dependencies]\nrequires = ['a b']\n"},
      // --- contradictions
      {"oneshot-always.toml", "5:11", "lifecycle.restart",
       kGood + "oneshot = true\n[lifecycle]\nrestart = 'always'\n"},
      {"empty-path.toml", "4:2", "path", kGood + "oneshot = true\n[path]\n"},
      {"empty-timer.toml", "4:2", "timer", kGood + "oneshot = true\n[timer]\n"},
      {"delay-max.toml", "5:24", "lifecycle.restart_delay_max_ms",
       kGood + "[lifecycle]\nrestart_delay_ms = 100\nrestart_delay_max_ms = 99\n"},
  };
  return all;
}

}  // namespace zinit::test
