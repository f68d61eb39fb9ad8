// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The emergency shell: /sbin/sulogin, or /bin/sh, on the console of a machine. It is an ordinary
// child: PID 1 keeps reaping and serving clients while it runs (behaviour.md, "PID 1 in system
// mode").
//
// An Offload spawns the shell: spawn() waits until the program is read from a disk, and this disk
// may be the reason for the emergency. If there is no process or memory for the shell now, it is
// tried again until there is: nobody else may be able to help the machine.
//
// Call every function on the control loop's thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "config/options.hpp"
#include "io/watcher.hpp"
#include "model/reason.hpp"
#include "os/offload.hpp"
#include "os/process.hpp"
#include "os/spawn.hpp"

namespace zinit {

class EmergencyShell {
 public:
  using Over = std::function<void(bool ran)>;
  using Spawn = std::function<Result<Child>(const SpawnPlan&)>;

  /// @param console  the shell's terminal.
  /// @param over     called when a shell has ended; with false if no shell could be started.
  /// @param spawn    like spawn() of os/spawn.hpp; called on another thread.
  EmergencyShell(EventLoop& loop, std::string console, const Environment& environment, Over over,
                 Spawn spawn = zinit::spawn);
  /// Waits for the current spawn.
  ~EmergencyShell();
  EmergencyShell& operator=(EmergencyShell&&) = delete;

  /// Begins to start a shell, unless one is running(). `why` is shown on the console.
  void start(std::string_view why);

  /// Whether a shell runs or is being started.
  [[nodiscard]] bool running() const noexcept { return starting() || pid_ > 0; }

  /// Whether a shell is being started, or waits for a process to be had; its pid is not known yet.
  [[nodiscard]] bool starting() const noexcept { return starter_ != nullptr || again_.active(); }
  /// From now on a lack of processes is no reason to wait for one: no shell is started then.
  void give_up() noexcept {
    given_up_ = true;
    again_.stop();
  }
  /// The shell's pid; 0: no shell.
  [[nodiscard]] pid_t pid() const noexcept { return pid_ > 0 ? pid_ : 0; }
  /// Calls `changed` whenever pid() has changed.
  void listen(std::function<void()> changed) { changed_ = std::move(changed); }
  /// After a re-execution: the shell of the previous process image; 0: no shell.
  void take_over(pid_t pid) noexcept { pid_ = pid > 0 && is_own_child(pid) ? pid : -1; }

  /// Call it for each child that has ended, before it is reaped. Returns whether it was the shell.
  bool child_ended(pid_t pid, const ProcessEnd& end);

 private:
  void ask();
  void spawn_first();
  void on_spawned();
  void failed(const Error& fault);
  void set_pid(pid_t pid);
  void end(std::string_view how);

  const std::string console_;
  const Environment environment_;
  const Over over_;
  const Spawn spawn_;
  std::function<void()> changed_ = [] {};
  std::string why_;
  pid_t pid_ = -1;

  struct Outcome {
    Result<Child> child = failure("not enough memory");
    const char* program = "";
  };
  Outcome outcome_;  // not used while a spawn is under way
  TimerWatcher again_;
  bool given_up_ = false;
  bool told_ = false;  // that it is tried again
  LoopCall spawned_;
  Offload spawns_;           // asks for `spawned_`
  Offload::Ticket starter_;  // the current spawn; null: no spawn
};

}  // namespace zinit
