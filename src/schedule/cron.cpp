// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Turns cron's expressions into the same pattern as calendar expressions.
#include "schedule/cron.hpp"

#include <array>
#include <cstddef>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMaxCronText = 1024;

struct CronField {
  const char* name;
  int low;
  int high;
  const char* names;  // three letters each; the first name stands for `first`
  int first;
};

constexpr std::array<CronField, 5> kCronFields{{
    {"minute", 0, 59, "", 0},
    {"hour", 0, 23, "", 0},
    {"day of month", 1, 31, "", 0},
    {"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", 1},
    {"day of week", 0, 7, "SUNMONTUEWEDTHUFRISAT", 0},
}};

struct CronShorthand {
  const char* name;
  const char* meaning;
};

constexpr CronShorthand kCronShorthands[] = {{"@HOURLY", "0 * * * *"},   {"@DAILY", "0 0 * * *"},
                                             {"@MIDNIGHT", "0 0 * * *"}, {"@WEEKLY", "0 0 * * 0"},
                                             {"@MONTHLY", "0 0 1 * *"},  {"@YEARLY", "0 0 1 1 *"},
                                             {"@ANNUALLY", "0 0 1 1 *"}};

/// A number or a name in a field; nothing if it is neither, or out of the field's range.
std::optional<int> cron_value(const CronField& field, std::string_view text) {
  const std::string_view names = field.names;
  if (text.size() == 3)
    for (std::size_t at = 0; at < names.size(); at += 3)
      if (names.substr(at, 3) == upper(text)) return field.first + static_cast<int>(at / 3);
  const auto value = text.starts_with('-') ? std::nullopt : parse_integer(text);
  if (!value || *value < field.low || *value > field.high) return std::nullopt;
  return static_cast<int>(*value);
}

Failure wrong_cron(const CronField& field, std::string_view part, std::string_view expected) {
  return failure(fmt::format("\"{}\" in the {}: expected {}", shortened(printable(part), 40),
                             field.name, expected));
}

/// Reads one element of a list: `*`, a value or a range; `*` and a range may have a step.
Result<void> read_cron_element(const CronField& field, std::string_view part,
                               TimePattern::Values& values) {
  const std::size_t slash = part.find('/');
  const std::string_view range = part.substr(0, slash);
  const std::size_t dash = range.find('-');
  int low = field.low;
  int high = field.high;
  if (range != "*") {
    const auto first = cron_value(field, range.substr(0, dash));
    const auto last = dash == range.npos ? first : cron_value(field, range.substr(dash + 1));
    if (!first || !last)
      return wrong_cron(field, part,
                        fmt::format("`*`, {} to {}{}, a range a-b, or a-b/n", field.low, field.high,
                                    *field.names == '\0' ? "" : " or a name of three letters"));
    if (*first > *last) return wrong_cron(field, part, "a range that goes forward");
    if (dash == range.npos && slash != part.npos)
      return wrong_cron(field, part, fmt::format("a range before the step: {}-{}/n", *first, high));
    low = *first;
    high = *last;
  }
  long long step = 1;
  if (slash != part.npos) {
    const auto read = parse_integer(part.substr(slash + 1));
    if (!read || *read < 1) return wrong_cron(field, part, "a step of at least 1 after the `/`");
    step = *read;
  }
  for (long long value = low; value <= high; value += step) {
    values.set(static_cast<std::size_t>(value));
    if (step > high) break;
  }
  return {};
}

}  // namespace

Result<CronSpec> CronSpec::parse(std::string_view text) {
  auto spec = read(text);
  if (!spec)
    return failure(fmt::format("\"{}\": {}", shortened(printable(text), 60), spec.error().text));
  return spec;
}

Result<CronSpec> CronSpec::read(std::string_view text) {
  if (text.size() > kMaxCronText)
    return failure(fmt::format("a cron time has at most {} bytes", kMaxCronText));
  std::string_view word = trim(text);
  const std::string name_given = upper(word);
  if (name_given == "@REBOOT") return failure("not a time; use on_boot_ms to run after a boot");
  for (const auto& [name, meaning] : kCronShorthands)
    if (name_given == name) word = meaning;
  if (word.starts_with('@'))
    return failure(
        "expected one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually");

  std::vector<std::string_view> fields;
  for (std::string_view rest = word; !rest.empty(); rest = trim(rest)) {
    fields.push_back(rest.substr(0, rest.find_first_of(" \t")));
    rest.remove_prefix(fields.back().size());
  }
  if (fields.size() != kCronFields.size())
    return failure(fmt::format(
        "{}, where cron has five: minute, hour, day of month, month, day of week{}",
        counted(fields.size(), "field"),
        fields.size() == 6 ? "; it has none for seconds (`calendar` has) or for a user" : ""));

  CronSpec spec;
  TimePattern& pattern = spec.pattern_;
  TimePattern::Values weekdays;
  const std::array<TimePattern::Values*, 5> values{&pattern.minutes, &pattern.hours, &pattern.days,
                                                   &pattern.months, &weekdays};
  for (std::size_t i = 0; i < fields.size(); ++i)
    for (const std::string_view part : split(fields[i], ','))
      if (auto done = read_cron_element(kCronFields[i], part, *values[i]); !done)
        return tl::unexpected(std::move(done.error()));

  pattern.years.set();
  pattern.seconds = {{.start = 0}};
  pattern.weekdays = 0;
  for (std::size_t day = 0; day < 8; ++day)  // cron's week begins with Sunday, ours with Monday
    if (weekdays[day]) pattern.weekdays |= static_cast<std::uint8_t>(1U << (day + 6) % 7);
  pattern.either_day = !fields[2].starts_with('*') && !fields[4].starts_with('*');
  const bool every = fields[0].starts_with('*') || fields[1].starts_with('*');
  spec.change_ = every ? ClockChange::real_time : ClockChange::catch_up;
  return spec;
}

}  // namespace zinit
