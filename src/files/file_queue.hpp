// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Runs tasks that read or write service files, one after another. An Offload does their work, so
// that a slow file system delays nothing else. The control loop's thread finishes each task before
// the next begins, so no file is written while the directory is read, and a reload sees everything
// that was written before.
//
// This room does what a running server does with service files: configuration.hpp reads them,
// reload.hpp reloads them, service_file.hpp makes and removes single ones, kept_config.hpp keeps
// the config in force for the next process image, server_lock.hpp keeps two servers from the same
// files. Sockets of services, proxies and timers use the queue for work that may block.
//
// A config is a tree of values from the client's request to the file that is written. Of its
// sections a spec keeps JSON text, for service.get: 80 bytes for the smallest service, where the
// tree takes 900. A service without a file outlives reloads by its spec in the graph.
//
// Threads: everything here runs on the control loop's thread, except `work`.
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
  /// On the loop's thread; with a fault if `work` did not run, or threw.
  std::function<void(const std::optional<Error>& fault)> finish;
  std::size_t bytes = 0;  // of memory that the task holds while it waits
};

/// How long a task that began at `began` and failed waits before the next try: at least 5 s, and
/// long enough that it uses the queue for at most a tenth of the time. A name server that does not
/// answer takes seconds for each name.
[[nodiscard]] inline Milliseconds retry_delay(TimePoint began) noexcept {
  const auto took = std::chrono::ceil<Milliseconds>(Clock::now() - began);
  return std::max(Milliseconds{5000}, took * 9);
}

class FileQueue {
 public:
  /// The loop must outlive this.
  explicit FileQueue(EventLoop& loop);
  /// Waits for the current task; drops the others.
  ~FileQueue();
  FileQueue& operator=(FileQueue&&) = delete;

  /// Runs `task` after all tasks added before. If too many tasks wait already, finishes it at once
  /// with a fault.
  void add(FileTask task);
  /// Runs `task` before all waiting tasks: it is the second half of the task that finishes now.
  void add_first(FileTask task);

  /// Waits at most `limit` for the current task, and finishes no task. Call it when the loop no
  /// longer runs.
  void await(Milliseconds limit) noexcept;

  /// Whether a task is under way; it may hang with its file system.
  [[nodiscard]] bool busy() const noexcept { return work_ != nullptr; }

 private:
  // Clients can send notifications without waiting for answers, so the queue has a limit.
  static constexpr std::size_t kMostTasks = 10000;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  void begin_next();
  void work(const FileTask& task) noexcept;
  void finish();
  void finish_first(const std::optional<Error>& fault);

  LoopCall done_;               // not a posted task: posting can fail because of a lack of memory
  std::deque<FileTask> tasks_;  // the first is the current one while busy()
  std::size_t bytes_ = 0;
  std::optional<Error> fault_;  // of `work`; its thread writes it, read after its end
  Offload offload_;             // asks for `done_`
  Offload::Ticket work_;        // the current one
};

}  // namespace zinit
