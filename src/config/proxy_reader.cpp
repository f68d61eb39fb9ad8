// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads and writes the keys of [proxy].
#include "config/proxy_reader.hpp"

#include <algorithm>
#include <set>

#include "base/format.hpp"
#include "base/identity_json.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/section_reader.hpp"
#include "config/value_text.hpp"
#include "model/listen_address.hpp"

namespace zinit {

namespace {

/// A section that may be [proxy] misspelt; null if there is none.
const Member* misspelt(const Value& document) {
  for (const auto& [name, member] : document.table)
    if (member.value.type == ValueType::table && nearest(name, known_sections()) == kProxySection)
      return &member;
  return nullptr;
}

/// Reads one document into a blank spec.
class ProxyReader {
 public:
  ProxyReader(const Value& document, ParsedSpec blank)
      : document_(document),
        parsed_(std::move(blank)),
        findings_{parsed_.spec->file, parsed_.diagnostics, parsed_.spec.get()},
        reader_(Destination{.proxy = parsed_.proxy.get()}, findings_) {}

  ParsedSpec read() {
    read_members();
    settle_name(document_, kProxySection, reader_, parsed_, findings_);
    find_missing();
    find_loop();
    find_overlap();
    if (const Member* service = key_of(document_, kProxySection, "service"))
      parsed_.service_at = service->value.at;
    sort_by_place(parsed_.diagnostics);
    return std::move(parsed_);
  }

  std::vector<Diagnostic> faults_of_keys() {
    read_members();
    return std::move(parsed_.diagnostics);
  }

 private:
  void read_members() {
    for (const auto& [name, member] : document_.table) read_member(name, member);
  }

  void read_member(const std::string& name, const Member& member) {
    if (name == kProxySection) return read_main(member);
    if (!contains(known_sections(), name)) {
      const bool main = document_.find(kProxySection) == nullptr && &member == misspelt(document_);
      return reader_.unknown_section(name, member, main ? Severity::error : Severity::unknown);
    }
    findings_.add(Severity::error, member.at, name,
                  fmt::format("cannot be in one file with [{}]", kProxySection));
  }

  void read_main(const Member& member) {
    if (member.value.type == ValueType::table) return reader_.read(kProxySection, member.value);
    findings_.add(Severity::error, member.value.at, std::string(kProxySection),
                  fmt::format("is {}, must be a section, [{}]", type_phrase(member.value.type),
                              kProxySection));
  }

  void find_missing() {
    const Member* main = section_of(document_, kProxySection);
    if (main == nullptr) return;
    for (const Key& key : section_keys(kProxySection))
      if (key.required() && main->value.find(key.name) == nullptr)
        findings_.add(Severity::error, main->at, full_name(key),
                      "is missing, must be " + allowed_text(key));
  }

  /// Each connection would make another one, until all descriptors are used up.
  void find_loop() {
    const auto backend = parse_proxy_address(parsed_.proxy->backend);
    for (const std::string& listen : parsed_.proxy->listen) {
      const auto at = parse_proxy_address(listen);
      if (!backend || !at || *at != *backend) continue;
      findings_.add(Severity::error, key_of(document_, kProxySection, "backend")->value.at,
                    fmt::format("{}.backend", kProxySection),
                    fmt::format("\"{}\" is an address that the proxy itself listens at", listen));
    }
  }

  /// Finds addresses that another address of the list covers: 0.0.0.0 covers all of IPv4.
  void find_overlap() {
    const auto& listen = parsed_.proxy->listen;
    for (const std::string& all : listen) {
      const auto wide = parse_proxy_address(all);
      if (!wide || (wide->host != "0.0.0.0" && wide->host != "::")) continue;
      const bool v6 = wide->host == "::";
      for (const std::string& one : listen) {
        const auto at = parse_proxy_address(one);
        const bool number = at && at->host.find_first_not_of("0123456789.") == std::string::npos;
        const bool same = at && (v6 ? at->host.find(':') != std::string::npos : number);
        if (!same || at->host == wide->host || at->port != wide->port) continue;
        findings_.add(Severity::error, key_of(document_, kProxySection, "listen")->value.at,
                      fmt::format("{}.listen", kProxySection),
                      fmt::format("\"{}\" is already covered by \"{}\"", one, all));
      }
    }
  }

  const Value& document_;
  ParsedSpec parsed_;
  Findings findings_;
  SectionReader reader_;
};

ParsedSpec blank_proxy() {
  ParsedSpec blank;
  blank.spec = std::make_shared<ServiceSpec>();
  blank.spec->name = usable_name({});
  blank.proxy = std::make_shared<ProxySpec>();
  blank.name_mangled = true;  // no file name could provide its name
  return blank;
}

/// A document with only [proxy].
Value document_of(Value keys) {
  Value document;
  document.table.try_emplace(std::string(kProxySection)).first->second.value = std::move(keys);
  return document;
}

/// The proxy's keys that differ from their defaults.
Value proxy_keys(const ProxySpec& spec) {
  const ProxySpec defaults;
  Value keys;
  for (const Key& key : section_keys(kProxySection)) {
    Value value = key.value(spec);
    if (key.name == "name" || to_json(value) != to_json(key.value(defaults)))
      keys.table.try_emplace(std::string(key.name)).first->second.value = std::move(value);
  }
  return keys;
}

const JsonValue* member_of(const JsonValue& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

}  // namespace

bool describes_proxy(const Value& document) {
  for (const KindInfo& kind : kKinds)
    if (document.find(kind.name) != nullptr) return false;
  return document.find(kProxySection) != nullptr || misspelt(document) != nullptr;
}

bool has_proxy_header(std::string_view text) {
  return std::ranges::any_of(split(text, '\n'), [](std::string_view line) {
    const auto begin = line.find_first_not_of(" \t");
    return begin != std::string_view::npos && line.substr(begin).starts_with("[proxy]");
  });
}

ParsedSpec read_proxy(const Value& document, ParsedSpec blank) {
  return ProxyReader(document, std::move(blank)).read();
}

std::vector<Diagnostic> proxy_key_faults(const Value& document, ParsedSpec blank) {
  blank.proxy = std::make_shared<ProxySpec>();
  return ProxyReader(document, std::move(blank)).faults_of_keys();
}

ParsedProxy proxy_from_table(const Value& keys) {
  ParsedSpec parsed = read_proxy(document_of(keys), blank_proxy());
  std::vector<std::string> faults;
  for (Diagnostic& one : parsed.diagnostics) {
    if (one.severity == Severity::warning) continue;
    one.severity = Severity::error;
    faults.push_back(to_text(one));
  }
  if (!faults.empty()) return tl::unexpected(std::move(faults));
  (void)finish_proxy(parsed);
  return std::move(parsed.proxy);
}

std::string proxy_text(const ProxySpec& spec) { return to_toml(document_of(proxy_keys(spec))); }

std::string proxy_json(const ProxySpec& spec) {
  JsonWriter to;
  to.begin_object().member("file", spec.file).member("drop_ins", spec.drop_ins);
  to.key("identities").begin_array();
  for (const FileIdentity& one : spec.identities) put_identity(to, one);
  to.end_array().member("vendors", spec.vendors);
  to.key("keys").put_raw(to_json(proxy_keys(spec)));
  return to.end_object().take();
}

std::optional<ProxySpec> proxy_from_json(std::string_view json) {
  const auto text = json_from(std::string(json));
  if (!text || !text->IsObject()) return std::nullopt;
  const JsonValue* keys = member_of(*text, "keys");
  if (keys == nullptr) return std::nullopt;
  const auto table = value_from_json(*keys);
  if (!table) return std::nullopt;
  auto parsed = proxy_from_table(*table);
  if (!parsed) return std::nullopt;
  ProxySpec& spec = **parsed;
  const JsonValue* file = member_of(*text, "file");
  if (file != nullptr && file->IsString()) spec.file = text_of(*file);
  const JsonValue* vendors = member_of(*text, "vendors");
  spec.vendors = vendors != nullptr && vendors->IsBool() && vendors->GetBool();
  if (const JsonValue* list = member_of(*text, "identities"); list != nullptr && list->IsArray())
    for (const JsonValue& one : list->GetArray()) spec.identities.push_back(identity_from(one));
  const JsonValue* drop_ins = member_of(*text, "drop_ins");
  if (drop_ins == nullptr || !drop_ins->IsArray()) return std::move(spec);
  for (const JsonValue& one : drop_ins->GetArray())
    if (one.IsString()) spec.drop_ins.emplace_back(text_of(one));
  return std::move(spec);
}

void warn_of_absent_services(std::vector<ParsedSpec>& parsed, const MaskedNames& masked) {
  std::vector<std::string> names;
  for (const ParsedSpec& one : parsed)
    if (!one.proxy) names.push_back(one.spec->name);
  const std::set<std::string_view> there(names.begin(), names.end());
  // A search for a near name compares with all names.
  constexpr int most_near = 100;
  int looked_up = 0;
  for (ParsedSpec& one : parsed) {
    if (!one.proxy || one.proxy->service.empty() || there.contains(one.proxy->service)) continue;
    const std::string& name = one.proxy->service;
    const auto mask = masked.find(name);
    const auto near = ++looked_up > most_near ? std::nullopt : nearest(name, names);
    one.diagnostics.push_back(
        {one.spec->file_of(one.service_at), one.service_at, Severity::warning,
         fmt::format("{}.service", kProxySection),
         mask != masked.end()
             ? fmt::format("\"{}\" is masked by {}; until it is unmasked connections start nothing",
                           name, mask->second)
             : fmt::format("no file has a service \"{}\"{}; until it is added connections start "
                           "nothing",
                           name, near ? fmt::format(" (did you mean \"{}\"?)", *near) : "")});
    sort_by_place(one.diagnostics);
  }
}

}  // namespace zinit
