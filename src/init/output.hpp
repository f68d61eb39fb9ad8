// Supervisor and io know nothing of each other: here the board's OutputPort becomes io's LogStore.
#pragma once

#include "io/log_store.hpp"
#include "supervisor/ports.hpp"

namespace zinit {

/// Threads and locks as OutputPort has them; the store outlives this.
class LogOutput final : public OutputPort {
 public:
  explicit LogOutput(LogStore& logs) : logs_(logs) {}

  [[nodiscard]] Result<OutputPipes> open_output(Slot slot) override {
    auto pipes = logs_.open_output(slot);
    if (!pipes) return Failure(pipes.error());
    return OutputPipes{std::move(pipes->out), std::move(pipes->err),
                       std::move(pipes->writer)};
  }
  void configure(Slot slot, const SpecPtr& spec) override { logs_.configure(slot, spec); }
  void forget(Slot slot) override { logs_.forget(slot); }

 private:
  LogStore& logs_;
};

}  // namespace zinit
