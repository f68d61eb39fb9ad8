// Reloads, one after another: the files are read on a thread of their own, so that a slow file
// system delays nothing else, and the board takes them on the control loop.
//
// Beside the reload that is under way at most two wait, one of them a dry run: whoever asks while
// one of the kind has not begun gets its answer, which tells of the files as they were later than
// the asking. So whoever asks a thousand times costs two readings.
//
// Threads: everything here on the control loop's thread.
#pragma once

#include <ev.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "control/daemon.hpp"
#include "init/configuration.hpp"
#include "os/thread.hpp"

namespace zinit {

/// A line for the log: "2 added, 1 changed (1 restarted), 0 removed, 7 unchanged, 1 refused: web".
[[nodiscard]] std::string reload_summary(const ReloadReport& report);

class Reloader {
 public:
  using Read = std::function<Configuration()>;
  using Take = std::function<RequestResult<ReloadReport>(const Configuration&, bool dry_run)>;

  /// `read` is called on the thread, `take` on the loop's with what it read. The loop must outlive
  /// this.
  Reloader(struct ev_loop* loop, Read read, Take take);
  /// Waits for a reading that is under way.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Begins a reload, or has it begin when those before it are through. `done` is told what came of
  /// it; kMostAsking who wait for one already are as many as are taken.
  void reload(bool dry_run, Daemon::ReloadDone done);

  /// Whether files are being read, which may take as long as their file system takes.
  [[nodiscard]] bool busy() const noexcept { return thread_.joinable(); }

  /// More than clients can wait for at once: those beyond are notifications without end.
  static constexpr std::size_t kMostAsking = 16384;

 private:
  struct Request {
    bool dry_run;
    std::vector<Daemon::ReloadDone> done;

    void answer(const RequestResult<ReloadReport>& report) const;
  };

  static void on_read(struct ev_loop* loop, ev_async* watcher, int events) noexcept;
  void begin_next();
  void read_files() noexcept;
  void finish();

  struct ev_loop* loop_;
  const Read read_;
  const Take take_;
  ev_async was_read_{};  // unlike a posted task it needs no memory, so the end is never lost
  std::deque<Request> requests_;  // the first is the one under way, while busy()
  Thread thread_;

  Mutex mutex_;
  std::unique_ptr<Configuration> read_config_ GUARDED_BY(mutex_);  // null: could not be read
};

}  // namespace zinit
