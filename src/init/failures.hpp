// What follows when a service has failed for good: `on_failure` and `on_failure_action`
// (zinit.toml(5), [lifecycle]).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "supervisor/board.hpp"

namespace zinit {

/// Looks for final failures, and has each followed once. The record of a service says whether that
/// is done, so the next image does what this one has not done.
class FailureWatch {
 public:
  struct Acts {
    /// Starts a service, or an instance of a template, as a client does.
    std::function<RequestResult<void>(const std::string& name)> start;
    /// Carries out the action of the service, after the starts.
    std::function<void(const ServiceView& failed)> end;
  };

  /// The board must outlive this.
  FailureWatch(Board& board, Acts acts) : board_(board), acts_(std::move(acts)) {}

  /// To be called when the board has changed; cheap if no service has either key.
  void look();

 private:
  void follow(const ServiceView& failed);
  [[nodiscard]] std::set<std::string> take_origins(const ServiceView& failed);

  Board& board_;
  const Acts acts_;
  GraphPtr graph_;                  // of which names_ are
  std::vector<std::string> names_;  // of the services with either key
  // For a service that a failure has started: the services whose failures have led to that.
  std::map<std::string, std::set<std::string>> origins_;
};

}  // namespace zinit
