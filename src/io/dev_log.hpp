// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// /dev/log, the socket to which syslog(3) writes. zinit serves it while no syslog daemon does.
//
// zinit binds the socket under another name and then renames it. So /dev/log never has a wrong
// mode, and a socket that somebody listens on is never replaced. zinit does replace the stale
// socket of a killed daemon. A daemon that starts removes zinit's socket and binds its own; inotify
// on the directory reports this, and zinit reads its own socket to the end and closes it. When the
// daemon's socket is removed, zinit waits kGrace before it binds again: without the delay it could
// be faster than a daemon that removes a socket and is about to bind a new one. A killed daemon
// leaves its socket, and nothing is reported. So call look() when a process may have ended.
//
// Without messages there are no wake-ups. In a flood a turn of the loop reads at most kMessages,
// for at most kTime. The kernel limits its queue of messages, and blocks senders while it is full,
// as with every syslog daemon.
//
// Threads: look() and unwatch() on any thread; start() and finish() while no thread runs the loop;
// everything else on the data loop's thread.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "io/watcher.hpp"
#include "state/kept_descriptors.hpp"
#include "state/state_facts.hpp"

namespace zinit {

class DevLog {
 public:
  /// Called for each message, on the loop's thread. `sender` comes from the kernel. Its pid is 0 if
  /// the process has no pid in zinit's pid namespace.
  using Take = std::function<void(const ucred& sender, std::string_view bytes)>;

  static constexpr Milliseconds kGrace{500};
  static constexpr int kMessages = 64;
  static constexpr std::chrono::microseconds kTime{1000};
  static constexpr std::size_t kLongest = 65536;  // longer messages are cut

  /// Binds nothing yet. Destroy it while no thread runs the loop. `facts` records for the next
  /// image which socket is zinit's. It may be null, and outlives this object.
  DevLog(EventLoop& loop, std::string path, Take take, StateFacts* facts = nullptr);
  ~DevLog() { finish(); }
  DevLog& operator=(DevLog&&) = delete;

  /// Binds the socket now if it is free, else as soon as it is free. After a re-execution,
  /// `inherited` is the socket that the previous process image had bound, and `kept` its facts. If
  /// zinit cannot have the socket, it logs this at level `want`.
  void start(KeptFd inherited = {}, const FactMap& kept = {},
             LogLevel want = LogLevel::warn) noexcept;

  /// Call when the daemon that has the socket may be gone. Cheap while zinit has the socket.
  void look() noexcept {
    if (!ours_) look_.ask();
  }

  /// A shutdown has begun, and no daemon will come: if zinit has the socket, ends the watch of the
  /// directory. The kernel takes some 15 ms to end a watch, and would delay zinit's exit by the
  /// rest of this time. Any thread.
  void unwatch() noexcept { unwatch_.ask(); }

  /// At the end of zinit: reads the last messages, and removes the socket if it is still zinit's.
  void finish() noexcept;

 private:
  enum class There { nothing, ours, stale, taken };

  void watch_directory();
  void on_directory();
  void look_now();
  [[nodiscard]] There there() const;
  [[nodiscard]] Result<void> take_place(There there);
  void go_on(KeptFd inherited, const FactMap& kept);
  void keep() noexcept;
  void begin(KeptFd fd, std::unique_ptr<IoWatcher> readable) noexcept;
  void give_up();
  void close_own();
  void read_some();
  void read_rest();
  [[nodiscard]] bool read_one();

  EventLoop& loop_;
  const std::string path_;
  const Take take_;
  StateFacts* const facts_;
  LoopCall look_;
  LoopCall unwatch_;
  std::atomic<bool> ours_{false};

  UniqueFd inotify_;
  int watch_ = -1;
  KeptFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  LogLevel want_ = LogLevel::warn;
  std::string told_;   // the last logged fault
  bool lost_ = false;  // the socket was zinit's, and its loss was logged
  bool unwatched_told_ = false;
  std::vector<char> buffer_;
  std::unique_ptr<IoWatcher> changes_;
  std::unique_ptr<IoWatcher> readable_;
  TimerWatcher grace_;
  TimerWatcher again_;  // starts reading again
};

}  // namespace zinit
