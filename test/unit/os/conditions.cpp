// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Conditions except `exec`, over a tree of files: each kind, true, false and negated; and the signs
// of containers and virtual machines. A case of conditions.golden has `file PATH TEXT`, `link PATH
// TARGET` and conditions; a row of virtualization.golden the processor's hypervisor and files.
#include "os/conditions.hpp"
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::os_conditions {
namespace {

/// A machine whose root is a folder.
struct Tree {
  TempDir dir;
  std::string hypervisor;

  void put(const std::string& path, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(dir / path).parent_path());
    (void)dir.write(path, text);
  }
  void put_line(const std::string& line) const {
    const std::size_t end = line.find(' ');
    put(line.substr(0, end), end == line.npos ? "" : unescaped(line.substr(end + 1)));
  }
  [[nodiscard]] MachineFacts machine() const { return {dir.path(), hypervisor}; }
};

std::string shown(const ConditionSpec& spec, const MachineFacts& machine) {
  const auto results = look_at_conditions(spec, machine);
  REQUIRE(results);
  std::string text;
  for (const ConditionResult& one : *results) text += (one.held ? "+ " : "- ") + one.text + "\n";
  return text;
}

std::string answers(const std::string& input) {
  Tree tree;
  ConditionSpec spec;
  const std::pair<std::string_view, Texts*> lists[] = {
      {"path_exists ", &spec.path_exists},
      {"path_is_directory ", &spec.path_is_directory},
      {"path_is_mount ", &spec.path_is_mount},
      {"kernel_command_line ", &spec.kernel_command_line},
      {"virtualization ", &spec.virtualization}};
  for (const std::string_view each : split(trim(input), '\n')) {
    const std::string line(each);
    if (line.starts_with("file ")) tree.put_line(line.substr(5));
    if (line.starts_with("hypervisor ")) tree.hypervisor = line.substr(11);
    if (line.starts_with("first_boot ")) spec.first_boot = line.ends_with("true");
    const auto blank = line.find(' ', 5);
    if (line.starts_with("link "))
      std::filesystem::create_symlink(line.substr(blank + 1), tree.dir / line.substr(5, blank - 5));
    for (const auto& [key, list] : lists)
      if (line.starts_with(key)) list->push_back(unescaped(line.substr(key.size())));
  }
  CHECK(spec.configured());
  return shown(spec, tree.machine());
}

TEST_CASE("conditions hold or not, in the order of the table", "[condition]") {
  CHECK_FALSE(ConditionSpec{}.configured());
  CHECK_GOLDEN_CASES("conditions", answers);
  ConditionSpec spec;
  spec.path_exists = {"/" + std::string(500, 'a')};
  CHECK(shown(spec, Tree().machine()).size() < 200);
}

TEST_CASE("a path that cannot be looked at does not hold, negated or not", "[condition]") {
  if (::geteuid() == 0) return;  // root can look at everything
  const Tree tree;
  tree.put("closed/x", "");
  ::chmod((tree.dir / "closed").c_str(), 0);
  ConditionSpec spec;
  spec.path_exists = {"/closed/x", "!/closed/x"};
  CHECK(shown(spec, tree.machine()) ==
        "- path_exists = /closed/x (Permission denied)\n"
        "- path_exists = !/closed/x (Permission denied)\n");
  ::chmod((tree.dir / "closed").c_str(), 0700);
}

TEST_CASE("a condition on a mount point holds where something is mounted", "[condition]") {
  ConditionSpec spec;
  spec.path_is_mount = {"/", "/proc", "/proc/self", "/no", "!/proc", "!/no"};
  CHECK(shown(spec, MachineFacts{}) ==
        "+ path_is_mount = /\n+ path_is_mount = /proc\n- path_is_mount = /proc/self\n"
        "- path_is_mount = /no\n- path_is_mount = !/proc\n+ path_is_mount = !/no\n");
}

TEST_CASE("containers and virtual machines are found by what they show of themselves",
          "[condition]") {
  CHECK_GOLDEN_ROWS("virtualization", [](const std::string& row) {
    Tree tree;
    const auto parts = split(row, ';');
    tree.hypervisor = unescaped(parts[0]);
    for (std::size_t i = 1; i < parts.size(); ++i) tree.put_line(std::string(trim(parts[i])));
    const auto found = detect_virtualization(tree.machine());
    REQUIRE(found);
    return (found->container ? "in " : "") + std::string(found->name.empty() ? "-" : found->name);
  });
}

TEST_CASE("words of virtualization stand for one kind or for many", "[condition]") {
  CHECK_GOLDEN_ROWS("virtualization_words", [](const std::string& word) {
    std::string text;
    for (const Virtualization& found :
         {Virtualization{}, Virtualization{"kvm", false}, Virtualization{"docker", true}})
      text += is_virtualization(found, word) ? "+" : "-";
    return text;
  });
}

TEST_CASE("a condition's command is shown as its file has it", "[condition]") {
  CHECK(command_condition({{{"/bin/sh", "-c", "a | b"}}, true}, "exited with code 1") ==
        "exec = !a | b (exited with code 1)");
  CHECK(command_condition({{{"test", "-f", "/x"}}, false}, "") == "exec = test -f /x");
}

}  // namespace
}  // namespace zinit::test::os_conditions
