// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A plan that is made before the board's lock is taken.
#pragma once

#include <functional>
#include <vector>

#include "model/plan.hpp"
#include "supervisor/core.hpp"

namespace zinit {

/// The wanted configuration: the arguments of plan().
struct Wanted {
  std::vector<SpecPtr> specs;
  MaskedNames masked;
  PutOff put_off{};
};

/// Planning takes long for a large graph, so it is done without the lock, from the present graph,
/// which is immutable, and copies of live() and up(). If these are outdated when the plan is done,
/// it is made again. Only after kPlansAside attempts is it made under the lock, where other threads
/// must wait.
class PlanAside {
 public:
  /// Returns the configuration that replaces `graph`'s. Called with or without the lock, perhaps
  /// several times.
  using Want = std::function<Wanted(const Graph& graph)>;

  PlanAside(BoardCore& core, Want want) EXCLUDES(board_lock);

  /// The plan, made again if the board has changed since.
  Plan& plan(BoardCore& core) REQUIRES(board_lock);

 private:
  [[nodiscard]] bool is_current(const BoardCore& core) const REQUIRES(board_lock);
  void take_base(const BoardCore& core) REQUIRES(board_lock);
  void make();

  const Want want_;
  GraphPtr graph_;
  std::vector<bool> live_;
  std::vector<bool> up_;
  Plan plan_;
};

}  // namespace zinit
