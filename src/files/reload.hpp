// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reloads: a task of the file queue reads the files, then the control loop's thread applies them to
// the board.
//
// A request that would wait for the same reload as another one joins it, and gets the same answer.
// A thousand requests at once cost two reloads.
//
// If services have a check_exec, a reload is two tasks: the files are read, the loop sees what they
// ask for, and a second task, which comes before all others, waits for the round of checks on its
// own thread (supervisor/check_round.hpp). A check that fails becomes an error of its spec, so the
// plan refuses the spec like one with a fault in its file.
//
// Call everything here on the control loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "control/daemon.hpp"
#include "files/configuration.hpp"
#include "files/file_queue.hpp"

namespace zinit {

/// For the log: "2 added, 1 changed (1 restarted), 0 removed, 7 unchanged, 1 refused: web; proxies:
/// 1 added".
[[nodiscard]] std::string reload_summary(const ReloadReport& report);

class Reloader {
 public:
  using Read = std::function<Configuration(const ReloadFiles& asked)>;
  using Take =
      std::function<RequestResult<ReloadReport>(const Configuration&, const ReloadFiles& asked)>;
  using Report = RequestResult<ReloadReport>;
  using Await =
      std::function<void(Report& report, const ReloadFiles& asked, std::function<void()> answer)>;
  using Checks =
      std::function<std::function<void()>(Configuration& config, const ReloadFiles& asked)>;

  /// The queue's thread calls `read`, then the loop's thread calls `take` with the result. A
  /// reload is answered when `await` calls its argument, once and on the loop's thread; until then
  /// `await` may add to the report. Before `take`, the loop's thread calls
  /// `checks`, and the queue's thread the function that it returns, if any; not for a reload that
  /// restarts nothing. The loop must have stopped when this is destroyed.
  Reloader(
      FileQueue& queue, Read read, Take take,
      Await await = [](Report& /*report*/, const ReloadFiles& /*asked*/,
                       const std::function<void()>& answer) { answer(); },
      Checks checks = nullptr)
      : queue_(queue),
        read_(std::move(read)),
        take_(std::move(take)),
        await_(std::move(await)),
        checks_(std::move(checks)) {}
  Reloader& operator=(Reloader&&) = delete;

  /// Begins a reload, at once or after the current one. `done` gets the result; it gets an error at
  /// once if kMostAsking requests already wait for the same reload.
  void reload(const ReloadFiles& asked, Daemon::ReloadDone done);

  /// Clients that wait for answers cannot reach this limit; requests without an id can.
  static constexpr std::size_t kMostAsking = 16384;

 private:
  struct Request {
    ReloadFiles asked;
    std::vector<Daemon::ReloadDone> done{};
    std::unique_ptr<Configuration> config{};
    RequestResult<ReloadReport> report = tl::unexpected(RequestFailure{});
  };
  using RequestPtr = std::shared_ptr<Request>;

  void add(const RequestPtr& request);
  /// Continues after the files were read.
  void finish(const RequestPtr& request, const std::optional<Error>& fault);
  void take(const RequestPtr& request, const std::optional<Error>& fault);

  FileQueue& queue_;
  const Read read_;
  const Take take_;
  const Await await_;
  const Checks checks_;
  std::vector<RequestPtr> waiting_;  // not begun yet; the file queue limits their number
};

}  // namespace zinit
