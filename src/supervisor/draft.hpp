// A plan that is made before the board is locked for it.
#pragma once

#include <functional>
#include <vector>

#include "model/plan.hpp"
#include "supervisor/core.hpp"

namespace zinit {

/// What is to be in force: what plan() makes a plan from.
struct Wanted {
  std::vector<SpecPtr> specs;
  MaskedNames masked;
};

/// Planning takes long where the graph is large, so it is done beside the running board, from what
/// does not change: a graph, and a copy of who is live. Only where that is outdated each time do
/// the others have to wait.
class Draft {
 public:
  /// From a graph to what is wanted in its place; called without the lock or with it, as often as
  /// it takes.
  using Want = std::function<Wanted(const Graph& graph)>;

  Draft(BoardCore& core, Want want) EXCLUDES(core.mutex);

  /// The plan, made anew where the board has changed since.
  Plan& plan(BoardCore& core) REQUIRES(core.mutex);

 private:
  [[nodiscard]] bool is_current(const BoardCore& core) const REQUIRES(core.mutex);
  void take_base(const BoardCore& core) REQUIRES(core.mutex);
  void make();

  const Want want_;
  GraphPtr graph_;
  std::vector<bool> live_;
  Plan plan_;
};

}  // namespace zinit
