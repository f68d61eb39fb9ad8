// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [path] of services: starts a service when one of its files exists, when one has changed, or when
// its directory is not empty.
//
// A change while the service runs is not lost: the service runs once more afterwards. A directory
// that is still not empty when the service has ended starts it again after restart_delay_ms. If the
// service was stopped on request, the next change starts it, as with any other key.
//
// A fact for each service holds the last state of each path, and whether a start is owed: from the
// event until the board has taken the start. After a crash at any point the next process image
// starts the service once. Another fact holds the delay after failures.
//
// Call everything here on the control loop's thread. The queue's thread asks the file systems,
// because they may not answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "activation/path_watch.hpp"
#include "activation/services.hpp"
#include "base/backoff.hpp"
#include "files/file_queue.hpp"
#include "io/epoll_set.hpp"
#include "state/state_facts.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Paths {
 public:
  /// All members outlive this object. `settled` is called after all paths have been checked.
  struct Parts {
    EventLoop& loop;
    Board& board;
    StateFacts& facts;
    std::function<void()> settled;
  };
  explicit Paths(Parts parts);
  ~Paths();
  Paths& operator=(Paths&&) = delete;

  /// After a re-execution, before the first look(): finds changes since the previous process image
  /// has last checked the paths.
  void take_over(const FactMap& facts) {
    inherited_ = facts_below(facts, kFacts);
    inherited_delays_ = facts_below(facts, kDelays);
  }

  /// Call it after each change of the board.
  void look();

  /// Whether a check of paths is under way, and the file systems may still answer soon.
  [[nodiscard]] bool busy() const noexcept { return under_way_ && !hangs_; }
  /// Whether the first check of a path in the graph is still to come. A change before it starts
  /// nothing, so clients get no answer until then, unless the file systems do not answer.
  [[nodiscard]] bool unseen() const noexcept { return unseen_ && !hangs_; }
  /// Whether a check is under way, however long it takes: it may hang with its file system.
  [[nodiscard]] bool looks() const noexcept { return queue_.busy(); }

  /// Why zinit may miss a change that a service waits for; empty: it sees all.
  [[nodiscard]] std::string fault_of(const std::string& service) const;

  /// When zinit starts the service, or checks whether its directories are still not empty; kNever:
  /// no such time is set.
  [[nodiscard]] TimePoint next_of(const std::string& service) const;

 private:
  static constexpr std::string_view kFacts = "path/";
  static constexpr std::string_view kDelays = "path_delay/";

  struct Service {
    SpecPtr spec;
    std::vector<PathWatch::Number> numbers;
    bool wanted = false;                 // start it when it has ended
    bool active = false;                 // it was not at rest at the last look
    bool ignored = false;                // its status is "ignore"
    bool up = false;                     // its wish was up at the last look
    TimePoint again = kNever;            // the time of the next check of its directories
    TimePoint not_before{};              // the earliest time of the next start
    Milliseconds delay{0};               // from the last start to `not_before`
    bool ended = false;                  // its end is the reason for the check
    std::optional<std::int64_t> owed{};  // its rank before a start that is requested
    std::string kept{};                  // its fact for the next process image
  };
  struct One {
    std::string service;
    PathKind kind;
    std::string state{};
    std::string warning{};
    bool wants = false;  // its change starts the service
    bool seen = false;   // by an event; the check of the path is not over
  };

  void load();
  void drop_inherited(FactMap& facts, std::string_view prefix,
                      const std::map<std::string, Service>& services);
  void watch(const std::string& name, Service& service, std::vector<std::string> known);
  void begin_watching();
  void on_events();
  void take(const PathWatch::Touches& touches);
  void ask();
  void on_silence();
  void answered(const std::map<PathWatch::Number, PathWatch::Found>& found);
  void follow_all();
  void arm();
  void follow(const std::string& name, Service& service);
  void want_nothing(Service& service);
  void start(const std::string& name, Service& service);
  void keep(const std::string& name, Service& service);
  void take_over_delay(const std::string& name, Service& service);
  void look_at_all();

  const Parts parts_;
  // A queue of its own: a file system that does not answer must not delay tasks of service files.
  FileQueue queue_;
  BoardServices services_;
  FactMap inherited_;
  FactMap inherited_delays_;
  GraphPtr seen_;
  std::map<std::string, Service> all_;
  std::vector<One> paths_;            // by number
  std::shared_ptr<PathWatch> watch_;  // shared with the current task
  EpollSet events_;
  UniqueFd mounts_;
  std::unique_ptr<IoWatcher> mounts_changed_;
  PathWatch::Touches touched_;           // to check now
  std::set<PathWatch::Number> lacking_;  // to check later
  bool under_way_ = false;
  bool unseen_ = false;     // see unseen()
  bool hangs_ = false;      // the current check takes long
  std::string fault_;       // why nothing is watched
  bool unwatched_ = false;  // because of a lack of descriptors: tried again
  TimerWatcher silence_;
  TimerWatcher again_;
  TimerWatcher retry_;
  TimerWatcher later_;                // for lacking_
  Backoff<5000, 300000> lack_delay_;  // a lack, as of watches, may last
};

}  // namespace zinit
