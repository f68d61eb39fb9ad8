// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Decides what the end of a service with `critical = true` means (zinit.toml(5), "critical").
#pragma once

#include <set>
#include <string>
#include <vector>

#include "supervisor/board.hpp"

namespace zinit {

/// Whether a service has ended, with success or not, although nobody asked it to, and will not be
/// restarted. A container then ends. (A machine starts its emergency shell only on
/// ServiceView::failed_for_good.)
[[nodiscard]] bool ended_for_good(const ServiceView& view);

/// The exit code of a container that ends with this service: the exit code of its process; 128 plus
/// the number of the signal that killed the process; 127 if the program could not be executed; 1 if
/// the service failed in another way without a process.
[[nodiscard]] int exit_code_of(const Record& record);

/// The exit code for a process that a signal has killed.
[[nodiscard]] constexpr int exit_code_of_signal(int signal) { return 128 + signal; }

/// Reports the end of each critical service once. The next process image reports it again if the
/// service is still down.
class CriticalWatch {
 public:
  using Ended = bool (*)(const ServiceView&);

  /// The board must outlive this.
  CriticalWatch(const Board& board, Ended ended) : board_(board), ended_(ended) {}

  /// The services that have ended and are not marked by acted_on() since they were last up. Call it
  /// when the board has changed. Cheap if no service is critical.
  [[nodiscard]] std::vector<ServiceView> look();
  /// Marks the end of this service as handled.
  void acted_on(const ServiceView& view);
  /// The names of services whose end has been handled and that have not come up since.
  [[nodiscard]] std::vector<std::string> down() const;

 private:
  const Board& board_;
  const Ended ended_;
  GraphPtr graph_;                  // names_ belongs to this graph
  std::vector<std::string> names_;  // critical services
  std::set<std::string> acted_on_;  // critical services whose end has been handled
};

}  // namespace zinit
