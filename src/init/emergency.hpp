// The emergency shell: /sbin/sulogin, else /bin/sh, on the console of a machine. A child like any
// other, so that PID 1 reaps and answers while somebody uses it (behaviour.md, "PID 1 in system
// mode").
//
// Threads: everything here on the control loop's thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

#include "init/options.hpp"
#include "model/reason.hpp"

namespace zinit {

class EmergencyShell {
 public:
  /// `console`: its terminal. `ended` is called when a shell that was started has ended.
  EmergencyShell(std::string console, const Environment& environment, std::function<void()> ended);

  /// Starts it, unless it runs already; `why` is told on the console.
  /// @return  false where no shell can be started: that is logged.
  bool start(std::string_view why);

  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }

  /// From the reaper, before it reaps: whether the child is the shell. Then its end is logged.
  bool child_ended(pid_t pid, const ProcessEnd& end);

 private:
  const std::string console_;
  const Environment environment_;
  const std::function<void()> ended_;
  pid_t pid_ = -1;
};

}  // namespace zinit
