// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Keys and ends of facts about services. See slot_facts.hpp.
#include "state/slot_facts.hpp"

#include "base/format.hpp"

namespace zinit {

namespace {

constexpr auto kOfProcess = {SlotFact::said, SlotFact::not_heard, SlotFact::pidfile};

}  // namespace

std::string key_of(SlotFact what, Slot slot) {
  return fmt::format("{}/{}", kSlotFacts[static_cast<std::size_t>(what)], slot);
}

std::string_view slot_fact(const FactMap& facts, SlotFact what, Slot slot) {
  const auto found = facts.find(key_of(what, slot));
  return found == facts.end() ? std::string_view() : found->second;
}

void forget_slot(Slot slot, FactMap& changes) {
  for (std::size_t what = 0; what < kSlotFacts.size(); ++what)
    changes[key_of(static_cast<SlotFact>(what), slot)].clear();
}

void ProcessFacts::take_over(const FactMap& facts) {
  std::map<Slot, Number> processes;
  for (const SlotFact what : kOfProcess)
    each_slot(facts, what, [&](Slot slot, std::string_view) {
      processes.try_emplace(slot, processes.size() + 1);
    });
  MutexLock lock(mutex_);
  processes_ = std::move(processes);
  last_ = processes_.size();
}

ProcessFacts::Number ProcessFacts::present(Slot slot) {
  MutexLock lock(mutex_);
  const auto [process, is_new] = processes_.try_emplace(slot, last_ + 1);
  if (is_new) ++last_;
  return process->second;
}

void ProcessFacts::end(Slot slot) {
  MutexLock lock(mutex_);
  if (processes_.erase(slot) == 0) return;
  FactMap changes;
  for (const SlotFact what : kOfProcess) changes[key_of(what, slot)];
  facts_.keep(changes);
}

void ProcessFacts::keep(SlotFact what, Slot slot, Number process, std::string_view value) {
  MutexLock lock(mutex_);
  const auto found = processes_.find(slot);
  if (found != processes_.end() && found->second == process) facts_.keep(key_of(what, slot), value);
}

}  // namespace zinit
