// The queue of lines for zinit's own log, and of those for services' logs. Lines are queued under
// the board's lock and written later without it, each log's in the same order.
//
// Threads: no locking of its own; the board's lock guards it, except for write(), which is called
// without the lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "supervisor/ports.hpp"

namespace zinit {

class LogWriter {
 public:
  /// How many lines may be queued. Further lines are dropped, and their number is logged instead.
  static constexpr std::size_t kMostLines = 10000;

  /// @return  true if the queue was empty: the caller must wake the janitor
  bool say(LogLevel level, std::string line);
  /// The same for a line that goes to the log of the service in `slot` alone.
  bool note(Slot slot, std::string line);

  [[nodiscard]] bool empty() const noexcept { return lines_.empty() && lost_ == 0; }

  struct Line {
    LogLevel level;
    std::string text;
    Slot slot = kNoSlot;  // the service whose log it is for; kNoSlot: zinit's own
  };
  struct Lines {
    std::vector<Line> lines;
    std::uint64_t lost = 0;
  };
  /// Empties the queue.
  [[nodiscard]] Lines take();

  /// Writes lines to the logs, which may block: the board's lock must not be held.
  static void write(const Lines& lines, OutputPort& services);

 private:
  bool add(Line line);

  std::vector<Line> lines_;
  std::uint64_t lost_ = 0;
};

}  // namespace zinit
