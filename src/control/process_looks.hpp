// Looks at processes of services on a thread of its own, for the control loop.
//
// /proc of a process may take its time: its command line lies in its memory, which may have to be
// read from a disk, and some files wait for an execve(2) that hangs. A service may also have ten
// thousand processes. So a handler hands over what is to be looked at, and the answer follows
// later.
//
// The thread is started for a question and ends when none is left. One look at all of /proc answers
// the questions that were asked before it, so that figures of a thousand services cost one. If the
// thread hangs, another one goes on with the questions that are left. zinit can end even if all of
// them hang.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/mutex.hpp"
#include "control/methods.hpp"
#include "control/service_processes.hpp"
#include "io/loop.hpp"

namespace zinit {

class ProcessLooks {
 public:
  /// After so long the answer is the error timeout.
  static constexpr Milliseconds kPatience{5000};
  /// If no thread has answered a question for so long, another one is started, up to kMostThreads.
  static constexpr Milliseconds kStuck{1000};
  static constexpr int kMostThreads = 4;
  /// Answers of more bytes are not kept for clients that do not read: the oldest ones become errors
  /// instead.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  /// Makes the answer. It must not use anything that may be gone when it runs: zinit does not wait
  /// for it.
  using Look = std::function<RpcResult(ProcessScan&)>;

  /// `answered` is called on the loop's thread when there are answers.
  ProcessLooks(EventLoop& loop, std::function<void()> answered);
  /// Does not wait for the threads.
  ~ProcessLooks();
  ProcessLooks(const ProcessLooks&) = delete;
  ProcessLooks& operator=(const ProcessLooks&) = delete;

  /// What the call about the service `name` answers; process_error if there can be no thread. The
  /// loop's thread.
  [[nodiscard]] Outcome ask(std::string_view name, Look look);

  /// Shared with looks.
  [[nodiscard]] const std::shared_ptr<CpuShares>& cpu_shares() const noexcept { return shares_; }

 private:
  struct Question {
    Look look;
    TimePoint asked;
    std::optional<RpcResult> answer{};
    std::size_t bytes = 0;  // of the answer
  };

  /// Shared with the threads and with the calls that wait; all of them may outlive the object.
  struct State {
    Mutex mutex;  // a leaf but for that of the loop, which LoopCall::ask() takes
    std::map<std::uint64_t, Question> questions GUARDED_BY(mutex);  // in their order
    std::deque<std::uint64_t> queue GUARDED_BY(mutex);  // those that no thread has begun with
    std::uint64_t last GUARDED_BY(mutex) = 0;
    std::size_t bytes GUARDED_BY(mutex) = 0;  // of all answers
    int threads GUARDED_BY(mutex) = 0;
    TimePoint went_on GUARDED_BY(mutex){};  // when a thread was started or answered a question
    LoopCall* answered GUARDED_BY(mutex) = nullptr;  // null: the object is gone
  };
  struct Ticket;

  [[nodiscard]] Result<void> see_to_thread();
  static void run(State& state);
  static void put_answer(State& state, std::uint64_t number, RpcResult answer)
      REQUIRES(state.mutex);

  LoopCall answered_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  const std::shared_ptr<CpuShares> shares_ = std::make_shared<CpuShares>();
};

}  // namespace zinit
