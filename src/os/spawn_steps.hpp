// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Some steps of a spawned child, and the attributes of its functions. Only for the child's sources,
// under the rules of spawn_child.hpp.
#pragma once

#include "os/spawn_child.hpp"

// The child shares the thread-local data of the waiting thread, including a sanitizer's. None of
// its functions may be instrumented, because functions before execve never return.
#if defined(__clang__)
#define ZINIT_CHILD __attribute__((noinline, disable_sanitizer_instrumentation, no_stack_protector))
#else
#define ZINIT_CHILD                                                       \
  __attribute__((noinline, no_sanitize("address"), no_sanitize("thread"), \
                 no_sanitize("undefined"), no_stack_protector))
#endif

namespace zinit {

/// Stores step, detail and errno for the parent, and ends the child.
[[noreturn]] ZINIT_CHILD void fail(ChildWork& work, SpawnStep step, int detail = 0);

/// Enters the cgroup if clone3 did not. All descriptors of the parent are still open.
ZINIT_CHILD void enter_cgroup(ChildWork& work);

/// Applies settings that need privileges which the service may not have: OOM score, scheduling,
/// limits, root directory. Unwanted descriptors are closed by then.
ZINIT_CHILD void apply_settings(ChildWork& work);

/// Sets capabilities, groups and user.
ZINIT_CHILD void take_identity(ChildWork& work);

/// Sets no_new_privs if the service has it.
ZINIT_CHILD void give_up_privileges(ChildWork& work);

}  // namespace zinit
