// The emergency shell: /sbin/sulogin, else /bin/sh, on the console of a machine. A child like any
// other, so that PID 1 reaps and answers while somebody uses it (behaviour.md, "PID 1 in system
// mode").
//
// It is spawned by a thread of its own: its program is read from a disk that may be the very reason
// for the emergency, and waiting for that is not the control loop's.
//
// Threads: every function on the control loop's thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "init/options.hpp"
#include "io/loop.hpp"
#include "model/reason.hpp"
#include "os/spawn.hpp"
#include "os/thread.hpp"

namespace zinit {

class EmergencyShell {
 public:
  using Over = std::function<void(bool ran)>;
  using Spawn = std::function<Result<Child>(const SpawnPlan&)>;

  /// @param console  its terminal.
  /// @param over     called when a shell has ended, or, with false, when none could be started.
  /// @param spawn    as spawn() of os/spawn.hpp; called by a thread.
  EmergencyShell(EventLoop& loop, std::string console, const Environment& environment, Over over,
                 Spawn spawn = zinit::spawn);
  /// Waits for a start that is under way.
  ~EmergencyShell() = default;
  EmergencyShell(const EmergencyShell&) = delete;
  EmergencyShell& operator=(const EmergencyShell&) = delete;

  /// Begins to start it, unless it runs already; `why` is told on the console.
  void start(std::string_view why);

  /// Running, or being started.
  [[nodiscard]] bool running() const noexcept { return starter_.joinable() || pid_ > 0; }

  /// From the reaper, before it reaps: whether the child is the shell. Then its end is logged.
  bool child_ended(pid_t pid, const ProcessEnd& end);

 private:
  void spawn_first() noexcept;
  void on_spawned();
  void end(std::string_view how);

  const std::string console_;
  const Environment environment_;
  const Over over_;
  const Spawn spawn_;
  std::string why_;
  pid_t pid_ = -1;

  struct Outcome {
    Result<Child> child = failure("not enough memory");
    const char* program = "";
  };
  Mutex mutex_;
  Outcome outcome_ GUARDED_BY(mutex_);
  LoopCall spawned_;
  Thread starter_;  // the last member: it is joined before the others go
};

}  // namespace zinit
