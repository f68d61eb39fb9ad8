// A reload of some services only: the files as read apply to these, and all others stay unchanged,
// even if their files have changed (control.md, service.reload).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/templates.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// The content that a reload puts in force.
struct Reloaded {
  std::vector<SpecPtr> specs;
  MaskedNames masked;
  TemplatesPtr templates;
};

class ReloadOnly {
 public:
  /// @param names  of services, or of templates, which select all their instances, too. Outlives
  ///               this object.
  explicit ReloadOnly(const std::vector<std::string>& names) : names_(names) {}

  /// Returns the content in force, with the selected services replaced by those of `read`. Leaves
  /// out a selected service without a file.
  /// @param graph, templates  in force
  /// @return  not_found, with the name as its only detail, if a name is unknown
  [[nodiscard]] RequestResult<Reloaded> choose(const Reloaded& read, const Graph& graph,
                                               const Templates& templates,
                                               const ServiceDefaults& defaults) const;

  /// Removes from the report what concerns others that have not changed.
  void narrow(ReloadReport& report) const;

 private:
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<SpecPtr> chosen_of(const Reloaded& read, const Graph& graph) const;
  [[nodiscard]] TemplatesPtr merged(const Templates& old, const Templates& read) const;

  const std::vector<std::string>& names_;
};

}  // namespace zinit
