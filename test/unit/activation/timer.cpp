// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The due times of a service's timer: activation/timer.hpp.
#include "activation/timer.hpp"
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::activation_timer {
namespace {

constexpr std::int64_t kSecond = 1000000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kNow = std::int64_t{1780315200} * kSecond;  // 2026-06-01 12:00 UTC

/// "now+12h-1us": kNow, or 1970 without "now", and the sum of what follows.
std::int64_t wall_of(const std::string& text) {
  static const std::regex term("([+-]?[0-9]+)(us|s|h|d)");
  static const std::map<std::string, std::int64_t> units = {
      {"us", 1}, {"s", kSecond}, {"h", kHour}, {"d", kDay}};
  std::int64_t wall = text.starts_with("now") ? kNow : 0;
  for (std::sregex_iterator at(text.begin(), text.end(), term), end; at != end; ++at)
    wall += std::stoll((*at)[1]) * units.at((*at)[2]);
  return wall;
}

std::string wall_text(std::int64_t wall) {
  const std::int64_t ms = (wall - kNow) / 1000;
  if (wall == 0) return "never";
  if (ms > 1000 * kDay / 1000) return "after more than 1000 days";
  return fmt::format("now{:+}h", ms / 3600000) +
         (ms % 3600000 == 0 ? "" : fmt::format("{:+}ms", ms % 3600000));
}

/// A timer as in timer.golden, where the number behind a time of the wall clock is the monotonic
/// clock in seconds. `begin` loads the timer. `passes` says that its time has come, whether the
/// service was `started` or `ran` already, and the random delay in ms of the next start. `catch_up`
/// has the stamp of an earlier life of the machine: up to when times are done with, the last start.
class Dialog {
 public:
  /// Does what the line says. @return  the answer to a question; else an empty text
  std::string answer(const std::string& line) {
    std::istringstream text(line);
    const Texts words(std::istream_iterator<std::string>(text), {});
    const auto ms = [&](std::size_t i) {
      if (i >= words.size()) return 0ms;
      return words[i] == "max" ? Milliseconds::max() : Milliseconds(std::stoll(words[i]));
    };
    const auto wall = [&](std::size_t i) { return wall_of(words.at(i)); };
    const auto moment = [&](std::size_t i) -> Moment {
      return {wall(i), TimePoint(std::chrono::seconds(std::stoi(words.at(i + 1))))};
    };
    const std::string& verb = words.at(0);
    if (verb == "calendar") spec_.calendar = {words.at(1)};
    if (verb == "every_ms") spec_.every = ms(1);
    if (verb == "on_boot_ms") spec_.on_boot = ms(1);
    if (verb == "random_delay_ms") spec_.random_delay = ms(1);
    if (verb == "begin" || verb == "next_image") {
      const auto stand = timer_ ? timer_->stand() : ServiceTimer::Stand{};
      timer_.emplace(spec_, TimeZone::utc(), TimePoint{});
      REQUIRE(timer_->fault().empty());
      if (verb == "begin") timer_->begin(moment(1), ms(3));
      if (verb == "next_image") timer_->go_on(stand);
    }
    if (verb == "passes") timer_->passed(moment(1), words.at(3) == "started", ms(4));
    if (verb == "clock") timer_->clock_set(wall(1));
    if (verb == "started") timer_->started(wall(1), moment(2));
    if (verb == "catch_up" && words.size() < 5) timer_->catch_up({}, moment(1));
    if (verb == "catch_up" && words.size() == 5)
      timer_->catch_up(ServiceTimer::Stamp{wall(3), wall(4)}, moment(1));
    if (verb == "hold") timer_->hold();
    if (verb == "release") timer_->release(moment(1));
    if (verb == "due") return timer_->due(moment(1)) ? "yes" : "no";
    return verb == "next" ? next() : verb == "stand" ? stand() : "";
  }

 private:
  [[nodiscard]] std::string next() const {
    std::string all;
    for (const ServiceTimer::Next& next : timer_->next()) {
      all += all.empty() ? "" : ", ";
      if (next.wall_us)
        all += wall_text(*next.wall_us);
      else if (next.at == kNever)
        all += "never";
      else
        all += fmt::format("at {} s", ms_between(TimePoint{}, next.at) / 1000);
    }
    return all;
  }
  [[nodiscard]] std::string stand() const {
    const ServiceTimer::Stand& stand = timer_->stand();
    return fmt::format("last {}, {}caught up{}", wall_text(stand.last_us),
                       stand.caught_up ? "" : "not ", timer_->held() ? ", held" : "");
  }

  TimerSpec spec_;
  std::optional<ServiceTimer> timer_;
};

TEST_CASE("timers are due as in the golden file", "[timer]") {
  CHECK_GOLDEN_CASES("timer", [](const std::string& input) {
    Dialog dialog;
    return answers_to(input, [&](const std::string& line) { return dialog.answer(line); });
  });
}

TEST_CASE("the zone that is gone, and what is wrong, is left out and told", "[timer]") {
  TimerSpec spec;
  spec.calendar = {"daily Europe/Nowhere", "hourly"};
  const ServiceTimer timer(spec, TimeZone::utc(), TimePoint{});
  CHECK_THAT(timer.fault(), Catch::Contains("Europe/Nowhere"));
}

TEST_CASE("where a timer stands outlasts a re-execution", "[timer]") {
  ServiceTimer::Stand stand{
      5, 4, -6, TimePoint(TimePoint::duration(-7)), 3, true, Milliseconds{8}, true};
  for (const std::optional<std::int64_t> owed : {std::optional<std::int64_t>{}, {-12}, {0}}) {
    stand.owed = owed;
    const auto read = parse_stand(stand_text(stand));
    REQUIRE(read);
    CHECK(*read == stand);
  }
  for (const char* bad : {"", "1 2 3 4 5 6 7", "1 2 3 4 5 6 7 x", "1 2 3 4 5 6 7 8 x",
                          "1 2 3 4 5 6 7 8 9 10", "99999999999999999999 0 0 0 0 0 0 0"})
    CHECK_FALSE(parse_stand(bad));
}

}  // namespace
}  // namespace zinit::test::activation_timer
