// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Probes the health of services, [health]. Makes probes over the network itself, on the data loop
// (io/probe.hpp). The board runs commands, because they are processes of the service
// (WatchReports::run_probe()).
//
// A process is probed every start_interval_ms until the first success, then every interval_ms. The
// interval counts from the end of one probe to the start of the next, so a service never has two
// probes at once. Services that were started together would always be probed together. To prevent
// this, the first wait after the first success is a part of the interval that differs between
// services, and only a few probes begin in one millisecond.
//
// The result of a probe is dropped if meanwhile its process has ended or is being stopped, or a
// reload has changed [health].
//
// Between probes a process costs only a timer.
//
// A lack of descriptors or memory in zinit says nothing about the service, and such a probe does
// not count.
//
// Threads: watch() and changed() on any thread, with the board's lock held. Everything else on the
// loop's thread. The board is the supervisor's table of services (supervisor/board.hpp).
#pragma once

#include <list>
#include <memory>

#include "base/mutex.hpp"
#include "io/probe.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

class Prober final : public WatchPort {
 public:
  /// The loop outlives the prober, and no longer runs when the prober is destroyed.
  explicit Prober(EventLoop& loop);
  ~Prober() override;

  /// Call before the first process is watched.
  void report_to(WatchReports& board) noexcept { board_ = &board; }

  void watch(const CheckedProcessPtr& process) override;
  void changed() noexcept override { look_again_.ask(); }

 private:
  struct Watched;

  void look_again();
  /// Notices changes. @return  false if the process need not be probed any more
  bool follow(Watched& watched);
  void use_settings(Watched& watched);
  void due(Watched& watched);
  void finished(Watched& watched, const Error& fault);
  void succeeded(Watched& watched);
  void failed(Watched& watched, const std::string& fault);
  [[nodiscard]] Milliseconds share_of(Milliseconds interval) noexcept;
  [[nodiscard]] bool too_many_now() noexcept;

  EventLoop& loop_;
  WatchReports* board_ = nullptr;
  Resolver resolver_;
  std::list<std::unique_ptr<Watched>> watched_;
  std::uint32_t shares_ = 0;  // a counter that spreads probes, see share_of()
  TimePoint burst_began_{};
  int burst_ = 0;  // probes due since then
  Mutex mutex_;    // a leaf of the lock order
  std::list<std::unique_ptr<Watched>> arrived_ GUARDED_BY(mutex_);
  LoopCall look_again_;
};

}  // namespace zinit
