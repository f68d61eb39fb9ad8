// Looks at processes of services elsewhere, for the control loop.
//
// /proc of a process may take its time: its command line lies in its memory, which may have to be
// read from a disk, and some files wait for an execve(2) that hangs. A service may also have ten
// thousand processes. So a handler hands over what is to be looked at, and the answer follows
// later.
//
// One look at all of /proc answers the questions that were asked before it, so that figures of a
// thousand services cost one. If a look hangs, another thread goes on with the questions that are
// left (os/offload.hpp).
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
  /// After so long the answer is the error timeout.
  static constexpr Milliseconds kPatience{5000};
  /// Answers of more bytes are not kept for clients that do not read: the oldest ones become errors
  /// instead.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  /// Makes the answer. It must not use anything that may be gone when it runs: zinit does not wait
  /// for it.
  using Look = std::function<RpcResult(ProcessScan&)>;

  /// `answered` is called on the loop's thread when there are answers.
  ProcessLooks(EventLoop& loop, std::function<void()> answered);

  /// What the call about the service `name` answers; process_error if there can be no thread, and
  /// timeout while too many looks hang. The loop's thread.
  [[nodiscard]] Outcome ask(std::string_view name, Look look);

  /// Shared with looks.
  [[nodiscard]] const std::shared_ptr<CpuShares>& cpu_shares() const noexcept { return shares_; }

 private:
  struct Question {
    std::optional<RpcResult> answer{};
    bool answered = false;
    std::size_t bytes = 0;  // of the answer
  };

  /// Shared with the threads and with the calls that wait; all of them may outlive the object.
  struct State {
    Mutex mutex;                                                    // a leaf
    std::map<std::uint64_t, Question> questions GUARDED_BY(mutex);  // in their order
    std::uint64_t last GUARDED_BY(mutex) = 0;
    std::size_t bytes GUARDED_BY(mutex) = 0;            // of all answers
    std::optional<ProcessScan> scan GUARDED_BY(mutex);  // while others may want it
  };
  struct Ticket;

  static void answer(State& state, std::uint64_t number, TimePoint asked, const Look& look);
  static void put_answer(State& state, std::uint64_t number, RpcResult answer)
      REQUIRES(state.mutex);

  LoopCall answered_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  const std::shared_ptr<CpuShares> shares_ = std::make_shared<CpuShares>();
  Offload looks_;  // the last member: it asks for `answered_`
};

}  // namespace zinit
