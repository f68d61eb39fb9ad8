// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Templates and their instances (zinit.toml(5), "Templates").
#include "activation/instances.hpp"
#include "config/check.hpp"
#include "config/directory.hpp"
#include "config/loader.hpp"
#include "support/test.hpp"

namespace zinit::test::config_templates {
namespace {

LoadedConfig load(const TempDir& directory, const std::string& vendor = "") {
  const std::vector<ConfigDirectory> all{{directory.path(), false, false, vendor}};
  return load_config(all, "");
}

Texts names_of(const LoadedConfig& loaded) {
  Texts names;
  for (const SpecPtr& spec : loaded.specs) names.push_back(spec->name);
  return names;
}

const ServiceSpec& spec_of(const LoadedConfig& loaded, std::string_view name) {
  for (const SpecPtr& spec : loaded.specs)
    if (spec->name == name) return *spec;
  FAIL("no service " << name);
  throw 0;
}

std::string naming(const std::string& list) {
  return "[service]\nexec = 'run'\n[dependencies]\n" + list + "\n";
}

void link(const TempDir& directory, const std::string& target, const std::string& name) {
  REQUIRE(::symlink(target.c_str(), (directory / name).c_str()) == 0);
}

void make_folder(const TempDir& directory, const std::string& name) {
  REQUIRE(::mkdir((directory / name).c_str(), 0755) == 0);
}

/// check's output for the directory, as lines.
Texts faults_in(const TempDir& directory) {
  const Texts paths{directory.path()};
  Texts lines;
  for (const Diagnostic& one : check_paths(paths).diagnostics) lines.push_back(to_text(one));
  return lines;
}

constexpr const char* kTemplate =
    "[service]\nexec = ['login', '%i', '100%', '%%i %n', '%x%']\ndescription = 'for %i'\n"
    "env = { B = '%n' }\nports = [80]\n[health]\ntype = 'exec'\nexec = ['ask', '%n']\n";

TEST_CASE("a template is no service, and makes those that dependencies name",
          "[config][template]") {
  const TempDir directory;
  directory.write("getty@.toml", kTemplate);
  directory.write("a.toml", naming("requires = ['getty@1', 'getty@2', 'other@1', 'getty@']"));
  directory.write("b.toml",
                  naming("after = ['getty@3']\nwants = ['getty@4']\nconflicts = ['getty@5']\n"
                         "required_by = ['getty@6']\nbefore = ['getty@7']\n"
                         "wanted_by = ['getty@8', 'getty@1']"));
  directory.write("t.toml", "[target]\n[dependencies]\nwants = ['getty@9@x']\n");
  const LoadedConfig loaded = load(directory);
  CHECK(loaded.messages.empty());
  Texts names = names_of(loaded);
  std::ranges::sort(names);
  CHECK(names == Texts{"a", "b", "getty@1", "getty@2", "getty@3", "getty@4", "getty@5", "getty@6",
                       "getty@7", "getty@8", "getty@9@x", "t"});
  CHECK(loaded.templates->names() == Texts{"getty@"});
  const ServiceSpec& one = spec_of(loaded, "getty@1");
  CHECK_FALSE(one.broken());
  CHECK(one.file == directory / "getty@.toml");
  CHECK(one.instance->of == "getty@");
  CHECK(one.instance->link.empty());
  CHECK(one.own_file().empty());
  CHECK_FALSE(one.runtime);
  CHECK(spec_of(loaded, "getty@9@x").description == "for 9@x");
}

TEST_CASE("%i, %n and %% are replaced in the values of templates alone", "[config][template]") {
  const TempDir directory;
  directory.write("getty@.toml", kTemplate);
  directory.write("a.toml",
                  "[service]\nexec = ['%i', '%n', '%%']\n[dependencies]\n"
                  "wants = ['getty@tty1', 'keys@1']\n");
  directory.write("keys@.toml", "[service]\nexec = 'run'\nenv = { '%i' = 'x' }\n");
  const LoadedConfig loaded = load(directory);
  const ServiceSpec& made = spec_of(loaded, "getty@tty1");
  CHECK(made.exec.argv == Texts{"login", "tty1", "100%", "%i getty@tty1", "%x%"});
  CHECK(made.description == "for tty1");
  REQUIRE(made.health->exec.argv == Texts{"ask", "getty@tty1"});
  CHECK_FALSE(made.broken());
  CHECK(made.env->front().first == "B");
  CHECK(made.env->front().second == "getty@tty1");
  CHECK_THAT(made.document, Contains("\"name\":\"getty@tty1\""));
  CHECK_THAT(spec_of(loaded, "keys@1").document, Contains("{\"%i\":\"x\"}"));
  CHECK(spec_of(loaded, "a").exec.argv == Texts{"%i", "%n", "%%"});
}

TEST_CASE("a link to a template makes an instance, and a file is a service", "[config][template]") {
  const TempDir directory, vendor;
  vendor.write("getty@.toml", "[service]\nname = 'getty@'\nexec = ['vendors', '%i']\n");
  directory.write("getty@b.toml", "[service]\nexec = ['own', '%i']\n");
  link(directory, "getty@.toml", "getty@a.toml");
  link(directory, vendor / "getty@.toml", "getty@c.toml");
  link(directory, "getty@b.toml", "getty@d.toml");  // to a file that is not a template
  SECTION("the vendor's") {
    const LoadedConfig loaded = load(directory, vendor.path());
    CHECK(loaded.messages.empty());
    CHECK(names_of(loaded) == Texts{"getty@a", "getty@b", "getty@c", "getty@d"});
    for (const char* name : {"getty@a", "getty@c"}) {
      const ServiceSpec& made = spec_of(loaded, name);
      CHECK(made.findings->errors == Texts{});
      CHECK(made.exec.argv == Texts{"vendors", std::string(name).substr(6)});
      CHECK(made.file == vendor / "getty@.toml");
      CHECK(made.own_file() == directory / (std::string(name) + ".toml"));
    }
    for (const char* name : {"getty@b", "getty@d"}) {
      CHECK(spec_of(loaded, name).exec.argv == Texts{"own", "%i"});
      CHECK_FALSE(spec_of(loaded, name).is_instance());
    }
  }
  SECTION("one that replaces it is in force for all links") {
    directory.write("getty@.toml", "[service]\nexec = ['replaced', '%i']\n");
    const LoadedConfig loaded = load(directory, vendor.path());
    CHECK(spec_of(loaded, "getty@a").exec.argv == Texts{"replaced", "a"});
    CHECK(spec_of(loaded, "getty@c").exec.argv == Texts{"replaced", "c"});
  }
  SECTION("without a template of the directories what the link leads to is one") {
    const LoadedConfig loaded = load(directory);
    CHECK(spec_of(loaded, "getty@c").exec.argv == Texts{"vendors", "c"});
    CHECK(spec_of(loaded, "getty@a").broken());
  }
}

TEST_CASE("an instance has the template's drop-ins, then its own", "[config][template]") {
  const TempDir directory;
  directory.write("getty@.toml", "[service]\nexec = ['a', '%i']\ndescription = 'file'\n");
  for (const char* folder : {"getty@.toml.d", "getty@1.toml.d", "getty@2.toml.d"})
    make_folder(directory, folder);
  directory.write("getty@.toml.d/50.toml", "[service]\ndescription = 'all %i'\ndir = '/%i'\n");
  directory.write("getty@1.toml.d/10.toml", "[service]\ndescription = 'own %i'\n");
  directory.write("getty@2.toml.d/10.toml", "[service]\ndescription = 'linked %i'\n");
  link(directory, "getty@.toml", "getty@2.toml");
  directory.write("a.toml", naming("wants = ['getty@1', 'getty@2', 'getty@3']"));
  const LoadedConfig loaded = load(directory);
  CHECK(loaded.messages.empty());
  CHECK(spec_of(loaded, "getty@1").description == "own 1");
  CHECK(spec_of(loaded, "getty@2").description == "linked 2");
  CHECK(spec_of(loaded, "getty@3").description == "all 3");
  CHECK(spec_of(loaded, "getty@1").dir == "/1");
  for (const char* name : {"getty@1", "getty@2", "getty@3"})
    CHECK_FALSE(changed_on_disk(spec_of(loaded, name)));
  directory.write("getty@1.toml.d/20.toml", "[service]\n");
  CHECK(changed_on_disk(spec_of(loaded, "getty@1")));
  CHECK_FALSE(changed_on_disk(spec_of(loaded, "getty@3")));
  REQUIRE(::unlink((directory / "getty@2.toml").c_str()) == 0);
  CHECK(changed_on_disk(spec_of(loaded, "getty@2")));
}

TEST_CASE("a template's faults are told once, at its places", "[config][template]") {
  const TempDir directory;
  directory.write("getty@.toml", "[service]\nname = 'login@'\nexec = 'run %i'\numask = 'x%i'\n");
  directory.write("a.toml", naming("wants = ['getty@1', 'getty@2']"));
  const std::string at = directory / "getty@.toml";
  const Texts faults = faults_in(directory);
  REQUIRE(faults.size() >= 2);
  CHECK_THAT(faults[0], Contains(at + ":2:8: error: service.name: is \"login@\", must be "
                                      "\"getty@\" in a template, or left out"));
  CHECK_THAT(faults[1], Contains(at + ":4:9: error: service.umask"));
  CHECK(std::ranges::count(faults, faults[0]) == 1);
  const LoadedConfig loaded = load(directory);
  CHECK(loaded.messages.size() == 2);
  CHECK(spec_of(loaded, "getty@2").broken());
  CHECK_FALSE(spec_of(loaded, "a").broken());
}

TEST_CASE("a value that makes sense with an instance alone is no fault", "[config][template]") {
  const TempDir directory;
  directory.write("web@.toml",
                  "[service]\nexec = 'run'\n[health]\ntype = 'tcp'\nendpoint = 'localhost:%i'\n");
  CHECK(faults_in(directory).empty());
}

TEST_CASE("a template describes no proxy, and a second one of a name is left out",
          "[config][template]") {
  const TempDir directory, other;
  directory.write("p@.toml", "[proxy]\nlisten = ['unix:/run/p']\nbackend = 'unix:/run/b'\n");
  other.write("p@.toml", "[service]\nexec = 'run'\n");
  const std::vector<ConfigDirectory> both{{directory.path(), false, false, ""},
                                          {other.path(), false, false, ""}};
  const LoadedConfig loaded = load_config(both, "");
  CHECK(loaded.specs.empty());
  CHECK(loaded.proxies.empty());
  REQUIRE(loaded.messages.size() == 2);
  CHECK_THAT(loaded.messages[0], Contains("is already the template in " + (directory / "p@.toml")));
  CHECK_THAT(loaded.messages[1], Contains("describes a proxy"));
}

TEST_CASE("instances that name one another without end are bounded", "[config][template]") {
  const TempDir directory;
  SECTION("by the length of names") {
    directory.write("a@.toml", naming("requires = ['a@%i%i']"));
    directory.write("b.toml", naming("requires = ['a@1']"));
    const LoadedConfig loaded = load(directory);
    CHECK(loaded.specs.size() == 1 + 7);  // with 1, 2, 4, ... 64 digits
    CHECK_THAT(loaded.specs.back()->findings->errors.at(0), Contains("at most 128 characters"));
  }
  SECTION("by the length of the chain") {
    directory.write("a@.toml", naming("requires = ['a@%i1']"));
    directory.write("b.toml", naming("requires = ['a@1']"));
    const LoadedConfig loaded = load(directory);
    CHECK(loaded.specs.size() == 1 + kLongestChain);
    CHECK_THAT(loaded.specs.back()->findings->errors.at(0), Contains("a chain of 17 instances"));
  }
  SECTION("by their number") {
    directory.write("a@.toml", naming("wants = ['a@%i1', 'a@%i2', 'a@%i3']"));
    directory.write("b.toml", naming("wants = ['a@1']"));
    const LoadedConfig loaded = load(directory);
    CHECK(loaded.specs.size() == 1 + kMostInstances);
    CHECK(std::ranges::any_of(loaded.specs, [](const SpecPtr& spec) {
      return spec->broken() &&
             spec->findings->errors.front().find("made at most") != std::string::npos;
    }));
  }
  SECTION("by the length of their texts") {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "%n";
    directory.write("a@.toml", "[service]\nexec = 'run'\ndescription = '" + text + "'\n");
    directory.write("b.toml", naming("wants = ['a@" + std::string(100, 'x') + "']"));
    const LoadedConfig loaded = load(directory);
    CHECK_THAT(loaded.specs.back()->findings->errors.at(0), Contains("longer than 1048576 bytes"));
  }
  SECTION("a circle ends where it began") {
    directory.write("a@.toml", naming("requires = ['b@%i']"));
    directory.write("b@.toml", naming("requires = ['a@%i']"));
    directory.write("c.toml", naming("wants = ['a@1']"));
    CHECK(names_of(load(directory)) == Texts{"c", "a@1", "b@1"});
    const Texts faults = faults_in(directory);
    CHECK(std::ranges::any_of(faults, [](const std::string& one) {
      return one.find("a cycle: a@1 -> b@1 -> a@1") != std::string::npos;
    }));
  }
}

TEST_CASE("what is masked is not made", "[config][template]") {
  const TempDir directory, vendor;
  vendor.write("a@.toml", "[service]\nexec = 'run'\n");
  vendor.write("b@.toml", "[service]\nexec = 'run'\n");
  link(directory, "/dev/null", "a@1.toml");
  link(directory, "/dev/null", "b@.toml");
  directory.write("c.toml", naming("wants = ['a@1', 'a@2', 'b@1']"));
  const LoadedConfig loaded = load(directory, vendor.path());
  CHECK(names_of(loaded) == Texts{"c", "a@2"});
  CHECK(loaded.masked.contains("a@1"));
}

TEST_CASE("a proxy's service may be an instance", "[config][template]") {
  const TempDir directory;
  directory.write("web@.toml", "[service]\nexec = 'run'\nstatus = 'stop'\n");
  directory.write(
      "p.toml", "[proxy]\nlisten = ['unix:/run/p']\nbackend = 'unix:/run/b'\nservice = 'web@1'\n");
  CHECK(names_of(load(directory)) == Texts{"web@1"});
}

TEST_CASE("templates are the same for the next image", "[config][template]") {
  const TempDir directory;
  directory.write("getty@.toml", "[service]\nexec = ['a', '%i']\n# \"\xc3\xa4\n");
  for (const char* folder : {"getty@.toml.d", "getty@1.toml.d"}) make_folder(directory, folder);
  directory.write("getty@.toml.d/50.toml", "[service]\ndescription = 'all %i'\n");
  directory.write("getty@1.toml.d/10.toml", "[service]\ndir = '/own'\n");
  const LoadedConfig loaded = load(directory);
  const std::string fact = template_fact("getty@", *loaded.templates);
  Templates::Files files;
  Templates::Texts texts;
  add_template("getty@", fact, files, texts);
  const Templates again(std::move(files), std::move(texts));
  CHECK(template_fact("getty@", again) == fact);
  directory.write("getty@.toml", "[service]\nexec = 'changed since'\n");
  const auto there = [](const std::string&) { return false; };
  const auto made = make_instances(again, {"getty@1"}, there, {});
  REQUIRE(made.size() == 1);
  CHECK(made[0].diagnostics.empty());
  CHECK(made[0].spec->exec.argv == Texts{"a", "1"});
  CHECK(made[0].spec->description == "all 1");
  CHECK(made[0].spec->dir == "/own");
  CHECK(changed_on_disk(*made[0].spec));
  Templates::Files none;
  add_template("getty@", "{\"file\":1", none, texts);
  add_template("getty@", "[]", none, texts);
  add_template("getty@", "{\"file\":\"/x.toml\",\"texts\":{\"a\":[1,2]},\"own\":[]}", none, texts);
  CHECK(none.empty());
}

}  // namespace
}  // namespace zinit::test::config_templates
