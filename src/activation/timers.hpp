// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [timer] of services: starts a service when it is due, and keeps the time for the next process
// image and, with `persistent`, for the next boot.
//
// If a service is already running when it is due, zinit lets the time pass. zinit does not wake up
// for its every_ms before the service has ended. Timers wait in the kernel, so that zinit sleeps
// until the first time is due: one timer for the wall clock, which also reports changes of the
// clock, and one of the loop.
//
// zinit looks for runs that were missed while the machine was down after the services of the boot
// have settled, because only then all file systems are surely mounted.
//
// A start is owed from its due time until the board has taken it. One fact holds both: that the
// time has passed, and that a start is owed. After a crash at any point the next process image
// therefore starts the service once (ServiceTimer::Stand::owed).
//
// The fact of an owed start has the service's rank, which changes as soon as the board has taken a
// requested start. If the next process image finds the same rank in the journal, the start is still
// owed, and it asks the board again. paths.hpp does the same.
//
// Call everything here, except the constructor, on the control loop's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "activation/graph_follower.hpp"
#include "activation/services.hpp"
#include "activation/timer.hpp"
#include "control/daemon.hpp"
#include "io/wall_timer.hpp"

namespace zinit {

class Timers {
 public:
  /// `state` is the directory for files that last over a boot; empty: no directory. `boot` is the
  /// start of the machine, or else of zinit.
  struct Parts : FollowerParts {
    std::string state;
    TimePoint boot;
  };
  explicit Timers(Parts parts);
  Timers& operator=(Timers&&) = delete;

  /// After a re-execution, before the first look(): timers continue as they stood in the previous
  /// process image.
  void take_over(const FactMap& facts);

  /// Call it after each change of the board. Reads timers if the graph has changed.
  void look();
  /// Makes the next look() read all timers again, for a reload: the time zone may have changed.
  void read_again() noexcept { follower_.ask_later(); }

  /// Whether timers are still being read.
  [[nodiscard]] bool busy() const noexcept { return follower_.busy(); }

  /// Which of the service's expressions could not be read; empty: all were read.
  [[nodiscard]] std::string fault_of(const std::string& service) const;

  /// Sorted by the names of services; with `of`, only timers of that service.
  [[nodiscard]] std::vector<TimerView> views(std::string_view of) const;

 private:
  using Made = std::map<std::string, std::shared_ptr<ServiceTimer>, std::less<>>;
  struct StampChange {
    std::string text;    // empty: the stamp is removed, so the next boot starts nothing late
    std::string unless;  // while this file exists, the stamp stays; empty: there is no such file
  };

  void load(bool again);
  void loaded(const Made& made);
  void follow_status(Moment now);
  void look_back();
  void run_due();
  void run(const std::string& service, ServiceTimer& timer);
  void start(const std::string& service, ServiceTimer& timer);
  void arm();
  void keep(const std::string& service, const ServiceTimer& timer);
  void change_stamp(const std::string& service, StampChange change);
  void change_stamps();
  void put_stamp(const std::string& service, const StampChange& change) const;
  void write_stamp(const std::string& service, const ServiceTimer& timer);
  void remove_stamp(const std::string& service, const std::string& unless = {});
  void release_ended();
  [[nodiscard]] bool may_start(const std::string& service);
  void look_at_start(const std::string& service, ServiceTimer& timer, Moment now) const;
  [[nodiscard]] std::string stamp_of(const std::string& service) const;

  const Parts parts_;
  BoardServices services_;
  GraphFollower follower_;
  GraphPtr in_force_;  // the graph of timers_
  Made timers_;
  std::set<std::string> disabled_;  // members of timers_ whose services have status "ignore"
  std::map<std::string, ServiceTimer::Stand> inherited_;
  WallTimer wall_;
  TimerWatcher monotonic_;
  std::map<std::string, StampChange> stamps_, changing_;  // by service; `changing_` is the task's
  bool changes_stamps_ = false;
  TimerWatcher stamps_again_;
};

}  // namespace zinit
