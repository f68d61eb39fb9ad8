// http-parser, stopped at the end of the headers.
#include "io/http_reader.hpp"

#include "base/format.hpp"

namespace zinit {

void HttpReader::reset() {
  http_parser_init(&parser_, HTTP_RESPONSE);
  parser_.data = this;
}

/// Pausing the parser makes http_parser_execute() return the number of bytes parsed so far.
int HttpReader::headers_over(http_parser* parser) {
  const unsigned status = parser->status_code;
  const bool passed_over = status / 100 == 1 && status != HTTP_STATUS_SWITCHING_PROTOCOLS;
  if (passed_over) return 1;  // it has no body, so message_over() comes next
  auto& self = *static_cast<HttpReader*>(parser->data);
  self.status_ = status;
  if (status < 100) self.fault_ = fmt::format("sent a status of {}", status);
  http_parser_pause(parser, 1);
  return 0;
}

int HttpReader::message_over(http_parser* parser) {
  http_parser_pause(parser, 1);
  return 0;
}

bool HttpReader::take(std::string_view bytes) {
  static constexpr http_parser_settings kSettings = [] {
    http_parser_settings settings{};
    settings.on_headers_complete = headers_over;
    settings.on_message_complete = message_over;
    return settings;
  }();
  while (!over() && !bytes.empty()) {
    const std::size_t read = http_parser_execute(&parser_, &kSettings, bytes.data(), bytes.size());
    taken_ += read;
    const auto error = static_cast<http_errno>(parser_.http_errno);
    if (taken_ > kMaxBytes || error == HPE_HEADER_OVERFLOW) {
      status_ = 0;
      fault_ = fmt::format("sent headers of more than {} bytes", kMaxBytes);
    }
    if (over()) break;
    if (error == HPE_PAUSED) {
      // A 1xx response: the real one follows, even after "Connection: close".
      reset();
    } else if (error != HPE_OK) {
      fault_ = fmt::format("sent what is not HTTP: {}", http_errno_description(error));
    }
    bytes.remove_prefix(read < bytes.size() ? read : bytes.size());
  }
  return over();
}

void HttpReader::ended() {
  if (over()) return;
  fault_ = taken_ == 0 ? "closed the connection without an answer"
                       : "closed the connection in the middle of its answer";
}

}  // namespace zinit
