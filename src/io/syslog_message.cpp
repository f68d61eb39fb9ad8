// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses syslog messages. See syslog_message.hpp.
#include "io/syslog_message.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::string_view kDigits = "0123456789";
// RFC 5424 allows 48, but service names can be longer and are used as tags. A longer word is no
// tag.
constexpr std::size_t kLongestTag = 128;

/// Removes the text up to `end`, and `end` itself, from `rest`. Without `end`: removes everything.
std::string_view take_until(std::string_view& rest, char end) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

/// "<34>"
void take_priority(std::string_view& rest, SyslogMessage& message) {
  if (rest.size() < 3 || rest[0] != '<') return;
  const auto end = rest.find_first_not_of(kDigits, 1);
  if (end == std::string_view::npos || rest[end] != '>' || end == 1 || end > 4) return;
  message.severity = (rest[end - 1] - '0' + 2 * (end > 2 ? rest[end - 2] - '0' : 0) +
                      4 * (end > 3 ? rest[end - 3] - '0' : 0)) &
                     7;
  rest.remove_prefix(end + 1);
}

/// "Jan  5 06:07:08 "
void take_time(std::string_view& rest) {
  constexpr std::string_view form = "aaa dd dd:dd:dd ";
  if (rest.size() < form.size()) return;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const char c = rest[i];
    const bool fits = form[i] == 'a'   ? is_letter(c)
                      : form[i] == 'd' ? is_digit(c) || (i == 4 && c == ' ')
                                       : c == form[i];
    if (!fits) return;
  }
  rest.remove_prefix(form.size());
}

/// "cron[12]: " or "cron: "; empty if the text begins differently.
std::string_view take_tag(std::string_view& rest) {
  const auto end = rest.find_first_of(" :[\t\n");
  if (end == std::string_view::npos || end == 0 || end > kLongestTag) return {};
  const std::string_view tag = rest.substr(0, end);
  std::string_view behind = rest.substr(end);
  if (behind[0] == '[') {
    const auto close = behind.find(']');
    if (close == std::string_view::npos || close > 20) return {};
    behind.remove_prefix(close + 1);
  }
  if (behind.empty() || behind[0] != ':') return {};
  behind.remove_prefix(1);
  if (!behind.empty() && behind[0] == ' ') behind.remove_prefix(1);
  rest = behind;
  return tag;
}

/// Structured data: "-", or "[id a=\"b\"][...]".
void skip_data(std::string_view& rest) {
  if (rest.empty() || rest[0] != '[') {
    (void)take_until(rest, ' ');
    return;
  }
  bool quoted = false, inside = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    const char c = rest[at];
    if (quoted && c == '\\')
      ++at;
    else if (inside && c == '"')
      quoted = !quoted;
    else if (!quoted && c == '[')
      inside = true;
    else if (!quoted && c == ']')
      inside = false;
    else if (!inside && c == ' ')
      break;
  }
  rest.remove_prefix(std::min(at + 1, rest.size()));
}

/// RFC 5424, after "<34>1 ": time, host, name, process, id, data, and the text.
void read_5424(std::string_view rest, SyslogMessage& message) {
  (void)take_until(rest, ' ');
  (void)take_until(rest, ' ');
  message.tag = take_until(rest, ' ');
  const bool none = message.tag == "-" || message.tag.find('\n') != std::string_view::npos;
  if (none || message.tag.size() > kLongestTag) message.tag = {};
  (void)take_until(rest, ' ');
  (void)take_until(rest, ' ');
  skip_data(rest);
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
  message.text = rest;
}

}  // namespace

SyslogMessage parse_syslog(std::string_view bytes) noexcept {
  SyslogMessage message;
  // Some programs end their messages with a newline or a zero byte.
  while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\0' || bytes.back() == '\r'))
    bytes.remove_suffix(1);
  const std::size_t size = bytes.size();
  take_priority(bytes, message);
  if (bytes.size() < size && bytes.starts_with("1 ")) {
    bytes.remove_prefix(2);
    read_5424(bytes, message);
    return message;
  }
  const std::size_t before = bytes.size();
  take_time(bytes);
  message.tag = take_tag(bytes);
  if (message.tag.empty() && bytes.size() < before) {
    // Between time and tag there may be a host name, as in messages meant for another host.
    std::string_view behind = bytes;
    const std::string_view host = take_until(behind, ' ');
    if (host.find('[') == std::string_view::npos) message.tag = take_tag(behind);
    if (!message.tag.empty()) bytes = behind;
  }
  message.text = bytes;
  return message;
}

std::string_view severity_name(int severity) noexcept {
  constexpr std::array<std::string_view, 8> kNames = {"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};
  return kNames[static_cast<std::size_t>(severity & 7)];
}

}  // namespace zinit
