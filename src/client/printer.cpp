// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Standard output and standard error: see printer.hpp.
#include "client/printer.hpp"

#include <unistd.h>

#include "base/fd.hpp"

namespace zinit {

void StandardPrinter::out(std::string_view text) {
  kept_ += text;
  // Write a long result in parts. An error is not lost, because the last flush() fails too.
  if (kept_.size() > (std::size_t{1} << 16)) (void)flush();
}

void StandardPrinter::err(std::string_view text) {
  (void)flush();
  // If standard error cannot be written, there is no place for a report.
  (void)write_all(STDERR_FILENO, text, "standard error");
}

Result<void> StandardPrinter::flush() {
  auto written = write_all(STDOUT_FILENO, kept_, "standard output");
  if (written) kept_.clear();
  return written;
}

}  // namespace zinit
