// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Combinations of keys of [limits], [process] and [resources].
#include "config/keys.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_process {

TEST_CASE("what is said of a log file without one has no effect, and is told so",
          "[config][keys]") {
  CHECK(ServiceSpec{}.logging->file_max_bytes == 10485760);
  CHECK(ServiceSpec{}.logging->file_keep == 5);
  const auto spec = parse_spec("[service]\nexec = 'run'\n[logging]\nfile_keep = 2\n", "f.toml");
  REQUIRE(spec.diagnostics.size() == 1);
  CHECK(to_text(spec.diagnostics[0]) ==
        "f.toml:4:13: warning: logging.file_keep: has no effect without file");
}

TEST_CASE("sinks of a service whose output goes to its terminal have no effect, and are told so",
          "[config][keys]") {
  const auto told = [](const std::string& service) {
    Texts texts;
    const auto spec = parse_spec("[service]\nexec = 'run'\n" + service +
                                     "[logging]\nfile = '/f'\nfile_keep = 2\n"
                                     "syslog = 'unix:/dev/log'\nforward = 'tcp:h:1'\n",
                                 "f.toml");
    for (const auto& diagnostic : spec.diagnostics) texts.push_back(to_text(diagnostic));
    return texts;
  };
  const std::string why = ": has no effect with service.tty, whose output is not captured";
  CHECK(told("tty = '/dev/tty1'\n") == Texts{"f.toml:5:8: warning: logging.file" + why,
                                             "f.toml:7:10: warning: logging.syslog" + why,
                                             "f.toml:8:11: warning: logging.forward" + why});
  CHECK(told("").empty());
  CHECK(told("tty = '/dev/tty1'\npre_exec = 'true'\n").empty());  // its output is captured
}

TEST_CASE("a priority without a scheduler that has priorities is an error", "[config][keys]") {
  const auto messages = [](const std::string& lines) {
    Texts texts;
    for (const auto& diagnostic :
         parse_spec("[service]\nexec = 'x'\n[process]\n" + lines, "f.toml").diagnostics)
      texts.push_back(to_text(diagnostic));
    return texts;
  };
  const Texts alone{
      "f.toml:4:12: error: process.priority: 5 requires the scheduler \"fifo\" or \"rr\""};
  CHECK(messages("priority = 5") == alone);
  CHECK(messages("priority = 5\nscheduler = 'batch'") == alone);
  CHECK(messages("priority = 5\nscheduler = 'rr'").empty());
  CHECK(messages("io_priority = 5\nio_class = 'idle'") ==
        Texts{"f.toml:4:15: warning: process.io_priority: has no effect with io_class \"idle\""});
}

TEST_CASE("a limit that is set again replaces the first, and order is no change",
          "[config][keys]") {
  ServiceSpec spec;
  Destination to{&spec, nullptr};
  const auto set = [&](std::string_view name, std::int64_t number) {
    Value value;
    value.type = ValueType::integer;
    value.integer = number;
    const Key& key = *find_key("limits", name);
    key.store(to, key, value);
  };
  set("locks", 1);
  set("nofile", 2);
  set("core", 3);
  set("nofile", 4);
  CHECK(spec.limits == std::vector<LimitSetting>{
                           {Limit::nofile, 4, 4}, {Limit::core, 3, 3}, {Limit::locks, 1, 1}});
}

TEST_CASE("a memory_high above memory_max is a warning", "[config][keys]") {
  const auto parsed = parse_spec(
      "[service]\nexec = 'x'\n[resources]\nmemory_max = '1M'\nmemory_high = '2M'\n", "f.toml");
  REQUIRE(parsed.diagnostics.size() == 1);
  CHECK(to_text(parsed.diagnostics[0]) ==
        "f.toml:5:15: warning: resources.memory_high: is above memory_max and has no effect");
}

}  // namespace zinit::test::config_process
