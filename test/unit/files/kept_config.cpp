// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The configuration in force as facts: the next process image makes the same graph from them.
#include "files/kept_config.hpp"
#include "base/format.hpp"
#include "base/json.hpp"
#include "config/spec_reader.hpp"
#include "config/toml_reader.hpp"
#include "files/configuration.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::files_kept_config {
namespace {

SpecPtr spec_of(const std::string& name, const std::string& text, bool system_class = false) {
  return finish(parse_spec(text, "/etc/zinit/services/" + name + ".toml", system_class));
}

/// The service of a container's command.
SpecPtr command_service(const Texts& command, const std::string& settings = "") {
  const TempDir dir;
  Sources sources;
  sources.places.settings_file = dir / "zinit.toml";
  REQUIRE(std::ofstream(sources.places.settings_file) << settings << std::flush);
  sources.command.argv = command;
  return read_configuration(sources).specs.at(0);
}

/// Services of many kinds, each with its name.
std::vector<SpecPtr> many() {
  const std::pair<const char*, const char*> files[] = {
      {"plain", "[service]\nexec = 'plain'\n"},
      {"named", "[service]\nname = 'other'\nexec = 'a | b'\n"},
      {"job", "[service]\nexec = 'a'\noneshot = true\n"},
      {"aim", "[target]\n[dependencies]\nwants = ['plain', 'nobody']\n"},
      {"needs",
       "[service]\nexec = 'a'\n[dependencies]\nrequires = ['plain']\nafter = ['job']\n"
       "conflicts = ['named']\n"},
      {"checked",
       "[service]\nexec = 'a'\nenv = {A = 'x'}\n[readiness]\nnotify = 'systemd'\n[health]\n"
       "type = 'tcp'\nendpoint = 'a:80'\n[lifecycle]\nrestart = 'always'\n"},
      // With a warning, with an error, and not TOML at all.
      {"warned", "[service]\nexec = 'a'\ncolour = 'red'\n"},
      {"wrong", "[service]\nexec = 'a'\numask = '999'\n"},
      {"broken", "[service\n"},
      // A cycle, which only the graph refuses.
      {"one", "[service]\nexec = 'a'\n[dependencies]\nrequires = ['two']\n"},
      {"two", "[service]\nexec = 'a'\n[dependencies]\nrequires = ['one']\n"},
  };
  std::vector<SpecPtr> specs;
  for (const auto& [name, text] : files) specs.push_back(spec_of(name, text));
  specs.push_back(spec_of("system", "[service]\nexec = ['a', '', '\u00fc\"\\']\n", true));

  auto layered = std::make_shared<ServiceSpec>(*specs.front());
  layered->name = "layered";
  layered->file = "/usr/lib/zinit/services/layered.toml";
  layered->drop_ins = {"/etc/a.toml", "/etc/b \"quoted\".toml"};
  layered->identities = {
      {1, 2, 3, 4}, {~dev_t{0}, ~ino_t{0}, off_t{1} << 40, -1}, {5, 6, 7, 1700000000000000000}};
  layered->vendors = true;
  specs.push_back(layered);

  auto runtime = std::make_shared<ServiceSpec>(
      *spec_from_document(*read_toml("[service]\nname = 'set'\nexec = 'a'\n")).spec);
  runtime->runtime = true;
  specs.push_back(runtime);

  // In force, although a newer file of it was refused.
  auto held = std::make_shared<ServiceSpec>(*specs.front());
  held->name = "held";
  auto newer = std::make_shared<ServiceSpec>();
  newer->file = "/etc/zinit/services/held.toml";
  newer->identities = {{8, 9, 10, 11}};
  held->findings.edit() = {{"own warning", "f.toml:1:1: error: of the newer"}, 1, {}, {}, newer};
  specs.push_back(held);

  specs.push_back(command_service({"sh", "-c", "sleep 1"}));
  return specs;
}

/// All of many() in slots that do not follow their order; one of them is removed.
GraphPtr graph_of_many() {
  const std::vector<SpecPtr> specs = many();
  std::vector<GraphEntry> entries;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    entries.push_back({specs[i], (number * 5 + 2) % 23, number + 7, i == 3});
  }
  return Graph::build(entries, {{"masked", "/etc/zinit/services/masked.toml"}, {"other", "/m"}});
}

/// The content of a file of facts that had `before`, after the change.
FactMap with_changes(const Graph& from, const Graph& to, FactMap before = {}) {
  FactMap changes;
  put_changes(from, to, changes);
  for (const auto& [key, value] : changes) before.insert_or_assign(key, value);
  std::erase_if(before, [](const auto& fact) { return fact.second.empty(); });
  return before;
}

FactMap facts_of(const Graph& graph) { return with_changes(Graph(), graph); }

GraphPtr graph_from(const FactMap& facts, const ServiceDefaults& defaults = {}) {
  KeptServices kept = kept_services(facts, defaults);
  return Graph::build(kept.entries, std::move(kept.masked));
}

std::string text_of(const FactMap& facts) {
  std::string text;
  for (const auto& [key, value] : facts) text += key + " " + value + "\n";
  return text;
}

/// Whether what was read is the same: it leaves the same facts, and kept_graph.golden has all.
void check_same_graph(const Graph& read, const Graph& kept) {
  CHECK(text_of(facts_of(read)) == text_of(facts_of(kept)));
  CHECK(read.order() == kept.order());
  REQUIRE(read.slots() == kept.slots());
  for (const Slot slot : kept.order()) {
    const Node &one = read.node(slot), &other = kept.node(slot);
    INFO(other.spec->name);
    CHECK(compare(*as_read(one.spec), *as_read(other.spec)) == SpecChange::none);
    CHECK(one.spec->inherit_streams == other.spec->inherit_streams);
    CHECK(one.requires_ == other.requires_);
    CHECK(one.after == other.after);
    CHECK(one.wants == other.wants);
    CHECK(one.conflicts == other.conflicts);
    CHECK(one.missing == other.missing);
    CHECK(one.broken() == other.broken());
  }
}

/// What is read of a service's fact.
std::string reading_of(const std::string& fact) {
  const KeptServices kept = kept_services({{"service/3", fact}}, {});
  if (kept.entries.size() != 1) return "left out";
  const auto& [spec, slot, load_order, removed] = kept.entries.front();
  std::string text = fmt::format("{} in slot {}", spec->name, slot);
  if (load_order != 0) text += fmt::format(", load order {}", load_order);
  if (removed) text += ", removed";
  if (!spec->file.empty()) text += ", file " + spec->file;
  for (const std::string& drop_in : spec->drop_ins) text += ", drop-in " + drop_in;
  for (const FileIdentity& identity : spec->identities)
    text += identity == FileIdentity{1, 2, 3, 4} ? ", identity 1 2 3 4"
            : identity == FileIdentity{}         ? ", no identity"
                                                 : ", another identity";
  if (spec->vendors) text += ", of a vendor";
  for (const std::string& warning : spec->findings->warnings) text += ", warning " + warning;
  if (spec->findings->refused_warnings > 0) text += ", refused warnings";
  for (const std::string& error : spec->findings->errors) text += ", error " + error;
  return text;
}

std::string key_of(const Graph& graph, std::string_view name) {
  return "service/" + std::to_string(graph.find(name));
}

TEST_CASE("kept config: the graph that was in force is there again", "[init][kept]") {
  const GraphPtr graph = graph_of_many();
  REQUIRE(graph->node(graph->find("one")).broken());
  REQUIRE(graph->node(graph->find("broken")).broken());
  REQUIRE_FALSE(graph->node(graph->find("plain")).broken());
  CHECK_GOLDEN(text_of(facts_of(*graph)), "kept_graph");
  FactMap facts = facts_of(*graph);
  check_same_graph(*graph_from(facts), *graph);
  for (const std::string key : {"service", "servicex/1", "services/1", "mask", "maskedx/a",
                                "daemon/shell", "pipe/1", "a", "z"})
    facts[key] = "{}";  // of others
  check_same_graph(*graph_from(facts), *graph);
}

TEST_CASE("kept config: services come by slot, whatever their digits", "[init][kept]") {
  std::vector<GraphEntry> entries;
  for (Slot slot = 0; slot < 120; slot += 3)
    entries.push_back({spec_of("s" + std::to_string(slot), "[service]\nexec = 'a'\n"), slot, slot});
  const KeptServices kept = kept_services(facts_of(*Graph::build(entries)), {});
  REQUIRE(kept.entries.size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(kept.entries[i].slot == entries[i].slot);
    CHECK(kept.entries[i].spec->name == entries[i].spec->name);
  }
}

TEST_CASE("kept config: a fact is written for what has changed, and for nothing else",
          "[init][kept]") {
  const GraphPtr before = graph_of_many();
  FactMap none;
  put_changes(*before, *before, none);
  CHECK(none.empty());

  // One service changes, one is removed, one leaves, one is new; one mask goes, and one has another
  // target.
  std::vector<GraphEntry> entries;
  for (const Slot slot : before->order()) {
    const Node& node = before->node(slot);
    if (node.spec->name == "job") continue;
    entries.push_back({as_read(node.spec), slot, node.load_order, node.removed});
    if (node.spec->name == "plain")
      entries.back().spec = spec_of("plain", "[service]\nexec = 'changed'\n");
    if (node.spec->name == "layered") entries.back().removed = true;
  }
  entries.push_back({spec_of("fresh", "[service]\nexec = 'a'\n"), 100, 99});
  const GraphPtr after = Graph::build(entries, {{"other", "/elsewhere"}});
  FactMap changes;
  put_changes(*before, *after, changes);
  const FactMap all = with_changes(*before, *after, facts_of(*before));
  check_same_graph(*graph_from(all), *after);
  Texts keys;
  for (const auto& [key, value] : changes) keys.push_back(key);
  FactMap forgotten;  // what is known of the service that is gone
  forget_slot(before->find("job"), forgotten);
  Texts expected = {"masked/masked", "masked/other", "service/100"};
  for (const auto& [key, value] : forgotten) expected.push_back(key);
  for (const char* name : {"plain", "layered", "job"}) expected.push_back(key_of(*before, name));
  std::ranges::sort(expected);
  CHECK(keys == expected);
  CHECK(changes.at(key_of(*before, "job")).empty());
  CHECK(changes.at("masked/masked").empty());
  CHECK(changes.at("masked/other") == "/elsewhere");
}

TEST_CASE("kept config: no fact about a service counts for the next one of its slot",
          "[init][kept]") {
  const auto graph_of = [](const std::string& name, const std::string& command) {
    const SpecPtr spec = spec_of(name, "[service]\nexec = '" + command + "'\n");
    return Graph::build({{spec, 12, 0}});
  };
  const FactMap known{{"words/12", "a"}, {"watch/12", "b"}, {"dropped/12", "c"}, {"words/1", "d"}};
  const GraphPtr web = graph_of("web", "a"), other = graph_of("other", "a");
  const auto left = [&](const Graph& from, const Graph& to) {
    FactMap facts = with_changes(from, to, known);
    facts.erase("service/12");
    return facts;
  };
  CHECK(left(*web, *graph_of("web", "changed")) == known);
  CHECK(left(Graph(), *web) == known);  // it is taken over from the previous process image
  CHECK(left(*web, *other) == FactMap{{"words/1", "d"}});
  CHECK(left(*web, Graph()) == FactMap{{"words/1", "d"}});
}

TEST_CASE("kept config: [defaults] in force apply again, to zinit's own command too",
          "[init][kept]") {
  std::vector<Diagnostic> faults;
  const GlobalSettings settings =
      parse_settings("[defaults]\nstop_timeout_ms = 5\nbuffer_lines = 7\n", "f", faults);
  REQUIRE(faults.empty());
  const SpecPtr web = finish(read_spec({"/web.toml"}, settings.defaults, [](const std::string&) {
    return Result<std::string>("[service]\nexec = 'web'\n[lifecycle]\nmax_restarts = 3\n");
  }));
  REQUIRE(web->lifecycle.stop_timeout == Milliseconds(5));
  const SpecPtr command =
      command_service({"sh"}, "[defaults]\nstop_timeout_ms = 5\nbuffer_lines = 7\n");
  REQUIRE(command->lifecycle.stop_timeout == Milliseconds(5));
  const auto graph = Graph::build({{web, 0, 0}, {command, 1, 1}});
  check_same_graph(*graph_from(facts_of(*graph), settings.defaults), *graph);
}

TEST_CASE("kept config: a fact that cannot be read leaves out its service alone", "[init][kept]") {
  const GraphPtr graph = graph_of_many();
  const FactMap facts = facts_of(*graph);
  const std::string key = key_of(*graph, "plain");
  Texts others = graph->names();
  std::erase(others, "plain");
  const std::string good = facts.at(key);
  for (const std::string& wrong : {good + "}", good.substr(1), good.substr(0, good.size() / 2),
                                   "\xff"s, std::string(100000, '[')}) {
    INFO(wrong.substr(0, 80));
    FactMap damaged = facts;
    damaged[key] = wrong;
    CHECK(graph_from(damaged)->names() == others);
    CHECK(graph_from(damaged)->masked() == graph->masked());
  }
}

TEST_CASE("kept config: keys that name no slot are left out", "[init][kept]") {
  const GraphPtr graph = Graph::build({{spec_of("web", "[service]\nexec = 'a'\n"), 5, 0}});
  const FactMap facts = facts_of(*graph);
  for (const std::string wrong : {"", "x", "5x", "05", "+5", "-1", " 5", "4294967295", "131072",
                                  "4294967301", "99999999999999999999"}) {
    INFO(wrong);
    FactMap odd = facts;
    odd["service/" + wrong] = facts.at("service/5");
    const GraphPtr again = graph_from(odd);
    CHECK(again->order() == std::vector<Slot>{5});
    CHECK(again->slots() == 6);
  }
}

TEST_CASE("kept config: what is wrong with a fact has its default, or breaks its service",
          "[init][kept]") {
  CHECK_GOLDEN_ROWS("kept_config", reading_of);
}

}  // namespace
}  // namespace zinit::test::files_kept_config
