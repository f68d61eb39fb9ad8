// What the end of a service with `critical = true` means (zinit.toml(5), "critical").
#pragma once

#include <set>
#include <string>
#include <vector>

#include "supervisor/board.hpp"

namespace zinit {

/// Whether a service has ended, with success or not, without having been asked to, and will not be
/// restarted. Then a container ends. (A machine's emergency shell starts only on
/// ServiceView::failed_for_good.)
[[nodiscard]] bool ended_for_good(const ServiceView& view);

/// The exit code of a container that ends with this service: that of its process; 128 plus the
/// number of the signal that killed it; 127 if its program could not be executed; 1 if it failed
/// otherwise without a process.
[[nodiscard]] int exit_code_of(const Record& record);

/// The same of a process that a signal has killed.
[[nodiscard]] constexpr int exit_code_of_signal(int signal) { return 128 + signal; }

/// Reports the end of each critical service once.
class CriticalWatch {
 public:
  using Ended = bool (*)(const ServiceView&);

  /// The board must outlive this.
  CriticalWatch(const Board& board, Ended ended) : board_(board), ended_(ended) {}

  /// The services that have ended, without those that were acted on since they were last up. To be
  /// called when the board has changed; cheap if no service is critical.
  [[nodiscard]] std::vector<ServiceView> look();
  /// The end of this service has been handled.
  void acted_on(const ServiceView& view);
  /// The names of those whose end has been handled and that have not come up since.
  [[nodiscard]] std::vector<std::string> down() const;

 private:
  const Board& board_;
  const Ended ended_;
  GraphPtr graph_;                  // of which names_ are
  std::vector<std::string> names_;  // of the critical services
  std::set<std::string> acted_on_;  // those of them whose end has been handled
};

}  // namespace zinit
