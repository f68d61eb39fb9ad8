// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Templates and their instances (zinit.toml(5), "Templates").
#include "config/directory.hpp"
#include "config/loader.hpp"
#include "files/kept_config.hpp"
#include "support/test.hpp"
#include "unit/config/tree.hpp"

namespace zinit::test::config_templates {
namespace {

LoadedConfig load(const TempDir& directory) {
  return load_config(std::vector<ConfigDirectory>{{directory.path()}}, "");
}

TEST_CASE("templates and their instances are loaded as the golden file has them",
          "[config][template]") {
  CHECK_GOLDEN_CASES("templates", answered_tree);
}

TEST_CASE("the number of instances and their texts are bounded", "[config][template]") {
  const TempDir directory;
  const std::string service = "[service]\nexec = 'run'\n", wants = "[dependencies]\nwants = ";
  directory.write("a@.toml", service + wants + "['a@%i1', 'a@%i2', 'a@%i3']");
  directory.write("b.toml", service + wants + "['a@1']");
  const LoadedConfig many = load(directory);
  CHECK(many.specs.size() == 1 + kMostInstances);
  CHECK(std::ranges::any_of(many.specs, [](const SpecPtr& spec) {
    return spec->broken() &&
           spec->findings->errors.front().find("made at most") != std::string::npos;
  }));

  std::string text;
  for (int i = 0; i < 20000; ++i) text += "%n";
  directory.write("a@.toml", service + "description = '" + text + "'\n");
  directory.write("b.toml", service + wants + "['a@" + std::string(100, 'x') + "']");
  CHECK_THAT(load(directory).specs.back()->findings->errors.at(0),
             Contains("longer than 1048576 bytes"));
}

TEST_CASE("templates are the same for the next image", "[config][template]") {
  const TempDir directory;
  directory.write("getty@.toml", "[service]\nexec = ['a', '%i']\n# \"\xc3\xa4\n");
  for (const char* folder : {"getty@.toml.d", "getty@1.toml.d"})
    std::filesystem::create_directory(directory / folder);
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
  CHECK(changed_file(*made[0].spec) != "");
  Templates::Files none;
  for (const char* wrong :
       {"{\"file\":1", "[]", "{\"file\":\"/x.toml\",\"texts\":{\"a\":[1,2]},\"own\":[]}"})
    add_template("getty@", wrong, none, texts);
  CHECK(none.empty());
}

}  // namespace
}  // namespace zinit::test::config_templates
