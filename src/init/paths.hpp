// [path] of services: starts each when one of its files is there, has changed, or its directory is
// not empty.
//
// What comes while the service runs is not lost: it runs once more then. A directory that is still
// not empty when the service has ended starts it again after restart_delay_ms, unless it was
// stopped on request. Then, as with any other key, the next change does.
//
// What is kept of a service says for each path what was found, and whether a start is owed: from
// the event until the board has taken the start. Both are one fact, so after a crash at any point
// the next process image starts the service once.
//
// Everything here is called on the control loop's thread. The file systems are asked on that of the
// queue, for they may not answer.
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
#include "init/file_queue.hpp"
#include "io/epoll_set.hpp"
#include "os/state_facts.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Paths {
 public:
  /// All of these outlive this object. `settled` is called when all paths have been looked at.
  struct Parts {
    EventLoop& loop;
    Board& board;
    StateFacts& facts;
    std::function<void()> settled;
  };
  explicit Paths(Parts parts);
  ~Paths();
  Paths(const Paths&) = delete;
  Paths& operator=(const Paths&) = delete;

  /// After a re-execution, before the first look(): what has changed since the previous process
  /// image has looked is found.
  void take_over(const FactMap& facts) { inherited_ = facts_below(facts, kFacts); }

  /// To be called after each change of the board.
  void look();

  /// Whether paths are being looked at, and the file systems may still answer soon.
  [[nodiscard]] bool busy() const noexcept { return under_way_ && !hangs_; }
  /// Whether a look is under way, however long it takes: it may hang with its file system.
  [[nodiscard]] bool looks() const noexcept { return queue_.busy(); }

  /// Why not all that a service waits for may be seen; empty: it is.
  [[nodiscard]] std::string fault_of(const std::string& service) const;

 private:
  static constexpr std::string_view kFacts = "path/";

  struct Service {
    SpecPtr spec;
    std::vector<PathWatch::Number> numbers;
    bool wanted = false;                 // it is to be started when it has ended
    bool active = false;                 // it was not at rest when it was last looked at
    bool ignored = false;                // its status is "ignore"
    bool up = false;                     // its wish was up when it was last looked at
    TimePoint again = kNever;            // when its directories are to be looked at again
    TimePoint not_before{};              // of the next start
    StartDelay delay{};                  // until then, where it has failed
    bool ended = false;                  // they are being looked at because it has ended
    std::optional<std::int64_t> owed{};  // its rank before a start that is being asked for
    std::string kept{};                  // what is kept for the next process image
  };
  struct One {
    std::string service;
    PathKind kind;
    std::string state{};
    std::string warning{};
    bool not_empty = false;
    bool wants = false;  // what has happened to it starts the service
    bool seen = false;   // an event says so, and the look that finds out is not over
  };

  void load();
  void watch(const std::string& name, Service& service, std::vector<std::string> known);
  void begin_watching();
  void on_events();
  void take(PathWatch::Touches touches);
  void ask();
  void on_silence();
  void answered(const std::map<PathWatch::Number, PathWatch::Found>& found);
  void follow_all();
  void arm();
  void follow(const std::string& name, Service& service);
  void start(const std::string& name, Service& service);
  void keep(const std::string& name, Service& service);
  void look_at_all();

  const Parts parts_;
  // Of its own: a file system that does not answer must not hold up what reads service files.
  FileQueue queue_;
  BoardServices services_;
  FactMap inherited_;
  GraphPtr seen_;
  std::map<std::string, Service> all_;
  std::vector<One> paths_;            // by number
  std::shared_ptr<PathWatch> watch_;  // shared with the task under way
  EpollSet events_;
  UniqueFd mounts_;
  std::unique_ptr<IoWatcher> mounts_changed_;
  PathWatch::Touches touched_;           // that are to be looked at
  std::set<PathWatch::Number> lacking_;  // that are to be looked at later
  bool under_way_ = false;
  bool hangs_ = false;      // what is under way takes long
  std::string fault_;       // why nothing is watched
  bool unwatched_ = false;  // for want of descriptors: tried again
  TimerWatcher silence_;
  TimerWatcher again_;
  TimerWatcher retry_;
  TimerWatcher later_;                // of lacking_
  Backoff<5000, 300000> lack_delay_;  // a lack may last, as of watches
};

}  // namespace zinit
