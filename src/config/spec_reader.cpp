// From a document to a spec: sections and keys by the table, then what holds between keys.
#include "config/spec_reader.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <tuple>

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

ParsedSpec blank_spec(const SourceFile& file) {
  ParsedSpec parsed;
  parsed.spec = std::make_shared<ServiceSpec>();
  parsed.spec->file = file.path;
  parsed.spec->drop_ins = file.drop_ins;
  parsed.spec->system_class_default = file.system_class;
  parsed.spec->class_ = file.system_class ? ServiceClass::system : ServiceClass::user;
  const std::string stem(stem_of(file.path));
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
        reader_(Destination{&spec_, nullptr}, findings_) {}

  ParsedSpec read() {
    choose_kind();
    if (!spec_.is_target()) store_defaults();
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
      const auto place = [](SourcePosition at) {
        return std::tuple(at.source, at.line, at.column);
      };
      const bool target_is_second = place(service->at) < place(target->at);
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

  void store_defaults() {
    Destination destination{&spec_, nullptr};
    for (const auto& [key, value] : defaults_) key->store(destination, *key, value);
  }

  [[nodiscard]] bool has_default(std::string_view name) const {
    return std::any_of(defaults_.begin(), defaults_.end(), [&](const auto& one) {
      return one.first->section == "lifecycle" && one.first->name == name;
    });
  }

  /// Defaults that depend on other keys. A general default that is nothing for a oneshot is not
  /// meant for it.
  void settle_defaults() {
    Lifecycle& lifecycle = spec_.lifecycle;
    if (spec_.oneshot && !reader_.stored("lifecycle", "restart") &&
        (!has_default("restart") || lifecycle.restart == RestartPolicy::always)) {
      lifecycle.restart = RestartPolicy::never;
    }
    if (spec_.oneshot && !reader_.stored("lifecycle", "start_timeout_ms") &&
        !has_default("start_timeout_ms")) {
      lifecycle.start_timeout.infinite = true;
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
    const Member* signal = key("service", "reload_signal");
    if (spec_.reload_signal != 0 && !spec_.reload_exec.argv.empty() && signal != nullptr) {
      findings_.add(Severity::error, signal->value.at, "service.reload_signal",
                    "stands beside reload_exec, must be one of them");
    }
    look_at_process();
    look_at_resources();
  }

  void look_at_resources() {
    const Resources& resources = *spec_.resources;
    const Member* high = key("resources", "memory_high");
    if (high == nullptr || !resources.memory_high || !resources.memory_max) return;
    if (*resources.memory_high <= *resources.memory_max) return;
    findings_.add(Severity::warning, high->value.at, "resources.memory_high",
                  "is above memory_max, and so has no effect");
  }

  void look_at_process() {
    const ProcessSettings& process = *spec_.process;
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
  const ServiceDefaults& defaults_;
  ServiceSpec& spec_;
  Findings findings_;
  SectionReader reader_;
};

/// Reads the files of one service into one document.
class LayerReader {
 public:
  LayerReader(const SourceFile& file, const ReadText& read)
      : read_(read), parsed_(blank_spec(file)) {}

  ParsedSpec read(const ServiceDefaults& defaults) {
    std::optional<Value> document = layer(0);
    const std::size_t drop_ins = parsed_.spec->drop_ins.size();
    for (std::uint32_t source = 1; source <= drop_ins; ++source) {
      std::optional<Value> top = layer(source);
      if (document && top) lay_over(*document, *std::move(top));
    }
    // Of a file that could not be read or parsed nothing is known but its name.
    if (!document) return std::move(parsed_);
    return SpecReader(*document, std::move(parsed_), defaults).read();
  }

 private:
  std::optional<Value> layer(std::uint32_t source) {
    const SourcePosition whole{0, 0, source};
    const std::string& path = parsed_.spec->file_of(whole);
    const auto text = read_(path);
    if (!text) {
      struct stat status {};
      const bool gone = source > 0 && ::lstat(path.c_str(), &status) < 0 && errno == ENOENT;
      return gone ? std::nullopt : fault(path, whole, text.error().text);
    }
    auto document = read_toml(*text, source);
    if (document) return *std::move(document);
    return fault(path, document.error().at, document.error().text);
  }

  std::optional<Value> fault(const std::string& path, SourcePosition at, std::string text) {
    parsed_.diagnostics.push_back({path, at, Severity::error, {}, std::move(text)});
    return std::nullopt;
  }

  const ReadText& read_;
  ParsedSpec parsed_;
};

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
  return SpecReader(document, blank_spec({path, system_class}), {}).read();
}

ParsedSpec parse_spec(std::string_view text, const std::string& path, bool system_class) {
  const auto given = [text](const std::string&) { return Result<std::string>(std::string(text)); };
  return read_spec({path, system_class}, {}, given);
}

Result<std::string> read_from_disk(const std::string& path) {
  return read_file(path.c_str(), kMaxFileBytes);
}

ParsedSpec read_spec(const SourceFile& file, const ServiceDefaults& defaults,
                     const ReadText& read) {
  return LayerReader(file, read).read(defaults);
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
