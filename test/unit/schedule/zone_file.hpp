// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Time zones made by tests, so that they need no zone of the machine; and times as text.

#include "support/test.hpp"

#include "base/format.hpp"
#include "base/text.hpp"
#include "schedule/zone.hpp"

namespace zinit::test {

/// A TZif file (RFC 8536) in parts, which tests can damage.
struct ZoneFile {
  char version = '2';
  std::int64_t first_offset = 0;
  // The time, and the offset from then on.
  std::vector<std::pair<std::int64_t, std::int64_t>> changes{};
  std::string rule{};
  std::uint32_t leap_seconds = 0;

  static std::string number(std::int64_t value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
    return text;
  }

  /// Header and data with times of `width` bytes. Each change has its own type.
  [[nodiscard]] std::string block(int width) const {
    const auto count = static_cast<std::int64_t>(changes.size());
    std::string text = std::string("TZif") + version + std::string(15, '\0');
    for (const std::int64_t n : {std::int64_t{0}, std::int64_t{0}, std::int64_t{leap_seconds},
                                 count, count + 1, std::int64_t{4}})
      text += number(n, 4);
    for (const auto& [at, offset] : changes) text += number(at, width);
    for (std::int64_t i = 1; i <= count; ++i) text += static_cast<char>(i);
    text += number(first_offset, 4) + std::string(2, '\0');
    for (const auto& [at, offset] : changes) text += number(offset, 4) + std::string(2, '\0');
    return text + std::string("XYZ\0", 4) +
           std::string(leap_seconds * static_cast<std::size_t>(width + 4), '\0');
  }

  [[nodiscard]] std::string bytes() const {
    if (version < '2') return block(4);
    const ZoneFile nothing{.version = version};
    return nothing.block(4) + block(8) + "\n" + rule + "\n";
  }

  [[nodiscard]] TimeZone zone() const {
    auto zone = TimeZone::from_bytes(bytes());
    if (!zone) throw std::runtime_error(zone.error().text);
    return *zone;
  }
};

/// The rule of a zone, in force since 2007 or earlier according to tzdata; Santiago's since 2023.
inline TimeZone zone_by_rule(std::string_view name) {
  static constexpr std::pair<std::string_view, const char*> kRules[] = {
      {"UTC", "UTC0"},
      {"Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"},
      {"America/New_York", "EST5EDT,M3.2.0,M11.1.0"},
      {"Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"},
      {"America/Santiago", "<-04>4<-03>,M9.1.6/24,M4.1.6/24"},
      {"Asia/Kolkata", "IST-5:30"},
      {"Asia/Kathmandu", "<+0545>-5:45"},
      {"Europe/Dublin", "IST-1GMT0,M10.5.0,M3.5.0/1"},
  };
  for (const auto& [known, rule] : kRules)
    if (known == name) return ZoneFile{.rule = rule}.zone();
  throw std::runtime_error("no such zone here: " + std::string(name));
}

/// "2026-03-29 01:00:00" in UTC as seconds since 1970.
inline std::int64_t utc_seconds(const std::string& text) {
  std::tm t{};
  if (std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
                  &t.tm_min, &t.tm_sec) < 5)
    throw std::runtime_error("no time: " + text);
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  return ::timegm(&t);
}

/// The reverse, with microseconds if they are not 0.
inline std::string utc_text(std::int64_t us) {
  const std::time_t seconds = us / 1'000'000;
  std::tm t{};
  ::gmtime_r(&seconds, &t);
  std::string text = fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", t.tm_year + 1900,
                                 t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
  return us % 1'000'000 == 0 ? text : text + fmt::format(".{:06}", us % 1'000'000);
}

/// The next `count` times of a spec, as text; the last one is "never" if there are no more.
template <class Spec>
std::vector<std::string> next_times(const Spec& spec, const std::string& after,
                                    const TimeZone& zone, std::size_t count) {
  std::vector<std::string> times;
  std::int64_t us = utc_seconds(after) * 1'000'000;
  while (times.size() < count) {
    const auto next = spec.next_after(us, zone);
    times.push_back(next ? utc_text(*next) : "never");
    if (!next) break;
    us = *next;
  }
  return times;
}

/// The answer to a row "EXPRESSION | ZONE | TIME IN UTC | COUNT" of a golden file: the next times.
/// To an expression alone: whether it is accepted, or why not.
template <class Spec>
std::string due_times(const std::string& row) {
  const auto words = split(row, '|');
  const auto spec = Spec::parse(words.size() == 4 ? trim(words[0]) : std::string_view(row));
  if (!spec) return spec.error().text;
  if (words.size() != 4) return "accepted";
  const auto times = next_times(*spec, std::string(trim(words[2])), zone_by_rule(trim(words[1])),
                                std::stoul(std::string(words[3])));
  return join(std::span(times), ", ");
}

}  // namespace zinit::test
