// Probes the health of services, [health]: tells the board what came of it. What is looked at over
// the network is looked at here, on the data loop (io/probe.hpp); a command is the board's to run,
// for it is a process of the service (Board::run_probe()).
//
// Until the first success a process is probed each start_interval_ms, then each interval_ms,
// counted from the end of one probe to the start of the next: of one service there is never more
// than one at a time. After the first success the next probe comes after a part of the interval
// that differs from service to service, so that those that were started together are not probed
// together; and no more than a few are begun in one millisecond in any case.
//
// What a probe comes to after its process has ended or is being stopped is dropped, and so is what
// is under way when a reload changes [health]: the next probe goes by the new settings.
//
// At rest, that is between probes, it costs a timer a process.
//
// Threads: watch() and changed() from any, the board's lock held; the rest is the loop's.
#pragma once

#include <list>
#include <memory>

#include "base/mutex.hpp"
#include "io/probe.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Prober final : public CheckPort {
 public:
  /// The loop outlives the prober, and calls it from no thread any more when it is destroyed.
  explicit Prober(EventLoop& loop);
  ~Prober() override;

  /// Whom to tell. Before the first process is watched.
  void serve(Board& board) noexcept { board_ = &board; }

  void watch(const CheckedProcessPtr& process) override;
  void changed() noexcept override { look_again_.ask(); }

 private:
  struct Watched;

  void look_again();
  /// Whether it is still to be probed.
  bool follow(Watched& watched);
  void use_settings(Watched& watched);
  void due(Watched& watched);
  void over(Watched& watched, const Error& fault);
  void succeeded(Watched& watched);
  void failed(Watched& watched, const std::string& fault);
  [[nodiscard]] Milliseconds share_of(Milliseconds interval) noexcept;
  [[nodiscard]] bool too_many_now() noexcept;

  EventLoop& loop_;
  Board* board_ = nullptr;
  Resolver resolver_;
  std::list<std::unique_ptr<Watched>> watched_;
  std::uint32_t shares_ = 0;  // that were given out
  TimePoint burst_began_{};
  int burst_ = 0;  // probes begun since then
  Mutex mutex_;    // a leaf
  std::list<std::unique_ptr<Watched>> arrived_ GUARDED_BY(mutex_);
  LoopCall look_again_;
};

}  // namespace zinit
