// What a client has subscribed to of logs, on its way from the threads that take lines in to the
// client's connection.
//
//   data loop and others --> LogFeed::take() --> queue --> control loop: LogFeeds::tell()
//                            a log's lock held             --> Connection, as notifications
//
// Lines wait as they are, in a queue of at most kRoomBytes a client, and become JSON only when the
// connection has little left to send. So a client that does not read costs that much and no more,
// and a flood costs the data loop a copy of each line while there is room, and a count after that.
// What found no room is told in its place in the stream as `dropped`.
//
// Threads: take() is called by any, with a log's lock held; all else is the control loop's.
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

/// What the subscriptions of one client share.
struct LogRoom {
  LogRoom(EventLoop& loop, std::function<void()> wake) : call(loop, std::move(wake)) {}

  LoopCall call;                     // to the client's session: there are lines
  std::atomic<std::size_t> used{0};  // bytes of lines that wait
};

/// One subscription.
class LogFeed final : public LogTap {
 public:
  /// `names` sorted; empty: all logs.
  LogFeed(std::uint64_t number, std::vector<std::string> names, std::shared_ptr<LogRoom> room)
      : number_(number), names_(std::move(names)), room_(std::move(room)) {}

  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] bool wants(std::string_view name) const noexcept override;
  void take(const SinkBatch& batch, std::uint64_t first_seq) noexcept override;

  /// The lines before the subscription, which are told first. Once, before next().
  void begin_with(LastLines last);

  /// What is to be told next: a line, a number of lines that were dropped, or both, in the reverse
  /// of that order. Null: nothing for now. Valid until the next call.
  struct Waiting {
    NamedLine named;            // without a service: only that something was dropped
    std::uint64_t dropped = 0;  // before this line
  };
  [[nodiscard]] Waiting* next();
  /// It has been told.
  void told();

 private:
  [[nodiscard]] static std::size_t size_of(const NamedLine& named) noexcept;
  void fetch();
  [[nodiscard]] bool keep(const SinkBatch& batch, const SplitLine& line, std::uint64_t seq) noexcept
      REQUIRES(mutex_);

  const std::uint64_t number_;
  const std::vector<std::string> names_;
  const std::shared_ptr<LogRoom> room_;

  // The control loop's.
  std::vector<Waiting> batch_;
  std::size_t at_ = 0;  // in batch_

  Mutex mutex_;
  std::vector<Waiting> queue_ GUARDED_BY(mutex_);
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;  // since the last line of the queue
  bool awake_ GUARDED_BY(mutex_) = false;         // the session knows that lines wait
};

/// All of one client.
class LogFeeds {
 public:
  /// Bytes of lines that may wait for one client, with what keeping them takes.
  static constexpr std::size_t kRoomBytes = Connection::kNotificationLimit;

  /// `wake` is called on the loop: tell() has something to do. All outlive this.
  LogFeeds(LogStore& logs, EventLoop& loop, std::function<void()> wake);
  ~LogFeeds();
  LogFeeds(const LogFeeds&) = delete;
  LogFeeds& operator=(const LogFeeds&) = delete;

  /// Subscribes to the logs in `names` (empty: all), beginning with the last `lines` of each. May
  /// throw std::bad_alloc.
  void add(std::uint64_t number, std::vector<std::string> names, std::size_t lines);
  /// False where there is none.
  bool remove(std::uint64_t number);
  [[nodiscard]] std::size_t size() const noexcept { return feeds_.size(); }

  /// Puts out what waits, until the time is up or the connection has enough to send.
  /// @return  whether the time was up: there may be more.
  bool tell(Connection& connection, TimePoint until);

 private:
  enum class Progress { all, enough, late };
  [[nodiscard]] Progress tell(LogFeed& feed, Connection& connection, TimePoint until);

  LogStore& logs_;
  const std::shared_ptr<LogRoom> room_;
  std::vector<std::shared_ptr<LogFeed>> feeds_;
  std::size_t first_ = 0;  // whose turn it is
};

}  // namespace zinit
