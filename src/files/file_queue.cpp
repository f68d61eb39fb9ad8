// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Runs one task at a time.
#include "files/file_queue.hpp"

#include <new>
#include <utility>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"

namespace zinit {

FileQueue::FileQueue(EventLoop& loop)
    : done_(loop, [this] { finish(); }),
      offload_({.name = "files", .stack_bytes = kLoopStackBytes}, [this] { done_.ask(); }) {}

FileQueue::~FileQueue() {
  if (work_) (void)offload_.await(work_);
}

void FileQueue::add(FileTask task) {
  if (tasks_.size() >= kMostTasks || bytes_ + task.bytes > kMostBytes) {
    return task.finish(
        Error{fmt::format("{} changes of service files are already waiting; try again later",
                          tasks_.size()),
              0});
  }
  tasks_.push_back(std::move(task));
  bytes_ += tasks_.back().bytes;
  begin_next();
}

void FileQueue::add_first(FileTask task) {
  bytes_ += task.bytes;
  tasks_.push_front(std::move(task));
  begin_next();
}

void FileQueue::begin_next() {
  // The caller may be working for a client. Without memory a task that has begun would be lost.
  const EssentialAllocations essential;
  while (!tasks_.empty() && !busy()) {
    const FileTask& next = tasks_.front();
    if (next.begin) catch_all("files", next.begin);
    if (!next.work) {
      finish_first({});
      continue;
    }
    fault_ = {};
    work_ = offload_.ask([this, &next] { work(next); });
    const auto outcome = offload_.outcome(work_);
    if (!outcome || *outcome) return;
    work_.reset();
    finish_first(outcome->error());
  }
}

void FileQueue::work(const FileTask& task) noexcept {
  fault_ = Error{"cannot be done: zinit's own log says why", 0};
  catch_all("files", [&] {
    const RefusableAllocations refusable;  // the authors of the files choose the amount
    try {
      task.work();
      fault_ = {};
    } catch (const std::bad_alloc&) {
      fault_ = Error{"not enough memory for the service files", ENOMEM};
    }
  });
}

void FileQueue::await(Milliseconds limit) noexcept {
  if (work_ && offload_.await(work_, after(Clock::now(), limit))) work_.reset();
  if (work_) log_error("files: a file system does not answer; unwritten data is lost");
}

void FileQueue::finish() {
  if (!work_) return;  // begin_next() has finished the task that was refused
  const auto outcome = offload_.outcome(work_);
  if (!outcome) return;
  work_.reset();
  const std::optional<Error> fault = std::exchange(fault_, {});
  finish_first(*outcome ? fault : std::optional<Error>(outcome->error()));
  begin_next();
}

/// Removes the task from the queue first, because finish() may add others.
void FileQueue::finish_first(const std::optional<Error>& fault) {
  const FileTask task = std::move(tasks_.front());
  tasks_.pop_front();
  bytes_ -= task.bytes;
  catch_all("files", [&] { task.finish(fault); });
}

}  // namespace zinit
