// What zinit's own log says of sinks that do not deliver: not a line for each line lost, but one
// when it begins, one a minute while it goes on, and one when it is over.
//
// A sink cannot log where it finds out: it may be under the lock of a log. It notes here, and the
// data loop says it a second later, so that the first line tells of a second's loss and not of one
// line's.
//
// Threads: SinkTrouble by any, with locks held too; SinkReports as it says.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "io/watcher.hpp"

namespace zinit {

class SinkReports;

/// Of one sink.
class SinkTrouble {
 public:
  SinkTrouble(SinkReports& reports, std::string label)
      : reports_(reports), label_(std::move(label)) {}

  /// So many lines will not be delivered. Cheap when repeated.
  void lost(std::uint64_t lines) noexcept;

  /// Nothing can be delivered now: `why` as it follows on the sink's name.
  void failing(const std::string& why) noexcept;

  /// A line was delivered.
  void works() noexcept;

 private:
  friend class SinkReports;
  enum class State { fine, failing, over };
  [[nodiscard]] std::string say(TimePoint now);
  [[nodiscard]] bool quiet() const;
  /// It has never had any. Any thread.
  [[nodiscard]] bool spotless() const { return lost_ == 0 && state_ == State::fine; }

  SinkReports& reports_;
  const std::string label_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<State> state_{State::fine};
  Mutex mutex_;
  std::string why_ GUARDED_BY(mutex_);

  // The loop's thread alone.
  std::uint64_t said_ = 0;        // of lost_
  std::uint64_t episode_ = 0;     // lost_ when all was well for the last time
  bool told_ = false;             // the log's last word is that there is trouble
  TimePoint next_{};              // nothing more is said before
};

class SinkReports {
 public:
  /// The loop outlives this; destroyed while no thread runs the loop.
  explicit SinkReports(EventLoop& loop);

  /// For a sink that zinit's log calls `label`. Any thread.
  [[nodiscard]] std::shared_ptr<SinkTrouble> about(std::string label);

 private:
  friend class SinkTrouble;
  void look();
  void look_in(Milliseconds delay);

  LoopCall wake_;
  TimerWatcher timer_;
  TimePoint next_look_{};  // where timer_ is active
  Mutex mutex_;
  std::vector<std::shared_ptr<SinkTrouble>> all_ GUARDED_BY(mutex_);
};

}  // namespace zinit
