// Finds out, on a thread of its own, whether service files have changed since they were read.
//
// stat(2) of a file on a dead network file system or a broken disk may never return, and a client
// that asks for a status must not block the control loop with it. So the loop hands its question to
// the thread, and the answer comes later; usually after some 20 us, for 1,000 services after a few
// ms. After kPatience the answers are unknown. While the thread hangs, all answers are unknown at
// once. The thread is started for the first question and sleeps between questions. zinit can end
// even if it hangs.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "io/watcher.hpp"
#include "model/spec.hpp"

namespace zinit {

class FileChanges {
 public:
  static constexpr Milliseconds kPatience{500};

  using Look = bool (*)(const ServiceSpec& spec);
  /// The result of look() for each spec; nothing if that is not known in time, or there is no
  /// memory or thread to find out.
  using Answers = std::vector<std::optional<bool>>;
  struct Question;
  /// Keeps the question; who has gone needs no answer.
  using Ticket = std::shared_ptr<Question>;

  /// `look` may block; tests pass their own. `answered` is called on the loop's thread when there
  /// may be answers.
  FileChanges(EventLoop& loop, Look look, std::function<void()> answered);
  /// Does not wait for the thread.
  ~FileChanges();
  FileChanges(const FileChanges&) = delete;
  FileChanges& operator=(const FileChanges&) = delete;

  // On the loop's thread; none of these waits.
  [[nodiscard]] Ticket ask(std::vector<SpecPtr> specs);
  /// @param last  the answer is wanted now: what is not known stays so
  /// @return  nothing if it is not due yet
  [[nodiscard]] std::optional<Answers> answer(const Ticket& ticket, bool last = false);
  /// All who wait have an answer now.
  void give_up() noexcept;

 private:
  /// Shared with the thread, which may outlive the object.
  struct State {
    Mutex mutex;  // a leaf but for that of the loop, which LoopCall::ask() takes
    CondVar asked;
    std::deque<Ticket> queue GUARDED_BY(mutex);  // those that the thread has not begun with
    bool late GUARDED_BY(mutex) = false;         // an answer has not come in time, and none since
    bool busy GUARDED_BY(mutex) = false;
    LoopCall* answered GUARDED_BY(mutex) = nullptr;  // null: the object is gone
  };
  static void run(State& state, Look look);
  void pass_time();

  const Look look_;
  LoopCall answered_;
  TimerWatcher patience_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  bool started_ = false;
};

}  // namespace zinit
