// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Warnings about what a service's files name. See check_warnings.hpp.
#include "config/check_warnings.hpp"

#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

/// The name without a suffix of a systemd unit or of a file; empty if it has no such suffix.
std::string_view without_suffix(std::string_view name) {
  for (const std::string_view suffix : {".service", ".target", ".toml"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix))
      return name.substr(0, name.size() - suffix.size());
  }
  return {};
}

/// The files of a service, read again as one document to find the places of its values.
Value document_of(const ServiceSpec& spec, const ReadText& read) {
  Value all;
  for (std::uint32_t source = 0; source <= spec.drop_ins.size(); ++source) {
    const auto text = read(spec.file_of({0, 0, source}));
    std::vector<TomlFault> doubles;
    if (!text) continue;
    if (auto document = read_toml(*text, source, &doubles)) lay_over(all, *std::move(document));
  }
  return all;
}

/// The place where the document names the missing thing.
SourcePosition place_of(const Absence& absence, const Value& document) {
  const Member* key = key_of(document, absence.section, absence.key);
  if (key == nullptr) return {};
  const Value& value = key->value;
  return absence.index < value.array.size() ? value.array[absence.index].at : value.at;
}

}  // namespace

void tell_absent(const Node& node, const std::vector<std::string>& names, const MaskedNames& masked,
                 std::vector<Diagnostic>& findings) {
  // The most unknown names of one service that get a search for a near name. The search compares
  // the name with those of all services.
  constexpr int most_near = 100;
  int looked_up = 0;
  const auto near_words = [&](const std::string& name) -> std::string {
    // Every name is near to a name of one or two characters.
    if (name.size() < 3 || ++looked_up > most_near) return {};
    const auto near = nearest(name, names);
    if (!near || *near == node.spec->name) return {};
    return fmt::format(" (did you mean \"{}\"?)", *near);
  };
  const auto tell = [&](const std::vector<Dependency>& list, const std::vector<std::string>& absent,
                        std::string_view key, std::string_view effect) {
    const std::set<std::string_view> is_absent(absent.begin(), absent.end());
    for (const auto& [name, at] : list) {
      // A container may be given a command, which no file defines.
      const bool of_command = name == kCommandName && (key == "before" || key == "after");
      if (!is_absent.contains(name) || of_command) continue;
      auto mask = masked.find(name);
      if (mask == masked.end()) mask = masked.find(template_of(name));
      const std::string_view stem = without_suffix(name);
      std::string text;
      if (mask != masked.end())
        text = fmt::format("\"{}\" is masked by {}; until it is unmasked {}", name, mask->second,
                           effect);
      else if (!stem.empty())
        text = fmt::format("nothing is named \"{}\": names have no suffix here, write \"{}\"", name,
                           stem);
      else
        text = fmt::format("nothing is named \"{}\"{}; until it is added {}", name,
                           near_words(name), effect);
      findings.push_back({node.spec->file_of(at), at, Severity::warning,
                          fmt::format("dependencies.{}", key), std::move(text)});
    }
  };
  const Dependencies& all = *node.spec->dependencies;
  tell(all.requires_, *node.missing, "requires", "the service cannot start");
  tell(all.binds_to, *node.missing, "binds_to", "the service cannot start");
  tell(all.after, *node.unknown, "after", "this has no effect");
  tell(all.wants, *node.unknown, "wants", "this has no effect");
  tell(all.conflicts, *node.unknown, "conflicts", "this has no effect");
  tell(all.required_by, *node.unknown, "required_by", "this has no effect");
  tell(all.bound_by, *node.unknown, "bound_by", "this has no effect");
  tell(all.before, *node.unknown, "before", "this has no effect");
  tell(all.wanted_by, *node.unknown, "wanted_by", "this has no effect");
}

void tell_absent_on_failure(const ServiceSpec& spec, const Graph& graph, const Templates& templates,
                            std::vector<Diagnostic>& findings) {
  const std::vector<std::string> names = on_failure_names(spec);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& [written, at] = (*spec.lifecycle.on_failure)[i];
    if (graph.find(names[i]) != kNoSlot || templates.makes(names[i])) continue;
    findings.push_back(
        {spec.file_of(at), at, Severity::warning, "lifecycle.on_failure",
         fmt::format(
             "no {} is named \"{}\"; on_failure starts nothing for this name until it is added",
             written.ends_with('@') ? "template" : "service", written)});
  }
}

void tell_idle_templates(const Templates& templates, const std::vector<ParsedSpec>& parsed,
                         const ServiceDefaults& defaults, std::vector<Diagnostic>& findings) {
  std::set<std::string_view> used;
  for (const ParsedSpec& one : parsed) used.insert(one.spec->instance->of);
  for (const auto& [name, file] : templates.files()) {
    if (file.vendors || file.named || used.contains(name)) continue;
    const std::string sample = name + "1";
    const auto is_other = [&](const std::string& other) { return other != sample; };
    for (const ParsedSpec& one : make_instances(templates, {sample}, is_other, defaults)) {
      const std::string trigger = one.spec->accepts() ? "connections" : trigger_words(*one.spec);
      if (!trigger.empty())
        findings.push_back({file.path,
                            {},
                            Severity::warning,
                            {},
                            fmt::format("only an instance waits for {}, and no file makes one: "
                                        "`zinitctl enable {}INSTANCE` does",
                                        trigger, name)});
    }
  }
}

void tell_absences(const ServiceSpec& spec, const FindAbsences& find, const ReadText& read,
                   std::vector<Diagnostic>& findings) {
  std::vector<Absence> absences = find(spec);
  if (absences.empty()) return;
  const Value document = document_of(spec, read);
  for (Absence& absence : absences) {
    const SourcePosition at = place_of(absence, document);
    findings.push_back({spec.file_of(at), at, Severity::warning,
                        fmt::format("{}.{}", absence.section, absence.key),
                        std::move(absence.text)});
  }
}

void tell_long_stop(ParsedSpec& one, Milliseconds shutdown_timeout, const ReadText& read) {
  const Milliseconds own = one.spec->lifecycle.stop_timeout;
  if (own <= shutdown_timeout) return;
  const Value document = document_of(*one.spec, read);
  const Member* const key = key_of(document, "lifecycle", "stop_timeout_ms");
  if (key == nullptr) return;  // it comes from [defaults], so it is no fault of this file
  const SourcePosition at = key->value.at;
  one.diagnostics.push_back(
      {one.spec->file_of(at), at, Severity::warning, "lifecycle.stop_timeout_ms",
       fmt::format("is longer than shutdown_timeout_ms, {}: at a shutdown it is killed after that; "
                   "raise shutdown_timeout_ms in zinit.toml",
                   duration_text(shutdown_timeout.count()))});
}

}  // namespace zinit
