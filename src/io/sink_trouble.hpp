// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reports in zinit's own log about sinks that do not deliver: a line when the trouble begins, one
// each minute while more lines are lost, and one when it is over. Trouble that is over within a
// second has one line.
//
// A sink cannot log the trouble itself, because a log's lock may be held. It notifies its
// SinkTrouble, and the data loop logs a second later: the first line includes what was lost by
// then.
//
// Threads: SinkTrouble on any thread, also with locks held. See also SinkReports.
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

/// What has gone wrong with one sink.
class SinkTrouble {
 public:
  SinkTrouble(SinkReports& reports, std::string label)
      : reports_(reports), label_(std::move(label)) {}

  /// Lines were dropped. Cheap when repeated.
  void lost(std::uint64_t lines) noexcept;

  /// Nothing can be delivered now. `why` is worded to follow the sink's name.
  void failing(const std::string& why) noexcept;

  /// Nothing can be delivered, now or later: zinit has no such sink.
  void absent() noexcept;

  /// A line was delivered.
  void works() noexcept;

  /// Why nothing can be delivered now; empty: it can.
  [[nodiscard]] std::string fault();

 private:
  friend class SinkReports;
  enum class State { fine, failing, over, absent };
  [[nodiscard]] bool fails() const { return state_ == State::failing || state_ == State::absent; }
  [[nodiscard]] std::string reason(State state) EXCLUDES(mutex_);
  [[nodiscard]] std::string say(TimePoint now);
  [[nodiscard]] bool quiet() const;
  /// Whether there has never been any trouble. Any thread.
  [[nodiscard]] bool spotless() const { return lost_ == 0 && state_ == State::fine; }

  SinkReports& reports_;
  const std::string label_;
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<State> state_{State::fine};
  Mutex mutex_;
  std::string why_ GUARDED_BY(mutex_);

  // Used only by the loop's thread.
  std::uint64_t said_ = 0;     // lost_ as last logged
  std::uint64_t episode_ = 0;  // lost_ when the current trouble began
  bool told_ = false;          // the log says that there is trouble
  TimePoint next_{};           // when the next line may be logged
};

class SinkReports {
 public:
  /// The loop must outlive this object. Destroy it while no thread runs the loop.
  explicit SinkReports(EventLoop& loop);

  /// The SinkTrouble of a new sink, which zinit's log calls `label`. Any thread.
  [[nodiscard]] std::shared_ptr<SinkTrouble> about(std::string label);

 private:
  friend class SinkTrouble;
  void look();

  LoopCall wake_;
  TimerWatcher timer_;
  Mutex mutex_;
  std::vector<std::shared_ptr<SinkTrouble>> all_ GUARDED_BY(mutex_);
};

}  // namespace zinit
