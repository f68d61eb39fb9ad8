// /dev/log: the socket that syslog(3) writes to, had by zinit while no syslog daemon has it.
//
// It is bound under another name and put into its place by one rename, so it is never there without
// its mode, and nothing is ever taken from somebody who listens. What a daemon that was killed left
// behind is replaced. A daemon that comes removes our socket and binds its own: inotify on the
// directory tells, and ours is closed, read to its end. When the daemon's socket is removed it is
// taken back after a while (kGrace), which leaves a daemon the time between removing and binding.
// That a daemon was killed nobody tells: look() is to be called when a process may have ended.
//
// At rest nothing wakes up. Under a flood there are kMessages, or kTime, a turn of the loop; what
// waits is bounded by the socket, and those who send wait for it, as with every syslog daemon.
//
// Threads: look() by any; start() and finish() while no thread runs the loop; the rest is the data
// loop's.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "io/watcher.hpp"

namespace zinit {

class DevLog {
 public:
  /// A message as it came, and who sent it, which the kernel says: 0 where it is none of this
  /// process's namespace. On the loop.
  using Take = std::function<void(pid_t sender, std::string_view bytes)>;

  static constexpr Milliseconds kGrace{500};
  static constexpr int kMessages = 64;
  static constexpr std::chrono::microseconds kTime{1000};
  static constexpr std::size_t kLongest = 65536;  // what is longer is cut

  /// Nothing is bound yet. Destroyed while no thread runs the loop.
  DevLog(EventLoop& loop, std::string path, Take take);
  ~DevLog() { finish(); }
  DevLog(const DevLog&) = delete;
  DevLog& operator=(const DevLog&) = delete;

  /// Binds it, or waits until it can: who is started from now on finds it there.
  void start() noexcept;

  /// Somebody who has it may be gone: looks whether it can be had. Costs nothing while it is ours.
  void look() noexcept {
    if (!ours_) look_.ask();
  }

  /// At the end: takes in what waits, and removes the socket if it is ours still.
  void finish() noexcept;

 private:
  enum class There { nothing, ours, stale, taken };

  void watch_directory();
  void on_directory();
  void look_now();
  [[nodiscard]] There there() const;
  [[nodiscard]] Result<void> take_place(There there);
  void begin(UniqueFd fd, std::unique_ptr<IoWatcher> readable) noexcept;
  void give_up();
  void read_some();
  void read_rest();
  [[nodiscard]] bool read_one();

  EventLoop& loop_;
  const std::string path_;
  const Take take_;
  LoopCall look_;
  std::atomic<bool> ours_{false};

  UniqueFd inotify_;
  UniqueFd fd_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  std::string told_;  // the last fault that was logged
  bool lost_ = false;  // it was ours before, and whose it is now was logged
  bool unwatched_told_ = false;
  std::vector<char> buffer_;
  std::unique_ptr<IoWatcher> changes_;
  std::unique_ptr<IoWatcher> readable_;
  TimerWatcher grace_;
};

}  // namespace zinit
