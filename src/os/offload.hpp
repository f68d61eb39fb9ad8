// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Does work that may block, for callers that must not block: reading what a process or a file
// system may make hang, closing what strangers have sent.
//
// A thread does one piece of work after another, in the order of the requests. It is started for
// the first piece, and ends when none has come for a second: at rest there is no thread and no
// wake-up. Work that takes longer than the patience is late. Its thread counts as hung and is left
// alone, and another thread continues with the waiting work. To limit the number of hung threads,
// each piece of work has an owner, who may be able to make it hang. An owner with too many hung
// threads is refused until one of them returns; other owners are not.
//
// The asker fetches the result from an object that it shares with the work, once the work is done.
// A caller with a loop is called when work may be done. A caller without a loop waits. Hung threads
// do not delay the end of zinit. If no signal ends their wait, execve(2) waits for them: while
// such work is under_way(), zinit does not re-execute itself (doc/reexec.md). So `work` must not
// use anything that may be gone when it runs, unless its asker waits for it.
//
// Threads: any may call everything here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
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
    bool killable = false;  // SIGKILL, and so execve(2), ends whatever the work waits for
  };
  /// Who can make a piece of work hang.
  struct Key {
    std::uint64_t owner = 0;
    std::uint64_t subject = 0;  // hanging work on it keeps others from beginning; 0: none
  };
  using Work = std::function<void()>;
  struct Task;
  /// Held by the waiting asker. If it is dropped before the work begins, the work is not done.
  using Ticket = std::shared_ptr<Task>;

  /// @param answered  called when requested work is done, late or refused. Locks are held, so it
  ///                  may only pass this on: LoopCall::ask().
  explicit Offload(const Limits& limits, std::function<void()> answered = {});
  /// Does not wait. Posted work is still done. `answered` is not called any more.
  ~Offload();
  Offload& operator=(Offload&&) = delete;

  /// Requests `work`. Waits only for memory.
  [[nodiscard]] Ticket ask(Work work, Key key);
  [[nodiscard]] Ticket ask(Work work) { return ask(std::move(work), Key{}); }
  /// Like ask(), for work that nobody waits for. It is never refused. If there can be no thread it
  /// stays queued, and the next call tries again.
  void post(Work work) noexcept;

  /// The outcome: nothing yet, success, or why the work was refused. ETIMEDOUT: too much hangs;
  /// EAGAIN: too much waits; any other error: no thread. Late work may still be done. Work that
  /// threw counts as done; the exception is logged.
  [[nodiscard]] std::optional<Result<void>> outcome(const Ticket& ticket);
  /// Waits until the work is done, refused or late, at most until `until`.
  /// @return  success if it is done; else the error, ETIMEDOUT if it is late
  [[nodiscard]] Result<void> await(const Ticket& ticket, TimePoint until = kNever);

  /// Whether a thread does work. execve(2) would wait for it.
  [[nodiscard]] bool busy();
  /// Work that takes this long counts as hanging.
  static constexpr Milliseconds kHangs{1000};
  /// The name of threads of this process, one of which has done the same work for `longer` or more,
  /// and execve(2) would wait for it; empty: there is none.
  [[nodiscard]] static std::string under_way(Milliseconds longer);

 private:
  struct State;
  struct States;
  static void see_to_thread(const std::shared_ptr<State>& state);
  static void run(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;  // shared with the threads, which may outlive this object
};

}  // namespace zinit
