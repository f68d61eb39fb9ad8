// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Spawns that the kernel refuses: without clone3, without room for a process, killed on the way.
#include "os/spawn.hpp"
#include "os/spawn_child.hpp"
#include "support/test.hpp"

namespace zinit::test::os_spawn_refused {
namespace {

constexpr uid_t kNobody = 65534;
constexpr CloneWay kWays[] = {CloneWay::shared, CloneWay::copied};

SpawnPlan plan_for(const std::string& program) {
  SpawnPlan plan;
  plan.program = program;
  plan.argv = {program};
  return plan;
}

/// The result of a spawn, as text; waits for the child.
std::string outcome(const SpawnPlan& plan) {
  const auto child = spawn(plan);
  if (!child) return child.error().text + (child.error().temporary() ? " (temporary)" : "");
  int status = -1;
  ::waitpid(child->pid, &status, 0);
  return "exited " + std::to_string(WEXITSTATUS(status));
}

bool become_nobody() {
  if (::geteuid() != 0) return true;
  return ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
         ::setresuid(kNobody, kNobody, kNobody) == 0;
}

bool limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  return ::setrlimit(static_cast<__rlimit_resource_t>(resource), &both) == 0;
}

TEST_CASE("without clone3 children are made as by fork", "[os][spawn]") {
  for (const int refusal : {ENOSYS, EPERM, EINVAL}) {
    const std::string said = in_child([&]() -> std::string {
      use_clone_way(CloneWay::shared);
      if (!refuse_call(SYS_clone3, refusal)) return "no filter";
      std::string all = outcome(plan_for("/bin/true")) + ", " + outcome(plan_for("/nonexistent"));
      return all + (clone_way() == CloneWay::copied ? ", copied" : ", shared");
    });
    CHECK(said == "exited 0, cannot execute /nonexistent: No such file or directory, copied");
  }
}

TEST_CASE("without close_range and pidfds a process is started all the same", "[os][spawn]") {
  const std::string said = in_child([]() -> std::string {
    use_clone_way(CloneWay::copied);
    for (const long missing : {SYS_close_range, SYS_pidfd_open})
      if (!refuse_call(missing, ENOSYS)) return "no filter";
    const auto child = spawn(plan_for("/bin/false"));
    if (!child) return child.error().text;
    int status = -1;
    ::waitpid(child->pid, &status, 0);
    return std::to_string(WEXITSTATUS(status)) + (child->pidfd ? " pidfd" : " no pidfd");
  });
  CHECK(said == "1 no pidfd");
}

TEST_CASE("without close_range a process gets a copy of all descriptors", "[os][spawn]") {
  for (const int refusal : {ENOSYS, EPERM, EINVAL}) {
    const std::string said = in_child([&]() -> std::string {
      use_clone_way(CloneWay::shared);
      if (!refuse_call(SYS_close_range, refusal)) return "no filter";
      std::string all = outcome(plan_for("/bin/true")) + ", " + outcome(plan_for("/nonexistent"));
      if (::waitpid(-1, nullptr, WNOHANG | static_cast<int>(__WALL)) >= 0) all += ", left over";
      return all + (clone_way() == CloneWay::copied ? ", copied" : ", shared");
    });
    CHECK(said == "exited 0, cannot execute /nonexistent: No such file or directory, shared");
  }
}

TEST_CASE("no room for a process is temporary", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const std::string said = in_child([&]() -> std::string {
      use_clone_way(way);
      if (!become_nobody() || !limit(RLIMIT_NPROC, 0)) return "not ready";
      return outcome(plan_for("/bin/true"));
    });
    CHECK(said == "cannot make a process: Resource temporarily unavailable (temporary)");
  }
}

TEST_CASE("no room for a process of that user is temporary", "[os][spawn][root]") {
  if (::geteuid() != 0) return test::skip("needs root");
  for (const CloneWay way : kWays) {
    const std::string said = in_child([&]() -> std::string {
      use_clone_way(way);
      SpawnPlan plan = plan_for("/bin/sleep");
      plan.argv = {"sleep", "100"};
      plan.ids.uid = kNobody;
      const auto first = spawn(plan);  // fills the user's room
      if (!first || !limit(RLIMIT_NPROC, 0)) return "not ready";
      const std::string second = outcome(plan);
      ::kill(first->pid, SIGKILL);
      ::waitpid(first->pid, nullptr, 0);
      return second;
    });
    CHECK(said == "cannot execute /bin/sleep: Resource temporarily unavailable (temporary)");
  }
}

TEST_CASE("a process killed before it executes is told, and worth another try", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const std::string said = in_child([&]() -> std::string {
      use_clone_way(way);
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // a core dump would kill all that share the memory
      if (!on_call(SYS_execve, SECCOMP_RET_KILL_PROCESS)) return "no filter";
      std::string all = outcome(plan_for("/bin/true"));
      if (::waitpid(-1, nullptr, WNOHANG | static_cast<int>(__WALL)) >= 0) all += ", left over";
      return all;
    });
    CHECK(
        said ==
        "cannot execute /bin/true: the new process was killed by SIGSYS before execve (temporary)");
  }
}

}  // namespace
}  // namespace zinit::test::os_spawn_refused
