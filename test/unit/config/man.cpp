// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The files of etc, compared with the table of keys. `test/lint/docs` compares zinit.toml(5).
#include <span>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "config/check.hpp"
#include "config/keys.hpp"
#include "config/settings.hpp"
#include "support/test.hpp"

namespace zinit::test::config_man {

TEST_CASE("the zinit.toml that is installed has every setting with its default", "[config][man]") {
  const auto file = read_file("etc/zinit.toml", std::size_t{1} << 16);
  if (!file) return test::skip("the tests do not run in the root of the repository");
  std::string text;  // without the mark of a commented setting; other comments have a blank
  for (const std::string_view line : split(*file, '\n')) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    text.append(is_setting ? line.substr(1) : line).push_back('\n');
  }
  std::vector<Diagnostic> faults;
  CHECK(parse_settings(text, "etc/zinit.toml", faults).defaults.size() == 2);
  for (const Diagnostic& fault : faults) CHECK(to_text(fault) == "");
  for (const Key& key : all_keys()) {
    if (!key.section.empty()) continue;
    const std::string line = std::string(key.name) + " = " + std::string(key.default_text);
    INFO(line);
    CHECK(text.find("\n" + line) != std::string::npos);
  }
}

TEST_CASE("the sample system of etc is without a fault", "[config][check]") {
  const std::string samples = "etc/sample";
  const CheckResult result = check_paths(std::span(&samples, 1));
  if (result.files == 0) return test::skip("the tests do not run in the root of the repository");
  for (const Diagnostic& diagnostic : result.diagnostics) {
    CHECK(to_text(diagnostic) == "");
  }
  CHECK(result.exit_code() == 0);
}

}  // namespace zinit::test::config_man
