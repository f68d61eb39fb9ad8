// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Spawns real programs: their surroundings, the reports of failures, and that nothing is left over.
#include "os/spawn.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "os/process.hpp"
#include "os/spawn_child.hpp"
#include "os/thread.hpp"
#include "support/test.hpp"

namespace zinit::test::os_spawn {
namespace {

constexpr uid_t kNobody = 65534;

SpawnPlan shell(const std::string& script) {
  SpawnPlan plan;
  plan.program = "/bin/sh";
  plan.argv = {"sh", "-c", script};
  plan.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  return plan;
}

/// Reads until the last writer is gone; gives up after a long deadline.
std::string read_all(int fd) {
  std::string all;
  char buffer[4096];
  pollfd ready{fd, POLLIN, 0};
  while (::poll(&ready, 1, 20000) > 0) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got <= 0) return all;
    all.append(buffer, static_cast<size_t>(got));
  }
  return all + "[no end of file]";
}

int wait_status(pid_t pid) {
  int status = -1;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return status;
}

struct Outcome {
  std::string output;
  int status = -1;
};

/// Runs a plan to its end with both output streams in one pipe.
Outcome run(SpawnPlan plan) {
  Pipe pipe = make_pipe().value();
  if (plan.out < 0) plan.out = pipe.write.get();
  if (plan.err < 0) plan.err = pipe.write.get();
  auto child = spawn(plan);
  if (!child) return {child.error().text, -1};
  pipe.write.reset();
  Outcome outcome;
  outcome.output = read_all(pipe.read.get());
  outcome.status = wait_status(child->pid);
  return outcome;
}

/// Sets the way in which children are made, for a scope.
class Way {
 public:
  explicit Way(CloneWay way) : before_(clone_way()) { use_clone_way(way); }
  ~Way() { use_clone_way(before_); }
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;

 private:
  CloneWay before_;
};

constexpr CloneWay kWays[] = {CloneWay::shared, CloneWay::copied};

/// The error of a plan that must fail. Checks what the plan leaves behind.
Error failed(const SpawnPlan& plan) {
  static const int first = run(shell("exit 0")).status;  // reserves descriptors
  CHECK(first == 0);
  const auto before = test::open_descriptors();
  auto child = spawn(plan);
  CHECK(test::open_descriptors() == before);
  if (child) {
    wait_status(child->pid);
    FAIL("the program was executed");
  }
  CHECK(::waitpid(-1, nullptr, WNOHANG | static_cast<int>(__WALL)) == -1);  // no process is left
  return child.error();
}

TEST_CASE("a program finds its arguments, environment, directory and umask, and nothing else",
          "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const Way use(way);
    TempDir dir;
    SpawnPlan plan = shell("echo $0 $1; pwd; umask; env | sort");
    plan.argv = {"sh", "-c", "echo $0 $1; pwd -P; umask; tr '\\0' '\\n' </proc/self/environ",
                 "zero", "one"};
    plan.env = {"PATH=/usr/bin:/bin", "A=1 2"};
    plan.dir = dir.path();
    plan.umask = 027;
    ::setenv("ZINIT_TEST_SECRET", "x", 1);
    const Outcome outcome = run(plan);
    ::unsetenv("ZINIT_TEST_SECRET");
    char real[4096];
    REQUIRE(::realpath(dir.path().c_str(), real) != nullptr);
    CHECK(outcome.output.starts_with("zero one\n" + std::string(real) + "\n0027\n"));
    CHECK(outcome.output.find("A=1 2\n") != std::string::npos);
    CHECK(outcome.output.find("SECRET") == std::string::npos);
    CHECK(outcome.status == 0);
  }
}

TEST_CASE("a program has three descriptors and no other", "[os][spawn]") {
  // Not close-on-exec: a careless starter of zinit may leave such descriptors.
  const int leaked = ::open("/dev/zero", O_RDONLY);
  const int high = ::fcntl(leaked, F_DUPFD, 200);
  for (const CloneWay way : kWays) {
    const Way use(way);
    // ls itself opens one more, for the directory.
    const Outcome outcome = run(shell("exec ls -l /proc/self/fd"));
    INFO(outcome.output);
    CHECK(outcome.output.find("/dev/zero") == std::string::npos);
    CHECK(outcome.output.find(" 0 -> /dev/null\n") != std::string::npos);
    CHECK(outcome.output.find(" 1 -> pipe:") != std::string::npos);
    CHECK(outcome.output.find(" 2 -> pipe:") != std::string::npos);
    CHECK(outcome.output.find(" 3 -> /proc/") != std::string::npos);
    CHECK(outcome.output.find(" 4 -> ") == std::string::npos);
  }
  ::close(leaked);
  ::close(high);
}

TEST_CASE("streams reach a program from where many descriptors are open", "[os][spawn]") {
  std::vector<UniqueFd> many;
  for (int i = 0; i < 400; ++i) many.push_back(open_fd("/dev/zero", O_RDONLY).value());
  for (const CloneWay way : kWays) {
    const Way use(way);
    // read_all() would notice an end of the pipe that stays open here.
    const Outcome outcome = run(shell("echo out; echo err >&2; echo /proc/self/fd/[0-9]*"));
    CHECK(outcome.output ==
          "out\nerr\n/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n");
    CHECK(outcome.status == 0);
  }
}

TEST_CASE("streams are put right whatever numbers they have", "[os][spawn]") {
  // In a separate process, whose standard streams can be closed.
  for (const CloneWay way : kWays) {
    Pipe result = make_pipe().value();
    const pid_t tester = ::fork();
    if (tester == 0) {
      ::close(0);
      ::close(1);
      ::close(2);
      use_clone_way(way);
      int ends[2];
      if (::pipe2(ends, O_CLOEXEC) != 0 || ends[0] != 0 || ends[1] != 1) ::_exit(2);
      SpawnPlan plan = shell("echo out; echo err >&2");
      plan.out = 1;  // stays at its number; its source lies where standard input goes
      plan.err = result.write.get();
      const auto child = spawn(plan);
      if (!child) ::_exit(3);
      char text[5] = {};
      if (::read(0, text, 4) != 4 || std::string(text) != "out\n") ::_exit(4);
      ::_exit(WEXITSTATUS(wait_status(child->pid)));
    }
    result.write.reset();
    CHECK(read_all(result.read.get()) == "err\n");
    CHECK(wait_status(tester) == 0);
  }
}

TEST_CASE("a program has every signal at its default and none blocked or ignored", "[os][spawn]") {
  struct sigaction ignore {
  }, handle{}, old_pipe{}, old_usr1{};
  ignore.sa_handler = SIG_IGN;
  handle.sa_handler = [](int) {};
  ::sigaction(SIGPIPE, &ignore, &old_pipe);
  ::sigaction(SIGUSR1, &handle, &old_usr1);
  sigset_t some, before;
  sigemptyset(&some);
  sigaddset(&some, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &some, &before);
  for (const CloneWay way : kWays) {
    const Way use(way);
    SpawnPlan plan = shell("");
    plan.program = "/bin/sed";  // it handles no signals itself
    plan.argv = {"sed", "-n", "/^Sig[BIC]/p", "/proc/self/status"};
    const Outcome outcome = run(plan);
    INFO(outcome.output);
    for (const std::string_view line : split(trim(outcome.output), '\n'))
      CHECK(line.ends_with("\t0000000000000000"));
    CHECK(split(trim(outcome.output), '\n').size() == 3);
    // This process's own handlers are unchanged.
    struct sigaction now {};
    ::sigaction(SIGUSR1, nullptr, &now);
    CHECK(now.sa_handler == handle.sa_handler);
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    CHECK(sigismember(&mask, SIGTERM) == 1);
    CHECK(sigismember(&mask, SIGINT) == 0);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::sigaction(SIGPIPE, &old_pipe, nullptr);
  ::sigaction(SIGUSR1, &old_usr1, nullptr);
}

TEST_CASE("a process leads its own session and group, and its pidfd is its own", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const Way use(way);
    auto child = spawn(shell("exec sleep 100"));
    REQUIRE(child);
    CHECK(::getsid(child->pid) == child->pid);
    CHECK(::getpgid(child->pid) == child->pid);
    REQUIRE(child->pidfd);
    CHECK((::fcntl(child->pidfd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    REQUIRE(signal_process(child->pidfd.get(), child->pid, SIGKILL));
    pollfd ended{child->pidfd.get(), POLLIN, 0};
    CHECK(::poll(&ended, 1, 20000) == 1);
    CHECK(WTERMSIG(wait_status(child->pid)) == SIGKILL);
  }
}

TEST_CASE("a program that does not exist is known at once", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const Way use(way);
    SpawnPlan plan = shell("");
    plan.program = "/nonexistent/webd";
    const Error error = failed(plan);
    CHECK(error.text == "cannot execute /nonexistent/webd: No such file or directory");
    CHECK(error.errnum == ENOENT);
    CHECK_FALSE(error.temporary());
  }
}

TEST_CASE("a missing interpreter is told from a missing program", "[os][spawn]") {
  TempDir dir;
  SpawnPlan plan = shell("");
  plan.program = dir.write("script", "#! /nonexistent/perl -w\n", 0755);
  const Error error = failed(plan);
  CHECK(error.text ==
        "cannot execute " + plan.program + ": its interpreter /nonexistent/perl does not exist");
  CHECK(error.errnum == ENOENT);
}

TEST_CASE("what is no program says so", "[os][spawn]") {
  TempDir dir;
  SpawnPlan plan = shell("");
  plan.program = dir.write("script", "echo no first line\n", 0755);
  CHECK(failed(plan).text ==
        "cannot execute " + plan.program +
            ": Exec format error (a script needs a first line like #!/bin/sh)");
  plan.program = dir.write("data", "#!/bin/sh\n", 0644);
  CHECK(failed(plan).text == "cannot execute " + plan.program + ": Permission denied");
  plan.program = dir.path();
  CHECK(failed(plan).errnum == EACCES);
}

TEST_CASE("a directory that cannot be entered is named", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const Way use(way);
    SpawnPlan plan = shell("");
    plan.dir = "/nonexistent";
    const Error error = failed(plan);
    CHECK(error.text == "cannot change to directory /nonexistent: No such file or directory");
    CHECK_FALSE(error.temporary());
    plan.dir = "/bin/sh";
    CHECK(failed(plan).errnum == ENOTDIR);
  }
}

TEST_CASE("an empty argument vector is refused", "[os][spawn]") {
  SpawnPlan plan = shell("");
  plan.argv.clear();
  CHECK(failed(plan).errnum == EINVAL);
}

TEST_CASE("a terminal that is none is told", "[os][spawn]") {
  SpawnPlan plan = shell("");
  plan.tty = "/nonexistent";
  CHECK(failed(plan).text == "cannot open /nonexistent: No such file or directory");
  plan.tty = "/dev/null";
  CHECK(failed(plan).text ==
        "cannot take /dev/null as controlling terminal: Inappropriate ioctl for device");
}

TEST_CASE("a process takes a terminal as its own and as all three streams", "[os][spawn]") {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(master);
  REQUIRE(::grantpt(master.get()) == 0);
  REQUIRE(::unlockpt(master.get()) == 0);
  SpawnPlan plan = shell("test -t 0 && test -t 1 && test -t 2 && : </dev/tty && echo yes >&2");
  plan.tty = ::ptsname(master.get());
  for (const CloneWay way : kWays) {
    const Way use(way);
    auto child = spawn(plan);
    REQUIRE(child);
    std::string text;
    char c;
    pollfd ready{master.get(), POLLIN, 0};
    while (!text.ends_with('\n') && ::poll(&ready, 1, 20000) > 0 &&
           ::read(master.get(), &c, 1) == 1)
      text += c;
    CHECK(text == "yes\r\n");
    CHECK(wait_status(child->pid) == 0);
  }
}

/// The lowest number with that many free descriptors below it; more may be open above.
rlim_t number_with_room_below(std::size_t room) {
  std::vector<UniqueFd> taken;
  while (taken.size() <= room) taken.emplace_back(::dup(0));
  return static_cast<rlim_t>(taken.back().get());
}

TEST_CASE("want of descriptors is temporary and leaves nothing open", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const Way use(way);
    REQUIRE(run(shell("echo up")).output == "up\n");  // the first spawn keeps some for good
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    // With room for one more descriptor in each turn, another call of spawn() fails.
    bool succeeded = false;
    for (std::size_t room = 0; !succeeded; ++room) {
      REQUIRE(room < 20);
      INFO("room for " << room);
      rlimit low = before;
      low.rlim_cur = number_with_room_below(room);
      const auto open = test::open_descriptors();
      REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
      SpawnPlan plan = shell(":");
      plan.nofile = before;
      auto child = spawn(plan);
      ::setrlimit(RLIMIT_NOFILE, &before);
      succeeded = child.has_value();
      if (child)
        CHECK(wait_status(child->pid) == 0);
      else
        CHECK((child.error().errnum == EMFILE && child.error().temporary()));
      if (child) child->pidfd.reset();
      CHECK(test::open_descriptors() == open);
    }
  }
}

TEST_CASE("the limit of open files is given back to the service", "[os][spawn]") {
  SpawnPlan plan = shell("ulimit -Sn; ulimit -Hn");
  plan.nofile = rlimit{100, 200};
  CHECK(run(plan).output == "100\n200\n");
}

TEST_CASE("a limit that the kernel refuses is named", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const Way use(way);
    SpawnPlan plan = shell(":");
    constexpr std::uint64_t too_many = std::uint64_t{1} << 40;  // beyond any fs.nr_open
    plan.limits = {{Limit::core, 0, 0}, {Limit::nofile, 5, too_many}};
    const Error error = failed(plan);
    CHECK(error.text == "cannot set the limit nofile to 5:1099511627776: Operation not permitted");
    CHECK_FALSE(error.temporary());
  }
}

TEST_CASE("settings reach the child whichever way it is made", "[os][spawn]") {
  for (const CloneWay way : kWays) {
    const Way use(way);
    SpawnPlan plan = shell(
        "ulimit -Sc; ulimit -Hc; ulimit -n; cat /proc/self/oom_score_adj; "
        "grep NoNewPrivs /proc/self/status");
    plan.nofile = rlimit{100, 200};
    plan.limits = {{Limit::nofile, 50, 60}, {Limit::core, 0, 0}};
    plan.process.oom_score_adj = 300;
    plan.process.no_new_privs = true;
    plan.process.nice = 5;
    CHECK(run(plan).output == "0\n0\n50\n300\nNoNewPrivs:\t1\n");
    // This process keeps its own value, although the child shared its memory.
    CHECK(read_file("/proc/self/oom_score_adj", 64).value() != "300\n");
    plan.process.cpu_affinity = {8190, 8191};
    CHECK(failed(plan).text == "cannot be bound to processor 8190, 8191: Invalid argument");
  }
}

TEST_CASE("a process gets user, group and supplementary groups", "[os][spawn][root]") {
  if (::geteuid() != 0) return test::skip("needs root");
  for (const CloneWay way : kWays) {
    const Way use(way);
    SpawnPlan plan = shell("grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status");
    plan.ids = {kNobody, 1234, std::vector<gid_t>{1234, 77}};
    CHECK(run(plan).output ==
          "Uid:\t65534\t65534\t65534\t65534\nGid:\t1234\t1234\t1234\t1234\nGroups:\t77 1234 \n"
          "CapEff:\t0000000000000000\n");
    plan.ids.groups->clear();
    CHECK(run(plan).output.find("Groups:\t \n") != std::string::npos);
    CHECK(::prctl(PR_GET_DUMPABLE) == 1);
    CHECK(::geteuid() == 0);
  }
}

TEST_CASE("a directory is entered and a program executed with the user's rights",
          "[os][spawn][root]") {
  if (::geteuid() != 0) return test::skip("needs root");
  TempDir dir;
  SpawnPlan plan = shell("");
  plan.ids.uid = kNobody;
  plan.dir = dir.path();  // 0700, owned by root
  const Error error = failed(plan);
  CHECK(error.text == "cannot change to directory " + dir.path() + ": Permission denied");
  CHECK(::prctl(PR_GET_DUMPABLE) == 1);
}

TEST_CASE("an id that cannot be had is named", "[os][spawn][root]") {
  if (::geteuid() != 0) return test::skip("needs root");
  // As an ordinary user of this machine, in a separate process.
  for (const CloneWay way : kWays) {
    Pipe result = make_pipe().value();
    const pid_t tester = ::fork();
    if (tester == 0) {
      use_clone_way(way);
      if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
          ::setresuid(kNobody, kNobody, kNobody) != 0)
        ::_exit(1);
      std::string said;
      SpawnPlan plan = shell("exit 0");
      plan.ids.uid = 1000;
      said += spawn(plan).error().text + "\n";
      plan.ids = {kNobody, 1000, {}};
      said += spawn(plan).error().text + "\n";
      plan.ids = {kNobody, kNobody, std::vector<gid_t>{5}};
      said += spawn(plan).error().text + "\n";
      // Its own ids are not a change, and need no privilege.
      plan.ids = {kNobody, kNobody, std::vector<gid_t>{}};
      const auto child = spawn(plan);
      said += child ? fmt::format("{}\n", wait_status(child->pid)) : child.error().text;
      if (!write_all(result.write.get(), said, "result")) ::_exit(1);
      ::_exit(0);
    }
    result.write.reset();
    CHECK(read_all(result.read.get()) ==
          "cannot become user 1000: Operation not permitted\n"
          "cannot become group 1000: Operation not permitted\n"
          "cannot set the supplementary groups: Operation not permitted\n0\n");
    CHECK(wait_status(tester) == 0);
  }
}

TEST_CASE("a child that fails is never seen by who reaps all", "[threads][os][spawn]") {
  std::atomic<bool> done{false};
  std::atomic<int> seen{0};
  auto reaper = Thread::start("reaper", kSmallStackBytes, [&] {
    while (!done) seen += next_ended().has_value() ? 1 : 0;
  });
  REQUIRE(reaper);
  SpawnPlan plan = shell("");
  plan.program = "/nonexistent";
  for (const CloneWay way : kWays) {
    const Way use(way);
    for (int i = 0; i < 50; ++i) CHECK_FALSE(spawn(plan));
  }
  done = true;
  reaper->join();
  CHECK(seen == 0);
}

TEST_CASE("eight threads with small stacks spawn at once", "[threads][os][spawn]") {
  const bool root = ::geteuid() == 0;
  for (const CloneWay way : kWays) {
    const Way use(way);
    const auto before = test::open_descriptors();
    std::atomic<int> good{0}, bad{0};
    std::vector<Thread> threads;
    for (int t = 0; t < 8; ++t) {
      auto thread = Thread::start("spawner", kSmallStackBytes, [&, t] {
        for (int i = 0; i < 20; ++i) {
          SpawnPlan plan = shell("");
          plan.program = "/bin/true";
          if (i % 5 == 0) plan.program = "/nonexistent";
          if (root && t % 2 == 0) plan.ids = {kNobody, kNobody, std::vector<gid_t>{}};
          auto child = spawn(plan);
          if (child.has_value() != (i % 5 != 0)) continue;
          if (child && wait_status(child->pid) != 0) continue;
          ++(child ? good : bad);
        }
      });
      REQUIRE(thread);
      threads.push_back(std::move(*thread));
    }
    threads.clear();
    CHECK(good == 8 * 16);
    CHECK(bad == 8 * 4);
    CHECK(test::open_descriptors() == before);
    CHECK(::prctl(PR_GET_DUMPABLE) == 1);
  }
}

TEST_CASE("a program is found in the service's PATH, or the PATH is named", "[os][spawn]") {
  TempDir dir;
  REQUIRE(::mkdir((dir / "a").c_str(), 0755) == 0);
  REQUIRE(::mkdir((dir / "b").c_str(), 0755) == 0);
  REQUIRE(::mkdir((dir / "a/sub").c_str(), 0755) == 0);
  dir.write("a/plain", "", 0644);
  dir.write("b/plain", "", 0755);
  dir.write("b/tool", "", 0755);
  dir.write("a/data", "", 0644);
  const std::string path = (dir / "a") + ":" + (dir / "b");
  CHECK(resolve_program("tool", path, "/") == (dir / "b/tool"));
  CHECK(resolve_program("plain", path, "/") == (dir / "b/plain"));
  CHECK(resolve_program("tool", "a:b", dir.path()) == (dir / "b/tool"));
  CHECK(resolve_program("tool", "/x:", dir / "b") == (dir / "b/tool"));
  CHECK(resolve_program("/x/y", path, "/") == "/x/y");
  CHECK(resolve_program("./run", path, "/srv") == "/srv/./run");
  CHECK(resolve_program("bin/run", path, "/") == "/bin/run");
  const auto missing = resolve_program("webd", "/usr/bin:/bin", "/");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().text == "no program \"webd\" in PATH");
  CHECK(missing.error().errnum == ENOENT);
  const auto data = resolve_program("data", path, "/");
  REQUIRE_FALSE(data);
  CHECK(data.error().text == "cannot execute " + (dir / "a/data") + ": Permission denied");
  CHECK_FALSE(resolve_program("sub", path, "/"));  // a directory is not a program
  CHECK_FALSE(resolve_program("", path, "/"));
}

}  // namespace
}  // namespace zinit::test::os_spawn
