// Reloads: the files are read by a task of the file queue, then applied to the board on the control
// loop's thread.
//
// Beside the reload under way at most three wait, one of them a dry run, one without checks. A
// request joins the waiting reload of its kind, if there is one, and gets the same answer. So a
// thousand requests at once cost two readings.
//
// Everything here is called on the control loop's thread.
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

/// For the log: "2 added, 1 changed (1 restarted), 0 removed, 7 unchanged, 1 refused: web; proxies:
/// 1 added".
[[nodiscard]] std::string reload_summary(const ReloadReport& report);

class Reloader {
 public:
  using Read = std::function<Configuration()>;
  using Take = std::function<RequestResult<ReloadReport>(const Configuration&, bool dry_run)>;
  using Report = RequestResult<ReloadReport>;
  using Await = std::function<void(Report& report, std::function<void()> answer)>;
  using Checks = std::function<std::function<void()>(Configuration& config)>;

  /// `read` is called on the queue's thread, then `take` on the loop's with its result. A reload,
  /// but no dry run, is then answered when `await` calls its argument, once and on the loop's
  /// thread; until then it may add to the report. `checks` is called on the loop's thread, and what
  /// it returns, if anything, on the queue's, before `take`; not for a dry run. The loop must not
  /// run any more when this is destroyed.
  Reloader(
      FileQueue& queue, Read read, Take take,
      Await await = [](Report& /*report*/, const std::function<void()>& answer) { answer(); },
      Checks checks = nullptr)
      : queue_(queue),
        read_(std::move(read)),
        take_(std::move(take)),
        await_(std::move(await)),
        checks_(std::move(checks)) {}
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Begins a reload, at once or after the one under way. `done` gets the result; or at once an
  /// error if kMostAsking requests wait for the same reload.
  void reload(bool dry_run, Daemon::ReloadDone done, bool check = true);

  /// Clients that wait for answers cannot reach this; requests without an id can.
  static constexpr std::size_t kMostAsking = 16384;

 private:
  struct Request {
    bool dry_run;
    bool check;
    std::vector<Daemon::ReloadDone> done;
    std::unique_ptr<Configuration> config{};
    RequestResult<ReloadReport> report = tl::unexpected(RequestFailure{});
  };
  using RequestPtr = std::shared_ptr<Request>;

  void add(const RequestPtr& request);
  [[nodiscard]] RequestPtr& place_of(bool dry_run, bool check) noexcept;
  /// The files were read.
  void finish(const RequestPtr& request, const std::optional<Error>& fault);
  void take(const RequestPtr& request, const std::optional<Error>& fault);

  FileQueue& queue_;
  const Read read_;
  const Take take_;
  const Await await_;
  const Checks checks_;
  std::array<RequestPtr, 3> waiting_;  // not yet begun: a reload, one without checks, a dry run
};

}  // namespace zinit
