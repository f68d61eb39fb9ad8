// Reads the status of a web server's response, for a probe (RFC 9112). Only the status line is
// judged. Of the header fields the reader finds the end, and of the body it reads nothing. 1xx
// responses other than 101 are skipped. The number of bytes until the status is bounded.
//
// The reader takes what RFC 9112 lets a recipient take: a line that ends with LF alone, other
// blanks than one space around the words of the status line, a reason phrase that is missing. Empty
// lines before a status line are ignored too, for they are no reason to end a server that works.
//
// Has no lock, makes no system call, and allocates memory for a fault() alone.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace zinit {

class HttpReader {
 public:
  /// Most bytes that a server may send before the headers end.
  static constexpr std::size_t kMaxBytes = 65536;

  HttpReader() = default;
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  /// Parses the next bytes of the response. The result does not depend on how a response is cut
  /// into pieces. May throw std::bad_alloc.
  /// @return  over()
  bool take(std::string_view bytes);

  /// The server has closed the connection. Afterwards the reader is over(). May throw
  /// std::bad_alloc.
  void ended();

  /// Whether there is a status() or a fault(), never both. Further bytes are ignored then.
  [[nodiscard]] bool over() const noexcept { return status_ != 0 || !fault_.empty(); }
  /// 101, or 200 to 999; 0 if there is none.
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  /// Why there is no status, worded to follow the server's name: "closed the connection ...". It
  /// may quote what the server has sent, and can be shown on a terminal.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  [[nodiscard]] std::string_view line() const noexcept { return {line_.data(), size_}; }
  void judge_line();
  void not_http();

  // The first bytes of the line that is being read, its LF included: enough for a status line up to
  // its reason phrase, and for a fault to show with whom zinit has been talking.
  std::array<char, 64> line_{};
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
  unsigned coming_ = 0;  // the status whose headers are being read; 0 in a status line
  unsigned status_ = 0;
  std::string fault_;
};

}  // namespace zinit
