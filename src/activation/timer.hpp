// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [timer] of one service: computes when it is due. Knows neither the service nor the clocks: Timers
// (activation/timers.hpp) passes both in.
//
// Calendar and cron use the wall clock. every_ms and on_boot_ms use the monotonic clock, which runs
// on evenly when the wall clock is set.
//
// All wall times up to Stand::since_us are done with, so the next calendar or cron time is the
// first one after it. passed() moves since_us to now. So all times that came while the machine
// slept, or while zinit did not run, count as one. Times that zinit's start or a set clock finds
// missed are due at not_before_us. every_ms counts from every_from: the last start, or the last
// time that was due and started nothing. on_boot_ms is due once. Each of these times comes later by
// the random `delay`.
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
#include "schedule/matcher.hpp"

namespace zinit {

/// The same moment on both clocks.
struct Moment {
  std::int64_t wall_us = 0;  // since 1970
  TimePoint at;

  [[nodiscard]] static Moment now() noexcept { return {zinit::wall_us(), Clock::now()}; }
};

class ServiceTimer {
 public:
  /// The timer's own state, which survives a re-execution.
  struct Stand {
    std::int64_t since_us = 0;       // wall times up to this one are done with
    std::int64_t not_before_us = 0;  // missed starts are due then
    std::int64_t last_us = 0;        // its last start of the service; 0: never
    TimePoint every_from;            // every_ms counts from here
    std::int64_t start_us = 0;       // the service's last start that every_from includes
    bool booted = false;             // on_boot_ms is over
    Milliseconds delay{0};           // the random delay of the next start
    bool caught_up = false;          // whether starts missed before zinit's start are known
    // The service's rank (model/record.hpp) before a start that was requested. The rank changes as
    // soon as the board has taken the start. Nothing: no start is requested.
    std::optional<std::int64_t> owed{};

    bool operator==(const Stand&) const = default;
  };

  /// When one of the timer's expressions is due next.
  struct Next {
    std::string_view expression;          // valid while the timer lives
    std::optional<std::int64_t> wall_us;  // unset: uses the monotonic clock, or is never due
    TimePoint at = kNever;                // likewise, for wall-clock times
  };

  /// Reads the expressions and the zone files that they name, so it may block. Skips an expression
  /// that cannot be read: service files were checked earlier, so only a zone file can be gone.
  /// on_boot_ms counts from `boot`.
  ServiceTimer(const TimerSpec& spec, TimeZone local, TimePoint boot);

  [[nodiscard]] const TimerSpec& spec() const noexcept { return spec_; }
  /// Which expressions could not be read, as text; empty: none.
  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }
  [[nodiscard]] const Stand& stand() const noexcept { return stand_; }

  /// What a file keeps for the next boot. Only for a timer that catches up.
  struct Stamp {
    std::int64_t since_us = 0;
    std::int64_t last_us = 0;
  };

  /// Continues from `stand`.
  void go_on(const Stand& stand);
  /// Begins as a new timer, loaded at `now`.
  void begin(Moment now, Milliseconds delay);
  /// Continues in place of `before`, whose [timer] was different. The service's last start counts.
  void replace(const ServiceTimer& before);

  [[nodiscard]] std::span<const Next> next() const noexcept { return next_; }
  [[nodiscard]] bool due(Moment now) const noexcept;

  /// The service was last started at `start_us`, by anyone; 0: never.
  void started(std::int64_t start_us, Moment now);
  /// The timer was due. It started the service, or, if not `started`, the service ran already.
  void passed(Moment now, bool started, Milliseconds delay);
  /// A start of the service is requested, which has this rank; nothing: the board has taken it.
  void owe(std::optional<std::int64_t> rank) noexcept { stand_.owed = rank; }
  /// The service runs: every_ms is not due until release(). Then every_ms continues as if it had
  /// been due meanwhile.
  void hold();
  void release(Moment now);
  [[nodiscard]] bool held() const noexcept { return held_; }
  /// The wall clock was set. Times that the clock jumped over are due once. Times that it moves
  /// back over are due again. If the clock was never set before, as on a machine without a clock
  /// battery, only starts since an earlier life of the machine count as missed.
  void clock_set(std::int64_t wall_us);
  /// `earlier`: the stamp from an earlier life of the machine; nothing: there was no earlier life.
  void catch_up(const std::optional<Stamp>& earlier, Moment now);

 private:
  void skip_periods(Moment now) noexcept;
  void plan();
  void put_off_missed(std::int64_t wall_us);

  TimerSpec spec_;
  TimeZone local_;
  TimePoint boot_;
  std::vector<Schedule> schedules_;
  std::vector<std::string> texts_;  // of schedules_, then of every_ms and on_boot_ms
  std::string fault_;
  Stand stand_;
  bool held_ = false;
  std::vector<Next> next_;
};

/// For the facts of the next image.
[[nodiscard]] std::string stand_text(const ServiceTimer::Stand& stand);
/// Nothing if the text is not a stand.
[[nodiscard]] std::optional<ServiceTimer::Stand> parse_stand(std::string_view text);

/// For the file of a timer that catches up.
[[nodiscard]] std::string stamp_text(const ServiceTimer::Stand& stand);
[[nodiscard]] std::optional<ServiceTimer::Stamp> parse_stamp(std::string_view text);

}  // namespace zinit
