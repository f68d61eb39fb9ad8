// Reads what a web server answers, as far as a probe wants to know it: the status of its answer.
// http-parser does the reading; nothing of it is kept. 1xx answers are passed over, bodies are not
// looked at: the end of the headers is all that is waited for. How much may come until then is
// bounded, whatever the server sends.
//
// Threads: none of its own; no system call.
#pragma once

#include <http_parser.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace zinit {

class HttpReader {
 public:
  /// What a server may send before the headers of its answer are over.
  static constexpr std::size_t kMaxBytes = 65536;

  HttpReader() { reset(); }
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  /// Takes what came next.
  /// @return  whether it is over: then status() or fault() says how, and more changes nothing
  bool take(std::string_view bytes);

  /// The server has closed the connection: what is not over is so now.
  void ended();

  [[nodiscard]] bool over() const noexcept { return status_ != 0 || !fault_.empty(); }
  /// 101 or 200 and above; 0: there is none.
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  /// Why there is none, as it follows on the server's name: "closed the connection without ...".
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
