// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A ring of events by their numbers. See kept_events.hpp.
#include "supervisor/kept_events.hpp"

#include <algorithm>
#include <utility>

namespace zinit {

void KeptEvents::add(StateEvent event) {
  event.seq = ++last_seq_;
  events_[last_seq_ % kMost] = std::move(event);
}

KeptEvents::After KeptEvents::after(std::uint64_t seq, std::size_t most) const {
  After result;
  const std::uint64_t kept = std::min<std::uint64_t>(last_seq_ - first_, kMost);
  const std::uint64_t oldest = last_seq_ - kept + 1;
  if (seq + 1 < oldest) result.lost = oldest - seq - 1;
  for (std::uint64_t next = std::max(seq + 1, oldest);
       next <= last_seq_ && result.events.size() < most; ++next)
    result.events.push_back(events_[next % kMost]);
  return result;
}

}  // namespace zinit
