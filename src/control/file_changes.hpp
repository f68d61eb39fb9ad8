// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds out whether service files have changed since they were read.
//
// stat(2) of a file on a dead network file system or a broken disk may never return, and a client
// that asks for a status must not block the control loop. So the loop hands the question to an
// Offload, and the answer comes later: usually after some 20 us, for 1,000 services after a few ms.
// After kPatience the answer is "unknown". While a thread hangs, the answer is "unknown" at once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "io/loop.hpp"
#include "io/watcher.hpp"
#include "model/spec.hpp"
#include "os/offload.hpp"

namespace zinit {

class FileChanges {
 public:
  static constexpr Milliseconds kPatience{500};

  using Look = std::string (*)(const ServiceSpec& spec);  // changed_file()
  /// The result of look() for each spec; nothing if it is not known in time, or if memory or a
  /// thread is missing.
  using Answers = std::vector<std::optional<std::string>>;
  /// One question. The client may drop it without an answer.
  struct Ticket {
    std::size_t count = 0;
    TimePoint asked{};
    std::shared_ptr<const Answers> answers{};  // readable only after the look has ended
    Offload::Ticket look{};
  };

  /// `look` may block; tests pass their own. `answered` is called on the loop's thread when an
  /// answer may be there.
  FileChanges(EventLoop& loop, Look look, std::function<void()> answered);

  // On the loop's thread. None of these functions waits.
  [[nodiscard]] Ticket ask(std::vector<SpecPtr> specs);
  /// @param last  return an answer now; unknown values stay unknown
  /// @return  nothing if the answer is not due yet
  [[nodiscard]] std::optional<Answers> answer(const Ticket& ticket, bool last = false);
  /// All waiting calls, and calls that come before the loop runs again, get an answer at once.
  void give_up() noexcept { given_up_ = true; }

 private:
  void pass_time();

  const Look look_;
  bool given_up_ = false;
  TimePoint last_asked_{};
  LoopCall answered_;
  TimerWatcher patience_;
  Offload looks_;  // the last member, because it asks for `answered_`
};

}  // namespace zinit
