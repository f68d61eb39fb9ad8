// Lines of logs as JSON.
#include "control/log_lines.hpp"

#include "base/text.hpp"

namespace zinit {

namespace {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
    };
    const unsigned bits = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    text += alphabet[bits >> 18];
    text += alphabet[bits >> 12 & 63];
    text += i + 1 < bytes.size() ? alphabet[bits >> 6 & 63] : '=';
    text += i + 2 < bytes.size() ? alphabet[bits & 63] : '=';
  }
  return text;
}

}  // namespace

void put_log_line(JsonWriter& writer, const LogLine& line) {
  writer.member("time_us", line.time_us).member("stream", log_stream_name(line.stream));
  writer.member("line", line.text);
  if (!valid_utf8(line.text)) writer.member("raw", base64(line.text));
  writer.member("seq", line.seq);
}

Slot log_slot(const Board& board, std::string_view name) {
  if (name == "zinit") return kOwnLog;
  if (name == "syslog") return kSyslog;
  return board.find(name);
}

}  // namespace zinit
