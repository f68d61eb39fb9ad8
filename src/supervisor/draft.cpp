// Plans beside the running board.
#include "supervisor/draft.hpp"

namespace zinit {

namespace {

// How often a plan is made beside the running board, and found outdated.
constexpr int kPlansAside = 3;

}  // namespace

Draft::Draft(BoardCore& core, Want want) : want_(std::move(want)) {
  for (int attempt = 0; attempt < kPlansAside; ++attempt) {
    {
      MutexLock lock(core.mutex);
      if (is_current(core)) return;
      take_base(core);
    }
    make();
  }
}

Plan& Draft::plan(BoardCore& core) {
  if (is_current(core)) return plan_;
  take_base(core);
  make();
  return plan_;
}

bool Draft::is_current(const BoardCore& core) const {
  return graph_ == core.world.graph && core.live() == live_;
}

void Draft::take_base(const BoardCore& core) {
  graph_ = core.world.graph;
  live_ = core.live();
}

void Draft::make() {
  const Wanted wanted = want_(*graph_);
  plan_ = zinit::plan(*graph_, wanted.specs, live_, wanted.masked);
}

}  // namespace zinit
