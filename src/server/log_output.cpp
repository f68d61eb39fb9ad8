// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Chooses the log that a process writes to. See log_output.hpp.
#include "server/log_output.hpp"

namespace zinit {

Slot LogOutput::log_of(Slot slot) {
  MutexLock lock(mutex_);
  if (const auto instance = instances_.find(slot); instance != instances_.end())
    if (const auto of = accepting_.find(instance->second); of != accepting_.end())
      return of->second;
  return slot;
}

Result<OutputPipes> LogOutput::open_output(Slot slot) { return logs_.open_output(log_of(slot)); }

Result<OutputPipes> LogOutput::open_output_of_check(Slot slot, const OutputTailPtr& tail) {
  return logs_.open_output(log_of(slot), tail);
}

void LogOutput::take_in(Slot slot) { logs_.take_in(log_of(slot)); }

void LogOutput::note(Slot slot, std::string_view line) { logs_.note(log_of(slot), line); }

void LogOutput::configure(Slot slot, const SpecPtr& spec) {
  {
    MutexLock lock(mutex_);
    if (spec->socket->accept) accepting_[spec->name] = slot;
    if (!spec->connection_of->empty()) instances_[slot] = *spec->connection_of;
  }
  logs_.configure(slot, spec);
}

void LogOutput::forget(Slot slot) {
  {
    MutexLock lock(mutex_);
    instances_.erase(slot);
    std::erase_if(accepting_, [slot](const auto& one) { return one.second == slot; });
  }
  logs_.forget(slot);
}

}  // namespace zinit
