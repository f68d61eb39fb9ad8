// Steps of a spawned child that have a source of their own, and what marks its code. For the
// sources of the child alone, under the rules of spawn_child.hpp.
#pragma once

#include "os/spawn_child.hpp"

// The child shares the thread-local data of the thread that waits for it, a sanitizer's too: none
// of its calls may be instrumented, since those before execve never return.
#if defined(__clang__)
#define ZINIT_CHILD __attribute__((noinline, disable_sanitizer_instrumentation, no_stack_protector))
#else
#define ZINIT_CHILD                                                       \
  __attribute__((noinline, no_sanitize("address"), no_sanitize("thread"), \
                 no_sanitize("undefined"), no_stack_protector))
#endif

namespace zinit {

/// Leaves step, detail and errno where the parent looks for them, and ends.
[[noreturn]] ZINIT_CHILD void fail(ChildWork& work, SpawnStep step, int detail = 0);

/// Moves into the cgroup, with all descriptors of the parent still open.
ZINIT_CHILD void enter_cgroup(ChildWork& work);

/// What needs the privileges that the service may not have: out-of-memory score, scheduling,
/// limits, root directory. No descriptor but the standard streams is open.
ZINIT_CHILD void apply_settings(ChildWork& work);

/// Capabilities, groups, user.
ZINIT_CHILD void take_identity(ChildWork& work);

/// What would hinder any step after it.
ZINIT_CHILD void give_up_privileges(ChildWork& work);

}  // namespace zinit
