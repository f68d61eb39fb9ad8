// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Turns a document into a spec: sections and keys by the table of keys, defaults that depend on
// other keys, the name.
#include "config/spec_reader.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <tuple>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/proxy_reader.hpp"
#include "config/section_reader.hpp"
#include "config/templates.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

/// The most faults of one file in status and log, which a file with 20,000 faults must not flood.
constexpr std::size_t kMaxTold = 100;

ParsedSpec blank_spec(const SourceFile& file) {
  ParsedSpec parsed;
  parsed.spec = std::make_shared<ServiceSpec>();
  parsed.spec->file = file.path;
  parsed.spec->drop_ins = file.drop_ins;
  parsed.spec->vendors = file.vendors;
  parsed.spec->system_class_default = file.system_class;
  parsed.spec->class_ = file.system_class ? ServiceClass::system : ServiceClass::user;
  const std::string stem(file.instance.empty() ? stem_of(file.path) : file.instance);
  if (!file.instance.empty())
    parsed.spec->instance.edit() = {std::string(template_of(stem)), file.link};
  parsed.spec->name = usable_name(stem);
  parsed.name_mangled = parsed.spec->name != stem;
  return parsed;
}

/// Reads one document into a blank spec, which may have diagnostics already.
class SpecReader {
 public:
  SpecReader(const Value& document, ParsedSpec blank, const ServiceDefaults& defaults)
      : document_(document),
        parsed_(std::move(blank)),
        defaults_(defaults),
        spec_(*parsed_.spec),
        findings_{spec_.file, parsed_.diagnostics, &spec_},
        reader_(Destination{.spec = &spec_}, findings_) {}

  ParsedSpec read() {
    spec_.document = to_json(document_);
    choose_kind();
    // Not has_process(): with `accept`, the instances need everything that a process needs.
    const bool with_process = kind_info(spec_.kind).has_process;
    if (with_process) store_defaults();
    read_members();
    settle_missing_main();
    settle_name(document_, main_section(), reader_, parsed_, findings_);
    refuse_own_name();
    if (with_process) {
      settle_exec();
      settle_defaults();
      find_contradictions(document_, reader_, spec_, findings_);
    }
    sort_by_place(parsed_.diagnostics);
    return std::move(parsed_);
  }

  /// Only the faults of keys, in drop-ins, for a file that could not be read.
  std::vector<Diagnostic> faults_of_keys() {
    read_members();
    return std::move(parsed_.diagnostics);
  }

 private:
  void read_members() {
    for (const auto& [name, member] : document_.table) {
      if (name != main_section()) read_member(name, member);
    }
    // Read last, so that its name and description win if the other section exists too.
    if (const Member* main = document_.find(main_section())) {
      read_member(std::string(main_section()), *main);
    }
  }

  /// The section that determines what the service is.
  [[nodiscard]] std::string_view main_section() const { return kind_name(spec_.kind); }

  void choose_kind() {
    const Member* main = nullptr;
    for (const KindInfo& kind : kKinds) {
      const Member* section = document_.find(kind.name);
      if (section == nullptr) continue;
      if (main != nullptr) {
        refuse_second_kind(*main, kind.name, *section);
        continue;
      }
      main = section;
      spec_.kind = kind.kind;
    }
    misses_main_ = main == nullptr;
    if (const Member* proxy = document_.find(kProxySection)) {
      findings_.add(Severity::error, proxy->at, std::string(kProxySection),
                    misses_main_ ? "describes a proxy, not a service or target"
                                 : fmt::format("cannot be in one file with [{}]", main_section()));
      return;
    }
    const bool told = std::ranges::any_of(document_.table, [this](const auto& one) {
      return stands_for_main(one.first, one.second);
    });
    tells_missing_ = misses_main_ && !told;
  }

  /// Comes after the keys that are outside of a section, which say what is meant.
  void settle_missing_main() {
    if (!tells_missing_) return;
    const Member* first = nullptr;
    for (const auto& [name, member] : document_.table)
      if (!is_table(member) && (!first || is_before(member, *first))) first = &member;
    findings_.add(Severity::error, first != nullptr ? first->at : document_.at, "",
                  "there is no [service], [target] or [proxy] section");
  }

  static bool is_table(const Member& member) { return member.value.type == ValueType::table; }

  static bool is_before(const Member& one, const Member& other) {
    const auto place = [](SourcePosition at) { return std::tuple(at.source, at.line, at.column); };
    return place(one.at) < place(other.at);
  }

  /// `main` and `other` name different kinds. The second one in the file is reported.
  void refuse_second_kind(const Member& main, std::string_view other_name, const Member& other) {
    const bool other_is_second = is_before(main, other);
    findings_.add(Severity::error, (other_is_second ? other : main).at,
                  std::string(other_is_second ? other_name : kind_name(spec_.kind)),
                  "[service] and [target] cannot be in one file");
  }

  /// Whether there is neither [service] nor [target], and this section seems to be one of them
  /// misspelt. Then only this is reported, as an error even at boot.
  [[nodiscard]] bool stands_for_main(std::string_view name, const Member& member) const {
    if (!misses_main_ || !is_table(member)) return false;
    const auto near = nearest(name, known_sections());
    return near && kind_from_name(*near);
  }

  void read_member(const std::string& name, const Member& member) {
    if (name == kProxySection) return;  // choose_kind() has reported it
    const auto sections = known_sections();
    if (!contains(sections, name)) {
      const bool is_fault = stands_for_main(name, member) || (tells_missing_ && !is_table(member));
      return reader_.unknown_section(name, member, is_fault ? Severity::error : Severity::unknown);
    }
    if (!is_table(member)) {
      findings_.add(
          Severity::error, member.value.at, name,
          fmt::format("is {}, must be a section, [{}]", type_phrase(member.value.type), name));
      return;
    }
    const auto allowed = kind_info(spec_.kind).sections;
    if (!allowed.empty() && !contains(allowed, name)) {
      findings_.add(Severity::unknown, member.at, name,
                    fmt::format("unknown section, a {} may have [{}]", kind_name(spec_.kind),
                                join(allowed, "] and [")));
      return;
    }
    if (name == "dependencies") spec_.dependencies_at = member.at;
    if (name == "service")
      if (const Member* const check = member.value.find("check_exec"))
        spec_.check_exec_at = check->at;
    reader_.read(name, member.value);
  }

  void settle_exec() {
    const Member* service = section_of(document_, "service");
    if (service == nullptr || service->value.find("exec") != nullptr) return;
    SourcePosition at = service->at;
    // An unknown key that was meant as exec is the actual fault, and comes first.
    for (Diagnostic& one : findings_.list) {
      const bool meant = one.text.find("write \"exec\"") != std::string::npos ||
                         one.text.ends_with("did you mean \"exec\"?");
      if (one.severity != Severity::unknown || !meant) continue;
      one.severity = Severity::error;
      at = one.at;
    }
    findings_.add(Severity::error, at, "service.exec",
                  "is missing, must be " + allowed_text(*find_key("service", "exec")));
  }

  /// Refuses dependencies of the service on itself, and an on_failure with its name, which would
  /// start it after each final failure, or with its template, which would make one more instance
  /// each time.
  void refuse_own_name() {
    const auto refuse = [&](const std::string& key, const Value& names, std::string_view own) {
      for (const Value& one : names.array)
        if (one.type == ValueType::string && one.string == own)
          findings_.add(Severity::error, one.at, key,
                        "a service cannot name itself; remove its name here");
    };
    if (const Member* const section = section_of(document_, "dependencies"))
      for (const auto& [name, member] : section->value.table)
        if (find_key("dependencies", name) != nullptr)
          refuse("dependencies." + name, member.value, spec_.name);
    if (const Member* const names = key_of(document_, "lifecycle", "on_failure"))
      for (const std::string& own : {spec_.name, spec_.instance->of})
        refuse("lifecycle.on_failure", names->value, own);
  }

  void store_defaults() {
    Destination destination{.spec = &spec_};
    const Member* const given = key_of(document_, main_section(), "name");
    const bool named = given != nullptr && given->value.type == ValueType::string;
    for (auto [key, value] : defaults_) {
      fill_in_name(value, named ? given->value.string : spec_.name);
      key->store(destination, *key, value);
    }
  }

  [[nodiscard]] bool has_default(std::string_view name) const {
    return std::any_of(defaults_.begin(), defaults_.end(), [&](const auto& one) {
      return one.first->section == "lifecycle" && one.first->name == name;
    });
  }

  /// Whether the service is one of `names`, or an instance of one.
  [[nodiscard]] bool serves_failures(const std::vector<Dependency>& names) const {
    return zinit::names(names, spec_.name) || zinit::names(names, template_of(spec_.name));
  }

  /// Sets defaults that depend on other keys. A general default that a oneshot cannot have does not
  /// apply to it.
  void settle_defaults() {
    Lifecycle& lifecycle = spec_.lifecycle;
    if (spec_.oneshot && !reader_.stored("lifecycle", "restart") &&
        (!has_default("restart") || lifecycle.restart == RestartPolicy::always)) {
      lifecycle.restart = RestartPolicy::never;
    }
    if (spec_.oneshot && !reader_.stored("lifecycle", "start_timeout_ms") &&
        !has_default("start_timeout_ms")) {
      lifecycle.start_timeout = kForever;
    }
    if (!reader_.stored("lifecycle", "restart_delay_max_ms")) {
      lifecycle.restart_delay_max = std::max(lifecycle.restart_delay_max, lifecycle.restart_delay);
    }
    if (!reader_.stored("lifecycle", "on_failure") && serves_failures(*lifecycle.on_failure))
      lifecycle.on_failure.reset();
  }

  const Value& document_;
  ParsedSpec parsed_;
  const ServiceDefaults& defaults_;
  ServiceSpec& spec_;
  Findings findings_;
  SectionReader reader_;
  bool tells_missing_ = false;  // neither exists, nor is one misspelt
  bool misses_main_ = false;    // neither [service] nor [target] exists
};

/// Whether the document says what it describes.
bool names_kind(const Value& document) {
  const auto has = [&](std::string_view name) { return document.find(name) != nullptr; };
  return has(kProxySection) || std::ranges::any_of(kKinds, has, &KindInfo::name);
}

/// Reads the files of one service into one document.
class LayerReader {
 public:
  LayerReader(const SourceFile& file, const ReadText& read)
      : read_(read), found_(file.found), identities_(file.identities), parsed_(blank_spec(file)) {}

  ParsedSpec read(const ServiceDefaults& defaults) {
    std::optional<Value> document = layer(0);
    const bool kind_known = seems_proxy_ || (document && names_kind(*document));
    const bool proxy_known = seems_proxy_ || (document && describes_proxy(*document));
    parsed_.diagnostics.insert(parsed_.diagnostics.end(), found_.begin(), found_.end());
    Value all = document ? *std::move(document) : Value();
    const std::size_t drop_ins = parsed_.spec->drop_ins.size();
    for (std::uint32_t source = 1; source <= drop_ins; ++source) {
      if (std::optional<Value> top = layer(source)) lay_over(all, *std::move(top));
    }
    const bool instance = parsed_.spec->is_instance();
    if (instance) {
      Findings findings{parsed_.spec->file, parsed_.diagnostics, parsed_.spec.get()};
      make_instance(all, parsed_.spec->name, findings);
    }
    const bool proxy = !instance && (kind_known ? proxy_known : describes_proxy(all));
    if (proxy) parsed_.proxy = std::make_shared<ProxySpec>();
    if (document) {
      return proxy ? read_proxy(all, std::move(parsed_))
                   : SpecReader(all, std::move(parsed_), defaults).read();
    }
    // If the file could not be read or parsed, only its name is known. Faults of its drop-ins are
    // still reported.
    ParsedSpec tried = parsed_;
    tried.spec = std::make_shared<ServiceSpec>(*parsed_.spec);
    parsed_.diagnostics = proxy ? proxy_key_faults(all, std::move(tried))
                                : SpecReader(all, std::move(tried), defaults).faults_of_keys();
    sort_by_place(parsed_.diagnostics);
    return std::move(parsed_);
  }

 private:
  std::optional<Value> layer(std::uint32_t source) {
    const SourcePosition whole{0, 0, source};
    const std::string& path = parsed_.spec->file_of(whole);
    // Taken before the file is read, so that a change in between is detected later.
    parsed_.spec->identities.push_back(source < identities_.size() ? identities_[source]
                                                                   : identity_of(path));
    const auto text = read_(path);
    if (!text) {
      const bool gone = source > 0 && !path_exists(path) && errno == ENOENT;
      return gone ? std::nullopt : fault(path, whole, text.error().text);
    }
    std::vector<TomlFault> doubles;
    auto document = read_toml(*text, source, &doubles);
    for (const TomlFault& one : doubles) (void)fault(path, one.at, one.text, one.key);
    if (document) return *std::move(document);
    if (source == 0) seems_proxy_ = has_proxy_header(*text);
    return fault(path, document.error().at, document.error().text);
  }

  std::optional<Value> fault(const std::string& path, SourcePosition at, std::string text,
                             std::string key = {}) {
    parsed_.diagnostics.push_back({path, at, Severity::error, std::move(key), std::move(text)});
    return std::nullopt;
  }

  const ReadText& read_;
  const std::vector<Diagnostic>& found_;
  const std::vector<FileIdentity>& identities_;
  ParsedSpec parsed_;
  bool seems_proxy_ = false;  // the file is not TOML, but has the header [proxy]
};

/// Adds the diagnostics as texts.
void tell(const ParsedSpec& parsed, std::vector<std::string>& warnings,
          std::vector<std::string>& errors) {
  std::size_t told = 0;
  for (const Diagnostic& diagnostic : parsed.diagnostics) {
    const bool is_error = diagnostic.severity == Severity::error;
    // Keep the first error even beyond the limit, because it breaks the service.
    if (++told > kMaxTold && !(is_error && errors.empty())) continue;
    (is_error ? errors : warnings).push_back(to_text(diagnostic));
  }
  if (told <= kMaxTold) return;
  warnings.push_back(
      to_text({parsed.spec->file,
               {},
               Severity::warning,
               {},
               fmt::format("{} faults in all; `zinitctl check` shows the rest", told)}));
}

}  // namespace

std::string_view stem_of(std::string_view path) {
  path = last_part(path);
  if (path.ends_with(kFileSuffix)) path.remove_suffix(kFileSuffix.size());
  return path;
}

std::string usable_name(std::string_view stem) {
  std::string name;
  for (const char c : stem) {
    if (name.size() == kNameMax) break;
    // A character of several bytes becomes one `_`: its continuation bytes add nothing.
    const bool goes_on = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    if (allowed_in_name(c))
      name += c;
    else if (!goes_on || name.empty())
      name += '_';
  }
  if (!name_fault(name)) return name;
  // The remaining faults: no letter or digit at the start, an empty name, or one of zinit's own.
  name = is_taken_name(name) ? name + "_" : "x" + name;
  return name.substr(0, kNameMax);
}

void settle_name(const Value& document, std::string_view section, const SectionReader& reader,
                 ParsedSpec& parsed, Findings& findings) {
  const Member* main = section_of(document, section);
  const Member* given = key_of(document, section, "name");
  parsed.name_at = given != nullptr ? given->value.at : main != nullptr ? main->at : document.at;
  ServiceSpec& spec = *parsed.spec;
  if (reader.stored(section, "name")) {
    if (parsed.proxy) spec.name = parsed.proxy->name;
    parsed.name_mangled = false;
    return;
  }
  const std::string stem(spec.is_instance() ? spec.name : stem_of(spec.file));
  spec.name = usable_name(stem);
  // A bad stem is a fault only if there is no key.
  if (given != nullptr || !parsed.name_mangled) return;
  findings.add(
      Severity::error, parsed.name_at, fmt::format("{}.name", section),
      spec.file.empty()
          ? "is missing, and there is no file name to take it from; add e.g. \"name\": \"web\""
          : fmt::format("is missing, and the file name {} is invalid: {}", in_quotes(stem),
                        name_fault(stem).value_or("")));
}

ParsedSpec spec_from_document(const Value& document, bool system_class,
                              const ServiceDefaults& defaults, const std::string& file) {
  return SpecReader(document, blank_spec({file, system_class}), defaults).read();
}

Result<std::string> read_from_disk(const std::string& path) {
  return read_file(path.c_str(), kMaxFileBytes);
}

ParsedSpec read_spec(const SourceFile& file, const ServiceDefaults& defaults,
                     const ReadText& read) {
  return LayerReader(file, read).read(defaults);
}

SpecPtr finish(const ParsedSpec& parsed) {
  if (parsed.diagnostics.empty()) return parsed.spec;
  SpecFindings& findings = parsed.spec->findings.edit();
  tell(parsed, findings.warnings, findings.errors);
  return parsed.spec;
}

ProxyPtr finish_proxy(const ParsedSpec& parsed) {
  ProxySpec& proxy = *parsed.proxy;
  const ServiceSpec& read = *parsed.spec;
  proxy.name = read.name;
  proxy.file = read.file;
  proxy.drop_ins = read.drop_ins;
  proxy.identities = read.identities;
  proxy.vendors = read.vendors;
  tell(parsed, proxy.warnings, proxy.errors);
  return parsed.proxy;
}

}  // namespace zinit
