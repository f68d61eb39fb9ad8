// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// System calls that may hang in the kernel as long as a device or a server hangs. A process of its
// own makes each call, and is left behind if it hangs. For the end of a machine, where everything
// that can still be done must be done.
//
// Only for a process with one thread. While a call is under way, it must have no other children.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/function_ref.hpp"
#include "base/time.hpp"

namespace zinit {

class Attempts {
 public:
  /// The call with a path. Returns like a system call: 0, or -1 and errno. Runs in a child.
  using Call = int (*)(const char* path);

  /// Blocks SIGCHLD.
  Attempts() noexcept;

  /// Makes the call for all paths at the same time, and waits.
  ///
  /// @param more  asked when `patience` is over: whether to wait as long again
  /// @return  an errno for each path. 0: the call succeeded. ETIMEDOUT: it has not returned, and
  ///          stays under way. Otherwise: the call's errno, or why no process could be made.
  std::vector<int> make(
      const std::vector<std::string>& paths, Call call, Milliseconds patience,
      FunctionRef<bool()> more = [] { return false; });

  /// The paths of the calls that have not returned yet.
  [[nodiscard]] std::vector<std::string> under_way() const;

  /// Waits until a call under way returns, or has returned since the last wait.
  /// @return  false if none returns before `until`
  bool wait_for_one(TimePoint until);

 private:
  /// Notes an ended child. @return whether a child has ended
  bool reap();

  struct Child {
    std::string path;
    int* result;  // nullptr: nobody waits for it any more
  };
  std::map<pid_t, Child> children_;
  bool late_ = false;  // a call has returned for which nobody waits any more
};

}  // namespace zinit
