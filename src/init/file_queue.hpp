// Runs tasks that read or write service files, one after another. An Offload does their work, so
// that a slow file system delays nothing else, and each is finished on the control loop's thread
// before the next begins. So no file is written while the directory is read, and a reload sees
// everything that was written before.
//
// Threads: everything here on the control loop's thread, except `work`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>

#include "base/result.hpp"
#include "io/loop.hpp"
#include "os/offload.hpp"

namespace zinit {

struct FileTask {
  std::function<void()> begin;  // on the loop's thread, when the task's turn comes
  std::function<void()> work;   // on a thread of the Offload; may block; may be empty
  /// On the loop's thread; with a fault if `work` was not run, or threw.
  std::function<void(const std::optional<Error>& fault)> finish;
  std::size_t bytes = 0;  // memory that the task holds while it waits
};

/// How long to wait before what was begun at `began`, and has failed, is tried again: 5 s, or so
/// long that it has the queue for a tenth of the time at most. A name server that does not answer
/// takes seconds for each name.
[[nodiscard]] inline Milliseconds retry_delay(TimePoint began) noexcept {
  const auto took = std::chrono::ceil<Milliseconds>(Clock::now() - began);
  return std::max(Milliseconds{5000}, took * 9);
}

class FileQueue {
 public:
  /// The loop must outlive this.
  explicit FileQueue(EventLoop& loop);
  /// Waits for the task under way; drops the others.
  ~FileQueue();
  FileQueue(const FileQueue&) = delete;
  FileQueue& operator=(const FileQueue&) = delete;

  /// Runs `task` after all that were added before. If too many wait already it is finished at once,
  /// with a fault.
  void add(FileTask task);
  /// Runs `task` before all others that wait: for the second half of the one that finishes now.
  void add_first(FileTask task);

  /// Waits for the task under way, at most for `limit`, and finishes none. The loop does not run
  /// any more.
  void await(Milliseconds limit) noexcept;

  /// Whether a task is under way; it may hang with its file system.
  [[nodiscard]] bool busy() const noexcept { return work_ != nullptr; }

 private:
  // Clients can send notifications without waiting for answers, so there must be a limit.
  static constexpr std::size_t kMostTasks = 10000;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  void begin_next();
  void work(const FileTask& task) noexcept;
  void finish();
  void finish_first(const std::optional<Error>& fault);

  LoopCall done_;               // not a posted task: posting can fail without memory
  std::deque<FileTask> tasks_;  // while busy() the first is under way
  std::size_t bytes_ = 0;
  std::optional<Error> fault_;  // of `work`; written by the thread, read when that is done
  Offload offload_;             // asks for `done_`
  Offload::Ticket work_;        // that is under way
};

}  // namespace zinit
