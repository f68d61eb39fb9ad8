// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Names of services, and which changes of a file need a restart.
#include "model/spec.hpp"
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::model_spec {
namespace {

/// A service after a change of its file, `SECTION.KEY = VALUE`.
SpecPtr changed(const std::string& line, const std::string& file = "web.toml") {
  std::string text;
  for (const std::string own : {"service.exec = 'webd'", "dependencies.requires = ['db']"})
    if (!line.starts_with(own.substr(0, own.find(' ') + 1))) text += own + "\n";
  const ParsedSpec parsed = parse_spec(line + "\n" + text, file);
  for (const std::string& message : messages_of(parsed)) UNSCOPED_INFO(message);
  CHECK_FALSE(parsed.spec->broken());
  return parsed.spec;
}

std::string words(const ServiceSpec& before, const ServiceSpec& after) {
  const SpecChange change = compare(before, after);
  const auto causes = restart_causes(before, after);
  CHECK((change == SpecChange::restart) != causes.empty());
  if (change == SpecChange::restart) return "restart, for " + join(std::span(causes), ", ");
  return change == SpecChange::settings ? "settings" : "none";
}

TEST_CASE("a change needs a restart if the process was made from it", "[model][spec]") {
  const SpecPtr before = changed("");
  CHECK_GOLDEN_ROWS("changes",
                    [&](const std::string& line) { return words(*before, *changed(line)); });
  CHECK(words(*before, *changed("\n# other places in the file", "other.toml")) == "none");
  ServiceSpec warned = *before;
  warned.findings.edit().warnings = {"web.toml:1:1: warning: x"};
  CHECK(words(*before, warned) == "none");
  CHECK(words(*before, *changed("service.umask = '077'\nservice.description = 'x'")) ==
        "restart, for umask");
  ServiceSpec target = *before;
  target.kind = Kind::target;
  CHECK(compare(*before, target) == SpecChange::restart);
}

TEST_CASE("a name is 1 to 128 of a few characters and begins with a letter or digit",
          "[model][spec]") {
  for (const std::string& good :
       {"a"s, "9p"s, "web-1.x_y@z"s, std::string(128, 'n'), "cgroup.procs"s, "Zinit"s, "zinit2"s}) {
    INFO(good);
    CHECK(name_fault(good) == std::nullopt);
  }
  for (const std::string& bad : {""s, std::string(129, 'n'), "-a"s, ".a"s, "_a"s, "@a"s, "a b"s,
                                 "a/b"s, "a\n"s, "gr\xC3\xBC"s, "a\0b"s, "zinit"s, "syslog"s}) {
    INFO(bad);
    CHECK(name_fault(bad).has_value());
  }
}

}  // namespace
}  // namespace zinit::test::model_spec
