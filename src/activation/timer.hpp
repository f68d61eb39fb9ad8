// [timer] of one service: when it is due. Knows neither the service nor the clocks; Timers
// (init/timers.hpp) asks both.
//
// Calendar and cron go by the wall clock, every_ms and on_boot_ms by the monotonic one, which goes
// on evenly when the wall clock is set.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "model/trigger_spec.hpp"
#include "schedule/calendar.hpp"
#include "schedule/cron.hpp"

namespace zinit {

/// The same moment on both clocks.
struct Moment {
  std::int64_t wall_us = 0;  // since 1970
  TimePoint at;

  [[nodiscard]] static Moment now() noexcept { return {zinit::wall_us(), Clock::now()}; }
};

class ServiceTimer {
 public:
  /// What outlasts the image: where the timer stands.
  struct Stand {
    std::int64_t since_us = 0;       // times of the wall clock after this one are still to come
    std::int64_t not_before_us = 0;  // what has been missed is due then
    std::int64_t last_us = 0;        // when it last started the service; 0: never
    TimePoint every_from;            // what every_ms is counted from
    std::int64_t start_us = 0;       // the service's last start that every_from knows of
    bool booted = false;             // on_boot_ms is over
    Milliseconds delay{0};           // the random delay of the next start
    bool caught_up = false;          // what was missed before zinit's start is known
    // The service's rank (model/record.hpp) before a start that is asked for. The rank is another
    // as soon as the board has taken the start. Nothing: none is asked for.
    std::optional<std::int64_t> owed{};

    bool operator==(const Stand&) const = default;
  };

  /// When one of its expressions is due next.
  struct Next {
    std::string_view expression;          // valid while the timer lives
    std::optional<std::int64_t> wall_us;  // none: it goes by the monotonic clock, or never is
    TimePoint at = kNever;                // likewise
  };

  /// Reads the expressions, and the files of the zones that they name, so it may block. What cannot
  /// be read is left out: the files of a service have been checked, so only a zone's file is gone.
  /// `boot` is what on_boot_ms is counted from.
  ServiceTimer(const TimerSpec& spec, TimeZone local, TimePoint boot);

  [[nodiscard]] const TimerSpec& spec() const noexcept { return spec_; }
  /// What could not be read, in words; empty: nothing.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  [[nodiscard]] const Stand& stand() const noexcept { return stand_; }

  /// What outlasts the machine, in a file, of a timer that catches up.
  struct Stamp {
    std::int64_t since_us = 0;
    std::int64_t last_us = 0;
  };

  /// Goes on from there.
  void go_on(const Stand& stand);
  /// A new one, loaded `now`.
  void begin(Moment now, Milliseconds delay);
  /// The same, in place of `before`, whose [timer] was another: the service's last start counts.
  void replace(const ServiceTimer& before);

  [[nodiscard]] std::span<const Next> next() const noexcept { return next_; }
  [[nodiscard]] bool due(Moment now) const noexcept;

  /// When the service was last started, however that came; 0: never.
  void started(std::int64_t start_us, Moment now);
  /// It was due, and the service was started or, where not `started`, ran already.
  void passed(Moment now, bool started, Milliseconds delay);
  /// A start of the service is asked for, which has this rank; nothing: the board has taken it.
  void owe(std::optional<std::int64_t> rank) noexcept { stand_.owed = rank; }
  /// Its service runs, so that every_ms is not due until it is released; then it goes on as if it
  /// had been due meanwhile.
  void hold();
  void release(Moment now);
  [[nodiscard]] bool held() const noexcept { return held_; }
  /// The wall clock was set. What it has passed over is due once; what it goes back over, again.
  /// If it was never set before, as on a machine whose clock has no battery, only what is missing
  /// since an earlier life of the machine was missed.
  void clock_set(std::int64_t wall_us);
  /// `earlier` is where it stood in an earlier life of the machine; nothing: it had none.
  void catch_up(const std::optional<Stamp>& earlier, Moment now);

 private:
  void skip_periods(Moment now) noexcept;
  void plan();
  void put_off_missed(std::int64_t wall_us);

  TimerSpec spec_;
  TimeZone local_;
  TimePoint boot_;
  std::vector<CalendarSpec> calendars_;
  std::vector<CronSpec> crons_;
  std::vector<std::string> texts_;  // of calendars_, crons_, then of every_ms and on_boot_ms
  std::string fault_;
  Stand stand_;
  bool held_ = false;
  std::vector<Next> next_;
};

/// For the facts of the next image.
[[nodiscard]] std::string stand_text(const ServiceTimer::Stand& stand);
/// Nothing if that is none.
[[nodiscard]] std::optional<ServiceTimer::Stand> parse_stand(std::string_view text);

/// For the file of a timer that catches up.
[[nodiscard]] std::string stamp_text(const ServiceTimer::Stand& stand);
[[nodiscard]] std::optional<ServiceTimer::Stamp> parse_stamp(std::string_view text);

}  // namespace zinit
