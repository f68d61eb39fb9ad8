// Check without a server: the steps of loading, then the graph, all of it as diagnostics.
#include "config/check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/format.hpp"
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
  Absent(const Node& node, std::vector<Diagnostic>& findings) : node_(node), findings_(findings) {}

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
      findings_.push_back(
          {node_.spec->file, dependency.at, Severity::warning, fmt::format("dependencies.{}", key),
           fmt::format("nothing is named \"{}\"; until it is added {}", dependency.name, effect)});
    }
  }

  const Node& node_;
  std::vector<Diagnostic>& findings_;
};

/// Collects files and directories, then judges them together.
class Checker {
 public:
  void add_path(const std::string& path) {
    if (!is_directory(path)) return add_file(path);
    if (add_whole(path)) return;
    list_directory({path, file_name(path) == "system", true}, files_, findings_);
  }

  void add_directory(const ConfigDirectory& directory) {
    list_directory(directory, files_, findings_);
  }

  void add_settings(const std::string& path, bool named) {
    if (!named && !is_there(path)) return;
    ++settings_;
    (void)read_settings(path, true, findings_);
  }

  CheckResult result() {
    std::vector<ParsedSpec> parsed = parse_files(files_);
    const std::size_t count = parsed.size() + settings_;
    settle_names(parsed, findings_);
    judge_graph(parsed);
    for (ParsedSpec& one : parsed) {
      sort_by_place(one.diagnostics);
      findings_.insert(findings_.end(), one.diagnostics.begin(), one.diagnostics.end());
    }
    for (Diagnostic& one : findings_) {
      if (one.severity == Severity::unknown) one.severity = Severity::error;
      if (one.at.line == 0) one.at = {1, 1};
    }
    return {std::move(findings_), count};
  }

 private:
  static bool is_there(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
  }

  void add_file(const std::string& path) {
    if (file_name(path) == kSettingsFile) return add_settings(path, true);
    files_.push_back({path, false, true});
  }

  /// A directory like /etc/zinit; false where it has none of its parts.
  bool add_whole(const std::string& path) {
    constexpr std::array<std::string_view, 3> parts = {"system", "services", "targets"};
    bool any = false;
    for (const std::string_view part : parts) {
      const std::string directory = fmt::format("{}/{}", path, part);
      if (!is_directory(directory)) continue;
      list_directory({directory, part == "system", false}, files_, findings_);
      any = true;
    }
    if (any) add_settings(fmt::format("{}/{}", path, kSettingsFile), false);
    return any;
  }

  void judge_graph(std::vector<ParsedSpec>& parsed) {
    std::vector<GraphEntry> entries;
    for (const ParsedSpec& one : parsed) {
      GraphEntry entry;
      entry.slot = static_cast<Slot>(entries.size());
      entry.load_order = entry.slot;
      entry.spec = finish(one);
      entries.push_back(std::move(entry));
    }
    const auto graph = Graph::build(entries);
    for (Slot slot = 0; slot < entries.size(); ++slot) {
      const Node& node = graph->node(slot);
      for (const std::string& fault : node.faults) {
        parsed[slot].diagnostics.push_back(parse_diagnostic(fault));
      }
      Absent(node, parsed[slot].diagnostics).tell();
    }
  }

  std::vector<SourceFile> files_;
  std::size_t settings_ = 0;
  std::vector<Diagnostic> findings_;
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
  for (const ConfigDirectory& directory : places.directories) checker.add_directory(directory);
  if (!places.settings_file.empty()) {
    checker.add_settings(places.settings_file, places.settings_named);
  }
  return checker.result();
}

}  // namespace zinit
