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
  int status = -1;
  if (child) ::waitpid(child->pid, &status, 0);
  const bool left = ::waitpid(-1, nullptr, WNOHANG | static_cast<int>(__WALL)) > 0;
  if (child) return "exited " + std::to_string(WEXITSTATUS(status));
  return child.error().text + (child.error().temporary() ? " (temporary)" : "") +
         (left ? ", left over" : "");
}

bool no_more_processes() {
  const rlimit none{0, 0};
  return ::setrlimit(RLIMIT_NPROC, &none) == 0;
}

TEST_CASE("without calls that are not everywhere a process is started all the same",
          "[os][spawn]") {
  for (const int refusal : {ENOSYS, EPERM, EINVAL}) {
    // Without clone3 children are made as by fork; without close_range they get all descriptors.
    for (const auto& [call, way] :
         {std::pair{SYS_clone3, ", copied"}, std::pair{SYS_close_range, ", shared"}}) {
      CHECK(in_child([&, call = call]() -> std::string {
              use_clone_way(CloneWay::shared);
              if (!refuse_call(call, refusal)) return "no filter";
              const std::string all =
                  outcome(plan_for("/bin/true")) + ", " + outcome(plan_for("/nonexistent"));
              return all + (clone_way() == CloneWay::copied ? ", copied" : ", shared");
            }) == "exited 0, cannot execute /nonexistent: No such file or directory"s + way);
    }
  }
  CHECK(in_child([]() -> std::string {
          use_clone_way(CloneWay::copied);
          for (const long missing : {SYS_close_range, SYS_pidfd_open})
            if (!refuse_call(missing, ENOSYS)) return "no filter";
          const auto child = spawn(plan_for("/bin/false"));
          if (!child) return child.error().text;
          int status = -1;
          ::waitpid(child->pid, &status, 0);
          return std::to_string(WEXITSTATUS(status)) + (child->pidfd ? " pidfd" : " no pidfd");
        }) == "1 no pidfd");
}

TEST_CASE("no room for a process is temporary", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    CHECK(in_child([&]() -> std::string {
            use_clone_way(way);
            if (::geteuid() == 0 &&
                (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
                 ::setresuid(kNobody, kNobody, kNobody) != 0))
              return "not nobody";
            return no_more_processes() ? outcome(plan_for("/bin/true")) : "no limit";
          }) == "cannot make a process: Resource temporarily unavailable (temporary)");
  }
}

TEST_CASE("no room for a process of that user is temporary", "[os][spawn][root]") {
  if (::geteuid() != 0) return test::skip("needs root");
  for (const CloneWay way : kWays) {
    CHECK(in_child([&]() -> std::string {
            use_clone_way(way);
            SpawnPlan plan = plan_for("/bin/sleep");
            plan.argv = {"sleep", "100"};
            plan.ids.uid = kNobody;
            const auto first = spawn(plan);  // fills the user's room
            if (!first || !no_more_processes()) return "not ready";
            std::string second = outcome(plan);
            ::kill(first->pid, SIGKILL);
            ::waitpid(first->pid, nullptr, 0);
            return second;
          }) == "cannot execute /bin/sleep: Resource temporarily unavailable (temporary)");
  }
}

TEST_CASE("a process killed before it executes is told, and worth another try", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    CHECK(in_child([&]() -> std::string {
            use_clone_way(way);
            // A core dump would kill all that share the memory.
            ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
            if (!on_call(SYS_execve, SECCOMP_RET_KILL_PROCESS)) return "no filter";
            return outcome(plan_for("/bin/true"));
          }) ==
          "cannot execute /bin/true: the new process was killed by SIGSYS before execve "
          "(temporary)");
  }
}

}  // namespace
}  // namespace zinit::test::os_spawn_refused
