// Global settings: the keys without a section of the table of keys, and [defaults].
#include "config/settings.hpp"

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/section_reader.hpp"
#include "config/spec_reader.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

constexpr std::string_view kDefaults = "defaults";

/// Reads [defaults]: keys of several sections of service files, flat.
class DefaultsReader {
 public:
  explicit DefaultsReader(Findings& findings) : findings_(findings) {}

  ServiceDefaults read(const Value& table) {
    ServiceDefaults defaults;
    for (const auto& [name, member] : table.table) {
      const Key* key = find(name);
      if (key == nullptr) {
        unknown(name, member);
        continue;
      }
      Key here = *key;  // its faults are told where it stands
      here.section = kDefaults;
      if (check_value(here, member.value, findings_)) defaults.emplace_back(key, member.value);
    }
    refuse_contradiction(table, defaults);
    return defaults;
  }

 private:
  static const Key* find(std::string_view name) {
    for (const std::string_view section : defaultable_sections()) {
      if (const Key* key = find_key(section, name)) return key;
    }
    return nullptr;
  }

  void unknown(const std::string& name, const Member& member) {
    std::vector<std::string_view> known;
    std::string sections;
    for (const std::string_view section : defaultable_sections()) {
      const auto keys = keys_of(section);
      known.insert(known.end(), keys.begin(), keys.end());
      if (!keys.empty()) sections += fmt::format("{}[{}]", sections.empty() ? "" : ", ", section);
    }
    const auto near = nearest(name, known);
    findings_.add(Severity::unknown, member.at, fmt::format("{}.{}", kDefaults, name),
                  near ? fmt::format("unknown key, did you mean \"{}\"?", *near)
                       : fmt::format("unknown key, must be one of {}", sections));
  }

  /// A cap below the delay that it caps is not taken: settle_defaults() of a service raises the
  /// one that stands in its place.
  void refuse_contradiction(const Value& table, ServiceDefaults& defaults) {
    const auto value_of = [&](std::string_view name) {
      const auto found = std::find_if(defaults.begin(), defaults.end(),
                                      [&](const auto& one) { return one.first->name == name; });
      return found == defaults.end() ? nullptr : &found->second;
    };
    const Value* delay = value_of("restart_delay_ms");
    const Value* most = value_of("restart_delay_max_ms");
    if (delay == nullptr || most == nullptr || most->integer >= delay->integer) return;
    findings_.add(Severity::error, table.find("restart_delay_max_ms")->value.at,
                  fmt::format("{}.restart_delay_max_ms", kDefaults),
                  fmt::format("{} is less than restart_delay_ms, must be at least {}",
                              most->integer, delay->integer));
    std::erase_if(defaults,
                  [](const auto& one) { return one.first->name == "restart_delay_max_ms"; });
  }

  Findings& findings_;
};

/// [defaults] is taken out of `document`: what is left are keys outside of sections.
ServiceDefaults take_defaults(Value& document, Findings& findings) {
  const auto found = document.table.find(kDefaults);
  if (found == document.table.end()) return {};
  ServiceDefaults defaults;
  const Value& value = found->second.value;
  if (value.type == ValueType::table) {
    defaults = DefaultsReader(findings).read(value);
  } else {
    findings.add(Severity::error, value.at, std::string(kDefaults),
                 fmt::format("is {}, must be a section, [{}]", type_phrase(value.type), kDefaults));
  }
  document.table.erase(found);
  return defaults;
}

}  // namespace

GlobalSettings parse_settings(std::string_view text, const std::string& path,
                              std::vector<Diagnostic>& diagnostics) {
  GlobalSettings settings;
  std::vector<Diagnostic> found;
  Findings findings{path, found};
  std::vector<TomlFault> doubles;
  auto document = read_toml(text, 0, &doubles);
  for (const TomlFault& one : doubles) findings.add(Severity::error, one.at, one.key, one.text);
  if (document) {
    settings.defaults = take_defaults(*document, findings);
    SectionReader(Destination{nullptr, &settings}, findings).read("", *document);
    if (const Member* group = document->find("socket_group")) {
      settings.socket_group_at = group->value.at;
    }
  } else {
    findings.add(Severity::error, document.error().at, {}, std::move(document.error().text));
  }
  sort_by_place(found);
  diagnostics.insert(diagnostics.end(), found.begin(), found.end());
  return settings;
}

Result<GlobalSettings> read_settings(const std::string& path, bool named,
                                     std::vector<Diagnostic>& diagnostics) {
  const auto text = read_file(path.c_str(), kMaxFileBytes);
  if (text) return parse_settings(*text, path, diagnostics);
  if (text.error().errnum == ENOENT && !named) return GlobalSettings{};
  diagnostics.push_back({path, {}, Severity::error, {}, text.error().text});
  return Failure(text.error());
}

}  // namespace zinit
