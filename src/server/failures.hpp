// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The consequences of a final failure of a service: `on_failure` and `on_failure_action`
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

/// Looks for final failures, and handles each once. The record of a service notes that its failure
/// is handled, so the next process image handles the rest. After a crash between a start and this
/// note, it starts the services of on_failure again.
class FailureWatch {
 public:
  struct Acts {
    /// Starts a service, or an instance of a template, like a request of a client.
    std::function<RequestResult<Board::Others>(const std::string& name)> start;
    /// Carries out on_failure_action of the service, after the starts.
    std::function<void(const ServiceView& failed)> end;
    /// Called when waiting() says something else.
    std::function<void()> keep;
  };

  /// Loop and board must outlive this.
  FailureWatch(EventLoop& loop, Board& board, Acts acts)
      : board_(board), acts_(std::move(acts)), over_(loop, [this] { look(); }) {}

  /// Call it when the board has changed. Cheap if no service with either key has failed.
  void look();

  /// The failures whose actions wait, as texts for the next process image, which goes on with them.
  [[nodiscard]] std::vector<std::string> waiting() const;
  void go_on(const std::vector<std::string>& waiting);

 private:
  /// A failure whose action waits for the services that on_failure started.
  struct Followed {
    std::uint64_t serial = 0;          // Record::failed_serial of the failure
    std::vector<std::string> started;  // services that have not come to rest yet
    TimePoint until;                   // the end of the wait
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
  GraphPtr graph_;  // the graph that look() saw last
  std::map<std::string, Followed> followed_;
  /// How a service came to be started by a failure.
  struct Origin {
    SpecPtr spec;                    // of this service; a new service of its name has another
    std::set<std::string> failed;    // the services whose failures led to the start
    std::uint64_t ready_serial = 0;  // Record::ready_serial at the start
  };
  std::map<std::string, Origin> origins_;
};

}  // namespace zinit
