// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Output of a command: to standard output and standard error, or to strings in a test.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "client/terminal.hpp"

namespace zinit {

class Printer {
 public:
  explicit Printer(Terminal terminal) : terminal_(terminal) {}
  virtual ~Printer() = default;

  /// Prints a part of the result. It is kept until flush(), so that one call writes a whole table.
  virtual void out(std::string_view text) = 0;
  /// Prints an error at once, after the earlier text of out().
  virtual void err(std::string_view text) = 0;
  /// Writes the kept text. The error is from write(2).
  [[nodiscard]] virtual Result<void> flush() = 0;

  [[nodiscard]] const Terminal& terminal() const noexcept { return terminal_; }
  void set_terminal(const Terminal& terminal) noexcept { terminal_ = terminal; }

 private:
  Terminal terminal_;
};

/// Prints to the process's standard streams.
class StandardPrinter : public Printer {
 public:
  StandardPrinter() : Printer(standard_terminal()) {}
  void out(std::string_view text) override;
  void err(std::string_view text) override;
  [[nodiscard]] Result<void> flush() override;

 private:
  std::string kept_;
};

}  // namespace zinit
