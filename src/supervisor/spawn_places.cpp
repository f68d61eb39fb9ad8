// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Permissions to spawn. See spawn_places.hpp.
#include "supervisor/spawn_places.hpp"

#include <utility>

namespace zinit {

bool SpawnPlaces::ask(Ticket& ticket) {
  if (!ticket.has_place_ && !ticket.queued_) {
    queue_.push_back(&ticket);
    ticket.queued_ = true;
  }
  return ticket.has_place_;
}

void SpawnPlaces::withdraw(Ticket& ticket) noexcept {
  if (std::exchange(ticket.queued_, false)) queue_.remove(&ticket);
}

void SpawnPlaces::give_back(Ticket& ticket) noexcept {
  withdraw(ticket);
  if (std::exchange(ticket.has_place_, false)) --taken_;
}

SpawnPlaces::Ticket* SpawnPlaces::next() {
  if (held_ || queue_.empty() || taken_ >= (processes_short() ? 1 : kMost)) return nullptr;
  Ticket* const ticket = queue_.front();
  queue_.pop_front();
  ticket->queued_ = false;
  ticket->has_place_ = true;
  ++taken_;
  return ticket;
}

bool SpawnPlaces::note_shortage() {
  const bool news = !processes_short();
  short_until_ = after(Clock::now(), kShortage);
  return news;
}

}  // namespace zinit
