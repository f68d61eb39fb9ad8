// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The cause of a stop in words, for the log and for `why`.
#include "model/stop_words.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "model/decide.hpp"
#include "model/predicates.hpp"
#include "model/why.hpp"

namespace zinit {

namespace {

/// What has become of the service that it requires.
std::string lost_words(const World& world, Slot slot) {
  const Node& node = world.node(slot);
  if (!node.missing->empty())
    return fmt::format(", because {}, which it requires, is missing", node.missing->front());
  const auto lost = std::ranges::find_if(node.requires_, [&](Slot required) {
    return is_lost(world, required, node.binds(required));
  });
  if (lost == node.requires_.end()) return {};
  const bool stops = active(world, *lost) && world.record(*lost).state != State::starting;
  return fmt::format(", because {}, which it requires, {}", world.graph->name(*lost),
                     has_ended(world, *lost) ? "has ended"
                     : stops                 ? "stops"
                                             : "is not up");
}

}  // namespace

std::string stop_words(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  switch (record.cause) {
    case StopCause::dependency: return lost_words(world, slot);
    case StopCause::owed: return ", for a restart";
    case StopCause::unhealthy: return ", its health checks failed";
    case StopCause::asked: return ", to run once more";
    case StopCause::unneeded: return ", because no running service needs it any more";
    case StopCause::late:
    case StopCause::watchdog: return ", " + reason_text(stop_reason(record), world.spec(slot));
    case StopCause::ready_exec: return ", " + reason_text(record.reason);
    case StopCause::none:
    case StopCause::down: break;
  }
  return {};
}

}  // namespace zinit
