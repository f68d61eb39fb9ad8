// From a document to a spec: sections and keys by the table, then what holds between keys.
#include "config/spec_reader.hpp"

#include <algorithm>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "config/keys.hpp"
#include "config/section_reader.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

constexpr std::string_view kSuffix = ".toml";

/// Faults of one file that status and the log are given: a file made to have 20,000 floods neither.
constexpr std::size_t kMaxTold = 100;

ParsedSpec blank_spec(const std::string& path, bool system_class) {
  ParsedSpec parsed;
  parsed.spec = std::make_shared<ServiceSpec>();
  parsed.spec->file = path;
  parsed.spec->system_class_default = system_class;
  parsed.spec->class_ = system_class ? ServiceClass::system : ServiceClass::user;
  const std::string stem(stem_of(path));
  parsed.spec->name = usable_name(stem);
  parsed.name_mangled = parsed.spec->name != stem;
  return parsed;
}

/// Reads one document into a blank spec.
class SpecReader {
 public:
  SpecReader(const Value& document, const std::string& path, bool system_class)
      : document_(document),
        parsed_(blank_spec(path, system_class)),
        spec_(*parsed_.spec),
        findings_{spec_.file, parsed_.diagnostics},
        reader_(Destination{&spec_, nullptr}, findings_) {}

  ParsedSpec read() {
    choose_kind();
    for (const auto& [name, member] : document_.table) {
      if (name != main_section()) read_member(name, member);
    }
    // Last, so that its name and description stand where there is the other section as well.
    if (const Member* main = document_.find(main_section())) {
      read_member(std::string(main_section()), *main);
    }
    settle_name();
    if (!spec_.is_target()) {
      settle_exec();
      settle_defaults();
      refuse_contradictions();
    }
    sort_by_place(parsed_.diagnostics);
    return std::move(parsed_);
  }

 private:
  [[nodiscard]] const Member* section(std::string_view name) const {
    const Member* member = document_.find(name);
    return member != nullptr && member->value.type == ValueType::table ? member : nullptr;
  }

  /// The section that says what the service is.
  [[nodiscard]] std::string_view main_section() const {
    return spec_.is_target() ? "target" : "service";
  }

  [[nodiscard]] const Member* key(std::string_view section_name, std::string_view name) const {
    const Member* member = section(section_name);
    return member == nullptr ? nullptr : member->value.find(name);
  }

  void choose_kind() {
    const Member* service = document_.find("service");
    const Member* target = document_.find("target");
    if (service == nullptr && target != nullptr) spec_.kind = Kind::target;
    if (service == nullptr && target == nullptr) {
      findings_.add(Severity::error, document_.at, "",
                    "neither [service] nor [target], must have one of them");
    }
    if (service != nullptr && target != nullptr) {
      const bool target_is_second = service->at.line < target->at.line;
      findings_.add(Severity::error, (target_is_second ? target : service)->at,
                    target_is_second ? "target" : "service",
                    "stands beside the other of [service] and [target], must be one of them");
    }
  }

  void read_member(const std::string& name, const Member& member) {
    const auto sections = known_sections();
    if (std::find(sections.begin(), sections.end(), name) == sections.end()) {
      return reader_.unknown_section(name, member);
    }
    if (member.value.type != ValueType::table) {
      findings_.add(
          Severity::error, member.value.at, name,
          fmt::format("is {}, must be a section, [{}]", type_phrase(member.value.type), name));
      return;
    }
    if (spec_.is_target() && name != "target" && name != "dependencies") {
      findings_.add(Severity::unknown, member.at, name,
                    "unknown section, a target may have [target] and [dependencies]");
      return;
    }
    if (name == "dependencies") spec_.dependencies_at = member.at;
    reader_.read(name, member.value);
  }

  /// The `name` key where it is good; else the stem, which is at fault only where there is no key.
  void settle_name() {
    const Member* main = section(main_section());
    const Member* given = key(main_section(), "name");
    parsed_.name_at = given != nullptr  ? given->value.at
                      : main != nullptr ? main->at
                                        : document_.at;
    if (reader_.stored(main_section(), "name")) {
      parsed_.name_mangled = false;
      return;
    }
    const std::string stem(stem_of(spec_.file));
    spec_.name = usable_name(stem);
    if (given != nullptr || !parsed_.name_mangled) return;
    findings_.add(Severity::error, parsed_.name_at, std::string(main_section()) + ".name",
                  fmt::format("is missing, and the file's own {} will not do: {}", quoted(stem),
                              name_fault(stem).value_or("")));
  }

  void settle_exec() {
    const Member* service = section("service");
    if (service == nullptr || service->value.find("exec") != nullptr) return;
    findings_.add(Severity::error, service->at, "service.exec",
                  "is missing, must be " + allowed_text(*find_key("service", "exec")));
  }

  /// Defaults that depend on other keys.
  void settle_defaults() {
    Lifecycle& lifecycle = spec_.lifecycle;
    if (spec_.oneshot) {
      if (!reader_.stored("lifecycle", "restart")) lifecycle.restart = RestartPolicy::never;
      if (!reader_.stored("lifecycle", "start_timeout_ms")) lifecycle.start_timeout.infinite = true;
    }
    if (!reader_.stored("lifecycle", "restart_delay_max_ms")) {
      lifecycle.restart_delay_max = std::max(lifecycle.restart_delay_max, lifecycle.restart_delay);
    }
  }

  void refuse_contradictions() {
    const Lifecycle& lifecycle = spec_.lifecycle;
    if (spec_.oneshot && lifecycle.restart == RestartPolicy::always) {
      contradiction("restart",
                    "\"always\" contradicts service.oneshot, must be \"on-failure\" or "
                    "\"never\"");
    }
    if (lifecycle.restart_delay_max < lifecycle.restart_delay) {
      contradiction(
          "restart_delay_max_ms",
          fmt::format("{} is less than restart_delay_ms, must be at least {}",
                      lifecycle.restart_delay_max.count(), lifecycle.restart_delay.count()));
    }
    look_at_process();
  }

  void look_at_process() {
    const ProcessSettings& process = spec_.process;
    const Member* priority = key("process", "priority");
    if (process.priority && priority != nullptr &&
        (!process.scheduler || !is_realtime(*process.scheduler))) {
      findings_.add(
          Severity::error, priority->value.at, "process.priority",
          fmt::format("{} goes with the scheduler \"fifo\" or \"rr\" alone", *process.priority));
    }
    const Member* io_priority = key("process", "io_priority");
    if (process.io_class == IoClass::idle && process.io_priority && io_priority != nullptr) {
      findings_.add(Severity::warning, io_priority->value.at, "process.io_priority",
                    "the io_class \"idle\" has no priorities: ignored");
    }
  }

  /// At a key of [lifecycle] that is there: no default contradicts anything.
  void contradiction(std::string_view name, std::string text) {
    findings_.add(Severity::error, key("lifecycle", name)->value.at,
                  "lifecycle." + std::string(name), std::move(text));
  }

  const Value& document_;
  ParsedSpec parsed_;
  ServiceSpec& spec_;
  Findings findings_;
  SectionReader reader_;
};

/// A file that could not be read or parsed: nothing is known of it but its name.
ParsedSpec broken_spec(const std::string& path, bool system_class, SourcePosition at,
                       std::string text) {
  ParsedSpec parsed = blank_spec(path, system_class);
  parsed.diagnostics.push_back({path, at, Severity::error, {}, std::move(text)});
  return parsed;
}

}  // namespace

std::string_view stem_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  if (path.ends_with(kSuffix)) path.remove_suffix(kSuffix.size());
  return path;
}

std::string usable_name(std::string_view stem) {
  std::string name(stem.substr(0, kNameMax));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !allowed_in_name(c); }, '_');
  if (!name_fault(name)) return name;
  // What is left: a beginning that is no letter or digit, nothing at all, or a name of zinit's own.
  name = is_taken_name(name) ? name + "_" : "x" + name;
  return name.substr(0, kNameMax);
}

ParsedSpec spec_from_document(const Value& document, const std::string& path, bool system_class) {
  return SpecReader(document, path, system_class).read();
}

ParsedSpec parse_spec(std::string_view text, const std::string& path, bool system_class) {
  auto document = read_toml(text);
  if (document) return spec_from_document(*document, path, system_class);
  return broken_spec(path, system_class, document.error().at, std::move(document.error().text));
}

ParsedSpec read_spec(const std::string& path, bool system_class) {
  const auto text = read_file(path.c_str(), kMaxFileBytes);
  if (text) return parse_spec(*text, path, system_class);
  return broken_spec(path, system_class, {}, text.error().text);
}

SpecPtr finish(const ParsedSpec& parsed) {
  std::size_t told = 0;
  for (const Diagnostic& diagnostic : parsed.diagnostics) {
    const bool is_error = diagnostic.severity == Severity::error;
    // An error is kept past the limit where it is the first: it is what breaks the service.
    if (++told > kMaxTold && !(is_error && parsed.spec->errors.empty())) continue;
    (is_error ? parsed.spec->errors : parsed.spec->warnings).push_back(to_text(diagnostic));
  }
  if (told > kMaxTold) {
    parsed.spec->warnings.push_back(
        to_text({parsed.spec->file,
                 {},
                 Severity::warning,
                 {},
                 fmt::format("{} faults in all, the rest is told by zinitctl check", told)}));
  }
  return parsed.spec;
}

}  // namespace zinit
