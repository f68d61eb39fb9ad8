// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Values with more rules than a row of the table of keys can hold: values that depend on another
// key, that have their own message, or that are set twice.
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_values {
namespace {

Texts texts_of(const ParsedSpec& parsed) {
  Texts texts;
  for (const Diagnostic& diagnostic : parsed.diagnostics) texts.push_back(to_text(diagnostic));
  return texts;
}

Texts messages_of(const std::string& text) { return texts_of(parse_spec(text, "f.toml")); }

TEST_CASE("a variable of env is told by its own name", "[config][keys]") {
  const auto messages = [](const std::string& value) {
    return messages_of("[service]\nenv = " + value + "\nexec = \"run\"\n");
  };
  CHECK(messages("{A = 1, B = ['x']}") ==
        Texts{"f.toml:2:12: error: service.env.A: is an integer, must be a "
              "string, or false to take the variable out",
              "f.toml:2:19: error: service.env.B: is an array, must be a "
              "string, or false to take the variable out"});
  CHECK(messages(R"({A = "x\u0000"})") ==
        Texts{"f.toml:2:12: error: service.env.A: contains a NUL character, which is not allowed"});
  CHECK(messages("{'a=b' = 'x'}") ==
        Texts{"f.toml:2:8: error: service.env: invalid variable name \"a=b\", "
              "must not be empty or contain = or NUL"});
  CHECK(messages("{'' = 'x'}") ==
        Texts{"f.toml:2:8: error: service.env: invalid variable name \"\", must "
              "not be empty or contain = or NUL"});
}

TEST_CASE("a dependency that is listed twice is a warning", "[config][keys]") {
  const ParsedSpec parsed =
      parse_spec("[dependencies]\nafter = ['a', 'b', 'a']\n[service]\nexec = 'run'\n", "f.toml");
  CHECK(texts_of(parsed) ==
        Texts{"f.toml:2:20: warning: dependencies.after: \"a\" is listed twice"});
  CHECK(parsed.spec->dependencies->after.size() == 3);
}

TEST_CASE("of reload_exec and reload_signal there may be one", "[config][keys]") {
  const std::string service = "[service]\nexec = 'x'\nreload_signal = 'HUP'\n";
  CHECK(messages_of(service + "reload_exec = 'y'\n") ==
        Texts{"f.toml:3:17: error: service.reload_signal: cannot be used with reload_exec"});
}

}  // namespace
}  // namespace zinit::test::config_values
