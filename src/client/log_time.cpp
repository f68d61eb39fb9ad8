// Points in time as people name them.
#include "client/log_time.hpp"

#include <ctime>

namespace zinit {

namespace {

constexpr std::int64_t kSecond = 1000000;
constexpr std::int64_t kDay = 86400;

/// Reads a text from its beginning; what does not fit makes it bad for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return !bad_ && text_.empty(); }
  [[nodiscard]] bool good() const { return !bad_; }
  [[nodiscard]] char here() const { return text_.empty() ? '\0' : text_.front(); }

  bool skip(std::string_view any) {
    if (text_.empty() || any.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any) { bad_ = !skip(any) || bad_; }

  /// A number of so many digits, at most `most`.
  int number(std::size_t digits, int most) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = here();
      expect("0123456789");
      if (!bad_) value = value * 10 + (c - '0');
    }
    bad_ = bad_ || value > most;
    return value;
  }

  /// What follows the point of a second, in microseconds.
  std::int64_t fraction() {
    std::int64_t value = 0;
    std::int64_t unit = kSecond / 10;
    bad_ = bad_ || here() < '0' || here() > '9';
    for (; here() >= '0' && here() <= '9'; text_.remove_prefix(1), unit /= 10)
      value += (here() - '0') * unit;
    return value;
  }

 private:
  std::string_view text_;
  bool bad_ = false;
};

std::optional<std::int64_t> parse_ago(std::string_view text, std::int64_t now_us) {
  if (text.size() < 2 || text.size() > 10) return std::nullopt;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's': unit = 1; break;
    case 'm': unit = 60; break;
    case 'h': unit = 3600; break;
    case 'd': unit = kDay; break;
    default: return std::nullopt;
  }
  std::int64_t value = 0;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  std::int64_t ago = 0;
  if (__builtin_mul_overflow(value * unit, kSecond, &ago)) return std::nullopt;
  return now_us - ago;
}

/// HH:MM[:SS[.FRACTION]]; the fraction in microseconds.
std::int64_t read_clock(Reader& reader, std::tm& time) {
  time.tm_hour = reader.number(2, 23);
  reader.expect(":");
  time.tm_min = reader.number(2, 59);
  time.tm_sec = reader.skip(":") ? reader.number(2, 60) : 0;
  return reader.skip(".") ? reader.fraction() : 0;
}

std::optional<std::int64_t> parse_clock(std::string_view text, std::int64_t now_us) {
  const auto now = static_cast<std::time_t>(now_us / kSecond);
  std::tm time{};
  if (::localtime_r(&now, &time) == nullptr) return std::nullopt;
  Reader reader(text);
  const std::int64_t fraction = read_clock(reader, time);
  if (!reader.done()) return std::nullopt;
  const auto at = [&](int days_ago) {
    std::tm that = time;
    that.tm_mday -= days_ago;
    that.tm_isdst = -1;
    return static_cast<std::int64_t>(::mktime(&that)) * kSecond + fraction;
  };
  return at(0) <= now_us ? at(0) : at(1);
}

/// There is no 31st of February.
bool is_day(std::tm date) {
  const int month = date.tm_mon;
  const int day = date.tm_mday;
  return ::timegm(&date) != -1 && date.tm_mon == month && date.tm_mday == day;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
  Reader reader(text);
  std::tm time{};
  time.tm_year = reader.number(4, 9999) - 1900;
  reader.expect("-");
  time.tm_mon = reader.number(2, 12) - 1;
  reader.expect("-");
  time.tm_mday = reader.number(2, 31);
  time.tm_isdst = -1;
  if (!is_day(time)) return std::nullopt;
  reader.expect("Tt ");
  const std::int64_t fraction = read_clock(reader, time);
  std::int64_t seconds = 0;
  if (reader.done()) {
    seconds = ::mktime(&time);
  } else {
    std::int64_t zone = 0;
    if (!reader.skip("Zz")) {
      const int sign = reader.here() == '-' ? -1 : 1;
      reader.expect("+-");
      zone = reader.number(2, 23) * 3600;
      reader.expect(":");
      zone = sign * (zone + reader.number(2, 59) * 60);
    }
    if (!reader.done()) return std::nullopt;
    seconds = ::timegm(&time) - zone;
  }
  return seconds * kSecond + fraction;
}

}  // namespace

std::optional<std::int64_t> parse_past_time(std::string_view text, std::int64_t now_us) {
  if (const auto ago = parse_ago(text, now_us)) return ago;
  if (const auto clock = parse_clock(text, now_us)) return clock;
  return parse_date(text);
}

}  // namespace zinit
