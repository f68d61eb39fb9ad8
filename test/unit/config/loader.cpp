// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Directories of service files: good files beside everything else that may lie there.
#include "config/loader.hpp"
#include "config/directory.hpp"
#include "support/test.hpp"
#include "unit/config/tree.hpp"

namespace zinit::test::config_loader {
namespace {

constexpr const char* kGood = "[service]\nexec = 'run'\n";

LoadedConfig load(const TempDir& directory) {
  return load_config(std::vector<ConfigDirectory>{{directory.path()}}, "");
}

TEST_CASE("directories of files are loaded as the golden file has them", "[config][loader]") {
  CHECK_GOLDEN_CASES("loader", answered_tree);
}

TEST_CASE("a wrong file harms only itself", "[config][loader]") {
  const TempDir directory;
  const auto padded_to = [](std::size_t size) {
    std::string text = kGood;
    return text + "#" + std::string(size - text.size() - 1, 'x');
  };
  const std::string big = directory / "h-mib1.toml";
  const struct {
    std::string name, text, error;  // without an error: a good file
  } rows[] = {
      {"a-good", kGood, ""},
      {"b-empty", "", "1:1: error: there is no [service], [target] or [proxy] section"},
      {"c-utf8", "[service]\nexec = '\xFF'\n",
       "2:9: error: byte 0xff is not UTF-8, which a TOML file must be"},
      {"d-nul", "[service]\nexec = 'a\0b'\n"s,
       "2:10: error: control character 0x00, which is not allowed"},
      {"e-deep", "a = " + std::string(100000, '['),
       "1:36: error: nested too deep, must be at most 32 levels"},
      {"f-big", "[service]\nexec='run'\n[lifecycle]\nmax_restarts=99999999999999999999",
       "4:14: error: lifecycle.max_restarts: 99999999999999999999 is an integer out of range "
       "(64 bits), must be an integer of at least 0, or \"infinity\""},
      {"g-mib", padded_to(kMaxFileBytes), ""},
      {"h-mib1", padded_to(kMaxFileBytes + 1),
       "1:1: error: cannot read " + big + ": it is larger than 1048576 bytes"},
      {"i-crlf", "\xEF\xBB\xBF[service]\r\nexec = 'run'\r\n", ""},
      {"j-binary", "\x7f\x45LF\x02\x01\x01\0\0\0"s,
       "1:1: error: control character 0x7f, must be written as \\u007f"},
      {"z-good", kGood, ""},
  };
  Texts expected, found;
  for (const auto& row : rows) {
    const std::string path = directory.write(row.name + ".toml", row.text);
    expected.push_back(row.name + (row.error.empty() ? "" : " " + path + ":" + row.error));
  }
  const LoadedConfig loaded = load(directory);
  for (const SpecPtr& spec : loaded.specs) {
    found.push_back(spec->name);
    for (const std::string& error : spec->findings->errors) found.back() += " " + error;
  }
  CHECK(found == expected);
  CHECK(loaded.messages.empty());
}

TEST_CASE("a file that may not be read is a failed service", "[config][loader]") {
  const TempDir directory;
  const std::string path = directory.write("a.toml", kGood, 0);
  const LoadedConfig loaded = load(directory);
  REQUIRE(loaded.specs.size() == 1);
  const bool readable = ::access(path.c_str(), R_OK) == 0;  // root can read it nevertheless
  CHECK(loaded.specs[0]->findings->errors ==
        (readable ? Texts{}
                  : Texts{path + ":1:1: error: cannot open " + path + ": Permission denied"}));
}

TEST_CASE("a file that goes while it is read is as if it had never been there",
          "[config][loader]") {
  const TempDir directory;
  const std::vector<SourceFile> files = {{directory.write("a.toml", kGood), false, false},
                                         {directory / "gone.toml", false, false},
                                         {directory / "asked-for.toml", false, true}};
  const std::vector<ParsedSpec> parsed = parse_files(files);
  REQUIRE(parsed.size() == 2);
  CHECK(parsed[0].spec->name == "a");
  CHECK(parsed[1].spec->name == "asked-for");
  CHECK(parsed[1].diagnostics.size() == 1);
}

TEST_CASE(
    "a wrong setting has its default, and those of a running server count in place of a file's",
    "[config][loader]") {
  const TempDir directory;
  const std::string file =
      directory.write("zinit.toml", "log_level = 'debug'\nshutdown_timeout_ms = 'x'\n");
  const LoadedConfig read = load_config({}, file);
  CHECK(read.settings.log_level == LogLevel::debug);
  CHECK_FALSE(read.settings.shutdown_timeout);
  CHECK(read.settings_faults.size() == 1);
  const GlobalSettings settings;
  const LoadedConfig kept = load_config({}, file, {.settings = &settings});
  CHECK(kept.settings_faults.empty());
  CHECK_FALSE(kept.settings.log_level);
  directory.write("zinit.toml", "log_level = 'debug'\nno toml\n");
  CHECK_FALSE(load_config({}, file).settings.log_level);
  CHECK(load_config({}, directory / "none", {.settings_named = true}).incomplete->errnum == ENOENT);
}

TEST_CASE("a thousand files are loaded in order, soon, and leave no descriptor open",
          "[threads][config][loader]") {
  const TempDir directory;
  Texts expected, names;
  for (int i = 0; i < 1000; ++i) {
    expected.push_back("s" + std::to_string(1000 + i));
    directory.write(expected.back() + ".toml",
                    "[service]\nexec = '/bin/run --id " + expected.back() +
                        "'\ndescription = \"one of many\"\nenv = { A = \"1\", B = \"2\" }\n"
                        "[dependencies]\nafter = ['s1000']\n[lifecycle]\nrestart = \"always\"\n");
  }
  const auto before = test::open_descriptors();
  const auto start = std::chrono::steady_clock::now();
  const LoadedConfig loaded = load(directory);
  const auto taken = std::chrono::steady_clock::now() - start;
  for (const SpecPtr& spec : loaded.specs) names.push_back(spec->name);
  CHECK(names == expected);
  CHECK(test::open_descriptors() == before);
  // Takes some 40 ms on an idle machine; the limit is for sanitizers on a busy one.
  CHECK(taken < std::chrono::seconds(20));
}

}  // namespace
}  // namespace zinit::test::config_loader
