// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads a response line by line, and judges each line by its first bytes. See http_reader.hpp.
#include "io/http_reader.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

/// The status code if `line` begins with a status line, else 0. A code below 100 has no meaning
/// (RFC 9110, section 15).
unsigned code_of_status_line(std::string_view line) {
  constexpr std::string_view kDigits = "0123456789", kBlanks = " \t\v\f\r\n";
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const bool versioned = line.starts_with("HTTP/") && line.find_first_not_of(kDigits, 5) == 6 &&
                         line[6] == '.' && line.find_first_not_of(kDigits, 7) == 8;
  if (!versioned) return 0;
  const std::size_t at = line.find_first_not_of(kBlanks, 8);
  if (at == 8 || at == line.npos) return 0;
  const std::size_t behind = at + 3;
  if (line.find_first_of(kBlanks, at) != behind) return 0;
  const auto code = parse_integer(line.substr(at, 3));
  return code && *code >= 100 ? static_cast<unsigned>(*code) : 0;
}

}  // namespace

bool HttpReader::take(std::string_view bytes) {
  for (const char byte : bytes) {
    if (over()) break;
    if (++taken_ > kMaxBytes) {
      fault_ = fmt::format("sent headers of more than {} bytes", kMaxBytes);
    } else {
      if (size_ < line_.size()) line_[size_++] = byte;
      if (byte == '\n' || size_ == line_.size()) judge_line();
      if (byte == '\n') size_ = 0;
    }
  }
  return over();
}

void HttpReader::judge_line() {
  const bool empty = line() == "\n" || line() == "\r\n";
  if (empty) {
    const bool passed_over = coming_ / 100 == 1 && coming_ != 101;
    if (!passed_over) status_ = coming_;
    coming_ = 0;
  } else if (coming_ == 0) {
    coming_ = code_of_status_line(line());
    if (coming_ == 0) not_http();
  }
}

void HttpReader::not_http() {
  fault_ = fmt::format("sent something other than HTTP: \"{}\"", printable(trim(line())));
}

void HttpReader::ended() {
  if (over()) return;
  constexpr std::string_view kStart = "HTTP/";
  if (taken_ == 0) {
    fault_ = "closed the connection without an answer";
  } else if (coming_ == 0 && !kStart.starts_with(trim(line()).substr(0, kStart.size()))) {
    not_http();
  } else {
    fault_ = "closed the connection in the middle of its answer";
  }
}

}  // namespace zinit
