// A process of a service that is watched for more than its end: for its readiness, its health, its
// signs of life. The board makes one for each main process of a service that has [readiness] or
// [health], gives it to the CheckPort, and hears of it by Board::passed() and its like.
//
// It is its own generation number: what is said of one that the board has let go of does nothing,
// whatever process has its service, slot or pid by then.
//
// Threads: the board writes, under its lock; anybody reads, without. What is read may be outdated
// the moment after, so whoever watches looks again when CheckPort::changed() says so.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "model/graph.hpp"
#include "supervisor/check_gear.hpp"

namespace zinit {

class CheckedProcess {
 public:
  enum class Stage : std::uint8_t {
    alive,
    stopping,  // no more probes; it may still ask for more time, or say what it is doing
    ended,     // nothing more
  };

  CheckedProcess(Slot of, SpecPtr spec, pid_t main_pid, std::string its_cgroup,
                 CheckGearPtr its_gear = nullptr)
      : slot(of),
        cgroup(std::move(its_cgroup)),
        gear(std::move(its_gear)),
        launched(main_pid),
        spec_(std::move(spec)),
        main_pid_(main_pid) {}
  CheckedProcess(const CheckedProcess&) = delete;
  CheckedProcess& operator=(const CheckedProcess&) = delete;

  const Slot slot;
  const std::string cgroup;  // the directory of the service's; empty: it has none
  const CheckGearPtr gear;   // what it was made with; null: nothing, or by a zinit of before
  const pid_t launched;      // the process that was spawned, main or not by now

  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  /// 0 while it is not known: one that puts itself in the background has not said yet.
  [[nodiscard]] pid_t main_pid() const noexcept { return main_pid_; }
  /// Whether the service is running: all that it has to pass has been passed.
  [[nodiscard]] bool running() const noexcept { return running_; }
  /// A reload may change [health] and all else that takes no restart.
  [[nodiscard]] SpecPtr spec() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return spec_;
  }

  /// What the command that Board::run_probe() has run came to, once: an Error of nothing where it
  /// went well, one that is temporary(), perhaps without a text, where it could not be run now.
  [[nodiscard]] std::optional<Error> take_probe_result() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(probe_result_, std::nullopt);
  }

  // For the board.
  void set_probe_result(Error result) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    probe_result_ = std::move(result);
  }
  void set_stage(Stage stage) noexcept { stage_ = stage; }
  void set_main_pid(pid_t pid) noexcept { main_pid_ = pid; }
  void set_running(bool running) noexcept { running_ = running; }
  void set_spec(SpecPtr spec) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    spec_.swap(spec);
  }

 private:
  mutable Mutex mutex_;  // a leaf: nothing is called with it held
  SpecPtr spec_ GUARDED_BY(mutex_);
  std::optional<Error> probe_result_ GUARDED_BY(mutex_);
  std::atomic<pid_t> main_pid_;
  std::atomic<Stage> stage_{Stage::alive};
  std::atomic<bool> running_{false};
};

using CheckedProcessPtr = std::shared_ptr<CheckedProcess>;

}  // namespace zinit
