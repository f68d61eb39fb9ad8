// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Texts of errors: errno in words, and the form "cannot VERB OBJECT: WHY".
#include "base/result.hpp"

#include <cstring>

namespace zinit {

namespace {

// GNU's strerror_r returns the text, which need not be in the buffer. That of POSIX and musl fills
// the buffer.
[[maybe_unused]] const char* text_of(const char* text, const char* /*buffer*/) { return text; }
[[maybe_unused]] const char* text_of(int fault, const char* buffer) {
  return fault == 0 ? buffer : "unknown error";
}

}  // namespace

std::string errno_text(int errnum) {
  char buffer[128];
  return text_of(strerror_r(errnum, buffer, sizeof buffer), buffer);
}

Failure failure(std::string text) { return Failure(Error{std::move(text), 0}); }

Failure sys_failure(std::string_view verb, std::string_view object, int errnum) {
  std::string text = "cannot ";
  text.append(verb);
  if (!object.empty()) text.append(" ").append(object);
  text.append(": ").append(errno_text(errnum));
  return Failure(Error{std::move(text), errnum});
}

}  // namespace zinit
