// Does work that may block, for callers that must not: reading what a process or a file system may
// make hang, closing what strangers have sent.
//
// A thread does one piece of work after another, in the order in which they were asked for. It is
// started for the first piece, and ends when none has come for a second: at rest there is no thread
// and no wake-up. Work that takes longer than the patience is late. Its thread counts as hung and
// is left to itself, and another thread goes on with what others have asked for. So that this has
// a bound, each piece has an owner, who can make it hang: whoever has made too many threads hang is
// refused until one of them comes back, and others are not.
//
// The asker fetches the result from an object that the work shares with it, once the work is done.
// A caller that has a loop is called when something may be done; one that has none waits. Threads
// that hang hold up neither the end of zinit nor its re-execution. So `work` must not use anything
// that may be gone when it runs, unless its asker waits for it.
//
// Threads: any may call everything here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.hpp"
#include "base/time.hpp"
#include "os/thread.hpp"

namespace zinit {

class Offload {
 public:
  struct Limits {
    const char* name;  // of the threads
    std::size_t stack_bytes = kSmallStackBytes;
    Milliseconds patience = kForever;
    std::size_t most_hung = 1;
    std::size_t most_hung_of_owner = most_hung;
    std::size_t most_waiting = 10000;
  };
  /// Who can make a piece of work hang.
  struct Key {
    std::uint64_t owner = 0;
    std::uint64_t subject = 0;  // while it hangs none of the same is begun; 0: it has none
  };
  using Work = std::function<void()>;
  struct Task;
  /// Of who waits for the work. If it is dropped before the work was begun, that is not done.
  using Ticket = std::shared_ptr<Task>;

  /// @param answered  is called when work that was asked for is done, late or refused. Locks are
  ///                  held, so it may only hand on the news: LoopCall::ask().
  explicit Offload(const Limits& limits, std::function<void()> answered = {});
  /// Does not wait. What was posted is still done; `answered` is not called any more.
  ~Offload();
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  /// Has `work` done. Waits for memory only.
  [[nodiscard]] Ticket ask(Work work, Key key);
  [[nodiscard]] Ticket ask(Work work) { return ask(std::move(work), Key{}); }
  /// The same for work that nobody waits for. It is never refused. If there can be no thread it
  /// stays queued, and the next call tries again.
  void post(Work work) noexcept;

  /// What has become of it: nothing yet, success if it is done, or why it was refused. ETIMEDOUT:
  /// too much hangs; EAGAIN: too much waits; otherwise there is no thread. Work that is late may
  /// still be done. One that has thrown counts as done, and the exception is logged.
  [[nodiscard]] std::optional<Result<void>> outcome(const Ticket& ticket);
  /// Waits until it is done, refused or late, at most until `until`.
  /// @return  success if it is done; otherwise why not, ETIMEDOUT if it is late
  [[nodiscard]] Result<void> await(const Ticket& ticket, TimePoint until = kNever);

 private:
  struct State;
  static void see_to_thread(const std::shared_ptr<State>& state);
  static void run(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;  // shared with the threads, which may outlive this
};

}  // namespace zinit
