// logs.*: what services have written.
#include "base/text.hpp"
#include "control/answers.hpp"
#include "control/handlers.hpp"

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

/// The lines that a call asks for, or service_not_found. `zinit` is zinit's own log.
tl::expected<std::vector<LogLine>, RpcError> lines_of(const Call& call) {
  const std::string_view name = name_of(call);
  const Slot slot = name == "zinit" ? kOwnLog : call.context.board.find(name);
  if (slot == kNoSlot) return tl::unexpected(service_not_found(call.context.board, name));
  const auto lines = static_cast<std::size_t>(*call.params.count("lines"));
  return call.context.logs.tail(slot, lines);
}

}  // namespace

Outcome logs_get(Call& call) {
  const auto lines = lines_of(call);
  if (!lines) return lines.error();
  JsonWriter writer;
  writer.begin_array();
  for (const LogLine& line : *lines) {
    writer.begin_object().member("time_us", line.time_us);
    writer.member("stream", log_stream_name(line.stream)).member("line", line.text);
    if (!valid_utf8(line.text)) writer.member("raw", base64(line.text));
    writer.end_object();
  }
  return writer.end_array().take();
}

Outcome logs_tail(Call& call) {
  const auto lines = lines_of(call);
  if (!lines) return lines.error();
  JsonWriter writer;
  writer.begin_array();
  for (const LogLine& line : *lines) writer.put(line.text);
  return writer.end_array().take();
}

}  // namespace zinit
