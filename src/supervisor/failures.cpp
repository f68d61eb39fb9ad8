// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Services that have failed for good, until their on_failure and on_failure_action are handled.
#include <algorithm>

#include "model/predicates.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// It has failed, perhaps for good, and its on_failure has not been handled yet.
bool BoardCore::is_to_be_followed(Slot slot) const {
  if (!world.graph->used(slot) || !world.spec(slot).acts_on_failure()) return false;
  const Record& record = world.record(slot);
  return record.state == State::failed && !record.failure_handled &&
         record.reason.type != ReasonType::config_error;
}

void BoardCore::note_failure(Slot slot) {
  if (is_to_be_followed(slot)) failures.insert(slot);
}

/// The names in its on_failure that do not exist.
std::vector<std::string> BoardCore::absent_on_failure(Slot slot) const {
  std::vector<std::string> names = on_failure_names(world.spec(slot));
  std::erase_if(names, [&](const std::string& name) REQUIRES(board_lock) {
    const std::size_t at = name.find('@');
    return world.graph->find(name) != kNoSlot ||
           (at != std::string::npos && is_template(name.substr(0, at + 1)));
  });
  return names;
}

std::vector<ServiceView> Board::final_failures() {
  MutexLock lock(mutex());
  std::erase_if(failures, [&](Slot slot) REQUIRES(board_lock) { return !is_to_be_followed(slot); });
  std::vector<ServiceView> found;
  if (failures.empty()) return found;
  const TimePoint now = Clock::now();
  SettledQuestions settled(world, now);
  for (const Slot slot : failures)
    if (zinit::failed_for_good(world, slot)) found.push_back(view_of(slot, now, settled));
  return found;
}

void Board::failure_handled(const ServiceView& failed) {
  MutexLock lock(mutex());
  const Slot slot = failed.slot;
  // Another service may have the slot by now, or this service has failed again.
  if (!is_to_be_followed(slot) || world.graph->name(slot) != failed.spec->name ||
      world.record(slot).failed_serial != failed.record.failed_serial)
    return;
  world.record(slot).failure_handled = true;
  store(slot);
}

}  // namespace zinit
