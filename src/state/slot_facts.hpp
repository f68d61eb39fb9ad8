// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Facts about services, by slot: "words/12". All kinds are listed here, because a slot gets another
// service, and a service another process: a fact must never count for the next one.
//
// The facts of a slot end with its service: forget_slot() removes all of them by the write(2) that
// gives the slot to another service (files/kept_config.cpp). So at any moment the file has facts of
// the service that it names for the slot, and of no other. A fact about a process also ends with
// the process: ProcessFacts refuses what a thread wants to keep about an earlier one.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "base/text.hpp"
#include "model/slot_list.hpp"
#include "state/state_facts.hpp"

namespace zinit {

enum class SlotFact : std::uint8_t {
  // About a process.
  said,       // its watchdog time in ms, what it is doing and its status, one a line
  not_heard,  // the process whose READY=1 was ignored
  pidfile,    // PidFile::fact(), before the spawn: the next image may find the file written
  // About a service.
  pidfile_of,    // the process that its pidfile has named, path and root, until it is removed
  boot_times,    // BootProgress::Times, as numbers
  conditions,    // results at the last start: a line each, with a + or a - in front
  words,         // "KILLER\tENDED_FOR\nHEALTH_ERROR" of its last process
  runtime_dirs,  // that exist, one a line
  dropped,       // "SINK COUNT\n" for each sink that dropped lines
  left_out,      // "END COUNT": lines beyond rate_lines, and the end of that interval
};

inline constexpr std::array<std::string_view, 10> kSlotFacts{
    "watch",      "not_heard", "pidfile",      "pidfile_of", "boot",
    "conditions", "words",     "runtime_dirs", "dropped",    "left_out"};

[[nodiscard]] std::string key_of(SlotFact what, Slot slot);
/// Empty: there is no such fact. Points into `facts`.
[[nodiscard]] std::string_view slot_fact(const FactMap& facts, SlotFact what, Slot slot);
/// Calls each(SLOT, VALUE) for each fact of this kind.
template <class Each>
void each_slot(const FactMap& facts, SlotFact what, Each each) {
  const std::string prefix = std::string(kSlotFacts[static_cast<std::size_t>(what)]) + '/';
  each_below(facts, prefix, [&](std::string_view digits, const std::string& value) {
    if (const auto slot = parse_integer(digits)) each(static_cast<Slot>(*slot), value);
  });
}
/// Adds the removal of all facts of the slot to `changes`.
void forget_slot(Slot slot, FactMap& changes);

/// Keeps facts while processes run. Threads: any.
class ProcessFacts {
 public:
  /// One process of a service.
  using Number = std::uint64_t;

  /// `facts` outlives this object.
  explicit ProcessFacts(StateFacts& facts) noexcept : facts_(facts) {}

  /// Call first after a re-execution: goes on with the processes that have `facts`.
  void take_over(const FactMap& facts) EXCLUDES(mutex_);
  /// The slot's present process, or the first one after end().
  [[nodiscard]] Number present(Slot slot) EXCLUDES(mutex_);
  /// The slot's process is over. Removes what is kept about it, if it had a number.
  void end(Slot slot) EXCLUDES(mutex_);
  /// Keeps a fact about this process, or about its service. Does nothing once the process is over.
  void keep(SlotFact what, Slot slot, Number process, std::string_view value) EXCLUDES(mutex_);

 private:
  StateFacts& facts_;
  Mutex mutex_;  // a leaf of the lock order, but for the lock of `facts_`
  std::map<Slot, Number> processes_ GUARDED_BY(mutex_);
  Number last_ GUARDED_BY(mutex_) = 0;
};

}  // namespace zinit
