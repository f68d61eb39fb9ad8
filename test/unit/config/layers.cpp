// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One service from several files: the vendor's and the administrator's, masks, drop-ins
// (zinit.toml(5), "Where files are read").
#include "config/directory.hpp"
#include "config/keys.hpp"
#include "config/loader.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_layers {
namespace {

/// a.toml and its drop-ins, named in order, from texts instead of files.
ParsedSpec read_layers(const Texts& texts, const ServiceDefaults& defaults = {}) {
  SourceFile file{"a.toml"};
  std::map<std::string, std::string> by_path{{"a.toml", texts.front()}};
  for (std::size_t i = 1; i < texts.size(); ++i) {
    file.drop_ins.push_back(std::to_string(i) + ".toml");
    by_path[file.drop_ins.back()] = texts[i];
  }
  return read_spec(file, defaults, [&](const std::string& path) -> Result<std::string> {
    return by_path.at(path);
  });
}

/// A vendor's directory, and an administrator's over it.
struct Tree {
  TempDir root;
  std::string own = root / "etc/zinit/services";
  std::string vendor = root / "usr/lib/zinit/services";

  Tree() {
    for (const std::string& directory : {own, vendor}) {
      std::filesystem::create_directories(directory);
    }
  }
  std::string own_file(const std::string& name, const std::string& text) const {
    return put(own + "/" + name, text);
  }
  std::string vendors_file(const std::string& name, const std::string& text) const {
    return put(vendor + "/" + name, text);
  }
  std::string mask(const std::string& name) const {
    const std::string link = own + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(link).parent_path());
    REQUIRE(::symlink("/dev/null", link.c_str()) == 0);
    return link;
  }
  LoadedConfig load() const {
    const std::vector<ConfigDirectory> directories = {{own, false, false, vendor}};
    return load_config(directories, "");
  }

 private:
  static std::string put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
};

Texts files_of(const LoadedConfig& loaded) {
  Texts files;
  for (const SpecPtr& spec : loaded.specs) files.push_back(spec->file);
  return files;
}

std::string exec(const std::string& program) { return "[service]\nexec = '" + program + "'\n"; }

TEST_CASE("of a drop-in a key replaces a key, and a table is merged", "[config][layers]") {
  const ParsedSpec parsed = read_layers(
      {"[service]\nexec = 'a'\nenv = { A = '1', B = '2' }\n[dependencies]\nrequires = ['x', 'y']\n",
       "[service]\nenv.B = '3'\nenv.C = '4'\noneshot = true\n[dependencies]\nrequires = ['z']\n",
       "[service]\nexec = 'b'\n[lifecycle]\nstop_timeout_ms = 5\n"});
  CHECK(messages_of(parsed).empty());
  const ServiceSpec& spec = *parsed.spec;
  CHECK(spec.exec.argv == Texts{"b"});
  CHECK(spec.oneshot);
  using Variables = std::vector<std::pair<std::string, std::optional<std::string>>>;
  CHECK(spec.env == Variables{{"A", "1"}, {"B", "3"}, {"C", "4"}});
  REQUIRE(spec.dependencies->requires_.size() == 1);
  CHECK(spec.dependencies->requires_[0].name == "z");
  CHECK(spec.lifecycle.stop_timeout == Milliseconds(5));
  CHECK(spec.drop_ins == Texts{"1.toml", "2.toml"});
}

TEST_CASE("what a later drop-in says wins, whatever kind of value it is", "[config][layers]") {
  const ParsedSpec parsed = read_layers({exec("a"), "[service]\nenv = 5\n", "service.env = {}\n"});
  CHECK(messages_of(parsed).empty());
  CHECK(messages_of(read_layers({exec("a") + "env = { A = 'x' }\n", "service.env = 5\n"})) ==
        Texts{"1.toml:1:15: error: service.env: is an integer, must be a table of strings"});
}

TEST_CASE("a fault is told in the file and at the place where it stands", "[config][layers]") {
  const ParsedSpec parsed =
      read_layers({"[service]\noneshot = 5\nexec = 'a'\numask = 9\n",
                   "\n[service]\numask = 'rwx'\nonshot = true\n",
                   "[lifecycle]\nrestart_delay_max_ms = 7\nrestart = 'always'\n[wat]\n"});
  CHECK(messages_of(parsed) ==
        Texts{"a.toml:2:11: error: service.oneshot: 5 is an integer, must be true or false",
              "1.toml:3:9: error: service.umask: invalid mode \"rwx\", must be a string of octal "
              "digits, at most \"0777\"",
              "1.toml:4:1: warning: service.onshot: unknown key, did you mean \"oneshot\"?",
              "2.toml:2:24: error: lifecycle.restart_delay_max_ms: 7 is less than "
              "restart_delay_ms, must be at least 1000",
              messages_of(parsed).back()});
  CHECK_THAT(messages_of(parsed).back(),
             Catch::StartsWith("2.toml:4:2: warning: wat: unknown section"));
}

TEST_CASE("keys of different files may contradict one another", "[config][layers]") {
  CHECK(messages_of(read_layers(
            {exec("a") + "[lifecycle]\nrestart = 'always'\n", "[service]\noneshot = true\n"})) ==
        Texts{"a.toml:4:11: error: lifecycle.restart: \"always\" cannot be used with "
              "service.oneshot, must be \"on-failure\" or \"never\""});
  CHECK(messages_of(read_layers({exec("a"), "[target]\n"})) ==
        Texts{"1.toml:1:2: error: target: [service] and [target] cannot be in one file"});
}

TEST_CASE("a drop-in's faults are told beside the syntax of its file, and no more",
          "[config][layers]") {
  const ParsedSpec parsed =
      read_layers({"[service", "[service]\nexec = 5\nname = 'web'\n", "[lifecycle]\nwat = 1\n"});
  CHECK(messages_of(parsed) ==
        Texts{"a.toml:1:9: error: the header is not closed by ]",
              "1.toml:2:8: error: service.exec: 5 is an integer, must be a string or an array of "
              "strings",
              messages_of(parsed).back()});
  CHECK_THAT(messages_of(parsed).back(), Catch::StartsWith("2.toml:2:1: warning: lifecycle.wat"));
  CHECK(parsed.spec->name == "a");
  CHECK(messages_of(read_layers({"[service", "[logging]\nkmsg = true\n"})).size() == 1);
}

TEST_CASE("a drop-in that is no TOML breaks the service, which keeps its name",
          "[config][layers]") {
  const ParsedSpec parsed =
      read_layers({exec("a") + "name = 'web'\n", "[service\n", "[service]\numask = 5\n"});
  CHECK(parsed.spec->name == "web");
  CHECK(messages_of(parsed) ==
        Texts{"1.toml:1:9: error: the header is not closed by ]",
              "2.toml:2:9: error: service.umask: 5 is an integer, must be a string of octal "
              "digits, at most \"0777\""});
  const ParsedSpec broken = read_layers({"exec =\n", "[service\n"});
  CHECK(broken.spec->name == "a");
  CHECK(messages_of(broken) == Texts{"a.toml:1:7: error: a value is missing",
                                     "1.toml:1:9: error: the header is not closed by ]"});
}

TEST_CASE("faults of the graph are told in the file that names the dependency",
          "[config][layers]") {
  const ParsedSpec parsed = read_layers({exec("a"), "[dependencies]\nrequires = ['x',\n 'a']\n"});
  const auto graph = Graph::build({{finish(parsed), kNoSlot, 0, false}});
  CHECK(graph->node(0).faults ==
        Texts{"1.toml:3:2: error: dependencies.requires: a service cannot name itself; remove "
              "its name here"});
}

TEST_CASE("a file of one's own replaces the vendor's of the same name as a whole",
          "[config][layers]") {
  const Tree tree;
  tree.vendors_file("a.toml", exec("vendor"));
  const std::string b = tree.vendors_file("b.toml", exec("vendor"));
  tree.vendors_file("c.toml", exec("vendor") + "oneshot = true\n");
  const std::string a = tree.own_file("a.toml", exec("own"));
  const std::string c = tree.own_file("c.toml", exec("own"));
  const std::string d = tree.own_file("d.toml", exec("own"));
  const LoadedConfig loaded = tree.load();
  CHECK(files_of(loaded) == Texts{a, b, c, d});  // by name, both directories together
  CHECK_FALSE(loaded.specs[2]->oneshot);
  CHECK(loaded.messages.empty());
}

TEST_CASE("what is no file replaces nothing", "[config][layers]") {
  const Tree tree;
  const std::string a = tree.vendors_file("a.toml", exec("vendor"));
  std::filesystem::create_directory(tree.own + "/a.toml");
  const LoadedConfig loaded = tree.load();
  CHECK(files_of(loaded) == Texts{a});
  CHECK(loaded.messages ==
        Texts{tree.own + "/a.toml:1:1: warning: is not a regular file, ignored"});
}

TEST_CASE("a link to /dev/null masks the vendor's file, by the name that it gives",
          "[config][layers]") {
  const Tree tree;
  tree.vendors_file("a.toml", exec("vendor") + "name = 'web'\n");
  tree.vendors_file("b.toml", exec("vendor"));
  const std::string a = tree.mask("a.toml");
  const std::string none = tree.mask("none.toml");
  tree.mask("b2.toml");
  tree.own_file("c.toml", exec("own") + "name = 'b2'\n");
  const LoadedConfig loaded = tree.load();
  CHECK(files_of(loaded).size() == 2);
  CHECK(loaded.masked == MaskedNames{{"web", a}, {"none", none}});  // b2 is there nevertheless
  CHECK(loaded.messages.empty());
}

TEST_CASE("drop-ins of the vendor and of one's own are laid over in byte order of their names",
          "[config][layers]") {
  const Tree tree;
  tree.vendors_file("a.toml", exec("vendor"));
  const std::string v10 = tree.vendors_file("a.toml.d/10.toml", "service.description = '10'\n");
  tree.vendors_file("a.toml.d/20.toml", "service.description = 'the vendor says'\n");
  tree.vendors_file("a.toml.d/30.toml", "service.oneshot = true\n");
  const std::string v40 = tree.vendors_file("a.toml.d/40.toml", "service.umask = '0027'\n");
  const std::string o20 = tree.own_file("a.toml.d/20.toml", "service.description = '20'\n");
  const std::string o35 = tree.own_file("a.toml.d/35.toml", "service.umask = '0077'\n");
  tree.own_file("a.toml.d/.hidden.toml", "wrong");
  tree.own_file("a.toml.d/x.toml~", "wrong");
  tree.mask("a.toml.d/30.toml");
  const LoadedConfig loaded = tree.load();
  REQUIRE(loaded.specs.size() == 1);
  const ServiceSpec& spec = *loaded.specs[0];
  CHECK(spec.drop_ins == Texts{v10, o20, o35, v40});
  CHECK(spec.description == "20");
  CHECK(spec.umask == 0027);
  CHECK_FALSE(spec.oneshot);
  CHECK(spec.findings->errors.empty());
}

TEST_CASE("the vendor's drop-ins belong to the vendor's file", "[config][layers]") {
  const Tree tree;
  tree.vendors_file("a.toml", exec("vendor"));
  tree.vendors_file("a.toml.d/10.toml", "service.oneshot = true\n");
  tree.own_file("a.toml", exec("own"));
  const std::string own = tree.own_file("a.toml.d/10.toml", "service.umask = '0077'\n");
  const LoadedConfig loaded = tree.load();
  REQUIRE(loaded.specs.size() == 1);
  CHECK(loaded.specs[0]->drop_ins == Texts{own});
  CHECK_FALSE(loaded.specs[0]->oneshot);
}

TEST_CASE("drop-ins without a file are told, those that are no files left out",
          "[config][layers]") {
  const Tree tree;
  tree.own_file("gone.toml.d/10.toml", "service.oneshot = true\n");
  tree.own_file("a.toml", exec("own"));
  std::filesystem::create_directories(tree.own + "/a.toml.d/10.toml");
  const LoadedConfig loaded = tree.load();
  REQUIRE(loaded.specs.size() == 1);
  CHECK(loaded.specs[0]->drop_ins.empty());
  CHECK(
      loaded.messages ==
      Texts{
          tree.own + "/a.toml.d/10.toml:1:1: warning: is not a regular file, ignored",
          tree.own +
              "/gone.toml.d:1:1: warning: there is no gone.toml that its drop-ins could apply to"});
}

TEST_CASE("a drop-in that goes while it is read is left out, one that cannot be read is a fault",
          "[config][layers]") {
  const TempDir directory;
  SourceFile file{directory.write("a.toml", exec("a"))};
  file.drop_ins = {directory / "gone.toml", directory / "dangling.toml"};
  REQUIRE(::symlink("/nonexistent", file.drop_ins[1].c_str()) == 0);
  CHECK(messages_of(read_spec(file)) == Texts{file.drop_ins[1] + ":1:1: error: cannot open " +
                                              file.drop_ins[1] + ": No such file or directory"});
}

TEST_CASE("a folder of drop-ins that is none, or cannot be read, concerns its service alone",
          "[config][layers]") {
  Tree tree;
  const std::string web = tree.own_file("web.toml", "[service]\nexec = 'x'\n");
  tree.own_file("other.toml", "[service]\nexec = 'x'\n");
  const auto load = [&] {
    return load_config(std::vector<ConfigDirectory>{{tree.own, false, true, tree.vendor}}, "");
  };
  SECTION("a file") {
    tree.own_file("web.toml.d", "no folder");
    const LoadedConfig loaded = load();
    CHECK_FALSE(loaded.incomplete);
    CHECK(loaded.specs[1]->findings->warnings ==
          Texts{web + ".d:1:1: warning: is not a directory of drop-ins, ignored"});
    CHECK_FALSE(loaded.specs[1]->broken());
  }
  SECTION("a link that leads to itself") {
    std::filesystem::create_symlink("web.toml.d", web + ".d");
    const LoadedConfig loaded = load();
    CHECK_FALSE(loaded.incomplete);
    CHECK(loaded.specs[1]->findings->errors ==
          Texts{web + ".d:1:1: error: cannot read the directory: Too many levels of symbolic "
                      "links"});
    CHECK_FALSE(loaded.specs[0]->broken());
  }
}

TEST_CASE("[defaults] are defaults of every service, and of no target", "[config][layers]") {
  std::vector<Diagnostic> faults;
  const GlobalSettings settings = parse_settings(
      "[defaults]\nrestart = 'always'\nstop_timeout_ms = 5\nbuffer_lines = 7\n"
      "restart_delay_max_ms = 50\nstart_timeout_ms = 9\n",
      "zinit.toml", faults);
  CHECK(faults.empty());
  const ServiceDefaults& defaults = settings.defaults;
  const ServiceSpec plain = *read_layers({exec("a")}, defaults).spec;
  CHECK(plain.lifecycle.restart == RestartPolicy::always);
  CHECK(plain.lifecycle.stop_timeout == Milliseconds(5));
  CHECK(plain.logging->buffer_lines == 7);
  CHECK(plain.lifecycle.restart_delay_max == Milliseconds(1000));  // never below the delay

  const ParsedSpec own = read_layers(
      {exec("a") + "[lifecycle]\nstop_timeout_ms = 6\n", "[logging]\nbuffer_lines = 8\n"},
      defaults);
  CHECK(messages_of(own).empty());
  CHECK(own.spec->lifecycle.stop_timeout == Milliseconds(6));
  CHECK(own.spec->logging->buffer_lines == 8);

  // A oneshot cannot have "always", so the default does not apply to it.
  const ParsedSpec oneshot = read_layers({exec("a") + "oneshot = true\n"}, defaults);
  CHECK(messages_of(oneshot).empty());
  CHECK(oneshot.spec->lifecycle.restart == RestartPolicy::never);
  CHECK(oneshot.spec->lifecycle.start_timeout == Milliseconds(9));

  CHECK(read_layers({"[target]\n"}, defaults).spec->logging->buffer_lines == 1000);
}

TEST_CASE("--console is a default that wins over [defaults], and not over a service's own key",
          "[config][layers]") {
  std::vector<Diagnostic> faults;
  for (const std::string text : {"", "[defaults]\nconsole = false\nbuffer_lines = 7\n"}) {
    GlobalSettings settings = parse_settings(text, "zinit.toml", faults);
    default_to_console(settings, ConsoleMode::lines);
    CHECK(settings.defaults.size() == (text.empty() ? 1 : 2));
    const auto console = [&](const std::string& more) {
      return read_layers({exec("a") + more}, settings.defaults).spec->logging->console;
    };
    CHECK(console("") == ConsoleMode::lines);
    CHECK(console("[logging]\nconsole = false\n") == ConsoleMode::no);
  }
}

TEST_CASE("faults of [defaults] are told at their place in zinit.toml, and the rest holds",
          "[config][layers]") {
  std::vector<Diagnostic> faults;
  const GlobalSettings settings = parse_settings(
      "log_level = 'debug'\n[defaults]\nrestrat = 'never'\nexec = 'x'\nstop_timeout_ms = 0\n"
      "kmsg = true\nrestart_delay_ms = 10\nrestart_delay_max_ms = 9\n",
      "zinit.toml", faults);
  Texts lines;
  for (const Diagnostic& fault : faults) lines.push_back(to_text(fault));
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] ==
        "zinit.toml:3:1: warning: defaults.restrat: unknown key, did you mean \"restart\"?");
  CHECK_THAT(lines[1], Catch::StartsWith("zinit.toml:4:1: warning: defaults.exec: unknown key, "
                                         "must be one of [lifecycle], [logging]"));
  CHECK(lines[2] ==
        "zinit.toml:5:19: error: defaults.stop_timeout_ms: 0 is out of range, must be "
        "an integer of at least 1 or with a unit, as \"5s\", or \"infinity\"");
  CHECK(lines[3] ==
        "zinit.toml:8:24: error: defaults.restart_delay_max_ms: 9 is less than "
        "restart_delay_ms, must be at least 10");
  CHECK(settings.log_level == LogLevel::debug);
  REQUIRE(settings.defaults.size() == 2);
  CHECK(settings.defaults[0].second.boolean);
  CHECK(settings.defaults[1].second.integer == 10);  // everything else in the file stands

  faults.clear();
  CHECK(parse_settings("defaults = 5\n", "z", faults).defaults.empty());
  REQUIRE(faults.size() == 1);
  CHECK(to_text(faults[0]) ==
        "z:1:12: error: defaults: is an integer, must be a section, [defaults]");
}

TEST_CASE("every key of the sections of [defaults] is one", "[config][layers]") {
  for (const std::string_view section : defaultable_sections()) {
    for (const std::string_view name : keys_of(section)) {
      const Key& key = *find_key(section, name);
      INFO(full_name(key));
      std::vector<Diagnostic> faults;
      const std::string line = std::string(name) + " = " + std::string(key.example);
      const auto defaults = parse_settings("[defaults]\n" + line, "z", faults).defaults;
      CHECK(faults.empty());
      REQUIRE(defaults.size() == 1);
      CHECK(defaults[0].first == &key);
    }
  }
}

TEST_CASE("a service's files are compared with what they were when they were read",
          "[config][layers]") {
  const Tree tree;
  const std::string vendors = tree.vendors_file("a.toml", exec("a"));
  const std::string drop_in = tree.vendors_file("a.toml.d/5.toml", "service.umask = '022'\n");
  const SpecPtr spec = tree.load().specs.at(0);
  REQUIRE_FALSE(changed_on_disk(*spec));
  const auto changed = [&] { return changed_on_disk(*spec); };

  SECTION("the file is written") { tree.vendors_file("a.toml", exec("another")); }
  SECTION("it is replaced by one that looks the same") {
    std::filesystem::copy(vendors, vendors + ".new");
    std::filesystem::last_write_time(vendors + ".new", std::filesystem::last_write_time(vendors));
    std::filesystem::rename(vendors + ".new", vendors);
  }
  SECTION("it has gone") { std::filesystem::remove(vendors); }
  SECTION("it is no regular file any more") {
    std::filesystem::remove(vendors);
    REQUIRE(::mkfifo(vendors.c_str(), 0644) == 0);
  }
  SECTION("a drop-in is written") { tree.vendors_file("a.toml.d/5.toml", "\n"); }
  SECTION("a drop-in has gone") { std::filesystem::remove(drop_in); }
  SECTION("a drop-in is masked") { tree.mask("a.toml.d/5.toml"); }
  SECTION("a drop-in comes") { tree.vendors_file("a.toml.d/6.toml", ""); }
  SECTION("the administrator's first drop-in comes") { tree.own_file("a.toml.d/1.toml", ""); }
  SECTION("the administrator's file replaces it") { tree.own_file("a.toml", exec("a")); }
  SECTION("it is masked") { tree.mask("a.toml"); }
  CHECK(changed());
  if (const auto specs = tree.load().specs; !specs.empty()) CHECK_FALSE(changed_on_disk(*specs[0]));
}

TEST_CASE("what is not read does not change a service", "[config][layers]") {
  const Tree tree;
  const std::string own = tree.own_file("a.toml", exec("a"));
  const SpecPtr spec = tree.load().specs.at(0);
  tree.vendors_file("a.toml", exec("b"));
  tree.vendors_file("a.toml.d/1.toml", "");
  tree.own_file("a.toml.d/README", "");
  tree.own_file("b.toml", exec("b"));
  CHECK_FALSE(changed_on_disk(*spec));
  CHECK_FALSE(changed_on_disk(ServiceSpec()));  // it has no file

  // A named directory is read without any layer over it.
  const std::vector<ConfigDirectory> alone{{tree.vendor, false, true}};
  CHECK_FALSE(changed_on_disk(*load_config(alone, "").specs.at(0)));
}

}  // namespace
}  // namespace zinit::test::config_layers
