// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Answers that wait for slow changes: see in_force.hpp.
#include "server/in_force.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

namespace zinit {

void InForce::wait(std::uint64_t ticket, std::function<void()> answer) {
  if (is_(ticket)) return answer();
  waiting_.push_back({ticket, after(Clock::now(), kMostWait), std::move(answer)});
  if (!late_.active()) late_.set(kMostWait);
}

void InForce::look() {
  if (waiting_.empty()) return;
  const TimePoint now = Clock::now();
  // Answers with the same ticket stand together, and there may be many: ask once for each ticket.
  std::optional<std::uint64_t> asked;
  bool so = false;
  const auto waits_on = [&](const Waiting& one) {
    if (asked != one.ticket) so = is_(one.ticket);
    asked = one.ticket;
    return now < one.until && !so;
  };
  const auto first = std::stable_partition(waiting_.begin(), waiting_.end(), waits_on);
  const std::vector<Waiting> due(std::make_move_iterator(first),
                                 std::make_move_iterator(waiting_.end()));
  waiting_.erase(first, waiting_.end());
  late_.set_at(waiting_.empty() ? kNever : waiting_.front().until);
  for (const Waiting& one : due) catch_all("an answer", one.answer);
}

}  // namespace zinit
