// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The board and cgroups: a service whose cgroup cannot be made.
#include "base/format.hpp"
#include "os/cgroup_tree.hpp"
#include "os/process.hpp"
#include "supervisor/board.hpp"
#include "support/services.hpp"
#include "support/test.hpp"
#include "unit/supervisor/output.hpp"

namespace zinit::test::supervisor_cgroups {
namespace {

/// From now on mkdir fails with `errnum` in this process and in processes that it starts.
bool refuse_directories(int errnum) {
#ifdef SYS_mkdir
  constexpr long number = SYS_mkdir;
#else
  constexpr long number = SYS_mkdirat;
#endif
  return refuse_call(number, errnum);
}

/// A place where a cgroup can be made; "" if there is no such place.
std::string own_directory() {
  const auto mounts = read_file("/proc/self/mountinfo", std::size_t{1} << 20);
  const auto own = read_file("/proc/self/cgroup", 65536);
  if (!mounts || !own) return {};
  for (const std::string& directory : own_cgroup_directories(*mounts, *own))
    if (::access(directory.c_str(), W_OK) == 0) return directory;
  return {};
}

/// The state of a service after its first launch, for which no directory could be made.
std::string first_launch(const std::string& directory, int errnum) {
  auto tree = CgroupTree::create_below(directory);
  if (!tree) return tree.error().text;
  const std::shared_ptr<CgroupTree> cgroups = std::move(*tree);
  if (!refuse_directories(errnum)) return "no filter";
  NoOutput output;
  NoChanges changes;
  std::string state = "no state";
  {
    NoChecks checks;
    Board board({output, changes, checks}, {{"PATH=/usr/bin:/bin"}, {}, cgroups});
    board.load({sleeper(
        "web", [](ServiceSpec& spec) { spec.lifecycle.restart_delay = Milliseconds{3600000}; })});
    if (!board.boot("")) return "no boot";
    (void)becomes_true([&] {
      const Record record = board.view("web")->record;
      return record.state == State::running || record.delay_until != TimePoint{};
    });
    const auto view = board.view("web");
    state = state_name(view->record.state);
    if (view->pid > 0) ::kill(view->pid, SIGKILL);
  }
  cgroups->close();
  return state;
}

TEST_CASE("a cgroup that there is no memory for is tried again, not gone without",
          "[threads][board][cgroup][root]") {
  const std::string directory = own_directory();
  if (directory.empty()) return skip("needs a writable cgroup v2");
  CHECK(in_child([&] { return first_launch(directory, ENOMEM); }) == "blocked");
  // A lasting error, or one of unknown duration: the service runs without a cgroup.
  for (const int errnum : {EPERM, EROFS, EAGAIN})
    CHECK(in_child([&] { return first_launch(directory, errnum); }) == "running");
}

}  // namespace
}  // namespace zinit::test::supervisor_cgroups
