// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Joins the supervisor and io, which do not include each other: implements OutputPort by LogStore.
#pragma once

#include <map>
#include <string>

#include "base/mutex.hpp"
#include "io/log_store.hpp"
#include "supervisor/ports.hpp"

namespace zinit {

/// Threads and locks are those of OutputPort. The store outlives this.
class LogOutput final : public OutputPort {
 public:
  explicit LogOutput(LogStore& logs) : logs_(logs) {}

  /// The output of an instance for a connection goes to the log of its service.
  [[nodiscard]] Result<OutputPipes> open_output(Slot slot) override EXCLUDES(mutex_);
  [[nodiscard]] Result<OutputPipes> open_output_of_check(Slot slot,
                                                         const OutputTailPtr& tail) override
      EXCLUDES(mutex_);
  void take_in(Slot slot) override EXCLUDES(mutex_);
  void configure(Slot slot, const SpecPtr& spec) override EXCLUDES(mutex_);
  void forget(Slot slot) override EXCLUDES(mutex_);
  void note(Slot slot, std::string_view line) override EXCLUDES(mutex_);

 private:
  /// The slot whose log receives the output of `slot`.
  [[nodiscard]] Slot log_of(Slot slot) EXCLUDES(mutex_);

  LogStore& logs_;
  Mutex mutex_;                                               // a leaf
  std::map<std::string, Slot> accepting_ GUARDED_BY(mutex_);  // services with `accept`
  std::map<Slot, std::string> instances_ GUARDED_BY(mutex_);  // an instance's slot, and its service
};

}  // namespace zinit
