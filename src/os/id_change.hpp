// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The dumpable flag of zinit's memory while a child or a thread has other ids.
#pragma once

#include <sys/prctl.h>

#include "base/mutex.hpp"

namespace zinit {

/// Exists while a child of spawn(), or a thread, has other ids. Changing ids clears the dumpable
/// flag of the memory that they all share, and without the flag zinit dumps no core. The last of
/// several IdChanges sets the flag again. Any earlier, a process of the other user could trace a
/// child, and so write to our memory.
class IdChange {
 public:
  explicit IdChange(bool changes) : changes_(changes) {
    if (!changes_) return;
    Shared& state = shared();
    MutexLock lock(state.mutex);
    ++state.under_way;
  }
  ~IdChange() {
    if (!changes_) return;
    Shared& state = shared();
    MutexLock lock(state.mutex);
    if (--state.under_way == 0 && state.dumpable) ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
  IdChange& operator=(IdChange&&) = delete;

 private:
  struct Shared {
    Mutex mutex;
    int under_way GUARDED_BY(mutex) = 0;
    const bool dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
  };
  static Shared& shared() {
    static Shared& state = *new Shared;  // never destroyed: threads may spawn until the end
    return state;
  }
  const bool changes_;
};

}  // namespace zinit
