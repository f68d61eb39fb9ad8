// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The service of a process, according to /proc.
#include "os/membership.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "os/process.hpp"
#include "os/spawn.hpp"
#include "support/test.hpp"

namespace zinit::test::os_membership {
namespace {

constexpr pid_t kNobody = 4194305;         // above the largest pid of the kernel
constexpr std::uint64_t kLater = 1000000;  // ticks

/// A child of this process with these variables, which says a number and then sleeps.
class Sleeper {
 public:
  explicit Sleeper(Texts env, const char* script = "echo 0; exec sleep 1000") {
    auto pipe = make_pipe();
    REQUIRE(pipe);
    SpawnPlan plan;
    plan.program = "/bin/sh";
    plan.argv = {"sh", "-c", script};
    plan.env = std::move(env);
    plan.out = pipe->write.get();
    child_ = std::move(spawn(plan).value());
    char text[32] = "";
    REQUIRE(::read(pipe->read.get(), text, sizeof text - 1) > 0);
    said_ = std::atoi(text);
  }
  ~Sleeper() {
    ::kill(-child_.pid, SIGKILL);
    ::waitpid(child_.pid, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  [[nodiscard]] pid_t pid() const { return child_.pid; }
  [[nodiscard]] pid_t said() const { return said_; }

 private:
  Child child_;
  pid_t said_ = 0;
};

TEST_CASE("membership: a process descends from those above it and from who made its session",
          "[os][readiness]") {
  const Sleeper child({});
  CHECK(descends_from(child.pid(), child.pid()));
  CHECK(descends_from(child.pid(), ::getpid()));
  CHECK_FALSE(descends_from(::getpid(), child.pid()));
  CHECK_FALSE(descends_from(child.pid(), kNobody));
  CHECK_FALSE(descends_from(kNobody, ::getpid()));
  CHECK_FALSE(descends_from(1, 1));
  CHECK_FALSE(descends_from(0, ::getpid()));
  CHECK_FALSE(descends_from(-1, -1));
  // A process without its parent is recognized by its session.
  CHECK(test::in_child([]() -> std::string {
          const pid_t first = ::setsid();
          int ends[2];
          if (::pipe(ends) < 0) return "no pipe";
          if (::fork() == 0) {
            if (::fork() == 0) {
              test::repeat([] {}, [first] { return ::getppid() != first; });
              const bool own = descends_from(::getpid(), first);
              _exit(::write(ends[1], own ? "y" : "n", 1) == 1 ? 0 : 1);
            }
            _exit(0);
          }
          char answer = '?';
          return std::string(&answer, ::read(ends[0], &answer, 1) == 1 ? 1 : 0);
        }) == "y");
}

TEST_CASE("membership: a cgroup is known by the path that the process is shown",
          "[os][readiness]") {
  const auto text = read_file("/proc/self/cgroup", 16384);
  REQUIRE(text);
  const auto at = text->find("0::/");
  CHECK_FALSE(in_cgroup(kNobody, "/zinit/a"));
  CHECK(in_cgroup(::getpid(), "/zinit/not-this-one") == false);
  CHECK(in_cgroup(::getpid(), "") == false);
  if (at == std::string::npos) return;  // only cgroup v1: no process is in one
  const std::string path = text->substr(at + 3, text->find('\n', at) - at - 3);
  if (path == "/") return;  // in no named cgroup
  CHECK(in_cgroup(::getpid(), path) == true);
  CHECK(in_cgroup(::getpid(), path.substr(0, path.find('/', 1))) == true);
  CHECK(in_cgroup(::getpid(), path + "/below") == false);
  CHECK(in_cgroup(::getpid(), path + "x") == false);
}

TEST_CASE("membership: a service's cgroup is not that of a zinit below it, nor of a longer name",
          "[os][readiness]") {
  const std::string own = "/z/app.service";
  CHECK(lies_in_cgroup("0::/z/app.service\n", own));
  CHECK(lies_in_cgroup("1:cpu:/\n0::/z/app.service/below/it\n", own));
  CHECK_FALSE(lies_in_cgroup("0::/z/app.service2\n", own));
  CHECK_FALSE(lies_in_cgroup("0::/z\n", own));
  CHECK_FALSE(lies_in_cgroup("1:cpu:/z/app.service\n", own));
  // Each server has a service `app`, and one of them runs in the other's.
  CHECK_FALSE(lies_in_cgroup("0::/z/app.service/z/web.service\n", own + own));
  CHECK(lies_in_cgroup("0::/z/app.service/z/app.service\n", own + own));
  CHECK_FALSE(lies_in_cgroup("0::/z/app.service\n", ""));
}

TEST_CASE("membership: an orphan is a service's that began after it, names it and is its user's",
          "[os][readiness]") {
  const auto before = ticks_since_boot();
  const uid_t own = ::geteuid(), other = own + 1;
  const Sleeper named({"ZINIT_SERVICE=a"}), unnamed({"OTHER=1"}), of_b({"ZINIT_SERVICE=b"});
  CHECK(may_be_orphan_of(named.pid(), before, "a"));
  CHECK(may_be_orphan_of(named.pid(), before, "a", own));
  CHECK_FALSE(may_be_orphan_of(named.pid(), before, "a", other));
  CHECK_FALSE(may_be_orphan_of(named.pid(), before, "b"));
  CHECK_FALSE(may_be_orphan_of(named.pid(), before, "aa"));
  CHECK_FALSE(may_be_orphan_of(unnamed.pid(), before, "a"));
  CHECK_FALSE(may_be_orphan_of(named.pid(), before + kLater, "a"));
  CHECK_FALSE(may_be_orphan_of(::getppid(), 0, "a"));
  CHECK_FALSE(may_be_orphan_of(kNobody, 0, "a"));
  // All that a service has left is in its group, or an orphan of it.
  const auto found = [](const Sleeper& one, const std::vector<pid_t>& all) {
    return std::ranges::find(all, one.pid()) != all.end();
  };
  const auto all = orphans_of("a", 0, {});
  CHECK(found(named, all));
  CHECK_FALSE(found(of_b, all));
  CHECK_FALSE(found(unnamed, all));
  CHECK_FALSE(found(named, orphans_of("a", 0, {named.pid()})));
  CHECK(found(named, orphans_of("a", 0, {}, own)));
  CHECK_FALSE(found(named, orphans_of("a", 0, {}, other)));
  CHECK(found(unnamed, orphans_of("c", *process_group(unnamed.pid()), {}, other)));
}

TEST_CASE("membership: an orphan of another login is not a service's that runs as root",
          "[os][readiness]") {
  const auto before = ticks_since_boot();
  const Sleeper here({"ZINIT_SERVICE=a"});
  const Sleeper other({"ZINIT_SERVICE=a"},
                      "echo 12345 >/proc/$$/loginuid && echo 1 || echo 0; exec sleep 1000");
  CHECK(may_be_orphan_of(here.pid(), before, "a", 0));
  if (other.said() == 0) return;  // a kernel without audit, or no right to change a login
  CHECK_FALSE(may_be_orphan_of(other.pid(), before, "a", 0));
  CHECK(orphans_of("a", 0, {}, 0) == std::vector<pid_t>{here.pid()});
}

TEST_CASE("membership: an orphan of a server in a service is not of the outer server's service",
          "[os][readiness]") {
  const auto before = ticks_since_boot();
  const Sleeper own({"ZINIT_SERVICE=a"}), other({"ZINIT_SERVICE=a", "ZINIT_SERVER=1"});
  const auto is_own = [&](const Sleeper& one) { return may_be_orphan_of(one.pid(), before, "a"); };
  CHECK(is_own(own));
  CHECK_FALSE(is_own(other));
  CHECK(orphans_of("a", 0, {}) == std::vector<pid_t>{own.pid()});
  own_server() = "1";
  CHECK(is_own(own));  // `unset_env` may have taken the variable away
  CHECK(is_own(other));
  own_server() = "2";
  CHECK_FALSE(is_own(other));
  own_server().clear();
}

TEST_CASE("membership: who is below an orphan is judged by it", "[os][readiness]") {
  const auto before = ticks_since_boot();
  const Sleeper orphan({"ZINIT_SERVICE=a"}, "sleep 1000 & echo $!; wait");
  CHECK(may_be_orphan_of(orphan.said(), before, "a"));
  CHECK_FALSE(may_be_orphan_of(orphan.said(), before, "b"));
  CHECK_FALSE(may_be_orphan_of(orphan.said(), before + kLater, "a"));
}

}  // namespace
}  // namespace zinit::test::os_membership
