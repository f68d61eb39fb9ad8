// Reloads: the files are read in their turn among all that is done with files (file_queue.hpp), and
// the board takes them on the control loop.
//
// Beside the reload that is under way at most two wait, one of them a dry run: whoever asks while
// one of the kind has not begun gets its answer, which tells of the files as they were later than
// the asking. So whoever asks a thousand times costs two readings.
//
// Threads: everything here on the control loop's thread.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/daemon.hpp"
#include "init/configuration.hpp"
#include "init/file_queue.hpp"

namespace zinit {

/// A line for the log: "2 added, 1 changed (1 restarted), 0 removed, 7 unchanged, 1 refused: web".
[[nodiscard]] std::string reload_summary(const ReloadReport& report);

class Reloader {
 public:
  using Read = std::function<Configuration()>;
  using Take = std::function<RequestResult<ReloadReport>(const Configuration&, bool dry_run)>;

  /// `read` is called on the queue's thread, `take` on the loop's with what it read. The loop may
  /// not run any more when this has gone.
  Reloader(FileQueue& queue, Read read, Take take)
      : queue_(queue), read_(std::move(read)), take_(std::move(take)) {}
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Begins a reload, or has it begin when those before it are through. `done` is told what came of
  /// it; kMostAsking who wait for one already are as many as are taken.
  void reload(bool dry_run, Daemon::ReloadDone done);

  /// More than clients can wait for at once: those beyond are notifications without end.
  static constexpr std::size_t kMostAsking = 16384;

 private:
  struct Request {
    bool dry_run;
    std::vector<Daemon::ReloadDone> done;
    std::unique_ptr<Configuration> config{};
  };
  using RequestPtr = std::shared_ptr<Request>;

  void add(const RequestPtr& request);
  void finish(const Request& request, const std::optional<Error>& fault);

  FileQueue& queue_;
  const Read read_;
  const Take take_;
  std::array<RequestPtr, 2> waiting_;  // that have not begun: a reload, a dry run
};

}  // namespace zinit
