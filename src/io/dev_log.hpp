// /dev/log, the socket that syslog(3) writes to. zinit serves it as long as no syslog daemon does.
//
// The socket is bound under another name and then renamed, so it never exists with a wrong mode,
// and never replaces one that somebody listens on. A stale socket of a killed daemon is replaced. A
// daemon that starts removes zinit's socket and binds its own: inotify on the directory reports it,
// and zinit reads its socket to the end and closes it. When the daemon's socket is removed, zinit
// binds again after kGrace; without that delay it could be faster than a daemon that is between
// removing a socket and binding its own. If a daemon is killed its socket stays and nothing is
// reported, so look() must be called when a process may have ended.
//
// While no messages come there are no wake-ups. Under a flood each turn of the loop reads at most
// kMessages, and for at most kTime. The kernel bounds its queue of messages, and senders block
// while it is full, as with every syslog daemon.
//
// Threads: look() and unwatch() may be called by any thread; start() and finish() while no thread
// runs the loop; the rest only by the data loop's.
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
#include "os/kept_descriptors.hpp"
#include "os/state_facts.hpp"

namespace zinit {

class DevLog {
 public:
  /// Called for each message, on the loop's thread. `sender` is what the kernel reports; its pid is
  /// 0 if the process has none in zinit's pid namespace.
  using Take = std::function<void(const ucred& sender, std::string_view bytes)>;

  static constexpr Milliseconds kGrace{500};
  static constexpr int kMessages = 64;
  static constexpr std::chrono::microseconds kTime{1000};
  static constexpr std::size_t kLongest = 65536;  // longer messages are cut

  /// Binds nothing yet. Destroy it while no thread runs the loop. `facts` keeps which socket is
  /// zinit's, for the next image; it may be null, and outlives this.
  DevLog(EventLoop& loop, std::string path, Take take, StateFacts* facts = nullptr);
  ~DevLog() { finish(); }
  DevLog(const DevLog&) = delete;
  DevLog& operator=(const DevLog&) = delete;

  /// Binds the socket now if it is free, or else as soon as it is. After a re-execution `inherited`
  /// is the one that the previous process image had bound, and `kept` what it has left.
  /// That the socket cannot be had is logged with the level `want`.
  void start(KeptFd inherited = {}, const FactMap& kept = {},
             LogLevel want = LogLevel::warn) noexcept;

  /// Call it when the daemon that has the socket may be gone. Cheap while zinit has the socket.
  void look() noexcept {
    if (!ours_) look_.ask();
  }

  /// A shutdown has begun, in which no daemon comes: where zinit has the socket, the directory is
  /// not watched any more. The kernel takes some 15 ms to forget a watch, and would hold up zinit's
  /// end for what is left of them. Any thread.
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
  std::string told_;   // the last fault that was logged
  bool lost_ = false;  // the socket was zinit's before, and its loss was logged
  bool unwatched_told_ = false;
  std::vector<char> buffer_;
  std::unique_ptr<IoWatcher> changes_;
  std::unique_ptr<IoWatcher> readable_;
  TimerWatcher grace_;
  TimerWatcher again_;  // reading begins again
};

}  // namespace zinit
