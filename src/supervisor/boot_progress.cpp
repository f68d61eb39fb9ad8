// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Times of a boot. See boot_progress.hpp.
#include "supervisor/boot_progress.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

/// Of the services that may hold this one up, the last one to release it since it was wanted;
/// empty: none has.
std::string released_by(const World& world, Slot slot, TimePoint wanted) {
  const Node& node = world.node(slot);
  TimePoint latest = wanted;
  std::string name;
  for (const auto* others : {&node.requires_, &node.after, &node.conflicts}) {
    for (const Slot other : *others) {
      const Record& record = world.record(other);
      if ((record.state != State::running && !at_rest(record.state)) || record.since <= latest)
        continue;
      latest = record.since;
      name = world.graph->name(other);
    }
  }
  return name;
}

}  // namespace

void BootProgress::begin(Slots wanted, std::size_t slots, TimePoint now) {
  times_.assign(slots, {});
  for (const Slot slot : wanted) times_[slot].wanted = now;
  pending_ = std::move(wanted);
  settled_at_.reset();  // a survivor of a switch-root may bring the time of the old root's boot
  under_way_ = true;
}

void BootProgress::go_on(TimePoint settled_at, Slots pending) {
  under_way_ = settled_at == TimePoint{};
  if (under_way_)
    pending_ = std::move(pending);
  else
    settled_at_ = settled_at;
}

void BootProgress::entered(const World& world, Slot slot, State to) {
  if (slot >= times_.size() || times_[slot].wanted == TimePoint{}) return;
  Times& times = times_[slot];
  const bool ready = to == State::running || (to == State::exited && world.record(slot).done);
  if (to == State::starting && times.spawned == TimePoint{}) {
    times.spawned = Clock::now();
    times.waited_for = released_by(world, slot, times.wanted);
  }
  if (ready && times.ready == TimePoint{}) times.ready = Clock::now();
}

void BootProgress::forget(Slot slot) {
  std::erase(pending_, slot);
  if (slot < times_.size()) times_[slot] = {};
}

Slots BootProgress::wanted() const {
  Slots slots;
  for (Slot slot = 0; slot < times_.size(); ++slot)
    if (times_[slot].wanted != TimePoint{}) slots.push_back(slot);
  return slots;
}

void BootProgress::restore(Slot slot, std::string_view fact) {
  const auto words = split(fact, ' ');
  if (words.size() != 4) return;
  const auto time = [&](std::size_t i) {
    return TimePoint(TimePoint::duration(std::max(parse_integer(words[i]).value_or(0), 0LL)));
  };
  times_.resize(std::max<std::size_t>(times_.size(), slot + 1));
  times_[slot] = {time(0), time(1), time(2), std::string(words[3])};
}

std::string text_of(const BootProgress::Times& times) {
  const auto ns = [](TimePoint time) { return time.time_since_epoch().count(); };
  return fmt::format("{} {} {} {}", ns(times.wanted), ns(times.spawned), ns(times.ready),
                     times.waited_for);
}

}  // namespace zinit
