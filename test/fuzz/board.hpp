// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The surroundings of a board whose services are never spawned, because they get no pipes.
// `may_ask` is whether a service may come so far as to ask for pipes, or for checks.
#pragma once

#include "config/spec_reader.hpp"
#include "fuzz/fuzz.hpp"
#include "supervisor/board.hpp"

namespace zinit::fuzz {

class NoOutput final : public OutputPort {
 public:
  explicit NoOutput(bool may_ask) : may_ask_(may_ask) {}
  Result<OutputPipes> open_output(Slot) override {
    require(may_ask_);
    return sys_failure("open", "pipes", ENOSYS);
  }
  void configure(Slot, const SpecPtr&) override {}
  void forget(Slot) override {}
  void note(Slot, std::string_view) override {}

 private:
  const bool may_ask_;
};

class NoChecks final : public WatchPort {
 public:
  explicit NoChecks(bool may_ask) : may_ask_(may_ask) {}
  void watch(const CheckedProcessPtr&) override { require(may_ask_); }

 private:
  const bool may_ask_;
};

/// The service or target of a file with this text.
inline SpecPtr spec_of(const std::string& text) {
  const auto read = [&](const std::string&) -> Result<std::string> { return text; };
  return finish(read_spec({"/nonexistent/service.toml"}, {}, read));
}

}  // namespace zinit::fuzz
