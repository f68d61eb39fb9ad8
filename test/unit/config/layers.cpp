// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One service from several files: the vendor's and the administrator's, masks, drop-ins
// (zinit.toml(5), "Where files are read").
#include "config/directory.hpp"
#include "config/keys.hpp"
#include "config/loader.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"
#include "unit/config/tree.hpp"

namespace zinit::test::config_layers {
namespace {

const std::string kExec = "[service]\nexec = 'a'\n";

ServiceSpec read_with(const ServiceDefaults& defaults, const std::string& text) {
  const ParsedSpec parsed = read_spec(
      {"a.toml"}, defaults, [&](const std::string&) { return Result<std::string>(text); });
  CHECK(messages_of(parsed) == Texts{});
  return *parsed.spec;
}

TEST_CASE("layers of files become services as the golden file has them", "[config][layers]") {
  CHECK_GOLDEN_CASES("layers", answered_tree);
}

TEST_CASE("a drop-in that goes while it is read is left out, one that cannot be read is a fault",
          "[config][layers]") {
  const TempDir directory;
  SourceFile file{directory.write("a.toml", kExec)};
  file.drop_ins = {directory / "gone.toml", directory / "dangling.toml"};
  REQUIRE(::symlink("/nonexistent", file.drop_ins[1].c_str()) == 0);
  CHECK(messages_of(read_spec(file)) == Texts{file.drop_ins[1] + ":1:1: error: cannot open " +
                                              file.drop_ins[1] + ": No such file or directory"});
}

TEST_CASE("[defaults] are defaults of every service, and of no target", "[config][layers]") {
  std::vector<Diagnostic> faults;
  const ServiceDefaults defaults = parse_settings(
                                       "[defaults]\nrestart = 'always'\nstop_timeout_ms = 5\n"
                                       "buffer_lines = 7\nrestart_delay_max_ms = 50\n"
                                       "start_timeout_ms = 9\n",
                                       "zinit.toml", faults)
                                       .defaults;
  CHECK(faults.empty());
  const ServiceSpec plain = read_with(defaults, kExec);
  CHECK(plain.lifecycle.restart == RestartPolicy::always);
  CHECK(plain.lifecycle.stop_timeout == Milliseconds(5));
  CHECK(plain.logging->buffer_lines == 7);
  CHECK(plain.lifecycle.restart_delay_max == Milliseconds(1000));  // never below the delay

  const ServiceSpec own = read_with(
      defaults, kExec + "[lifecycle]\nstop_timeout_ms = 6\n[logging]\nbuffer_lines = 8\n");
  CHECK(own.lifecycle.stop_timeout == Milliseconds(6));
  CHECK(own.logging->buffer_lines == 8);

  // A oneshot cannot have "always", so the default does not apply to it.
  const ServiceSpec oneshot = read_with(defaults, kExec + "oneshot = true\n");
  CHECK(oneshot.lifecycle.restart == RestartPolicy::never);
  CHECK(oneshot.lifecycle.start_timeout == Milliseconds(9));

  CHECK(read_with(defaults, "[target]\n").logging->buffer_lines == 1000);
}

TEST_CASE("--console is a default that wins over [defaults], and not over a service's own key",
          "[config][layers]") {
  std::vector<Diagnostic> faults;
  for (const std::string text : {"", "[defaults]\nconsole = false\nbuffer_lines = 7\n"}) {
    GlobalSettings settings = parse_settings(text, "zinit.toml", faults);
    default_to_console(settings, ConsoleMode::lines);
    CHECK(settings.defaults.size() == (text.empty() ? 1 : 2));
    const auto console = [&](const std::string& more) {
      return read_with(settings.defaults, kExec + more).logging->console;
    };
    CHECK(console("") == ConsoleMode::lines);
    CHECK(console("[logging]\nconsole = false\n") == ConsoleMode::no);
  }
}

TEST_CASE("every key of the sections of [defaults] is one", "[config][layers]") {
  for (const std::string_view section : defaultable_sections()) {
    for (const Key& key : section_keys(section)) {
      INFO(full_name(key));
      std::vector<Diagnostic> faults;
      const std::string line = std::string(key.name) + " = " + std::string(key.example);
      const auto defaults = parse_settings("[defaults]\n" + line, "z", faults).defaults;
      CHECK(faults.empty());
      REQUIRE(defaults.size() == 1);
      CHECK(defaults[0].first == &key);
    }
  }
}

TEST_CASE("a file that is replaced by one that looks the same has changed", "[config][layers]") {
  namespace fs = std::filesystem;
  const TempDir directory;
  const std::string file = directory.write("a.toml", kExec), copy = directory / "copy";
  const SpecPtr spec = finish(read_spec({file}));
  CHECK(changed_file(*spec) == "");
  fs::copy(file, copy);
  fs::last_write_time(copy, fs::last_write_time(file));
  fs::rename(copy, file);
  CHECK(changed_file(*spec) == file);
  CHECK(changed_file(ServiceSpec()) == "");  // it has no file
}

}  // namespace
}  // namespace zinit::test::config_layers
