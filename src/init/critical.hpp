// What the end of a service with `critical = true` means (zinit.toml(5), "critical").
#pragma once

#include <set>
#include <string>
#include <vector>

#include "supervisor/board.hpp"

namespace zinit {

/// Whether a service has ended for good, well or badly, and not by request: a container ends with
/// it. In system mode it is ServiceView::failed_for_good that the emergency shell starts on.
[[nodiscard]] bool ended_for_good(const ServiceView& view);

/// The exit code of a container that ends with this service: that of its process, 128 and the
/// signal's number, 127 where its program could not be executed, 1 where it failed without a
/// process otherwise.
[[nodiscard]] int exit_code_of(const Record& record);

/// Sees the ends of critical services, each once.
class CriticalWatch {
 public:
  using Ended = bool (*)(const ServiceView&);

  /// The board must outlive this.
  CriticalWatch(const Board& board, Ended ended) : board_(board), ended_(ended) {}

  /// Those that have ended and were not acted on; one that was up meanwhile counts anew. To be
  /// called when the board has changed; cheap where no service is critical.
  [[nodiscard]] std::vector<ServiceView> look();
  /// What its end calls for is done.
  void acted_on(const ServiceView& view);

 private:
  const Board& board_;
  const Ended ended_;
  GraphPtr graph_;                  // the one that `names_` is of
  std::vector<std::string> names_;  // of the critical services
  std::set<std::string> acted_on_;      // which of them were acted on
};

}  // namespace zinit
