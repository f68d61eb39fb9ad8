// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A reload of some services only: the files as read apply to these, and all others stay unchanged,
// even if their files have changed (control.md, service.reload).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/loader.hpp"
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

/// What was read, with the proxies of files that are `in_force`; proxies of the directories among
/// `only` are as they were read.
[[nodiscard]] LoadedConfig with_proxies_of(const std::vector<std::string>& only,
                                           const LoadedConfig& read,
                                           const std::vector<ProxyPtr>& in_force);

/// Those of the directories among `only`.
[[nodiscard]] std::vector<ProxyPtr> proxies_below(const LoadedConfig& config,
                                                  const std::vector<std::string>& only);

/// Takes out of the report of `config` what has not changed, and lies elsewhere.
void narrow_proxies(ProxyReport& report, const LoadedConfig& config,
                    const std::vector<std::string>& only);

class ReloadOnly {
 public:
  /// @param names  of services, or of templates, which stand for all of their instances as well; a
  ///               path stands for all services whose files lie below that directory
  explicit ReloadOnly(std::vector<std::string> names) : names_(std::move(names)) {}

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

  std::vector<std::string> names_;
};

}  // namespace zinit
