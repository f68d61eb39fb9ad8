// What has to be done with service files, one thing after another: each is done on a thread of its
// own, so that a slow file system delays nothing else, and finished on the control loop. So no file
// is written while the directory is being read, and what was read is never older than what was
// written before.
//
// Threads: everything here on the control loop's thread, but `work`.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>

#include "base/result.hpp"
#include "io/loop.hpp"
#include "os/thread.hpp"

namespace zinit {

struct FileTask {
  std::function<void()> begin;  // on the loop's, as its turn comes
  std::function<void()> work;   // on the thread; may block; empty: there is only its turn
  /// On the loop's, with why `work` was not done or not to its end; nothing where it was.
  std::function<void(const std::optional<Error>& fault)> finish;
  std::size_t bytes = 0;  // that wait with it
};

class FileQueue {
 public:
  /// The loop must outlive this.
  explicit FileQueue(EventLoop& loop);
  /// Waits for what is under way; the rest is dropped.
  ~FileQueue();
  FileQueue(const FileQueue&) = delete;
  FileQueue& operator=(const FileQueue&) = delete;

  /// Has it done after all that was added before. Where too much waits already it is finished at
  /// once, with a fault.
  void add(FileTask task);

  /// Whether something is under way, which may take as long as its file system takes.
  [[nodiscard]] bool busy() const noexcept { return thread_.joinable(); }

 private:
  // Notifications wait for no answer, so nothing else would bound what they leave here.
  static constexpr std::size_t kMostTasks = 10000;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  void begin_next();
  void work(const FileTask& task) noexcept;
  void finish();
  void finish_first(const std::optional<Error>& fault);

  LoopCall done_;               // unlike a posted task it needs no memory, so the end is never lost
  std::deque<FileTask> tasks_;  // the first is the one under way, while busy()
  std::size_t bytes_ = 0;
  std::optional<Error> fault_;  // of the work; written by the thread, read after it was joined
  Thread thread_;
};

}  // namespace zinit
