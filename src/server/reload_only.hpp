// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A reload of some services only: the files as read apply to these, and all others stay unchanged,
// even if their files have changed (control.md, service.reload).
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/loader.hpp"
#include "config/modes.hpp"
#include "config/templates.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// The content that a reload puts in force.
struct Reloaded {
  std::vector<SpecPtr> specs;
  MaskedNames masked;
  TemplatesPtr templates;
  std::vector<std::string> only{};  // the names whose files count, if not all do
};

/// Whether an entry of `only` is the path of a directory, and no name.
[[nodiscard]] inline bool is_directory(std::string_view entry) { return entry.starts_with('/'); }

/// Whether `path` lies below one of the directories among `only`.
[[nodiscard]] bool is_below_any(std::string_view path, const std::vector<std::string>& only);

/// The first of the directories among `only` in which a server with these places reads no file;
/// empty if there is none.
[[nodiscard]] std::string unread_directory(const std::vector<std::string>& only,
                                           const Places& places);

using PlaceSet = std::set<std::string, std::less<>>;

/// The places (own_place_of()) of files and masks outside of the directories among `only`, in force
/// and as read. In such a place a file of /etc/zinit replaces or masks a vendor's file: now,
/// earlier, or after a reload of all files. What the two files describe does not matter.
/// @param masked_proxies  in force, see LoadedConfig
[[nodiscard]] PlaceSet places_elsewhere(const std::vector<std::string>& only,
                                        const LoadedConfig& read, const Graph& graph,
                                        const std::vector<ProxyPtr>& proxies,
                                        const std::vector<std::string>& masked_proxies);

/// The proxies that a reload of directories puts in force.
struct ChosenProxies {
  LoadedConfig config;                         // theirs as read, and all others as they are
  std::vector<ProxyPtr> chosen{};              // those of the directories, as read
  std::set<std::string, std::less<>> names{};  // of the directories, in force or as read

  /// Takes all other proxies out of the report.
  void narrow(ProxyReport& report) const;
};

/// @param elsewhere  from places_elsewhere()
[[nodiscard]] ChosenProxies choose_proxies(const std::vector<std::string>& only,
                                           const LoadedConfig& read,
                                           const std::vector<ProxyPtr>& in_force,
                                           const PlaceSet& elsewhere);

class ReloadOnly {
 public:
  /// @param names  of services, or of templates, which stand for all of their instances as well; a
  ///               path stands for all services whose files lie below that directory
  /// @param elsewhere  from places_elsewhere(), if one of these is a path
  explicit ReloadOnly(const std::vector<std::string>& names, PlaceSet elsewhere = {});

  /// Returns the content in force, with the selected services replaced by those of `read`. Leaves
  /// out a selected service without a file.
  /// @param graph, templates  in force
  /// @return  not_found, with the name as its only detail, if a name is unknown
  [[nodiscard]] RequestResult<Reloaded> choose(const Reloaded& read, const Graph& graph,
                                               const Templates& templates,
                                               const ServiceDefaults& defaults);

  /// Removes from the report what concerns others that have not changed.
  void narrow(ReloadReport& report) const;

 private:
  void replace_directories(const Reloaded& read, const Graph& graph, const Templates& templates);
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<SpecPtr> chosen_of(const Reloaded& read, const Graph& graph) const;
  [[nodiscard]] TemplatesPtr merged(const Templates& old, const Templates& read) const;

  std::set<std::string, std::less<>> names_;
  std::vector<std::string> directories_;
  PlaceSet elsewhere_;
};

}  // namespace zinit
