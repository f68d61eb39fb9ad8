// System calls that may hang in the kernel for as long as a device or a server does, each made by a
// process of its own, which is left behind then. For the end of a machine, where whatever can still
// be done has to be.
//
// For a process with one thread. It must have no other children while it has a call under way.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace zinit {

class Attempts {
 public:
  /// The call with a path: 0, or -1 and errno, as system calls return. Runs in a child.
  using Call = int (*)(const char* path);

  /// Blocks SIGCHLD.
  Attempts() noexcept;

  /// Makes the call for each of the paths at the same time, and waits for them.
  ///
  /// @param more  asked when `patience` is over: whether to wait for as long again.
  /// @return  an errno for each path: 0 where the call has succeeded, ETIMEDOUT where it has not
  ///          returned yet and stays under way, or why no process could be had for it.
  std::vector<int> make(
      const std::vector<std::string>& paths, Call call, Milliseconds patience,
      const std::function<bool()>& more = [] { return false; });

  /// The paths of the calls that have not returned yet.
  [[nodiscard]] std::vector<std::string> under_way() const;

  /// Waits until one of those under way returns, or has returned since they were last waited for.
  /// @return  false if none does before `until`
  bool wait_for_one(TimePoint until);

 private:
  /// Notes what has ended. @return whether anything has
  bool reap();

  struct Child {
    std::string path;
    int* result;  // nullptr: nobody waits for it any more
  };
  std::map<pid_t, Child> children_;
  bool late_ = false;  // one that nobody waited for any more has returned
};

}  // namespace zinit
