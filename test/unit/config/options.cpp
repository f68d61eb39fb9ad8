// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A server's input from its command line, its environment and the kernel's command line:
// options.golden has command lines, and what becomes of them.
#include "config/options.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/environment.hpp"
#include "support/test.hpp"

namespace zinit::test::config_options {
namespace {

/// What is not as without any option, as `NAME=VALUE` and `NAME`.
std::string described(const std::vector<std::pair<std::string, std::string>>& values,
                      const std::vector<std::pair<std::string, bool>>& flags,
                      const std::vector<std::pair<std::string, Texts>>& lists) {
  Texts all;
  for (const auto& [name, value] : values)
    if (!value.empty()) all.push_back(name + "=" + value);
  for (const auto& [name, is_set] : flags)
    if (is_set) all.push_back(name);
  for (const auto& [name, list] : lists)
    if (!list.empty()) all.push_back(name + ": " + join(list, " / "));
  return join(all, ", ");
}

std::string word_of(std::optional<LogLevel> level) {
  return level ? std::string(log_level_name(*level)) : "";
}

std::string described(const ServerOptions& options) {
  return described(
      {{"config_dir", options.config_dir.value_or("")},
       {"config", options.config.value_or("")},
       {"socket", options.socket.value_or("")},
       {"log_level", word_of(options.log_level)},
       {"stop_signal", options.stop_signal.value_or("")}},
      {{"pid1_mode", options.pid1_mode},
       {"container", options.container},
       {"console", options.console},
       {"raw_console", options.raw_console},
       {"dashes", options.dashes},
       {"no forward", !options.forward}},
      {{"command", options.command}, {"words", options.words}, {"faults", options.faults}});
}

std::string described(const KernelOptions& options) {
  return described({{"target", options.target},
                    {"config_dir", options.config_dir.value_or("")},
                    {"log_level", word_of(options.log_level)}},
                   {{"shell", options.shell}}, {{"faults", options.faults}});
}

/// A row of options.golden.
std::string answer(const std::string& row) {
  const auto colon = row.find(": ");
  const std::string who = row.substr(0, colon), line = row.substr(colon + 2);
  if (who == "kernel") return described(parse_kernel_options(line + "\n"));
  if (who == "initramfs") return described(for_initramfs(parse_kernel_options(line)));
  Texts words;
  for (const std::string_view word : split(line, ' ')) words.emplace_back(word);
  if (who == "complete") return join(server_completions(words), " ");
  return described(parse_server_options(words, who == "command" ? Words::command : Words::none));
}

TEST_CASE("command lines are read as in the golden file", "[init][options]") {
  CHECK_GOLDEN_ROWS("options", answer);
}

TEST_CASE("each sign of a container counts by itself", "[init][options]") {
  const ServerOptions none;
  ServerOptions asked;
  asked.container = true;
  for (const bool machine : {false, true}) {
    const ContainerSigns signs{.machine = machine};
    CHECK_FALSE(in_container(none, {"PATH=/bin", "containers=x"}, signs));
    CHECK(in_container(asked, {}, signs));
    CHECK(in_container(none, {"ZINIT_CONTAINER=1"}, signs));
    CHECK(in_container(none, {"ZINIT_CONTAINER=yes"}, signs));
    CHECK_FALSE(in_container(none, {"ZINIT_CONTAINER=0"}, signs));
    CHECK(in_container(none, {"container=podman"}, signs));
    CHECK(in_container(none, {}, {.server = true, .machine = machine}) == !machine);
    CHECK(in_container(none, {}, {.marked = true, .machine = machine}) == !machine);
  }
}

TEST_CASE(
    "the log level of the command line wins over the environment's, and that over the "
    "kernel's; a wrong one is told",
    "[init][options]") {
  KernelOptions kernel;
  kernel.log_level = LogLevel::error;
  ServerOptions line;
  line.log_level = LogLevel::trace;
  Texts faults;
  const Environment warn{"ZINIT_LOG_LEVEL=warn"};
  CHECK(asked_log_level(line, warn, kernel, faults) == LogLevel::trace);
  CHECK(asked_log_level({}, warn, kernel, faults) == LogLevel::warn);
  CHECK(asked_log_level({}, {"ZINIT_LOG_LEVEL="}, kernel, faults) == LogLevel::error);
  CHECK(asked_log_level({}, {}, {}, faults) == std::nullopt);
  CHECK(faults.empty());
  CHECK(asked_log_level({}, {"ZINIT_LOG_LEVEL=loud"}, kernel, faults) == LogLevel::error);
  CHECK(faults.size() == 1);
}

TEST_CASE("of a service's environment the later wins, and without any it has a PATH",
          "[init][environment]") {
  CHECK(base_environment("", {}) ==
        Environment{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
  CHECK(base_environment("PATH=/etc-path\nLANG=etc\nTZ=etc\nTZ=second\n", {"LANG=own", "X=1"}) ==
        Environment{"PATH=/etc-path", "LANG=own", "TZ=second", "X=1"});
}

}  // namespace
}  // namespace zinit::test::config_options
