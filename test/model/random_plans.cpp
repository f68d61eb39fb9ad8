// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reloads from one random directory of service files to another.
#include "model/fake_world.hpp"
#include "support/test.hpp"

namespace zinit::test::model_random_plans {
namespace {

using Dice = std::mt19937_64;
using Fate = PlannedService::Fate;
using Directory = std::vector<SpecPtr>;

int roll(Dice& dice, int below) { return std::uniform_int_distribution<>(0, below - 1)(dice); }

constexpr int kNames = 8;

std::string some_name(Dice& dice) {
  return std::string(1, static_cast<char>('a' + roll(dice, kNames)));
}

/// Up to two names. They may name the service itself, or no service.
std::vector<Dependency> some_names(Dice& dice) {
  std::vector<Dependency> names;
  for (int n = std::max(0, roll(dice, 5) - 2); n > 0; --n) names.push_back({some_name(dice), {}});
  return names;
}

SpecPtr some_spec(Dice& dice, const std::string& name) {
  auto spec = std::make_shared<ServiceSpec>();
  spec->name = name;
  spec->file = "/etc/" + name + ".toml";
  spec->exec.argv = {roll(dice, 4) == 0 ? "/bin/other" : "/bin/one"};
  spec->description = roll(dice, 4) == 0 ? "other" : "one";
  for (const Relation& relation : kRelations) {
    const bool often =
        relation.name == "requires" || relation.name == "after" || relation.name == "wants";
    if (often || roll(dice, 4) == 0) spec->dependencies.edit().*relation.list = some_names(dice);
  }
  if (roll(dice, 10) == 0) spec->findings.edit().errors = {spec->file + ":1:1: error: wrong"};
  return spec;
}

/// Files for about three quarters of the names, sorted. With `like`, most files are unchanged.
Directory some_directory(Dice& dice, const Directory& like = {}) {
  Directory directory;
  for (int i = 0; i < kNames; ++i) {
    if (roll(dice, 4) == 0) continue;
    const std::string name(1, static_cast<char>('a' + i));
    const auto same = std::ranges::find(like, name, [](const SpecPtr& spec) { return spec->name; });
    if (same != like.end() && roll(dice, 3) != 0)
      directory.push_back(std::make_shared<ServiceSpec>(**same));
    else
      directory.push_back(some_spec(dice, name));
  }
  return directory;
}

std::vector<bool> some_live(Dice& dice, const Graph& graph) {
  std::vector<bool> live(graph.slots());
  for (std::size_t i = 0; i < live.size(); ++i) live[i] = roll(dice, 2) == 0;
  return live;
}

const Node* loaded(const Graph& graph, const std::string& name) {
  const Slot slot = graph.find(name);
  return slot == kNoSlot || graph.node(slot).removed ? nullptr : &graph.node(slot);
}

/// Whether the service and everything that it requires, at any depth, existed and was valid.
bool could_run(const Graph& graph, const std::string& name) {
  std::set<std::string> seen{name};
  for (Texts work{name}; !work.empty();) {
    const Node* node = loaded(graph, work.back());
    work.pop_back();
    if (node == nullptr || node->broken() || !node->missing->empty()) return false;
    for (const Slot one : node->requires_)
      if (seen.insert(graph.name(one)).second) work.push_back(graph.name(one));
  }
  return true;
}

std::string words(const Directory& directory) {
  std::string text;
  for (const SpecPtr& spec : directory) {
    text += "\n" + spec->name + (spec->broken() ? " (wrong)" : "") + ":";
    for (const Relation& relation : kRelations)
      for (const Dependency& one : *spec->dependencies.*relation.list)
        text += " " + std::string(relation.name) + " " + one.name;
  }
  return text;
}

/// Checks what must hold for one service, from its old spec and its current file.
void check_service(const Graph& old, const PlannedService& planned, const Directory& directory) {
  const auto file =
      std::ranges::find(directory, planned.name, [](const SpecPtr& spec) { return spec->name; });
  const Node* before = loaded(old, planned.name);
  INFO(planned.name << ", fate " << static_cast<int>(planned.fate));
  REQUIRE((planned.fate == Fate::removed) == (file == directory.end()));
  if (file == directory.end()) return;
  REQUIRE((planned.fate == Fate::added) == (before == nullptr));
  if (before == nullptr) return;
  const SpecChange change = compare(*before->spec, **file);
  if (before->broken()) return;  // any fate is right: a requirement may have been repaired
  if (planned.fate == Fate::unchanged) REQUIRE(change == SpecChange::none);
  if (planned.fate == Fate::settings) REQUIRE(change == SpecChange::settings);
  if (planned.fate == Fate::restart) REQUIRE(change == SpecChange::restart);
  if (planned.fate == Fate::kept) {
    REQUIRE_FALSE(planned.refused.empty());
    REQUIRE(compare(*before->spec, *planned.spec) == SpecChange::none);
  }
}

/// Checks the graph: a valid service stays valid for any content of the files.
void check_graph(const Graph& old, const Plan& plan) {
  for (const PlannedService& planned : plan.services) {
    if (planned.fate == Fate::removed) continue;
    INFO(planned.name);
    const Node& node = plan.graph->node(planned.slot);
    REQUIRE(node.spec == planned.spec);
    const Node* before = loaded(old, planned.name);
    if (before != nullptr) REQUIRE(planned.slot == old.find(planned.name));
    // A service that was missing before may now bring a contradiction.
    if (before != nullptr && could_run(old, planned.name)) REQUIRE_FALSE(node.broken());
    if (node.broken()) REQUIRE_FALSE(planned.refused.empty());
  }
}

std::vector<std::pair<std::string, Fate>> fates(const Plan& plan) {
  std::vector<std::pair<std::string, Fate>> all;
  for (const PlannedService& planned : plan.services) all.emplace_back(planned.name, planned.fate);
  return all;
}

TEST_CASE("of ten thousand random pairs of directories each reload keeps what it promises",
          "[plan][random]") {
  const auto seed = std::random_device{}();
  Dice dice(seed);
  for (int i = 0; i < 10000; ++i) {
    const Directory first = some_directory(dice);
    const Directory second = some_directory(dice, first);
    INFO("seed " << seed << ", pair " << i << words(first) << "\nthen" << words(second));
    const Plan boot = plan(*Graph::build({}), first, {});
    const std::vector<bool> live = some_live(dice, *boot.graph);
    const Plan reload = plan(*boot.graph, second, live);
    std::set<std::string> names;
    for (const PlannedService& planned : reload.services) {
      REQUIRE(names.insert(planned.name).second);
      check_service(*boot.graph, planned, second);
    }
    check_graph(*boot.graph, reload);
    // The same arguments give the same plan, and a second reload of the same files does no harm.
    REQUIRE(fates(plan(*boot.graph, second, live)) == fates(reload));
    check_graph(*reload.graph, plan(*reload.graph, second, some_live(dice, *reload.graph)));
  }
}

}  // namespace
}  // namespace zinit::test::model_random_plans
