// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the readers of the kernel command line and of the small files of a boot. The user who
// starts the machine writes these, and a wrong line must not stop the boot.
#include "fuzz/fuzz.hpp"

#include "base/environment.hpp"
#include "config/options.hpp"
#include "os/console.hpp"
#include "os/kernel_command_line.hpp"
#include "os/net.hpp"

namespace zinit::fuzz {
namespace {

void check_kernel_line(std::string_view text) {
  const std::vector<std::string> words = kernel_words(text);
  // Each word, put in quotes, is read as the same word.
  std::string again;
  for (const std::string& word : words) {
    require(!word.empty() && word.find('"') == std::string::npos);
    again += '"' + word + "\" ";
  }
  require(kernel_words(again) == words);
  const KernelOptions options = parse_kernel_options(text);
  require(options.faults.size() <= words.size());
  const KernelOptions same = parse_kernel_options(again);
  require(same.target == options.target && same.log_level == options.log_level &&
          same.config_dir == options.config_dir && same.shell == options.shell);
  require(parse_kernel_options(std::string(again) + "zinit.target=last").target == "last");

  const std::vector<std::string> consoles = console_paths(text);
  require(!consoles.empty() && consoles.size() <= 2 && consoles.back() == "/dev/console");
  for (const std::string& path : consoles)
    require(path.starts_with("/dev/") && path.find('/', 5) == std::string::npos);
  (void)parse_server_options(words);
}

void check_environment(std::string_view text) {
  const EnvironmentText read = parse_environment_text(text);
  require(read.faulty.size() <= kMostFaulty && read.faulty.size() <= read.faulty_count);
  std::string again;
  for (const std::string& entry : read.settings) {
    require(entry.find('\0') == std::string::npos);
    const auto equals = entry.find('=');
    require(equals != std::string::npos && equals > 0);
    require(entry.find('\n') > equals);  // a value in quotes may have several lines
    std::string value;
    for (const char c : entry.substr(equals + 1)) {
      if (std::string_view("\"\\$`").find(c) != std::string_view::npos) value += '\\';
      value += c;
    }
    again += entry.substr(0, equals + 1) + '"' + value + "\"\n";
  }
  require(parse_environment_text(again).settings == read.settings);
  Environment merged;
  set_environment(merged, read.settings);
  for (const std::string& entry : read.settings)
    require(value_of(merged, entry.substr(0, entry.find('='))).has_value());
}

}  // namespace

std::set<std::string> words() {
  return words_in(
      "zinit.target= zinit.log_level= debug zinit.config_dir= zinit. single rescue emergency "
      "console= ttyS0,115200 null -- \" export\t PATH= \\$ # --socket= \n");
}

void look_at(std::string_view input) {
  check_kernel_line(input);
  check_environment(input);
  if (const auto name = parse_hostname(input)) {
    require(!name->empty() && name->find('\n') == std::string::npos);
    require(parse_hostname(*name) == name);
  }
}

}  // namespace zinit::fuzz
