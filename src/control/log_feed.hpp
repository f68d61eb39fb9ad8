// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Subscriptions to logs: how lines get from the threads that read them to the client's connection.
//
//   data loop and others --> LogFeed::take() --> queue --> control loop: LogFeeds::tell()
//                            a log's lock held             --> Connection, as notifications
//
// Lines are queued as plain text, at most kRoomBytes for each client. They become JSON only when
// the connection has little left to send, so a client that does not read costs no more memory. A
// flood of lines costs the data loop a copy of each line while there is room, and then only a
// count. The client gets this count, as `dropped`, at the place where the lines are missing.
//
// At the end of zinit the main thread sends what is queued for at most Server::kLastTime, while
// clients read. Server::kLastSilence without a read ends it.
//
// Threads: any thread may call take(), with a log's lock held. Everything else runs on the control
// loop's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "control/connection.hpp"
#include "io/log_store.hpp"

namespace zinit {

/// Shared by the log subscriptions of one client.
struct LogRoom {
  LogRoom(EventLoop& loop, SharePtr share, std::function<void()> wake)
      : call(loop, std::move(wake)), used(std::move(share)) {}

  LoopCall call;  // wakes the client's session when lines are queued
  Held used;      // bytes of queued lines
};

/// One subscription.
class LogFeed final : public LogTap {
 public:
  /// `names` is sorted; empty: all logs. `held` counts their bytes.
  LogFeed(std::uint64_t number, std::vector<std::string> names, Held held,
          std::shared_ptr<LogRoom> room)
      : number_(number), names_(std::move(names)), held_(std::move(held)), room_(std::move(room)) {}

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] bool wants(std::string_view name) const noexcept override;
  void take(const SinkBatch& batch, std::uint64_t first_seq) noexcept override;

  /// Sets the older lines, which are sent first. Call it once, before next().
  void begin_with(LastLines last);

  /// A line, or the number of lines that were dropped, or both.
  struct Notice {
    NamedLine named;            // no service: there is no line
    std::uint64_t dropped = 0;  // lines missing before this one
  };
  /// The next notice for the client; null if there is none now. Valid until the next call.
  [[nodiscard]] Notice* next();
  /// Removes the notice that next() returned, after it was sent.
  void told();

 private:
  [[nodiscard]] static std::size_t size_of(const NamedLine& named) noexcept;
  void fetch();
  [[nodiscard]] bool keep(const SinkBatch& batch, const SplitLine& line, std::uint64_t seq) noexcept
      REQUIRES(mutex_);

  const std::uint64_t number_;
  const std::vector<std::string> names_;
  const Held held_;
  const std::shared_ptr<LogRoom> room_;

  // Only the control loop uses these.
  std::vector<Notice> batch_;
  std::size_t at_ = 0;  // the next notice in batch_

  Mutex mutex_;
  std::vector<Notice> queue_ GUARDED_BY(mutex_);
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;  // since the last queued line
  bool awake_ GUARDED_BY(mutex_) = false;         // the session knows that lines are queued
};

/// All log subscriptions of one client.
class LogFeeds {
 public:
  /// Limit for the queued lines of one client, in bytes with their overhead.
  static constexpr std::size_t kRoomBytes = Connection::kNotificationLimit;

  /// `wake` is called on the loop when tell() has work. Queued bytes count for `share`, if there is
  /// one. `logs` and `loop` must outlive this.
  LogFeeds(LogStore& logs, EventLoop& loop, SharePtr share, std::function<void()> wake);
  ~LogFeeds();
  LogFeeds& operator=(LogFeeds&&) = delete;

  /// Subscribes to the logs in `names` (empty: all). `held` counts the bytes of `names`. May throw
  /// std::bad_alloc.
  void add(std::uint64_t number, std::vector<std::string> names, Held held, const LogStart& start);
  /// False if there is no such subscription.
  bool remove(std::uint64_t number);
  [[nodiscard]] std::size_t size() const noexcept { return feeds_.size(); }

  /// Sends queued lines until `until`, or until the connection has enough to send.
  /// @return  true if the time was over: there may be more lines
  bool tell(Connection& connection, TimePoint until);

 private:
  enum class Progress { all, enough, late };
  [[nodiscard]] Progress tell(LogFeed& feed, Connection& connection, TimePoint until);

  LogStore& logs_;
  const std::shared_ptr<LogRoom> room_;
  std::vector<std::shared_ptr<LogFeed>> feeds_;
  std::size_t first_ = 0;  // the subscription whose turn is next
};

}  // namespace zinit
