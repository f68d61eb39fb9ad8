// What follows when a service has failed for good: `on_failure` and `on_failure_action`
// (zinit.toml(5), [lifecycle]).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/watcher.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// Looks for final failures, and has each followed once. The record of a service says whether that
/// is done, so the next image does what this one has not done.
class FailureWatch {
 public:
  struct Acts {
    /// Starts a service, or an instance of a template, as a client does.
    std::function<RequestResult<Board::Others>(const std::string& name)> start;
    /// Carries out the action of the service, after the starts.
    std::function<void(const ServiceView& failed)> end;
  };

  /// Loop and board must outlive this.
  FailureWatch(EventLoop& loop, Board& board, Acts acts)
      : board_(board), acts_(std::move(acts)), over_(loop, [this] { look(); }) {}

  /// To be called when the board has changed; cheap if no service with either key has failed.
  void look();

 private:
  /// A failure whose action waits for what it has started.
  struct Followed {
    std::uint64_t serial = 0;          // Record::failed_serial: which failure it is
    std::vector<std::string> started;  // what has not come to rest yet
    TimePoint until;                   // it is waited for
  };

  [[nodiscard]] std::vector<std::string> start_others(const ServiceView& failed);
  [[nodiscard]] std::set<std::string> take_origins(const ServiceView& failed);
  void note_origins(const std::string& name, const std::set<std::string>& origins);
  [[nodiscard]] bool may_act(Followed& followed) const;
  [[nodiscard]] bool is_of_files(ServiceView failed) const;
  void act(const ServiceView& failed);

  Board& board_;
  const Acts acts_;
  TimerWatcher over_;
  GraphPtr graph_;  // that look() has seen last
  std::map<std::string, Followed> followed_;
  /// Of a service that a failure has started.
  struct Origin {
    SpecPtr spec;                  // its own: one of its name that was added anew has another
    std::set<std::string> failed;  // the services whose failures have led to that
    std::int64_t at_us = 0;        // when
  };
  std::map<std::string, Origin> origins_;
};

}  // namespace zinit
