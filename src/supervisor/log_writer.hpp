// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The queue of lines for zinit's own log and for services' logs. Lines are queued under the board's
// lock and written later without it. Each log gets its lines in the same order.
//
// Threads: no locking of its own; the board's lock guards it, except for write(), which is called
// without the lock.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "supervisor/ports.hpp"

namespace zinit {

class LogWriter {
 public:
  /// The number of lines in the queue. Further lines are dropped, and their number is logged
  /// instead.
  static constexpr std::size_t kMostLines = 10000;

  /// The number of lines about one service, or about all instances of one template, within kWindow.
  /// Further lines are left out, and their number is logged instead. Errors are always written.
  static constexpr unsigned kMostOfOne = 200;
  static constexpr Milliseconds kWindow{5000};

  /// @param line  begins with the service's name and a colon
  /// @return  true if the caller must wake the janitor: the queue was empty, or tell_at() is new
  bool say(LogLevel level, std::string line);
  /// The same for a line that goes only to the log of the service in `slot`.
  bool note(Slot slot, std::string line);

  [[nodiscard]] bool empty() const noexcept { return lines_.empty() && lost_ == 0; }

  /// When tell_left_out() is due; kNever: nothing was left out.
  [[nodiscard]] TimePoint tell_at() const noexcept {
    return left_out_ ? after(window_, kWindow) : kNever;
  }
  /// If due, queues lines with the numbers of left-out lines.
  void tell_left_out();

  struct Line {
    LogLevel level;
    std::string text;
    Slot slot = kNoSlot;  // the service whose log gets it; kNoSlot: zinit's own log
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
  /// The lines about one service since `window_`.
  struct Share {
    unsigned lines = 0;
    std::uint64_t left_out = 0;
  };
  bool add(Line line);

  TimePoint window_{};
  std::map<std::string, Share, std::less<>> shares_;  // by name; a template's with its @
  bool left_out_ = false;                             // tell_left_out() has lines to report
  std::vector<Line> lines_;
  std::uint64_t lost_ = 0;
};

}  // namespace zinit
