// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads TZif files, and the rule in the form of POSIX.1's TZ at their end.
#include "schedule/zone.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMaxZoneBytes = 1 << 20;
/// The largest file of tzdata has about 250 changes.
constexpr std::size_t kMaxChanges = 4096;
/// RFC 8536, 3.2: more than -25 and less than 26 hours.
constexpr std::int64_t kMaxOffset = 26 * 3600;
/// 0000-01-01 and 9999-12-31, well within the years of std::chrono.
constexpr std::int64_t kEarliestSecond = -62'167'219'200;
constexpr std::int64_t kLatestSecond = 253'402'300'799;

struct Change {
  std::int64_t at = 0;
  std::int64_t offset = 0;  // from `at` on
};

/// The day and time of a yearly change, by the wall clock in force before the change.
struct YearlyDate {
  char form = 'M';  // 'M': a weekday of a month; 'J': a day that skips 29 February; '0': any day
  int month = 0;
  int week = 0;
  int day = 0;
  std::int64_t time = 0;

  [[nodiscard]] std::int64_t in(int year_number) const noexcept {
    using namespace std::chrono;
    const year y{year_number};
    sys_days date = y / January / 1;
    if (form == 'M') {
      const auto m = y / std::chrono::month{static_cast<unsigned>(month)};
      const weekday wanted{static_cast<unsigned>(day)};
      date = week == 5 ? sys_days{m / wanted[last]}
                       : sys_days{m / wanted[static_cast<unsigned>(week)]};
    } else {
      date += days{form == 'J' ? day - 1 + (y.is_leap() && day >= 60 ? 1 : 0) : day};
    }
    return seconds{date.time_since_epoch()}.count() + time;
  }
};

}  // namespace

struct TimeZone::Data {
  std::vector<Change> changes;    // ascending
  std::int64_t first_offset = 0;  // before the first change
  bool has_rule = false;          // for the time after the last change
  bool has_summer = false;
  std::int64_t winter_offset = 0;
  std::int64_t summer_offset = 0;
  YearlyDate summer_begins;
  YearlyDate summer_ends;

  [[nodiscard]] ZonePeriod by_rule(std::int64_t utc) const noexcept;
};

namespace {

/// Reads a number of a TZif file, which is big-endian. Does not check the size: the caller makes
/// sure that there are enough bytes.
std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  if (size == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

/// Reads the rule at the end of a file (POSIX.1-2017, 8.3, as RFC 8536, 3.3.1 extends it).
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  bool read(TimeZone::Data& data) {
    data.has_rule = true;
    if (!name() || !time(data.winter_offset, 24)) return false;
    data.winter_offset = -data.winter_offset;  // POSIX counts westwards
    if (rest_.empty()) return true;
    data.has_summer = true;
    data.summer_offset = data.winter_offset + 3600;
    if (!name()) return false;
    if (!rest_.starts_with(',')) {
      if (!time(data.summer_offset, 24)) return false;
      data.summer_offset = -data.summer_offset;
    }
    return date(data.summer_begins) && date(data.summer_ends) && rest_.empty();
  }

 private:
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool number(int low, int high, int& value) {
    value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && digits < 3 && is_digit(rest_[digits]); ++digits)
      value = value * 10 + (rest_[digits] - '0');
    rest_.remove_prefix(digits);
    return digits > 0 && value >= low && value <= high;
  }

  bool name() {
    const bool quoted = skip('<');
    const std::size_t size =
        quoted ? rest_.find('>') : std::min(rest_.find_first_of("+-0123456789,"), rest_.size());
    if (size == rest_.npos || size < 3) return false;
    rest_.remove_prefix(size + (quoted ? 1 : 0));
    return true;
  }

  bool time(std::int64_t& seconds, int max_hours) {
    const bool negative = skip('-');
    if (!negative) skip('+');
    int hours = 0;
    int minutes = 0;
    int rest = 0;
    if (!number(0, max_hours, hours)) return false;
    if (skip(':') && (!number(0, 59, minutes) || (skip(':') && !number(0, 59, rest)))) return false;
    seconds = (hours * 60 + minutes) * 60 + rest;
    if (negative) seconds = -seconds;
    return true;
  }

  bool date(YearlyDate& date) {
    if (!skip(',')) return false;
    if (skip('M')) {
      if (!number(1, 12, date.month) || !skip('.') || !number(1, 5, date.week) || !skip('.') ||
          !number(0, 6, date.day))
        return false;
    } else {
      date.form = skip('J') ? 'J' : '0';
      if (!number(date.form == 'J' ? 1 : 0, 365, date.day)) return false;
    }
    date.time = 2 * 3600;
    return !skip('/') || time(date.time, 167);
  }

  std::string_view rest_;
};

/// One of the two blocks of a TZif file: its counts, and the places of its parts.
struct Block {
  std::size_t utc_marks = 0, wall_marks = 0, leaps = 0, times = 0, types = 0, letters = 0;
  std::size_t width;  // of a time, in bytes

  static constexpr std::size_t kHeader = 44;

  /// `bytes` must begin with a header.
  Block(std::string_view bytes, std::size_t time_width) : width(time_width) {
    std::size_t at = 20;
    for (auto* count : {&utc_marks, &wall_marks, &leaps, &times, &types, &letters})
      *count = static_cast<std::uint32_t>(big_endian(bytes, std::exchange(at, at + 4), 4));
  }

  /// The size with the header. Each count has 32 bits, so that the sum cannot overflow.
  [[nodiscard]] std::size_t size() const noexcept {
    return kHeader + times * (width + 1) + types * 6 + letters + leaps * (width + 4) + wall_marks +
           utc_marks;
  }
};

bool is_header(std::string_view bytes) {
  return bytes.size() >= Block::kHeader && bytes.starts_with("TZif");
}

/// Null if the block is sound, otherwise its fault.
const char* read_block(std::string_view bytes, const Block& block, TimeZone::Data& data) {
  if (block.leaps != 0) return "it counts leap seconds";
  if (block.times > kMaxChanges || block.types == 0) return "it has too many changes, or no type";
  const std::size_t indices = Block::kHeader + block.times * block.width;
  const std::size_t types = indices + block.times;
  const auto offset_of = [&](std::size_t type) { return big_endian(bytes, types + type * 6, 4); };
  for (std::size_t i = 0; i < block.types; ++i)
    if (offset_of(i) < -kMaxOffset || offset_of(i) > kMaxOffset) return "an offset is too large";
  data.first_offset = offset_of(0);
  data.changes.reserve(block.times);
  std::int64_t before = 0;
  for (std::size_t i = 0; i < block.times; ++i) {
    const std::int64_t at = big_endian(bytes, Block::kHeader + i * block.width, block.width);
    const auto type = static_cast<unsigned char>(bytes[indices + i]);
    if (type >= block.types) return "a change has no type";
    if (i > 0 && at <= before) return "its changes are not in order";
    before = at;
    // Some files begin with a change long before history. Keep only times that fit into
    // microseconds, and the offset of the last change before.
    if (at < kEarliestSecond)
      data.first_offset = offset_of(type);
    else if (at <= kLatestSecond)
      data.changes.push_back({at, offset_of(type)});
  }
  return nullptr;
}

const char* read_zone(std::string_view bytes, TimeZone::Data& data) {
  if (bytes.size() > kMaxZoneBytes) return "it has more than 1 MB";
  if (!is_header(bytes)) return "it does not begin as a TZif file";
  const char version = bytes[4];
  const Block old(bytes, 4);
  if (old.size() > bytes.size()) return "it ends too early";
  if (version < '2') return read_block(bytes, old, data);

  // Later versions repeat everything with times of 64 bits, and end with the rule between newlines.
  bytes.remove_prefix(old.size());
  if (!is_header(bytes)) return "its second part is missing";
  const Block block(bytes, 8);
  if (block.size() > bytes.size()) return "it ends too early";
  if (const char* wrong = read_block(bytes, block, data)) return wrong;
  bytes.remove_prefix(block.size());
  const std::size_t end = bytes.find('\n', 1);
  if (!bytes.starts_with('\n') || end == bytes.npos) return "its last line is missing";
  const std::string_view rule = bytes.substr(1, end - 1);
  return rule.empty() || RuleReader(rule).read(data) ? nullptr : "its last line is no rule";
}

/// Refuses dots, so that no name leads out of the directory.
bool is_zone_name(std::string_view name) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_/";
  return !name.empty() && name.size() <= 255 && name.find_first_not_of(kLetters) == name.npos &&
         !name.starts_with('/') && !name.ends_with('/') && name.find("//") == name.npos;
}

}  // namespace

/// Uses the two changes of each year around `utc`, because a change may lie up to a week outside
/// its year. If winter ends in the moment in which it begins, it is summer all year: the later
/// change counts.
ZonePeriod TimeZone::Data::by_rule(std::int64_t utc) const noexcept {
  ZonePeriod found{.offset = winter_offset};
  if (!has_summer) return found;
  using namespace std::chrono;
  utc = std::clamp(utc, kEarliestSecond, kLatestSecond);
  const year_month_day date{floor<days>(sys_seconds{seconds{utc}})};
  for (int y = static_cast<int>(date.year()) - 2; y <= static_cast<int>(date.year()) + 1; ++y) {
    const Change begins{summer_begins.in(y)-winter_offset, summer_offset};
    const Change ends{summer_ends.in(y)-summer_offset, winter_offset};
    const bool north = begins.at < ends.at;
    for (const Change& change : {north ? begins : ends, north ? ends : begins}) {
      if (change.at <= utc && change.at >= found.begin) {
        found.begin = change.at;
        found.offset = change.offset;
      }
      if (change.at > utc) found.end = std::min(found.end, change.at);
    }
  }
  if (found.begin < kEarliestSecond) found.begin = ZonePeriod::kFirst;
  if (found.end > kLatestSecond) found.end = ZonePeriod::kLast;
  return found;
}

Result<TimeZone> TimeZone::from_bytes(std::string_view bytes) {
  auto data = std::make_shared<Data>();
  if (const char* wrong = read_zone(bytes, *data))
    return failure(fmt::format("no sound time zone: {}", wrong));
  return TimeZone{std::move(data)};
}

namespace {

Result<TimeZone> read_zone_file(const char* path) {
  const auto bytes = read_file(path, kMaxZoneBytes);
  if (!bytes) return tl::unexpected(Error(bytes.error()));
  auto zone = TimeZone::from_bytes(*bytes);
  if (!zone) return failure(fmt::format("{}: {}", path, zone.error().text));
  return zone;
}

}  // namespace

Result<TimeZone> TimeZone::load(std::string_view name, std::string_view directory) {
  if (name == "UTC") return utc();
  if (!is_zone_name(name))
    return failure(
        fmt::format("\"{}\" is not the name of a time zone", shortened(printable(name), 64)));
  return read_zone_file(fmt::format("{}/{}", directory, name).c_str());
}

Result<TimeZone> TimeZone::local() {
  constexpr const char* path = "/etc/localtime";
  auto zone = read_zone_file(path);
  if (zone || zone.error().errnum != ENOENT) return zone;
  if (struct stat status{}; ::lstat(path, &status) != 0) return utc();
  return failure(fmt::format("{} leads to no file", path));
}

ZonePeriod TimeZone::period_at(std::int64_t utc) const noexcept {
  if (!data_) return {};
  utc = std::clamp(utc, ZonePeriod::kFirst, ZonePeriod::kLast - 1);
  const std::vector<Change>& changes = data_->changes;
  const auto next = std::upper_bound(changes.begin(), changes.end(), utc,
                                     [](std::int64_t at, const Change& c) { return at < c.at; });
  ZonePeriod period{.offset = data_->first_offset};
  if (next == changes.end() && data_->has_rule) {
    period = data_->by_rule(utc);
    if (!changes.empty()) period.begin = std::max(period.begin, changes.back().at);
  } else {
    if (next != changes.end()) period.end = next->at;
    if (next != changes.begin()) {
      period.begin = std::prev(next)->at;
      period.offset = std::prev(next)->offset;
    }
  }
  return period;
}

}  // namespace zinit
