// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Follows the graph by work that may block: opens sockets, reads timers.
//
// The owner's `follow` is called for each new graph, and when somebody has asked. It may begin one
// piece of work; until the end of this, new graphs and requests wait.
//
// Call everything here on the control loop's thread.
#pragma once

#include <functional>
#include <utility>

#include "files/file_queue.hpp"
#include "io/watcher.hpp"
#include "state/state_facts.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// What those who follow the graph work with. All members outlive them. `settled` is called when no
/// work is under way any more.
struct FollowerParts {
  FileQueue& queue;
  EventLoop& loop;
  Board& board;
  StateFacts& facts;
  std::function<void()> settled;
};

class GraphFollower {
 public:
  /// `follow` gets whether somebody has asked.
  GraphFollower(const FollowerParts& parts, std::function<void(bool asked)> follow)
      : parts_(parts), follow_(std::move(follow)), retry_(parts_.loop, [this] { ask(); }) {}

  /// Call it after each change of the board.
  void look() {
    if (under_way_ || (!asked_ && !behind())) return;
    see();
    follow_(std::exchange(asked_, false));
  }
  /// Follows the graph again, also if it is the same: now, or at the next look().
  void ask() {
    asked_ = true;
    look();
  }
  void ask_later() noexcept { asked_ = true; }

  [[nodiscard]] bool busy() const noexcept { return under_way_; }
  /// Whether the board has a graph that is not followed yet.
  [[nodiscard]] bool behind() const { return parts_.board.graph() != graph_; }
  /// The graph that is followed. Null before the first look().
  [[nodiscard]] const GraphPtr& graph() const noexcept { return graph_; }
  /// Takes the board's graph as followed: nothing in it concerns the owner.
  void see() { graph_ = parts_.board.graph(); }

  /// Begins a piece of work. Not while it is busy.
  void work(FileTask task) {
    under_way_ = true;
    began_ = Clock::now();  // in case that the queue refuses the task
    task.begin = [this, begin = std::move(task.begin)] {
      began_ = Clock::now();
      if (begin) begin();
    };
    task.finish = [this, taken = std::move(task.finish)](const std::optional<Error>& fault) {
      under_way_ = false;
      delay_ = retry_delay(began_);
      taken(fault);
      look();
      if (!under_way_) parts_.settled();
    };
    parts_.queue.add(std::move(task));
  }
  /// Asks again some time later, or no more.
  void retry(bool wanted = true) { wanted ? retry_.set(delay_) : retry_.stop(); }
  void retry_after(Milliseconds delay) { retry_.set(delay); }

 private:
  const FollowerParts parts_;
  const std::function<void(bool asked)> follow_;
  GraphPtr graph_;
  bool asked_ = false;
  bool under_way_ = false;
  TimePoint began_{};
  Milliseconds delay_{5000};  // of a retry
  TimerWatcher retry_;
};

}  // namespace zinit
