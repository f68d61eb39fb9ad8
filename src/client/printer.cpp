// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Standard output and standard error: see printer.hpp.
#include "client/printer.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace zinit {

namespace {

/// Writes `text`, and removes from it what was written. Waits if the descriptor is non-blocking: a
/// process that shares the open file may have made it so.
Result<void> write_out(int fd, std::string& text, const char* object) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    pollfd writable{fd, POLLOUT, 0};
    if (written >= 0)
      text.erase(0, static_cast<std::size_t>(written));
    else if (errno == EAGAIN)
      (void)::poll(&writable, 1, -1);
    else if (errno != EINTR)
      return sys_failure("write", object);
  }
  return {};
}

}  // namespace

void StandardPrinter::out(std::string_view text) {
  kept_ += text;
  // Write a long result in parts. An error is not lost, because the last flush() fails too.
  if (kept_.size() > (std::size_t{1} << 16)) (void)flush();
}

void StandardPrinter::err(std::string_view text) {
  (void)flush();
  std::string left(text);
  // If standard error cannot be written, there is no place for a report.
  (void)write_out(STDERR_FILENO, left, "standard error");
}

Result<void> StandardPrinter::flush() {
  return write_out(STDOUT_FILENO, kept_, "standard output");
}

}  // namespace zinit
