// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks without a server: loads the files, builds the graph, and reports faults as diagnostics.
#include "config/check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/rooted.hpp"
#include "base/text.hpp"
#include "config/check_warnings.hpp"
#include "config/directory.hpp"
#include "config/proxy_reader.hpp"
#include "config/templates.hpp"
#include "model/graph.hpp"

namespace zinit {

namespace {

constexpr std::string_view kSettingsFile = "zinit.toml";

bool is_directory(const std::string& path) { return type_at(path) == S_IFDIR; }

/// Whether the path is that of a file, or of a folder with drop-ins of one.
bool is_single(const std::string& path) {
  return !is_directory(path) || without_end_slashes(path).ends_with(".toml.d");
}

/// Whether it is a directory that a server with these places reads, or the one above it.
bool is_read(const std::string& path, const Places& server) {
  const std::string key = place_key(without_end_slashes(path));
  return std::ranges::any_of(server.directories, [&](const ConfigDirectory& one) {
    return key == place_key(one.path) || key == place_key(folder_of(one.path)) ||
           (!one.vendor.empty() && key == place_key(one.vendor));
  });
}

/// Parses a message of the graph, and finds the service's file that the message is about.
Diagnostic diagnostic_of(const std::string& message, const ServiceSpec& spec) {
  Diagnostic diagnostic = parse_diagnostic(message);
  const auto found = std::find(spec.drop_ins.begin(), spec.drop_ins.end(), diagnostic.file);
  if (found != spec.drop_ins.end()) {
    diagnostic.at.source = static_cast<std::uint32_t>(found - spec.drop_ins.begin()) + 1;
  }
  return diagnostic;
}

/// Collects files and directories, then checks them together.
class Checker {
 public:
  explicit Checker(const FindAbsences& absences, FindGroup find_group = {})
      : absences_(absences), find_group_(std::move(find_group)) {}

  /// `all` are the paths that are checked together. A vendor's directory among them is read after
  /// the directory that overrides it.
  void add_path(const std::string& path, std::span<const std::string> all) {
    if (!is_directory(path)) return add_file(path);
    const std::string plain = without_end_slashes(path);
    if (is_single(plain)) return add_file(plain + '/');  // like a drop-in in it
    if (add_whole(plain)) return;
    const auto given = [all](const std::string& other) {
      return !other.empty() && std::ranges::any_of(all, [&](const std::string& one) {
        return without_end_slashes(one) == other;
      });
    };
    const auto lies_over = [&](const std::string& one) {
      return vendor_of(without_end_slashes(one)) == plain && is_directory(one);
    };
    if (std::ranges::any_of(all, lies_over) || !places_.insert(place_key(plain)).second) return;
    const std::string vendors = vendor_of(plain);
    list_directory({plain, last_part(plain) == "system", true, given(vendors) ? vendors : ""},
                   listing_);
  }

  /// `named`: the user has named this file.
  void add_settings(const std::string& path, bool named) {
    if ((!named && !path_exists(path)) || !places_.insert(place_key(path)).second) return;
    ++settings_files_;
    settings_ = read_settings(path, true, findings()).value_or(GlobalSettings{});
    if (!find_group_ || settings_.socket_group.empty()) return;
    if (std::string fault = find_group_(settings_.socket_group); !fault.empty())
      findings().push_back(
          {path, settings_.socket_group_at, Severity::error, "socket_group", std::move(fault)});
  }

  void add_places(const Places& places) {
    listing_.root = places.root;
    if (!places.settings_file.empty()) whole_settings_ = add_settings_of(places);
    for (const ConfigDirectory& directory : places.directories) {
      list_directory(directory, listing_);
      tell_unread(directory.path, places);
    }
  }

  /// Uses the server's zinit.toml for files that are checked without one.
  void assume_settings(const std::string& path) {
    std::vector<Diagnostic> not_asked_for;
    if (settings_files_ == 0 && !path.empty())
      settings_ = read_settings(path, false, not_asked_for).value_or(GlobalSettings{});
  }

  /// Has the files checked as files of this server; see add_around().
  void assume_server(const Places& server) { server_ = &server; }

  /// Replaces the instance, or the file `instead_of`, or the file with the path of `changed`;
  /// appends `changed` if there is no such file.
  void replace(const std::string& instead_of, const SourceFile& changed) {
    if (!changed.instance.empty()) {
      std::erase_if(listing_.files,
                    [&](const SourceFile& file) { return file.instance == changed.instance; });
      listing_.files.push_back(changed);
      listing_.files.back().drop_ins = own_drop_ins(changed);
      return;
    }
    for (SourceFile& file : listing_.files) {
      if (file.path != instead_of && file.path != changed.path) continue;
      const std::map<std::string, DropIns> own = std::move(file.own);
      file = changed;
      file.own = own;
      return;
    }
    listing_.files.push_back(changed);
  }

  CheckResult result() { return result(read_below(listing_.root)); }

  CheckResult result(const ReadText& read) {
    leave_out_doubles();
    std::size_t count = settings_files_;
    for (const SourceFile& file : listing_.files) {
      count += 1 + file.drop_ins.size();
      for (const auto& [instance, own] : file.own) count += own.paths.size();
    }
    if (server_ != nullptr) add_around(*server_);
    for (const std::string& path : listing_.passed_over)
      findings().push_back({path,
                            {},
                            Severity::warning,
                            {},
                            "is not read: the name of a service file ends in .toml"});
    ParsedListing all = parse_listing(listing_, settings_.defaults, read);
    std::vector<ParsedSpec>& parsed = all.parsed;
    const MaskedNames& masked = all.masked;
    tell_templates_once(parsed);
    const GraphPtr graph = judge_graph(parsed, masked, *all.templates);
    warn_of_absent_services(parsed, masked);
    warn_of_absent_target(parsed);
    tell_idle_templates(*all.templates, parsed, settings_.defaults, findings());
    const Milliseconds shutdown_timeout = settings_.shutdown_timeout.value_or(kShutdownTimeout);
    for (ParsedSpec& one : parsed) {
      if (around_.contains(one.spec->file)) continue;
      if (absences_ && !one.proxy) tell_absences(*one.spec, absences_, read, one.diagnostics);
      if (!one.proxy) tell_long_stop(one, shutdown_timeout, read);
      sort_by_place(one.diagnostics);
      findings().insert(findings().end(), one.diagnostics.begin(), one.diagnostics.end());
    }
    std::erase_if(findings(), [&](const Diagnostic& one) { return around_.contains(one.file); });
    for (Diagnostic& one : findings()) {
      if (one.severity == Severity::unknown) one.severity = Severity::error;
      if (one.at.line == 0) one.at = {1, 1, one.at.source};
    }
    return {std::move(findings()),    count,           graph, std::move(around_),
            settings_.default_target, shutdown_timeout};
  }

 private:
  std::vector<Diagnostic>& findings() { return listing_.findings; }

  /// Removes faults of templates from the faults of their instances: they are reported already.
  void tell_templates_once(std::vector<ParsedSpec>& parsed) {
    for (ParsedSpec& one : parsed)
      if (one.spec->is_instance())
        std::erase_if(one.diagnostics,
                      [&](const Diagnostic& fault) { return contains(findings(), fault); });
  }

  /// Warns of a `default_target` that does not exist, if all of the server's directories are read.
  void warn_of_absent_target(const std::vector<ParsedSpec>& parsed) {
    const std::string& name = settings_.default_target;
    const auto is_it = [&](const ParsedSpec& one) { return !one.proxy && one.spec->name == name; };
    if (whole_settings_.empty() || name.empty() || std::ranges::any_of(parsed, is_it)) return;
    findings().push_back(absent_target(settings_, whole_settings_));
  }

  /// Warns of directories beside `services` that only PID 1 reads, if there is something in them:
  /// an installation makes them empty.
  void tell_unread(const std::string& services, const Places& places) {
    const std::string base = services.substr(0, services.rfind('/') + 1);
    if (services != base + "services") return;
    for (const char* part : {"system", "targets"}) {
      const std::string path = base + part;
      const auto real = real_below(places.root, path);
      const auto is_it = [&](const ConfigDirectory& one) { return one.path == path; };
      if (!real || !is_directory(*real) || std::ranges::any_of(places.directories, is_it)) continue;
      Listing unread;
      list_directory({.path = *real}, unread);
      if (!unread.files.empty())
        findings().push_back(
            {path,
             {},
             Severity::warning,
             {},
             fmt::format("is not read, because this server is not PID 1; put its services into {}",
                         services)});
    }
  }

  /// @return  the file's path
  std::string add_settings_of(const Places& places) {
    const auto real = real_below(places.root, places.settings_file);
    if (real) {
      add_settings(*real, places.settings_named);
      return *real;
    }
    findings().push_back({places.settings_file, {}, Severity::error, {}, real.error().text});
    return {};
  }

  /// Adds the server's other files. Each of the present files takes its own place among them,
  /// because the first of several files with one name has the name. A file from elsewhere takes
  /// the place of the server's file of the same name, as if it were installed.
  void add_around(const Places& server) {
    Listing all;
    for (const ConfigDirectory& directory : server.directories) list_directory(directory, all);
    std::map<std::string, std::size_t> by_place;  // by stem too; no stem has a slash
    for (std::size_t i = 0; i < all.files.size(); ++i) {
      by_place.emplace(place_key(all.files[i].path), i);
      by_place.emplace(stem_of(all.files[i].path), i);
      around_.merge(paths_of(all.files[i]));
    }
    std::vector<SourceFile> files;
    std::vector<bool> taken(all.files.size(), false);
    for (SourceFile& file : listing_.files) {
      for (const std::string& path : paths_of(file)) around_.erase(path);
      // An instance is read from its template.
      if (const auto of = by_place.find(std::string(template_of(file.instance)));
          of != by_place.end())
        for (const std::string& path : paths_of(all.files[of->second])) around_.erase(path);
      auto at = by_place.find(place_key(file.path));
      if (at == by_place.end()) at = by_place.find(std::string(stem_of(file.path)));
      // An instance that has only drop-ins is listed with the path of its template.
      const bool has_file = file.instance.empty() || !file.link.empty();
      if (at == by_place.end() || !has_file || taken[at->second]) {
        files.push_back(std::move(file));
      } else {
        taken[at->second] = true;
        all.files[at->second] = std::move(file);
      }
    }
    std::ranges::move(all.files, std::back_inserter(files));
    std::ranges::move(all.masked, std::back_inserter(listing_.masked));
    listing_.files = std::move(files);
  }

  /// The paths under which faults of the file and of its drop-ins are reported.
  static std::set<std::string> paths_of(const SourceFile& file) {
    std::set<std::string> paths(file.drop_ins.begin(), file.drop_ins.end());
    paths.insert(file.path);
    for (const Diagnostic& one : file.found) paths.insert(one.file);
    for (const auto& [instance, own] : file.own) {
      paths.insert(own.paths.begin(), own.paths.end());
      for (const Diagnostic& one : own.found) paths.insert(one.file);
    }
    return paths;
  }

  /// Leaves out files that were given twice, directly or by their directory, and vendors' files
  /// that another checked file replaces or masks.
  void leave_out_doubles() {
    std::map<std::string, SourceFile*> by_place;
    std::set<std::string> masked;
    for (const MaskedFile& one : listing_.masked) masked.insert(place_key(one.link));
    std::vector<bool> kept(listing_.files.size(), true);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      SourceFile& file = listing_.files[i];
      const auto [first, is_first] = by_place.try_emplace(place_key(file.path), &file);
      kept[i] = is_first;
      // Two paths may lead to one file, but only one of them to its drop-ins.
      if (file.drop_ins.size() > first->second->drop_ins.size())
        first->second->drop_ins = file.drop_ins;
    }
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const std::string own = own_place_of(listing_.files[i].path);
      if (own == listing_.files[i].path) continue;
      const std::string key = place_key(own);
      if (by_place.contains(key) || masked.contains(key)) kept[i] = false;
    }
    std::size_t i = 0;
    std::erase_if(listing_.files, [&](const SourceFile&) { return !kept[i++]; });
  }

  void add_file(const std::string& path) {
    if (last_part(path) == kSettingsFile) return add_settings(path, true);
    const std::string file = laid_over_by(path).value_or(path);
    const std::string of = beside(file, template_of(stem_of(file)));
    if (file == path || path_exists(file) || !path_exists(of))
      return list_file(file, false, listing_);
    // a drop-in of an instance without a file of its own
    Listing own;
    list_file(of, false, own);
    list_instance(file, std::move(own.files.front()), listing_);
  }

  /// The file to which a drop-in applies; nothing if `path` is not a drop-in.
  static std::optional<std::string> laid_over_by(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return std::nullopt;
    std::string file = path.substr(0, slash);
    if (!file.ends_with(".toml.d")) return std::nullopt;
    file.resize(file.size() - 2);
    const std::string vendors = vendor_of(file);
    return path_exists(file) || vendors.empty() ? file : vendors;
  }

  /// Adds a directory like /etc/zinit. False if it has none of the subdirectories.
  bool add_whole(const std::string& path) {
    constexpr std::array<std::string_view, 3> parts = {"system", "services", "targets"};
    const std::string base = without_end_slashes(path);
    const bool any = std::any_of(parts.begin(), parts.end(), [&](std::string_view part) {
      return is_directory(fmt::format("{}/{}", base, part));
    });
    if (!any) return false;
    whole_settings_ = fmt::format("{}/{}", base, kSettingsFile);
    add_settings(whole_settings_, false);
    for (const std::string_view part : parts) {
      const std::string directory = fmt::format("{}/{}", base, part);
      list_directory({directory, part == "system", false, vendor_of(directory)}, listing_);
    }
    return true;
  }

  static GraphPtr judge_graph(std::vector<ParsedSpec>& parsed, const MaskedNames& masked,
                              const Templates& templates) {
    std::vector<GraphEntry> entries;
    std::vector<ParsedSpec*> services;  // by slot
    for (ParsedSpec& one : parsed) {
      if (one.proxy) continue;
      services.push_back(&one);
      GraphEntry entry;
      entry.slot = static_cast<Slot>(entries.size());
      entry.load_order = entry.slot;
      entry.spec = one.spec;  // without its own faults, so that the graph is checked for it too
      entries.push_back(std::move(entry));
    }
    GraphPtr graph = Graph::build(entries);
    const std::vector<std::string> names = graph->names();
    for (Slot slot = 0; slot < entries.size(); ++slot) {
      const Node& node = graph->node(slot);
      for (const std::string& fault : *node.faults) {
        services[slot]->diagnostics.push_back(diagnostic_of(fault, *node.spec));
      }
      tell_absent(node, names, masked, services[slot]->diagnostics);
      tell_absent_on_failure(*node.spec, *graph, templates, services[slot]->diagnostics);
    }
    return graph;
  }

  const FindAbsences& absences_;
  const FindGroup find_group_;
  Listing listing_;
  GlobalSettings settings_;
  std::size_t settings_files_ = 0;
  std::string whole_settings_;    // the zinit.toml of directories that are all read; empty: none
  std::set<std::string> places_;  // directories and settings that were read
  const Places* server_ = nullptr;
  std::set<std::string> around_;  // the paths of files that add_around() has added
};

}  // namespace

std::string place_key(const std::string& path) {
  char real[PATH_MAX];
  if (::realpath(folder_of(path).c_str(), real) == nullptr) return path;
  return fmt::format("{}/{}", real, last_part(path));
}

std::size_t CheckResult::errors() const {
  return static_cast<std::size_t>(
      std::ranges::count(diagnostics, Severity::error, &Diagnostic::severity));
}

int CheckResult::exit_code(bool strict) const {
  return errors() > 0 || (strict && !diagnostics.empty()) ? 1 : 0;
}

CheckResult check_paths(std::span<const std::string> paths, const Places& server,
                        const FindAbsences& absences, const FindGroup& find_group) {
  Checker checker(absences, find_group);
  const std::string settings = server.settings_file.empty() ? "" : place_key(server.settings_file);
  for (const std::string& path : paths) {
    if (settings == place_key(path))
      checker.add_settings(path, true);
    else
      checker.add_path(path, paths);
  }
  checker.assume_settings(server.settings_file);
  const auto is_servers = [&](const std::string& path) {
    return is_single(path) || is_read(path, server);
  };
  if (std::ranges::any_of(paths, is_servers)) checker.assume_server(server);
  return checker.result();
}

CheckResult check_texts(const std::map<std::string, std::string>& texts) {
  const FindAbsences nobody_looks;
  Checker checker(nobody_looks);
  // As if named by an operator: a file that does not exist yet has not vanished.
  for (const auto& [path, text] : texts) checker.replace({}, {.path = path, .named = true});
  return checker.result([&](const std::string& path) -> Result<std::string> {
    const auto found = texts.find(path);
    if (found == texts.end()) return sys_failure("open", path, ENOENT);
    return found->second;
  });
}

CheckResult check_places(const Places& places, const FindAbsences& absences,
                         const FindGroup& find_group) {
  Checker checker(absences, find_group);
  checker.add_places(places);
  return checker.result();
}

CheckResult check_change(const Places& places, const SourceFile& changed,
                         const std::string& instead_of, const ReadText& read,
                         const FindAbsences& absences) {
  const std::vector<Diagnostic> before = check_places(places, absences).diagnostics;
  Checker checker(absences);
  checker.add_places(places);
  checker.replace(instead_of, changed);
  CheckResult result = checker.result(read);
  std::erase_if(result.diagnostics, [&](const Diagnostic& one) {
    const bool own = one.file == changed.path || contains(changed.drop_ins, one.file);
    return !own && contains(before, one);
  });
  return result;
}

}  // namespace zinit
