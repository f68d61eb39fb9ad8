// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Looks at processes of services on other threads, for the control loop.
//
// Reading /proc may take long: a command line lies in the memory of its process, which may have to
// be read from a disk, and some files wait for an execve(2) that hangs. A service may also have ten
// thousand processes. So a handler hands its question over, and the answer follows later.
//
// One scan of all of /proc answers the questions that were asked before it, so that figures of a
// thousand services cost one scan. If a look hangs, another thread continues with the remaining
// questions (os/offload.hpp).
//
// A look counts as hung after kPatience / 2. At most four may hang, and two of them with one
// service.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "base/mutex.hpp"
#include "control/methods.hpp"
#include "control/service_processes.hpp"
#include "io/loop.hpp"
#include "os/offload.hpp"

namespace zinit {

class ProcessLooks {
 public:
  /// The answer is the error timeout after this long.
  static constexpr Milliseconds kPatience{5000};
  /// Limit for the answers that clients do not read. Beyond it the oldest become errors.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  /// Makes the answer. zinit does not wait for it at its end, so it must not use anything that may
  /// be gone by then.
  using Look = std::function<RpcResult(ProcessScan&)>;

  /// `answered` is called on the loop's thread when answers are there.
  ProcessLooks(EventLoop& loop, std::function<void()> answered);

  /// The outcome of the call about the service `name`; process_error if no thread can be started,
  /// timeout while too many looks hang. On the loop's thread.
  [[nodiscard]] Outcome ask(std::string_view name, Look look);

  /// Shared with the looks.
  [[nodiscard]] const std::shared_ptr<CpuShares>& cpu_shares() const noexcept { return shares_; }

 private:
  struct Question {
    std::optional<RpcResult> answer{};
    bool answered = false;
    std::size_t bytes = 0;  // of the answer
  };

  /// Shared with the threads and with waiting calls. All of these may outlive the object.
  struct State {
    Mutex mutex;                                                    // a leaf in the lock order
    std::map<std::uint64_t, Question> questions GUARDED_BY(mutex);  // by age
    std::uint64_t last GUARDED_BY(mutex) = 0;
    std::size_t bytes GUARDED_BY(mutex) = 0;            // of all answers
    std::optional<ProcessScan> scan GUARDED_BY(mutex);  // kept while other questions may use it
  };
  struct Ticket;

  static void answer(State& state, std::uint64_t number, TimePoint asked, const Look& look);
  static void put_answer(State& state, std::uint64_t number, RpcResult answer)
      REQUIRES(state.mutex);

  LoopCall answered_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  const std::shared_ptr<CpuShares> shares_ = std::make_shared<CpuShares>();
  Offload looks_;  // the last member, because it asks for `answered_`
};

}  // namespace zinit
