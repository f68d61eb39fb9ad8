// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Plans that are made without the board's lock.
#include "supervisor/plan_aside.hpp"

namespace zinit {

namespace {

// After this many outdated plans made without the lock, the next one is made with it.
constexpr int kPlansAside = 3;

}  // namespace

PlanAside::PlanAside(BoardCore& core, Want want) : want_(std::move(want)) {
  for (int attempt = 0; attempt < kPlansAside; ++attempt) {
    {
      MutexLock lock(core.mutex());
      if (is_current(core)) return;
      take_base(core);
    }
    make();
  }
}

Plan& PlanAside::plan(BoardCore& core) {
  if (is_current(core)) return plan_;
  take_base(core);
  make();
  return plan_;
}

bool PlanAside::is_current(const BoardCore& core) const {
  return graph_ == core.world.graph && core.live() == live_ && core.up() == up_;
}

void PlanAside::take_base(const BoardCore& core) {
  graph_ = core.world.graph;
  live_ = core.live();
  up_ = core.up();
}

void PlanAside::make() {
  const Wanted wanted = want_(*graph_);
  plan_ = zinit::plan(*graph_, wanted.specs, live_, wanted.masked, up_, wanted.put_off);
}

}  // namespace zinit
