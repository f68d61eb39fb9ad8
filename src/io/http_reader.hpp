// Reads the status of a web server's response, for a probe. http-parser does the parsing. 1xx
// responses are skipped; the reader is done at the end of the headers, and never looks at a body.
// The number of bytes until then is bounded.
//
// Has no lock, and makes no system call.
#pragma once

#include <http_parser.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace zinit {

class HttpReader {
 public:
  /// Most bytes that a server may send before the headers end.
  static constexpr std::size_t kMaxBytes = 65536;

  HttpReader() { reset(); }
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  /// Parses the next bytes of the response.
  /// @return  over()
  bool take(std::string_view bytes);

  /// The server has closed the connection. Afterwards the reader is over().
  void ended();

  /// Whether there is a status() or a fault(). Further bytes are ignored then.
  [[nodiscard]] bool over() const noexcept { return status_ != 0 || !fault_.empty(); }
  /// 101, or 200 and above; 0 if there is none.
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  /// Why there is no status, worded to follow the server's name: "closed the connection ...".
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

 private:
  static int headers_over(http_parser* parser);
  static int message_over(http_parser* parser);
  void reset();

  http_parser parser_{};
  std::size_t taken_ = 0;
  unsigned status_ = 0;
  std::string fault_;
};

}  // namespace zinit
