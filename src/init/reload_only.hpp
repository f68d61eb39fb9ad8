// A reload of some services alone: what was read counts for them, and all others stay as they are,
// even if their files have changed (control.md, service.reload).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/templates.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// What a reload puts in force.
struct Reloaded {
  std::vector<SpecPtr> specs;
  MaskedNames masked;
  TemplatesPtr templates;
};

class ReloadOnly {
 public:
  /// @param names  of services, or of templates: those mean all of their instances, too. Outlives
  ///               this object.
  explicit ReloadOnly(const std::vector<std::string>& names) : names_(names) {}

  /// What is in force, with what `read` has for the services in its place. A service that has no
  /// file any more is left out.
  /// @param graph, templates  in force
  /// @return  not_found, whose only detail is the name, for one that nothing has
  [[nodiscard]] RequestResult<Reloaded> choose(const Reloaded& read, const Graph& graph,
                                               const Templates& templates,
                                               const ServiceDefaults& defaults) const;

  /// Takes out of the report what it says of others that have not changed.
  void narrow(ReloadReport& report) const;

 private:
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<SpecPtr> chosen_of(const Reloaded& read, const Graph& graph) const;
  [[nodiscard]] TemplatesPtr merged(const Templates& old, const Templates& read) const;

  const std::vector<std::string>& names_;
};

}  // namespace zinit
