// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Directories of service files: good files beside everything else that may lie there.
#include "config/loader.hpp"
#include "config/directory.hpp"
#include "support/test.hpp"

namespace zinit::test::config_loader {
namespace {

constexpr const char* kGood = "[service]\nexec = 'run'\n";

LoadedConfig load(const std::vector<ConfigDirectory>& directories,
                  const std::string& settings = "") {
  return load_config(directories, settings);
}

Texts names_of(const LoadedConfig& loaded) {
  Texts names;
  for (const SpecPtr& spec : loaded.specs) names.push_back(spec->name);
  return names;
}

const ServiceSpec& spec_of(const LoadedConfig& loaded, std::string_view name) {
  for (const SpecPtr& spec : loaded.specs) {
    if (spec->name == name) return *spec;
  }
  FAIL("no service " << name);
  throw 0;
}

TEST_CASE("files are taken in byte order, directory after directory", "[config][loader]") {
  const TempDir a, b;
  for (const char* name : {"z.toml", "B.toml", "a.toml", "10.toml", "9.toml"}) a.write(name, kGood);
  b.write("c.toml", kGood);
  const LoadedConfig loaded = load({{a.path(), true, false}, {b.path() + "/", false, false}});
  CHECK(names_of(loaded) == Texts{"10", "9", "B", "a", "z", "c"});
  CHECK(loaded.messages.empty());
  CHECK(spec_of(loaded, "a").class_ == ServiceClass::system);
  CHECK(spec_of(loaded, "a").file == a / "a.toml");
  CHECK(spec_of(loaded, "c").class_ == ServiceClass::user);
  CHECK(spec_of(loaded, "c").file == b / "c.toml");
}

TEST_CASE("only files named like service files are read", "[config][loader]") {
  const TempDir directory;
  for (const char* name : {"a.toml.bak", ".b.toml", "c", "toml", "d.TOML", "e.toml~", ".toml"}) {
    directory.write(name, kGood);
  }
  directory.write("f.toml", kGood);
  const LoadedConfig loaded = load({{directory.path(), false, false}});
  CHECK(names_of(loaded) == Texts{"f"});
  CHECK(loaded.messages.empty());
}

TEST_CASE("links to files are read, and those to nothing are failed services", "[config][loader]") {
  const TempDir directory, elsewhere;
  elsewhere.write("x", kGood);
  REQUIRE(::symlink((elsewhere / "x").c_str(), (directory / "a.toml").c_str()) == 0);
  REQUIRE(::symlink((elsewhere / "none").c_str(), (directory / "b.toml").c_str()) == 0);
  REQUIRE(::symlink("c.toml", (directory / "c.toml").c_str()) == 0);
  const LoadedConfig loaded = load({{directory.path(), false, false}});
  CHECK(names_of(loaded) == Texts{"a", "b", "c"});
  CHECK_FALSE(spec_of(loaded, "a").broken());
  const std::string b = directory / "b.toml", c = directory / "c.toml";
  CHECK(spec_of(loaded, "b").findings->errors ==
        Texts{b + ":1:1: error: cannot open " + b + ": No such file or directory"});
  CHECK(spec_of(loaded, "c").findings->errors ==
        Texts{c + ":1:1: error: cannot open " + c + ": Too many levels of symbolic links"});
}

TEST_CASE("what is no regular file is told and left out, and nothing hangs", "[config][loader]") {
  const TempDir directory;
  REQUIRE(::mkfifo((directory / "fifo.toml").c_str(), 0600) == 0);
  REQUIRE(::mkdir((directory / "folder.toml").c_str(), 0700) == 0);
  REQUIRE(::symlink("/dev/null", (directory / "null.toml").c_str()) == 0);
  directory.write("good.toml", kGood);
  const LoadedConfig loaded = load({{directory.path(), false, false}});
  CHECK(names_of(loaded) == Texts{"good"});
  Texts expected;
  for (const char* name : {"fifo", "folder"}) {
    expected.push_back(directory / name + ".toml:1:1: warning: is not a regular file, ignored");
  }
  CHECK(loaded.messages == expected);
  CHECK(loaded.masked == MaskedNames{{"null", directory / "null.toml"}});
}

TEST_CASE("a wrong file harms only itself", "[config][loader]") {
  const TempDir directory;
  constexpr std::size_t limit = kMaxFileBytes;
  const auto padded_to = [](std::size_t size) {
    std::string text = kGood;
    text += "#" + std::string(size - text.size() - 1, 'x');
    return text;
  };
  directory.write("a-good.toml", kGood);
  directory.write("b-empty.toml", "");
  directory.write("c-utf8.toml", "[service]\nexec = '\xFF'\n");
  directory.write("d-nul.toml", std::string("[service]\nexec = 'a\0b'\n", 23));
  directory.write("e-deep.toml", "a = " + std::string(100000, '['));
  directory.write("f-big.toml",
                  "[service]\nexec='run'\n[lifecycle]\nmax_restarts=99999999999999999999");
  directory.write("g-mib.toml", padded_to(limit));
  directory.write("h-mib1.toml", padded_to(limit + 1));
  directory.write("i-crlf.toml", "\xEF\xBB\xBF[service]\r\nexec = 'run'\r\n");
  directory.write("j-binary.toml", std::string("\x7f"
                                               "ELF\x02\x01\x01\0\0\0",
                                               10));
  directory.write("z-good.toml", kGood);
  const LoadedConfig loaded = load({{directory.path(), false, false}});
  Texts broken, good;
  for (const SpecPtr& spec : loaded.specs) (spec->broken() ? broken : good).push_back(spec->name);
  CHECK(good == Texts{"a-good", "g-mib", "i-crlf", "z-good"});
  CHECK(broken == Texts{"b-empty", "c-utf8", "d-nul", "e-deep", "f-big", "h-mib1", "j-binary"});
  CHECK(loaded.messages.empty());
  const auto error_of = [&](const std::string& name) {
    const auto& errors = spec_of(loaded, name).findings->errors;
    REQUIRE(errors.size() == 1);
    return errors[0].substr((directory / name).size() + std::string(".toml").size());
  };
  CHECK(error_of("b-empty") == ":1:1: error: there is no [service], [target] or [proxy] section");
  CHECK(error_of("c-utf8") == ":2:9: error: byte 0xff is not UTF-8, which a TOML file must be");
  CHECK(error_of("d-nul") == ":2:10: error: control character 0x00, which is not allowed");
  CHECK(error_of("e-deep") == ":1:36: error: nested too deep, must be at most 32 levels");
  CHECK(error_of("f-big") ==
        ":4:14: error: lifecycle.max_restarts: 99999999999999999999 is an integer out of range "
        "(64 bits), must be an integer of at least 0, or \"infinity\"");
  const std::string h = directory / "h-mib1.toml";
  CHECK(error_of("h-mib1") ==
        ":1:1: error: cannot read " + h + ": it is larger than 1048576 bytes");
  CHECK(error_of("j-binary") == ":1:1: error: control character 0x7f, must be written as \\u007f");
}

TEST_CASE("a file that may not be read is a failed service", "[config][loader]") {
  const TempDir directory;
  const std::string path = directory.write("a.toml", kGood, 0);
  const LoadedConfig loaded = load({{directory.path(), false, false}});
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

TEST_CASE("of two files with one name the first stands, and both are told", "[config][loader]") {
  const TempDir a, b;
  const std::string first = a.write("a.toml", "[service]\nname = 'web'\nexec = 'first'\n");
  const std::string second = a.write("b.toml", "[target]\nname = 'web'\nstatus = 5\n");
  const std::string third = b.write("web.toml", kGood);
  const LoadedConfig loaded = load({{a.path(), false, false}, {b.path(), false, false}});
  CHECK(names_of(loaded) == Texts{"web"});
  const ServiceSpec& web = spec_of(loaded, "web");
  CHECK(web.exec.argv == Texts{"first"});
  CHECK_FALSE(web.broken());
  CHECK(web.findings->warnings ==
        Texts{first + ":2:8: warning: service.name: \"web\" is also the name in " + second +
                  ", which is ignored",
              first + ":2:8: warning: service.name: \"web\" is also the name in " + third +
                  ", which is ignored"});
  CHECK(loaded.messages ==
        Texts{second + ":2:8: error: target.name: \"web\" is already the name in " + first,
              second + ":3:10: error: target.status: 5 is an integer, must be \"start\", \"stop\" "
                       "or \"ignore\"",
              third + ":1:2: error: service.name: \"web\" is already the name in " + first});
}

TEST_CASE("a file without a usable name never takes another's", "[config][loader]") {
  const TempDir directory;
  directory.write("a b.toml", "");
  directory.write("a!b.toml", "");
  directory.write("a_b.toml", kGood);
  directory.write("c.toml", "[service]\nname = 'a_b_2'\nexec = 'run'\n");
  const LoadedConfig loaded = load({{directory.path(), false, false}});
  CHECK(names_of(loaded) == Texts{"a_b_3", "a_b_4", "a_b", "a_b_2"});
  CHECK(spec_of(loaded, "a_b_3").file == directory / "a b.toml");
  CHECK(spec_of(loaded, "a_b_3").broken());
  CHECK_FALSE(spec_of(loaded, "a_b").broken());
  CHECK(loaded.messages.empty());
}

TEST_CASE("a missing directory is told only where it was named", "[config][loader]") {
  const TempDir directory;
  const std::string none = directory / "none";
  CHECK(load({{none, false, false}}).messages.empty());
  CHECK(load({{none, false, true}}).messages ==
        Texts{none + ":1:1: warning: there is no such directory"});
  const std::string file = directory.write("file", "");
  CHECK(load({{file, false, false}}).messages ==
        Texts{file + ":1:1: error: cannot read the directory: Not a directory"});
  CHECK(load({}).specs.empty());
}

TEST_CASE("what could not be read is told beside what could", "[config][loader]") {
  const TempDir good;
  good.write("a.toml", kGood);
  const std::string file = good.write("file", ""), none = good / "none";
  const LoadedConfig whole = load({{good.path(), false, false}});
  CHECK_FALSE(whole.incomplete);
  CHECK(whole.missing.empty());
  const LoadedConfig loaded = load({{file, false, false},
                                    {none, false, false, good / "no-vendor"},
                                    {good.path(), false, false}});
  CHECK(names_of(loaded) == Texts{"a"});
  REQUIRE(loaded.incomplete);
  CHECK(loaded.incomplete->errnum == ENOTDIR);
  CHECK(loaded.incomplete->text == file + ": cannot read the directory: Not a directory");
  CHECK(loaded.missing == Texts{none});
}

TEST_CASE("settings are read beside the services, each wrong one by itself", "[config][loader]") {
  const TempDir directory;
  const GlobalSettings defaults;
  const LoadedConfig none = load({}, directory / "zinit.toml");
  CHECK(none.messages.empty());
  CHECK(none.settings.shutdown_timeout == defaults.shutdown_timeout);

  const std::string file = directory.write("zinit.toml",
                                           "log_level = 'debug'\nshutdown_timeout_ms = 'x'\n"
                                           "default_target = 'multi-user'\nsocket_grup = ''\n");
  const LoadedConfig some = load({}, file);
  CHECK(some.settings.log_level == LogLevel::debug);
  CHECK(some.settings.shutdown_timeout == defaults.shutdown_timeout);
  CHECK(some.settings.default_target == "multi-user");
  CHECK(
      some.messages ==
      Texts{file +
                ":2:23: error: shutdown_timeout_ms: invalid duration \"x\", must be an integer of "
                "at least 1 or with a unit, as \"5s\", or \"infinity\"",
            file + ":4:1: warning: socket_grup: unknown key, did you mean \"socket_group\"?"});

  CHECK(some.settings_faults.size() == 2);
  // The settings of a running server in its place.
  const LoadedConfig kept = load_config({}, file, {.settings = &none.settings});
  CHECK(kept.settings_faults.empty());
  CHECK_FALSE(kept.settings.log_level);
  CHECK(changed_settings(none.settings, some.settings) ==
        Texts{"default_target", "log_level", "shutdown_timeout_ms", "socket_grup"});

  directory.write("zinit.toml", "log_level = debug\n");
  const LoadedConfig broken = load({}, file);
  CHECK(broken.settings.log_level == defaults.log_level);
  REQUIRE(broken.messages.size() == 1);

  const std::string absent = directory / "absent.toml";
  CHECK_FALSE(load({}, absent).incomplete);
  const LoadedConfig named = load_config({}, absent, {.settings_named = true});
  CHECK(named.incomplete->errnum == ENOENT);
  CHECK(named.messages ==
        Texts{absent + ":1:1: error: cannot open " + absent + ": No such file or directory"});
}

TEST_CASE("a thousand files are loaded in order, soon, and leave no descriptor open",
          "[threads][config][loader]") {
  const TempDir directory;
  Texts expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "s" + std::to_string(1000 + i);
    expected.push_back(name);
    directory.write(name + ".toml",
                    "[service]\nexec = '/bin/run --id " + name +
                        "'\ndescription = \"one of many\"\nenv = { A = \"1\", B = \"2\" }\n"
                        "[dependencies]\nafter = ['s1000']\n[lifecycle]\nrestart = \"always\"\n");
  }
  const auto before = test::open_descriptors();
  const auto start = std::chrono::steady_clock::now();
  const LoadedConfig loaded = load({{directory.path(), false, false}});
  const auto taken = std::chrono::steady_clock::now() - start;
  CHECK(names_of(loaded) == expected);
  CHECK(test::open_descriptors() == before);
  // Takes some 40 ms on an idle machine; the limit is for sanitizers on a busy one.
  CHECK(taken < std::chrono::seconds(20));
}

}  // namespace
}  // namespace zinit::test::config_loader
