// Spawning where the kernel says no: without clone3, without room for a process, killed on the way.
#include <catch2/catch.hpp>

#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>

#include "os/spawn.hpp"
#include "os/spawn_child.hpp"
#include "support/forked.hpp"
#include "support/skip.hpp"

using namespace zinit;
using test::in_child;

namespace {

constexpr uid_t kNobody = 65534;
constexpr CloneWay kWays[] = {CloneWay::shared, CloneWay::copied};

SpawnPlan plan_for(const std::string& program) {
  SpawnPlan plan;
  plan.program = program;
  plan.argv = {program};
  return plan;
}

/// What came of a spawn, as text; a child is waited for.
std::string outcome(const SpawnPlan& plan) {
  const auto child = spawn(plan);
  if (!child) return child.error().text + (child.error().temporary() ? " (temporary)" : "");
  int status = -1;
  ::waitpid(child->pid, &status, 0);
  return "exited " + std::to_string(WEXITSTATUS(status));
}

/// From now on the system call `number` does `action` (seccomp(2)) in this process and its
/// children.
bool filter(long number, unsigned action) {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof rules / sizeof rules[0], rules};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
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

}  // namespace

TEST_CASE("without clone3 children are made as by fork", "[os][spawn]") {
  for (const int refusal : {ENOSYS, EPERM, EINVAL}) {
    const std::string said = in_child([&]() -> std::string {
      use_clone_way(CloneWay::shared);
      if (!filter(SYS_clone3, SECCOMP_RET_ERRNO | static_cast<unsigned>(refusal)))
        return "no filter";
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
      if (!filter(missing, SECCOMP_RET_ERRNO | ENOSYS)) return "no filter";
    const auto child = spawn(plan_for("/bin/false"));
    if (!child) return child.error().text;
    int status = -1;
    ::waitpid(child->pid, &status, 0);
    return std::to_string(WEXITSTATUS(status)) + (child->pidfd ? " pidfd" : " no pidfd");
  });
  CHECK(said == "1 no pidfd");
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
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // a core dump would take all that share the memory
      if (!filter(SYS_execve, SECCOMP_RET_KILL_PROCESS)) return "no filter";
      std::string all = outcome(plan_for("/bin/true"));
      if (::waitpid(-1, nullptr, WNOHANG | static_cast<int>(__WALL)) >= 0) all += ", left over";
      return all;
    });
    CHECK(said ==
          "cannot execute /bin/true: the process was killed by SIGSYS before it could (temporary)");
  }
}
