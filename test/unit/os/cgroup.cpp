// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The place of zinit's cgroups, from texts; and, if a cgroup can be made, operations on cgroups.
#include "base/format.hpp"
#include "base/text.hpp"
#include "os/cgroup_tree.hpp"
#include "os/membership.hpp"
#include "os/spawn.hpp"
#include "os/spawn_child.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::os_cgroup {
namespace {

const std::map<std::string, std::string_view> kMounts = {
    {"none", ""},
    {"unified",
     "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec shared:4 - cgroup2 cgroup2 rw\n"},
    {"hybrid",
     "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
     "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
     "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
    {"part", "50 40 0:26 /user.slice/a\\040b /mnt/part rw - cgroup2 cgroup2 rw\n"}};

/// A cgroup for a test, and its removal. Empty if no cgroup can be made.
class Place {
 public:
  Place() {
    const auto mounts = read_file("/proc/self/mountinfo", std::size_t{1} << 20);
    const auto own = read_file("/proc/self/cgroup", 65536);
    if (!mounts || !own) return;
    for (const std::string& directory : own_cgroup_directories(*mounts, *own)) {
      const std::string last = fmt::format("/zinit-unit-{}", ::getpid());
      path_ = directory + last;
      if (::mkdir(path_.c_str(), 0755) != 0) continue;
      name_ = cgroup_in_v2(*own);
      name_ = (name_ == "/" ? "" : name_) + last;
      if (auto cgroup = Cgroup::open(path_, name_)) cgroup_.emplace(std::move(*cgroup));
      return;
    }
    path_.clear();
  }
  ~Place() {
    if (path_.empty()) return;
    if (cgroup_ && cgroup_->kill()) (void)test::becomes_true([&] { return !cgroup_->populated(); });
    if (cgroup_) cgroup_->remove_children();
    ::rmdir(path_.c_str());
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] bool made() const { return cgroup_.has_value(); }
  [[nodiscard]] const Cgroup* operator->() const { return &*cgroup_; }
  [[nodiscard]] const Cgroup& operator*() const { return *cgroup_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string path_, name_;
  std::optional<Cgroup> cgroup_;
};

std::string text_of(const Result<std::unique_ptr<CgroupTree>>& tree) {
  return tree ? "tree" : tree.error().text;
}

SpawnPlan sleeping(int cgroup) {
  SpawnPlan plan;
  plan.program = "/bin/sleep";
  plan.argv = {"sleep", "1000"};
  plan.cgroup = cgroup;
  return plan;
}

TEST_CASE("cgroups: a process's service and its cgroup's directories are found in texts of /proc",
          "[os][cgroup]") {
  CHECK_GOLDEN_ROWS("cgroups", [](const std::string& row) {
    const std::string what = row.substr(0, row.find(' '));
    const std::string text = unescaped(row.substr(what.size() + 1));
    if (what == "service") return "[" + service_in_cgroup(text, "/a/zinit") + "]";
    return "[" + join(own_cgroup_directories(kMounts.at(what), text), " ") + "]";
  });
  CHECK(service_in_cgroup("0::/zinit/web.service", "/zinit") == "web");
}

TEST_CASE("a figure is found by its whole word", "[os][cgroup]") {
  const std::string_view text = "oom 1\noom_kill 23\noom_group_kill 4\n";
  CHECK(keyed_number(text, "oom") == 1);
  CHECK(keyed_number(text, "oom_kill") == 23);
  CHECK(keyed_number(text, "kill") == std::nullopt);
  CHECK(keyed_number("", "oom") == std::nullopt);
  CHECK(keyed_number("populated\n", "populated") == std::nullopt);
}

TEST_CASE("a tree of cgroups is made, filled, emptied and left without a trace",
          "[os][cgroup][root]") {
  const Place place;
  if (!place.made()) return test::skip("needs a writable cgroup v2");
  const std::string said = test::in_child([&]() -> std::string {
    auto tree = CgroupTree::create_below(place.path());
    if (!tree) return tree.error().text;
    const auto own = read_file("/proc/self/cgroup", 65536).value();
    if (own.find("/zinit/supervisor\n") == std::string::npos) return "not moved: " + own;
    const auto cgroup = (*tree)->make("web");
    if (!cgroup || cgroup->populated()) return "no fresh cgroup";
    const auto child = spawn(sleeping(cgroup->fd()));
    if (!child) return child.error().text;
    const auto where = read_file(fmt::format("/proc/{}/cgroup", child->pid).c_str(), 65536);
    if (where->find("/zinit/web.service\n") == std::string::npos) return "elsewhere: " + *where;
    if (in_cgroup(child->pid, (*tree)->name_of("web")) != true) return "not by its name";
    if (!cgroup->populated() || cgroup->usage().tasks != 1) return "not populated";
    (*tree)->remove("web");
    if (!Cgroup::open(cgroup->path())) return "removed with a process";
    ::mkdir((cgroup->path() + "/nested").c_str(), 0755);
    ::mkdir((cgroup->path() + "/nested/deeper").c_str(), 0755);
    if (!cgroup->kill()) return "not killed";
    int status = 0;
    if (::waitpid(child->pid, &status, 0) != child->pid || WTERMSIG(status) != SIGKILL)
      return "not killed by SIGKILL";
    if (cgroup->populated()) return "still populated";
    {
      const CgroupTree::Hold hold(tree->get(), "web");
      (*tree)->remove("web");
      if (!Cgroup::open(cgroup->path())) return "removed while it was held";
    }
    (*tree)->remove("web");
    if (Cgroup::open(cgroup->path())) return "not removed";
    if (!(*tree)->make("other")) return "no other";
    (*tree)->close();
    return std::filesystem::exists(place.path() + "/zinit") ? "left behind" : "good";
  });
  CHECK(said == "good");
}

TEST_CASE("a process is made in its cgroup whichever way it is made", "[os][cgroup][root]") {
  const Place place;
  if (!place.made()) return test::skip("needs a writable cgroup v2");
  const std::string line = place.path().substr(place.path().rfind('/')) + "\n";
  for (const CloneWay way : {CloneWay::shared, CloneWay::copied}) {
    const CloneWay before = clone_way();
    use_clone_way(way);
    const auto child = spawn(sleeping(place->fd()));
    // If a cgroup cannot be used, spawn() reports it and leaves nothing behind.
    UniqueFd no_cgroup(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto refused = spawn(sleeping(no_cgroup.get()));
    use_clone_way(before);
    REQUIRE(child);
    CHECK(read_file(fmt::format("/proc/{}/cgroup", child->pid).c_str(), 65536)->ends_with(line));
    CHECK_FALSE(refused);
    CHECK(place->kill());
    CHECK(::waitpid(child->pid, nullptr, 0) == child->pid);
  }
}

TEST_CASE("a signal reaches every process of a cgroup and of those below it",
          "[os][cgroup][root]") {
  const Place place;
  if (!place.made()) return test::skip("needs a writable cgroup v2");
  ::mkdir((place.path() + "/below").c_str(), 0755);
  const auto below = Cgroup::open(place.path() + "/below", place.name() + "/below");
  REQUIRE(below);
  for (const bool whole : {true, false}) {
    const auto first = spawn(sleeping(place->fd()));
    const auto second = spawn(sleeping(below->fd()));
    REQUIRE((first && second));
    const Cgroup& signalled = whole ? *place : *below;
    std::vector<pid_t> pids = signalled.processes();
    signalled.signal(SIGTERM, pids, 1);
    CHECK(pids.size() == (whole ? 1 : 0));
    signalled.signal(SIGTERM, pids, 2);
    CHECK(pids.empty());
    int status = 0;
    REQUIRE(::waitpid(second->pid, &status, 0) == second->pid);
    CHECK(WTERMSIG(status) == SIGTERM);
    if (!whole) {
      CHECK(::kill(first->pid, 0) == 0);
      CHECK(place->kill());
    }
    REQUIRE(::waitpid(first->pid, &status, 0) == first->pid);
    CHECK(WTERMSIG(status) == (whole ? SIGTERM : SIGKILL));
  }
}

TEST_CASE("without cgroup.kill every process is killed one by one, also what they still fork",
          "[os][cgroup][root]") {
  const Place place;
  if (!place.made()) return test::skip("needs a writable cgroup v2");
  SpawnPlan plan;
  plan.program = "/bin/sh";
  plan.argv = {"sh", "-c",
               "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; "
               "while :; do sleep 0.001; done"};
  plan.env = {"PATH=/usr/bin:/bin"};
  plan.cgroup = place->fd();
  const auto child = spawn(plan);
  REQUIRE(child);
  REQUIRE(test::becomes_true([&] { return place->usage().tasks.value_or(0) > 10; }));
  place->kill_each();
  int status = 0;
  REQUIRE(::waitpid(child->pid, &status, 0) == child->pid);
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(test::becomes_true([&] { return !place->populated(); }));
}

TEST_CASE("a kill that finds none of the processes that are there has failed", "[os][cgroup]") {
  const TempDir dir;
  dir.write("cgroup.events", "populated 1\n");
  const auto cgroup = Cgroup::open(dir.path());
  REQUIRE(cgroup);
  CHECK_FALSE(cgroup->kill());
  dir.write("cgroup.events", "populated 0\n");
  CHECK(cgroup->kill());
}

TEST_CASE("a second zinit takes another place, and one that was killed leaves its own to the next",
          "[os][cgroup][root]") {
  const Place place;
  if (!place.made()) return test::skip("needs a writable cgroup v2");
  const auto make_and_end = [&] {
    return test::in_child([&]() -> std::string {
      const auto tree = CgroupTree::create_below(place.path());
      if (!tree || !(*tree)->make("stale")) return text_of(tree);
      return (*tree)->path_of("x");  // without close(), as after a kill
    });
  };
  const std::string first = place.path() + "/zinit/x.service";
  CHECK(make_and_end() == first);
  CHECK(test::in_child([&]() -> std::string {
          const auto tree = CgroupTree::create_below(place.path());
          if (!tree) return text_of(tree);
          if ((*tree)->path_of("x") != first) return "not taken over";
          if (Cgroup::open((*tree)->path_of("stale"))) return "not cleaned";
          const std::string second = make_and_end();
          if (second != place.path() + "/zinit-2/x.service") return second;
          (*tree)->close();
          return "good";
        }) == "good");
}

TEST_CASE("resources without a controller are told by key, and others are not",
          "[os][cgroup][root]") {
  const Place place;
  if (!place.made()) return test::skip("needs a writable cgroup v2");
  if (place->read("memory.max")) return test::skip("needs a cgroup without controllers");
  Resources resources;
  CHECK(apply_resources(*place, resources, true).value().empty());
  resources.memory_max = 1 << 20;
  resources.pids_max = 5;
  CHECK(
      apply_resources(*place, resources, false).value() ==
      Texts{"resources.memory_max is not enforced: zinit's cgroups have no file memory.max (memory "
            "controller)",
            "resources.pids_max is not enforced: zinit's cgroups have no file pids.max (pids "
            "controller)"});
}

}  // namespace
}  // namespace zinit::test::os_cgroup
