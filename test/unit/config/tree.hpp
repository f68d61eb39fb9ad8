// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// The language of golden files about directories of service files: layers.golden, loader.golden,
// templates.golden, proxy.golden, check.golden. A case lays out files and asks questions:
//
//     @ NAME            begins a file, whose lines follow
//     @ NAME -> TARGET  a link; ~ is the directory of the case
//     @ NAME/           a directory
//     @ NAME |          a FIFO
//     @ NAME -          removes it
//     ? load DIRS       what a server would load, or what is kept of it
//     ? places DIRS     what `zinitctl check` says of the places of a server
//     ? check PATHS     what it says of these; <FILE is the zinit.toml of the server
//     ? changed         the services of the last `load` whose files have changed since
//
// A DIR may have `named:` or `system:` before it, and `<DIR`, the vendor's, behind it; one that
// ends in .toml is the file with the settings.

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/check.hpp"
#include "config/directory.hpp"
#include "config/keys.hpp"
#include "config/loader.hpp"
#include "config/proxy_reader.hpp"
#include "config/value_text.hpp"
#include "support/test.hpp"

namespace zinit::test {

inline std::string in_lines(const Texts& lines, const std::string& before = "") {
  std::string all;
  for (const std::string& line : lines) all += before + line + "\n";
  return all;
}

inline std::string described(const CheckResult& result) {
  std::string all;
  for (const Diagnostic& fault : result.diagnostics) all += to_text(fault) + "\n";
  return all + fmt::format("{} files, exit {}, strict {}\n", result.files, result.exit_code(),
                           result.exit_code(true));
}

/// A service or proxy: its files, its findings, and if it has no errors, what they say of it.
template <class Spec>
std::string described(const Spec& spec, const std::string& more, const std::string& content) {
  std::string all = fmt::format("{} of {}", spec.name, spec.file);
  for (const std::string& drop_in : spec.drop_ins) all += " + " + drop_in;
  all += (spec.vendors ? ", the vendor's" : "") + more + "\n";
  if (spec.broken()) return all;
  for (const std::string_view line : split(trim(content), '\n'))
    all += "  " + std::string(line) + "\n";
  return all;
}

inline std::string described(const LoadedConfig& loaded) {
  std::string all;
  for (const SpecPtr& spec : loaded.specs) {
    std::string more = spec->class_ == ServiceClass::system ? ", system" : "";
    if (spec->runtime) more += ", set at runtime";
    if (spec->is_instance())
      more += ", from " + spec->instance->of + (spec->instance->link.empty() ? "" : " by ") +
              spec->instance->link;
    all += described(*spec, more, spec->document) + in_lines(spec->findings->errors, "  ") +
           in_lines(spec->findings->warnings, "  ");
  }
  for (const ProxyPtr& proxy : loaded.proxies)
    all += "proxy " + described(*proxy, "", proxy->broken() ? "" : proxy_text(*proxy)) +
           in_lines(proxy->errors, "  ") + in_lines(proxy->warnings, "  ");
  for (const std::string& name : loaded.templates->names()) all += "template " + name + "\n";
  for (const auto& [name, link] : loaded.masked) all += "masked: " + name + " by " + link + "\n";
  for (const std::string& setting : changed_settings({}, loaded.settings))
    all += "set: " + setting + "\n";
  for (const auto& [key, value] : loaded.settings.defaults)
    all += "default: " + full_name(*key) + " = " + toml_value(value) + "\n";
  if (loaded.incomplete) all += "incomplete: " + loaded.incomplete->text + "\n";
  return all + in_lines(loaded.missing, "missing: ") + in_lines(loaded.messages);
}

/// A case's directory.
class Tree {
 public:
  /// Carries out the lines of a case. @return  its questions, with answers
  std::string follow(const std::string& input) {
    std::string file, all;
    for (const std::string_view line : split(trim(input), '\n')) {
      if (line.starts_with("@ ")) {
        file = make(std::string(line.substr(2)));
      } else if (line.starts_with("? ")) {
        all += std::string(line) + "\n" + answer(split(line.substr(2), ' '));
      } else {
        std::ofstream(file, std::ios::app) << line << '\n';
      }
    }
    for (std::size_t at = 0; (at = all.find(directory_.path() + "/")) != all.npos;)
      all.erase(at, directory_.path().size() + 1);
    return all;
  }

 private:
  [[nodiscard]] std::string path_of(std::string_view name) const {
    return name == "." ? directory_.path() : directory_ / name;
  }

  /// @return  the file that the next lines write
  std::string make(std::string entry) const {
    namespace fs = std::filesystem;
    const auto end = std::min(entry.find(' '), entry.size());
    const std::string path = directory_ / entry.substr(0, end), what = entry.substr(end);
    fs::create_directories(path.ends_with('/') ? path : fs::path(path).parent_path().string());
    if (what == " -") {
      fs::remove(path);
    } else if (what == " |") {
      REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    } else if (what.starts_with(" -> ")) {
      const std::string to = what.substr(4);
      fs::create_symlink(to[0] == '~' ? directory_.path() + to.substr(1) : to, path);
    } else if (!path.ends_with('/')) {
      std::ofstream(path).flush();
    }
    return path;
  }

  [[nodiscard]] Places places_of(std::span<const std::string_view> words) const {
    Places places;
    for (std::string_view word : words) {
      ConfigDirectory one;
      one.named = word.starts_with("named:");
      one.system_class = word.starts_with("system:");
      if (one.named || one.system_class) word.remove_prefix(word.find(':') + 1);
      one.path = path_of(word.substr(0, word.find('<')));
      if (word.ends_with(".toml")) {
        places.settings_file = one.path;
        places.settings_named = one.named;
        continue;
      }
      if (word.find('<') != word.npos) one.vendor = path_of(word.substr(word.find('<') + 1));
      places.directories.push_back(one);
    }
    return places;
  }

  std::string answer(const std::vector<std::string_view>& words) {
    const auto rest = std::span(words).subspan(1);
    if (words[0] == "places") return described(check_places(places_of(rest)));
    if (words[0] == "load") {
      const Places places = places_of(rest);
      loaded_ = load_config(places.directories, places.settings_file,
                            {.settings_named = places.settings_named});
      return described(loaded_);
    }
    if (words[0] == "changed") {
      std::string all;
      for (const SpecPtr& spec : loaded_.specs)
        if (!changed_file(*spec).empty()) all += spec->name + "\n";
      return all;
    }
    REQUIRE(words[0] == "check");
    Texts paths;
    Places server;
    for (const std::string_view word : rest) {
      if (word.starts_with('<')) {
        server.settings_file = path_of(word.substr(1));
      } else {
        paths.push_back(path_of(word));
      }
    }
    return described(check_paths(paths, server));
  }

  TempDir directory_;
  LoadedConfig loaded_;
};

/// For CHECK_GOLDEN_CASES.
inline std::string answered_tree(const std::string& input) { return Tree().follow(input); }

}  // namespace zinit::test
