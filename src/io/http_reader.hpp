// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads the status of a web server's response, for a probe (RFC 9112). Judges only the status line.
// Finds the end of the header fields, and reads nothing of the body. Skips 1xx responses other than
// 101. The number of bytes up to the status is limited.
//
// Accepts what RFC 9112 lets a recipient accept: a line that ends with LF alone, other blanks than
// one space between the words of the status line, a missing reason phrase. Also ignores empty lines
// before a status line, because they are no reason to stop a server that works.
//
// Has no lock, makes no system call, and allocates memory only for a fault().
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace zinit {

class HttpReader {
 public:
  /// The most bytes that a server may send before the headers end.
  static constexpr std::size_t kMaxBytes = 65536;

  HttpReader& operator=(HttpReader&&) = delete;

  /// Parses the next bytes of the response. The result is the same however the response is cut into
  /// pieces. May throw std::bad_alloc.
  /// @return  over()
  bool take(std::string_view bytes);

  /// The server closed the connection. Afterwards the reader is over(). May throw std::bad_alloc.
  void ended();

  /// Whether there is a status() or a fault(), never both. Further bytes are ignored.
  [[nodiscard]] bool over() const noexcept { return status_ != 0 || !fault_.empty(); }
  /// 101, or 200 to 999. 0: none.
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  /// Why there is no status, worded to follow the server's name: "closed the connection ...". May
  /// quote the server. Safe to show on a terminal.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  [[nodiscard]] std::string_view line() const noexcept { return {line_.data(), size_}; }
  void judge_line();
  void not_http();

  // The first bytes of the current line, with its LF. Enough for a status line up to its reason
  // phrase, and for a fault to show who answered.
  std::array<char, 64> line_{};
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
  unsigned coming_ = 0;  // the status whose headers are being read; 0: a status line is expected
  unsigned status_ = 0;
  std::string fault_;
};

}  // namespace zinit
