// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Converts services to JSON, and back.
#include "files/kept_config.hpp"

#include <algorithm>
#include <optional>

#include "base/identity_json.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "io/loop.hpp"
#include "model/plan.hpp"
#include "state/journal.hpp"

namespace zinit {

namespace {

constexpr std::string_view kService = "service/";  // followed by the slot
constexpr std::string_view kMasked = "masked/";    // followed by the name

std::string service_key(Slot slot) { return fmt::format("{}{}", kService, slot); }

/// The faults for which the graph has refused the spec.
std::vector<std::string> faults_of_graph(const ServiceSpec& spec) {
  return spec.findings->unrefused ? spec.findings->errors : std::vector<std::string>();
}

/// Whether the facts of both would be the same. Each is a Node or a GraphEntry.
bool same(const auto& one, const auto& other) {
  return as_read(one.spec) == as_read(other.spec) &&
         faults_of_graph(*one.spec) == faults_of_graph(*other.spec) &&
         one.removed == other.removed && one.load_order == other.load_order;
}

// A missing member is read as false, 0 or empty.

void put_flag(JsonWriter& to, std::string_view name, bool value) {
  if (value) to.member(name, value);
}

void put_list(JsonWriter& to, std::string_view name, const std::vector<std::string>& list) {
  if (!list.empty()) to.member(name, list);
}

/// The files that a spec was read from.
void put_origin(JsonWriter& to, const ServiceSpec& spec) {
  to.member("file", spec.file);
  put_list(to, "drop_ins", spec.drop_ins);
  to.key("identities").begin_array();
  for (const FileIdentity& one : spec.identities) put_identity(to, one);
  to.end_array();
}

/// The places of all names in the lists, for messages about the graph: the document has none.
void put_places(JsonWriter& to, const Dependencies& all) {
  std::string places;
  each_list(all, [&](const std::vector<Dependency>& list) {
    for (const auto& [name, at] : list)
      places += fmt::format(",{},{},{}", at.line, at.column, at.source);
  });
  if (!places.empty()) to.key("places").put_raw("[" + places.substr(1) + "]");
}

std::string fact_of(const Node& node) {
  const ServiceSpec& spec = *as_read(node.spec);
  JsonWriter to;
  to.begin_object().member("name", spec.name).member("load_order", node.load_order);
  put_flag(to, "removed", node.removed);
  put_flag(to, "vendors", spec.vendors);
  put_flag(to, "runtime", spec.runtime);
  put_flag(to, "system_class", spec.system_class_default);
  put_flag(to, "inherit_streams", spec.inherit_streams);
  if (!spec.connection_of->empty()) to.member("instance_of", *spec.connection_of);
  if (spec.is_instance()) to.member("template", spec.instance->of);
  if (spec.is_instance()) to.member("link", spec.instance->link);
  put_origin(to, spec);
  if (!spec.document.empty()) to.key("document").put_raw(spec.document);
  put_places(to, *spec.dependencies);
  put_list(to, "warnings", spec.findings->warnings);
  put_list(to, "errors", spec.findings->errors);
  // A refused service adds no edges to others: the next process image must not stop these.
  put_list(to, "faults", faults_of_graph(*node.spec));
  if (spec.findings->refused_warnings > 0)
    to.member("refused_warnings", spec.findings->refused_warnings);
  if (const SpecPtr& refused = spec.findings->refused) {
    to.key("refused").begin_object();
    put_origin(to, *refused);
    to.end_object();
  }
  return to.end_object().take();
}

std::vector<std::string> texts_in(const JsonValue& list) {
  std::vector<std::string> texts;
  if (!list.IsArray()) return texts;
  for (const JsonValue& one : list.GetArray())
    if (one.IsString()) texts.emplace_back(text_of(one));
  return texts;
}

/// Reads members of an object. A member that is missing, or of another type, gives the default.
class Members {
 public:
  explicit Members(const JsonValue& object) : object_(object) {}

  [[nodiscard]] const JsonValue* find(const char* name) const {
    const auto member = object_.FindMember(name);
    return member == object_.MemberEnd() ? nullptr : &member->value;
  }
  [[nodiscard]] std::string text(const char* name) const {
    const JsonValue* value = find(name);
    return value != nullptr && value->IsString() ? std::string(text_of(*value)) : std::string();
  }
  [[nodiscard]] bool flag(const char* name) const {
    const JsonValue* value = find(name);
    return value != nullptr && value->IsBool() && value->GetBool();
  }
  [[nodiscard]] std::uint32_t number(const char* name) const {
    const JsonValue* value = find(name);
    return value != nullptr && value->IsUint() ? value->GetUint() : 0;
  }
  [[nodiscard]] std::vector<std::string> texts(const char* name) const {
    const JsonValue* value = find(name);
    return value != nullptr ? texts_in(*value) : std::vector<std::string>();
  }

 private:
  const JsonValue& object_;
};

void take_origin(const Members& from, ServiceSpec& spec) {
  spec.file = from.text("file");
  spec.drop_ins = from.texts("drop_ins");
  const JsonValue* identities = from.find("identities");
  if (identities == nullptr || !identities->IsArray()) return;
  for (const JsonValue& one : identities->GetArray()) spec.identities.push_back(identity_from(one));
}

void take_places(const Members& from, ServiceSpec& spec) {
  const JsonValue* places = from.find("places");
  if (places == nullptr || !places->IsArray()) return;
  rapidjson::SizeType next = 0;
  const auto take = [&] {
    const bool known = next < places->Size() && (*places)[next].IsUint();
    return known ? (*places)[next++].GetUint() : 0;
  };
  each_list(spec.dependencies.edit(), [&](std::vector<Dependency>& list) {
    for (Dependency& one : list)
      one.at = {static_cast<int>(take()), static_cast<int>(take()), take()};
  });
}

/// A spec from its document alone, and the faults of the document.
struct BareSpec {
  std::shared_ptr<ServiceSpec> spec = std::make_shared<ServiceSpec>();
  std::vector<std::string> errors;
};

BareSpec bare_spec(const Members& from, const ServiceDefaults& defaults) {
  const JsonValue* document = from.find("document");
  if (document == nullptr) return {.errors = {"it has no configuration"}};
  auto value = value_from_json(*document);
  if (!value) return {.errors = {std::move(value.error())}};
  ParsedSpec parsed =
      spec_from_document(*value, from.flag("system_class"), defaults, from.text("file"));
  BareSpec bare{std::move(parsed.spec), {}};
  // The name is a separate member of the fact, because it may come from the file's name.
  const std::string name_key = fmt::format("{}.name", kind_name(bare.spec->kind));
  for (const Diagnostic& diagnostic : parsed.diagnostics)
    if (diagnostic.severity == Severity::error && diagnostic.key != name_key)
      bare.errors.push_back(to_text(diagnostic));
  return bare;
}

std::optional<GraphEntry> entry_from(const std::string& text, Slot slot,
                                     const ServiceDefaults& defaults) {
  const auto fact = json_from(text);
  if (!fact || !fact->IsObject()) return std::nullopt;
  const Members from(*fact);
  BareSpec bare = bare_spec(from, defaults);
  const std::shared_ptr<ServiceSpec>& spec = bare.spec;
  spec->name = from.text("name");
  if (name_fault(spec->name)) return std::nullopt;
  take_origin(from, *spec);
  take_places(from, *spec);
  spec->vendors = from.flag("vendors");
  spec->runtime = from.flag("runtime");
  spec->system_class_default = from.flag("system_class");
  spec->inherit_streams = from.flag("inherit_streams");
  spec->connection_of = from.text("instance_of");
  if (std::string of = from.text("template"); !of.empty())
    spec->instance.edit() = {std::move(of), from.text("link")};
  SpecFindings findings{from.texts("warnings"), from.number("refused_warnings"),
                        from.texts("errors"), nullptr, nullptr};
  // A fault that the previous process image did not see: this one must not run half of a file.
  if (findings.errors.empty()) findings.errors = std::move(bare.errors);
  findings.refused_warnings = std::min(findings.refused_warnings, findings.warnings.size());
  if (const JsonValue* refused = from.find("refused"); refused != nullptr && refused->IsObject()) {
    auto newer = std::make_shared<ServiceSpec>();
    take_origin(Members(*refused), *newer);
    findings.refused = std::move(newer);
  }
  if (findings.refused || !findings.warnings.empty() || !findings.errors.empty())
    spec->findings.edit() = std::move(findings);
  const auto faults = from.texts("faults");
  return GraphEntry{faults.empty() ? SpecPtr(spec) : with_errors(spec, faults), slot,
                    from.number("load_order"), from.flag("removed")};
}

/// The slot in the rest of a key.
std::optional<Slot> slot_of(std::string_view digits) {
  const auto number = parse_integer(digits);
  if (!number || *number < 0 || *number >= kJournalSlots || std::to_string(*number) != digits)
    return std::nullopt;
  return static_cast<Slot>(*number);
}

}  // namespace

void put_changes(const Graph& before, const Graph& after, FactMap& facts,
                 std::span<const GraphEntry> kept) {
  const std::size_t slots = std::max(before.slots(), after.slots());
  for (Slot slot = 0; slot < slots; ++slot) {
    while (!kept.empty() && kept.front().slot < slot) kept = kept.subspan(1);
    const bool stays =
        before.used(slot) && after.used(slot) && before.name(slot) == after.name(slot);
    if (before.used(slot) && !stays) forget_slot(slot, facts);
    if (after.used(slot)) {
      const Node& node = after.node(slot);
      if (before.used(slot) && same(before.node(slot), node)) continue;
      if (!kept.empty() && kept.front().slot == slot && same(kept.front(), node)) continue;
      facts[service_key(slot)] = fact_of(node);
    } else if (before.used(slot)) {
      facts[service_key(slot)];
    }
  }
  if (before.masked() == after.masked()) return;
  for (const auto& [name, link] : before.masked()) facts[fmt::format("{}{}", kMasked, name)];
  for (const auto& [name, link] : after.masked()) facts[fmt::format("{}{}", kMasked, name)] = link;
}

SpecPtr read_again(const SpecPtr& spec, const ServiceDefaults& defaults) {
  Node node;
  node.spec = spec;
  const auto entry = entry_from(fact_of(node), 0, defaults);
  return entry ? entry->spec : spec;
}

KeptServices kept_services(const FactMap& facts, const ServiceDefaults& defaults) {
  KeptServices kept;
  each_below(facts, kService, [&](std::string_view key, const std::string& value) {
    const auto slot = slot_of(key);
    auto entry = slot ? entry_from(value, *slot, defaults) : std::nullopt;
    if (entry)
      kept.entries.push_back(*std::move(entry));
    else
      log_error("cannot read the config of service {} that the previous process image has left",
                key);
  });
  sort_by(kept.entries, &GraphEntry::slot);  // facts are in the order of their digits
  each_below(facts, kMasked, [&](std::string_view name, const std::string& link) {
    kept.masked.emplace(name, link);
  });
  return kept;
}

std::string template_fact(const std::string& name, const Templates& templates) {
  const SourceFile& file = templates.files().find(name)->second;
  std::vector<std::string> paths{file.path};
  JsonWriter to;
  to.begin_object().member("file", file.path);
  put_flag(to, "vendors", file.vendors);
  put_flag(to, "system_class", file.system_class);
  const auto put_drop_ins = [&](const std::vector<std::string>& list) {
    to.put(list);
    paths.insert(paths.end(), list.begin(), list.end());
  };
  to.key("drop_ins");
  put_drop_ins(file.drop_ins);
  to.key("own").begin_object();
  for (const auto& [instance, own] : file.own) {
    to.key(instance);
    put_drop_ins(own.paths);
  }
  to.end_object().key("texts").begin_object();
  for (const std::string& path : paths) {
    const auto text = templates.texts().find(path);
    if (text == templates.texts().end()) continue;
    to.key(path).begin_array();
    put_identity(to, text->second.identity);
    to.put(text->second.text).end_array();
  }
  return to.end_object().end_object().take();
}

void add_template(const std::string& name, const std::string& fact, Templates::Files& files,
                  Templates::Texts& texts) {
  auto json = json_from(fact);
  if (!json || !json->IsObject() || !is_template_name(name)) return;
  const Members from(*json);
  SourceFile file{from.text("file"), from.flag("system_class")};
  file.vendors = from.flag("vendors");
  file.drop_ins = from.texts("drop_ins");
  const auto each_of = [&](const char* key, auto act) {
    if (!json->HasMember(key) || !(*json)[key].IsObject()) return;
    each_member((*json)[key], [&](auto& one) { act(std::string(text_of(one.name)), one.value); });
  };
  each_of("own", [&](const std::string& instance, const JsonValue& list) {
    file.own[instance].paths = texts_in(list);
  });
  each_of("texts", [&](const std::string& path, const JsonValue& one) {
    if (one.IsArray() && one.Size() == 2 && one[1].IsString())
      texts[path] = {identity_from(one[0]), std::string(text_of(one[1]))};
  });
  if (stem_of(file.path) == name) files.emplace(name, std::move(file));
}

void KeptState::graph_changed(const Graph& before, const Graph& after) noexcept {
  catch_all("the facts for the next image", [&] {
    FactMap changes;
    put_changes(before, after, changes, kept_);
    facts_.keep(changes);
  });
}

void KeptState::keep(SlotFact what, Slot slot, std::string_view value) noexcept {
  catch_all("a fact for the next image", [&] { facts_.keep(key_of(what, slot), value); });
}

}  // namespace zinit
