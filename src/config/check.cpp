// Check without a server: the steps of loading, then the graph, all of it as diagnostics.
#include "config/check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/directory.hpp"
#include "config/spec_reader.hpp"
#include "model/graph.hpp"

namespace zinit {

namespace {

constexpr std::string_view kSettingsFile = "zinit.toml";

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string_view file_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// What a list of dependencies names and nothing has. Only warnings: it may be added later.
class Absent {
 public:
  /// `names` of all services there are.
  Absent(const Node& node, const std::vector<std::string>& names, const MaskedNames& masked,
         std::vector<Diagnostic>& findings)
      : node_(node), names_(names), masked_(masked), findings_(findings) {}

  void tell() {
    const Dependencies& all = node_.spec->dependencies;
    tell_list(all.requires_, node_.missing, "requires", "the service cannot start");
    tell_list(all.after, node_.unknown, "after", "this has no effect");
    tell_list(all.wants, node_.unknown, "wants", "this has no effect");
    tell_list(all.conflicts, node_.unknown, "conflicts", "this has no effect");
  }

 private:
  void tell_list(const std::vector<Dependency>& list, const std::vector<std::string>& absent,
                 std::string_view key, std::string_view effect) {
    for (const Dependency& dependency : list) {
      if (std::find(absent.begin(), absent.end(), dependency.name) == absent.end()) continue;
      findings_.push_back({node_.spec->file_of(dependency.at), dependency.at, Severity::warning,
                           fmt::format("dependencies.{}", key), words(dependency.name, effect)});
    }
  }

  [[nodiscard]] std::string words(const std::string& name, std::string_view effect) const {
    if (const auto mask = masked_.find(name); mask != masked_.end()) {
      return fmt::format("\"{}\" is masked by {}; until it is unmasked {}", name, mask->second,
                         effect);
    }
    return fmt::format("nothing is named \"{}\"{}; until it is added {}", name, near_words(name),
                       effect);
  }

  [[nodiscard]] std::string near_words(std::string_view name) const {
    // Of one or two characters every name is near.
    if (name.size() < 3) return {};
    const auto near = nearest(name, names_);
    return near && *near != node_.spec->name ? fmt::format(", did you mean \"{}\"?", *near)
                                             : std::string();
  }

  const Node& node_;
  const std::vector<std::string>& names_;
  const MaskedNames& masked_;
  std::vector<Diagnostic>& findings_;
};

/// A message of the graph, with the file of the service that it is about.
Diagnostic diagnostic_of(const std::string& message, const ServiceSpec& spec) {
  Diagnostic diagnostic = parse_diagnostic(message);
  const auto found = std::find(spec.drop_ins.begin(), spec.drop_ins.end(), diagnostic.file);
  if (found != spec.drop_ins.end()) {
    diagnostic.at.source = static_cast<std::uint32_t>(found - spec.drop_ins.begin()) + 1;
  }
  return diagnostic;
}

/// Collects files and directories, then judges them together.
class Checker {
 public:
  void add_path(const std::string& path) {
    if (!is_directory(path)) return add_file(path);
    if (add_whole(path)) return;
    list_directory({path, file_name(path) == "system", true}, listing_);
  }

  void add_places(const Places& places) {
    if (!places.settings_file.empty()) add_settings(places.settings_file, places.settings_named);
    for (const ConfigDirectory& directory : places.directories) list_directory(directory, listing_);
  }

  /// Puts `changed` in the place of the file of that path, or of its own, or at the end.
  void replace(const std::string& instead_of, const SourceFile& changed) {
    for (SourceFile& file : listing_.files) {
      if (file.path != instead_of && file.path != changed.path) continue;
      file = changed;
      return;
    }
    listing_.files.push_back(changed);
  }

  CheckResult result(const ReadText& read = read_from_disk) {
    std::vector<ParsedSpec> parsed = parse_files(listing_.files, settings_.defaults, read);
    std::size_t count = parsed.size() + settings_files_;
    for (const ParsedSpec& one : parsed) count += one.spec->drop_ins.size();
    settle_names(parsed, findings());
    judge_graph(parsed);
    for (ParsedSpec& one : parsed) {
      sort_by_place(one.diagnostics);
      findings().insert(findings().end(), one.diagnostics.begin(), one.diagnostics.end());
    }
    for (Diagnostic& one : findings()) {
      if (one.severity == Severity::unknown) one.severity = Severity::error;
      if (one.at.line == 0) one.at = {1, 1, one.at.source};
    }
    return {std::move(findings()), count};
  }

 private:
  static bool is_there(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
  }

  std::vector<Diagnostic>& findings() { return listing_.findings; }

  void add_settings(const std::string& path, bool named) {
    if (!named && !is_there(path)) return;
    ++settings_files_;
    settings_ = read_settings(path, true, findings()).value_or(GlobalSettings{});
  }

  void add_file(const std::string& path) {
    if (file_name(path) == kSettingsFile) return add_settings(path, true);
    list_file(laid_over_by(path).value_or(path), false, listing_);
  }

  /// Of a drop-in the file that it is laid over, where that is.
  static std::optional<std::string> laid_over_by(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return std::nullopt;
    std::string file = path.substr(0, slash);
    if (!file.ends_with(".toml.d")) return std::nullopt;
    file.resize(file.size() - 2);
    const std::string vendors = vendor_of(file);
    return is_there(file) || vendors.empty() ? file : vendors;
  }

  /// A directory like /etc/zinit; false where it has none of its parts.
  bool add_whole(const std::string& path) {
    constexpr std::array<std::string_view, 3> parts = {"system", "services", "targets"};
    std::string base = path;
    while (base.size() > 1 && base.ends_with('/')) base.pop_back();
    const bool any = std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
      return is_directory(fmt::format("{}/{}", base, part));
    });
    if (!any) return false;
    add_settings(fmt::format("{}/{}", base, kSettingsFile), false);
    for (const std::string_view part : parts) {
      const std::string directory = fmt::format("{}/{}", base, part);
      list_directory({directory, part == "system", false, vendor_of(directory)}, listing_);
    }
    return true;
  }

  void judge_graph(std::vector<ParsedSpec>& parsed) {
    const MaskedNames masked = masked_names(listing_.masked, parsed);
    std::vector<GraphEntry> entries;
    for (const ParsedSpec& one : parsed) {
      GraphEntry entry;
      entry.slot = static_cast<Slot>(entries.size());
      entry.load_order = entry.slot;
      entry.spec = one.spec;  // its own faults not told in it: those of its place count as well
      entries.push_back(std::move(entry));
    }
    const auto graph = Graph::build(entries);
    const std::vector<std::string> names = graph->names();
    for (Slot slot = 0; slot < entries.size(); ++slot) {
      const Node& node = graph->node(slot);
      for (const std::string& fault : node.faults) {
        parsed[slot].diagnostics.push_back(diagnostic_of(fault, *node.spec));
      }
      Absent(node, names, masked, parsed[slot].diagnostics).tell();
    }
  }

  Listing listing_;
  GlobalSettings settings_;
  std::size_t settings_files_ = 0;
};

}  // namespace

int CheckResult::exit_code() const { return has_error(diagnostics, true) ? 1 : 0; }

CheckResult check_paths(std::span<const std::string> paths) {
  Checker checker;
  for (const std::string& path : paths) checker.add_path(path);
  return checker.result();
}

CheckResult check_places(const Places& places) {
  Checker checker;
  checker.add_places(places);
  return checker.result();
}

CheckResult check_change(const Places& places, const SourceFile& changed,
                         const std::string& instead_of, const ReadText& read) {
  Checker checker;
  checker.add_places(places);
  checker.replace(instead_of, changed);
  CheckResult result = checker.result(read);
  std::erase_if(result.diagnostics, [&](const Diagnostic& one) {
    return one.file != changed.path && std::find(changed.drop_ins.begin(), changed.drop_ins.end(),
                                                 one.file) == changed.drop_ins.end();
  });
  return result;
}

}  // namespace zinit
