// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Spawns real programs: their surroundings, the reports of failures, and that nothing is left over.
#include "os/spawn.hpp"
#include "os/process.hpp"
#include "os/spawn_child.hpp"
#include "os/thread.hpp"
#include "support/test.hpp"

namespace zinit::test::os_spawn {
namespace {

constexpr uid_t kNobody = 65534;
constexpr const char* kNothing = "/nonexistent";

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

/// What a plan that succeeds writes to both output streams.
std::string output_of(SpawnPlan plan) {
  Pipe pipe = make_pipe().value();
  if (plan.out < 0) plan.out = pipe.write.get();
  if (plan.err < 0) plan.err = pipe.write.get();
  auto child = spawn(plan);
  if (!child) return child.error().text;
  pipe.write.reset();
  std::string text = read_all(pipe.read.get());
  const int status = wait_status(child->pid);
  return status == 0 ? text : text + "[status " + std::to_string(status) + "]";
}

/// The way in which children are made, for a scope: a test case runs once with each.
class EachWay {
 public:
  EachWay() : before_(clone_way()) { use_clone_way(GENERATE(CloneWay::shared, CloneWay::copied)); }
  ~EachWay() { use_clone_way(before_); }
  EachWay(const EachWay&) = delete;
  EachWay& operator=(const EachWay&) = delete;

 private:
  CloneWay before_;
};

/// The error of a plan that must fail. Checks what the plan leaves behind.
Error failed(const SpawnPlan& plan) {
  static const std::string first = output_of(shell("exit 0"));  // reserves descriptors
  CHECK(first.empty());
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
  const EachWay way;
  TempDir dir;
  SpawnPlan plan = shell("echo $0 $1; pwd -P; umask; tr '\\0' '\\n' </proc/self/environ");
  plan.argv.insert(plan.argv.end(), {"zero", "one"});
  plan.env = {"PATH=/usr/bin:/bin", "A=1 2"};
  plan.dir = dir.path();
  plan.umask = 027;
  ::setenv("ZINIT_TEST_SECRET", "x", 1);
  const std::string output = output_of(plan);
  ::unsetenv("ZINIT_TEST_SECRET");
  const std::string real = std::filesystem::canonical(dir.path());
  CHECK_THAT(output, StartsWith("zero one\n" + real + "\n0027\n") && Contains("A=1 2\n") &&
                         !Contains("SECRET") && !Contains("[status"));
}

TEST_CASE("a program has three descriptors and no other, however many are open", "[os][spawn]") {
  const EachWay way;
  std::vector<UniqueFd> many;
  for (int i = 0; i < 400; ++i) many.push_back(open_fd("/dev/zero", O_RDONLY).value());
  // Not close-on-exec: a careless starter of zinit may leave such descriptors.
  const UniqueFd leaked(::open("/dev/zero", O_RDONLY)), high(::fcntl(leaked.get(), F_DUPFD, 600));
  // read_all() would notice an end of the pipe that stays open here. The fourth is that of echo.
  CHECK(output_of(shell("echo out; echo err >&2; echo /proc/self/fd/[0-9]*")) ==
        "out\nerr\n/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n");
  CHECK_THAT(output_of(shell("exec ls -l /proc/self/fd")),
             !Contains("/dev/zero") && Contains(" 0 -> /dev/null\n") && Contains(" 1 -> pipe:") &&
                 Contains(" 2 -> pipe:") && Contains(" 3 -> /proc/"));
}

TEST_CASE("streams are put right whatever numbers they have", "[os][spawn]") {
  const EachWay way;
  // In a separate process, whose standard streams can be closed.
  CHECK(in_child([]() -> std::string {
          const Pipe errors = make_pipe().value();
          for (const int stream : {0, 1, 2}) ::close(stream);
          int ends[2];
          if (::pipe2(ends, O_CLOEXEC) != 0 || ends[0] != 0 || ends[1] != 1) return "no pipe";
          SpawnPlan plan = shell("echo out; echo err >&2");
          plan.out = 1;  // stays at its number; its source lies where standard input goes
          plan.err = errors.write.get();
          const auto child = spawn(plan);
          if (!child) return child.error().text;
          std::string text = std::to_string(wait_status(child->pid)) + " ";
          char part[100];
          text.append(part, static_cast<std::size_t>(::read(0, part, sizeof part)));
          text.append(part, static_cast<std::size_t>(::read(errors.read.get(), part, sizeof part)));
          return text;
        }) == "0 out\nerr\n");
}

TEST_CASE("a program has every signal at its default and none blocked or ignored", "[os][spawn]") {
  const EachWay way;
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
  SpawnPlan plan = shell("");
  plan.program = "/bin/sed";  // it handles no signals itself
  plan.argv = {"sed", "-n", "/^Sig[BIC]/p", "/proc/self/status"};
  const std::string none = "\t0000000000000000\n";
  CHECK(output_of(plan) == "SigBlk:" + none + "SigIgn:" + none + "SigCgt:" + none);
  // This process's own handlers are unchanged.
  struct sigaction now {};
  ::sigaction(SIGUSR1, nullptr, &now);
  CHECK(now.sa_handler == handle.sa_handler);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGTERM) == 1);
  CHECK(sigismember(&mask, SIGINT) == 0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::sigaction(SIGPIPE, &old_pipe, nullptr);
  ::sigaction(SIGUSR1, &old_usr1, nullptr);
}

TEST_CASE("a process leads its own session and group, and its pidfd is its own", "[os][spawn]") {
  const EachWay way;
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

TEST_CASE("what cannot be done for a program is named at once, and is no reason to try again",
          "[os][spawn]") {
  const EachWay way;
  const TempDir dir;
  const std::string perl = dir.write("perl", "#! /nonexistent/perl -w\n", 0755);
  const std::string words = dir.write("words", "echo no first line\n", 0755);
  const std::string data = dir.write("data", "#!/bin/sh\n", 0644);
  constexpr std::uint64_t kTooMany = std::uint64_t{1} << 40;  // beyond any fs.nr_open
  const struct {
    std::function<void(SpawnPlan&)> spoil;
    std::string text;
    int errnum;
  } rows[] = {
      {[](auto& plan) { plan.program = "/nonexistent/webd"; },
       "cannot execute /nonexistent/webd: No such file or directory", ENOENT},
      {[&](auto& plan) { plan.program = perl; },
       "cannot execute " + perl + ": its interpreter /nonexistent/perl does not exist", ENOENT},
      {[&](auto& plan) { plan.program = words; },
       "cannot execute " + words +
           ": Exec format error (a script needs a first line like #!/bin/sh)",
       ENOEXEC},
      {[&](auto& plan) { plan.program = data; }, "cannot execute " + data + ": Permission denied",
       EACCES},
      {[&](auto& plan) { plan.program = dir.path(); },
       "cannot execute " + dir.path() + ": Permission denied", EACCES},
      {[](auto& plan) { plan.dir = kNothing; },
       "cannot change to directory /nonexistent: No such file or directory", ENOENT},
      {[](auto& plan) { plan.dir = "/bin/sh"; },
       "cannot change to directory /bin/sh: Not a directory", ENOTDIR},
      {[](auto& plan) { plan.tty = kNothing; },
       "cannot open /nonexistent: No such file or directory", ENOENT},
      {[](auto& plan) { plan.tty = "/dev/null"; },
       "cannot take /dev/null as controlling terminal: Inappropriate ioctl for device", ENOTTY},
      {[](auto& plan) {
         plan.limits = {{Limit::core, 0, 0}, {Limit::nofile, 5, kTooMany}};
       },
       "cannot set the limit nofile to 5:1099511627776: Operation not permitted", EPERM},
      {[](auto& plan) {
         plan.process.cpu_affinity = {8190, 8191};
       },
       "cannot be bound to processor 8190, 8191: Invalid argument", EINVAL},
  };
  for (const auto& row : rows) {
    SpawnPlan plan = shell(":");
    row.spoil(plan);
    const Error error = failed(plan);
    CHECK(error.text == row.text);
    CHECK(error.errnum == row.errnum);
    CHECK_FALSE(error.temporary());
  }
  SpawnPlan empty = shell("");
  empty.argv.clear();
  CHECK(failed(empty).errnum == EINVAL);
}

TEST_CASE("a process takes a terminal as its own and as all three streams", "[os][spawn]") {
  const EachWay way;
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(master);
  REQUIRE(::grantpt(master.get()) == 0);
  REQUIRE(::unlockpt(master.get()) == 0);
  SpawnPlan plan = shell("test -t 0 && test -t 1 && test -t 2 && : </dev/tty && echo yes >&2");
  plan.tty = ::ptsname(master.get());
  auto child = spawn(plan);
  REQUIRE(child);
  std::string text;
  char c;
  pollfd ready{master.get(), POLLIN, 0};
  while (!text.ends_with('\n') && ::poll(&ready, 1, 20000) > 0 && ::read(master.get(), &c, 1) == 1)
    text += c;
  CHECK(text == "yes\r\n");
  CHECK(wait_status(child->pid) == 0);
}

/// The lowest number with that many free descriptors below it; more may be open above.
rlim_t number_with_room_below(std::size_t room) {
  std::vector<UniqueFd> taken;
  while (taken.size() <= room) taken.emplace_back(::dup(0));
  return static_cast<rlim_t>(taken.back().get());
}

TEST_CASE("a lack of descriptors is temporary and leaves nothing open", "[os][spawn]") {
  const EachWay way;
  REQUIRE(output_of(shell("echo up")) == "up\n");  // the first spawn keeps some for good
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

TEST_CASE("settings reach the child whichever way it is made", "[os][spawn]") {
  const EachWay way;
  SpawnPlan plan = shell("ulimit -Sn; ulimit -Hn");
  plan.nofile = rlimit{100, 200};
  CHECK(output_of(plan) == "100\n200\n");
  plan.argv[2] =
      "ulimit -Sc; ulimit -Hc; ulimit -n; cat /proc/self/oom_score_adj; "
      "grep NoNewPrivs /proc/self/status";
  plan.limits = {{Limit::nofile, 50, 60}, {Limit::core, 0, 0}};
  plan.process.oom_score_adj = 300;
  plan.process.no_new_privs = true;
  plan.process.nice = 5;
  CHECK(output_of(plan) == "0\n0\n50\n300\nNoNewPrivs:\t1\n");
  // This process keeps its own value, although the child shared its memory.
  CHECK(read_file("/proc/self/oom_score_adj", 64).value() != "300\n");
}

TEST_CASE("a process gets user, group and supplementary groups, and their rights",
          "[os][spawn][root]") {
  if (::geteuid() != 0) return test::skip("needs root");
  const EachWay way;
  SpawnPlan plan = shell("grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status");
  plan.ids = {kNobody, 1234, std::vector<gid_t>{1234, 77}};
  CHECK(output_of(plan) ==
        "Uid:\t65534\t65534\t65534\t65534\nGid:\t1234\t1234\t1234\t1234\nGroups:\t77 1234 \n"
        "CapEff:\t0000000000000000\n");
  plan.ids.groups->clear();
  CHECK_THAT(output_of(plan), Contains("Groups:\t \n"));
  const TempDir dir;  // 0700, owned by root
  plan.dir = dir.path();
  CHECK(failed(plan).text == "cannot change to directory " + dir.path() + ": Permission denied");
  // What root finds first in PATH, but the user may not execute, is passed over.
  dir.write("cat", "#!/bin/sh\n", 0755);
  SpawnPlan in_path = plan;
  in_path.dir = "/";
  in_path.argv = {"cat", "/proc/self/comm"};
  in_path.env = {"PATH=" + dir.path() + ":" + dir.path() + ":/usr/bin:/bin"};
  in_path.program = dir / "cat";
  CHECK(output_of(in_path) == "cat\n");
  REQUIRE(::mkdir((dir / "other").c_str(), 0755) == 0);
  dir.write("other/cat", "#!/bin/sh\n", 0755);
  in_path.env = {"PATH=" + dir.path() + ":" + (dir / "other") + ":" + dir.path()};
  CHECK(failed(in_path).text == "cannot execute " + (dir / "other/cat") + ": Permission denied");
  CHECK(::prctl(PR_GET_DUMPABLE) == 1);
  CHECK(::geteuid() == 0);
}

TEST_CASE("an id that cannot be had is named", "[os][spawn][root]") {
  if (::geteuid() != 0) return test::skip("needs root");
  const EachWay way;
  const std::string only_root =
      "Operation not permitted; only root may start services as other users\n";
  // As an ordinary user of this machine, in a separate process.
  CHECK(in_child([]() -> std::string {
          if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
              ::setresuid(kNobody, kNobody, kNobody) != 0)
            return "not nobody";
          std::string said;
          SpawnPlan plan = shell("exit 0");
          // Its own ids are not a change, and need no privilege.
          for (const Ids& ids : {Ids{1000, {}, {}}, Ids{kNobody, 1000, {}},
                                 Ids{kNobody, kNobody, std::vector<gid_t>{5}},
                                 Ids{kNobody, kNobody, std::vector<gid_t>{}}}) {
            plan.ids = ids;
            const auto child = spawn(plan);
            said += child ? std::to_string(wait_status(child->pid)) : child.error().text + "\n";
          }
          return said;
        }) == "cannot become user 1000: " + only_root + "cannot become group 1000: " + only_root +
                  "cannot set the supplementary groups: " + only_root + "0");
}

TEST_CASE("a child that fails is never seen by who reaps all", "[threads][os][spawn]") {
  const EachWay way;
  std::atomic<bool> done{false};
  std::atomic<int> seen{0};
  auto reaper = Thread::start("reaper", kSmallStackBytes, [&] {
    while (!done) seen += next_ended().has_value() ? 1 : 0;
  });
  REQUIRE(reaper);
  SpawnPlan plan = shell("");
  plan.program = kNothing;
  for (int i = 0; i < 50; ++i) CHECK_FALSE(spawn(plan));
  done = true;
  reaper->join();
  CHECK(seen == 0);
}

TEST_CASE("eight threads with small stacks spawn at once", "[threads][os][spawn]") {
  const EachWay way;
  const bool root = ::geteuid() == 0;
  const auto before = test::open_descriptors();
  std::atomic<int> good{0}, bad{0};
  std::vector<Thread> threads;
  for (int t = 0; t < 8; ++t) {
    auto thread = Thread::start("spawner", kSmallStackBytes, [&, t] {
      for (int i = 0; i < 20; ++i) {
        SpawnPlan plan = shell("");
        plan.program = "/bin/true";
        if (i % 5 == 0) plan.program = kNothing;
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

TEST_CASE("a program is found in the service's PATH, or the PATH is named", "[os][spawn]") {
  TempDir dir;
  for (const char* name : {"a", "b", "a/sub"}) REQUIRE(::mkdir((dir / name).c_str(), 0755) == 0);
  dir.write("a/plain", "", 0644);
  dir.write("b/plain", "", 0755);
  dir.write("b/tool", "", 0755);
  dir.write("a/data", "", 0644);
  const std::string path = (dir / "a") + ":" + (dir / "b");
  const std::array<std::string, 4> rows[] = {{"tool", path, "/", dir / "b/tool"},
                                             {"plain", path, "/", dir / "b/plain"},
                                             {"tool", "a:b", dir.path(), dir / "b/tool"},
                                             {"tool", "/x:", dir / "b", dir / "b/tool"},
                                             {"/x/y", path, "/", "/x/y"},
                                             {"./run", path, "/srv", "/srv/./run"},
                                             {"bin/run", path, "/", "/bin/run"}};
  for (const auto& [program, in, from, found] : rows)
    CHECK(resolve_program(program, in, from) == found);
  const Error missing = resolve_program("webd", "/usr/bin:/bin", "/").error();
  CHECK(missing.text == "no program \"webd\" in PATH");
  CHECK(missing.errnum == ENOENT);
  CHECK(resolve_program("data", path, "/").error().text ==
        "cannot execute " + (dir / "a/data") + ": Permission denied");
  CHECK(resolve_program("tool", path, "/", {}, dir / "a/tool") == dir / "b/tool");
  CHECK_FALSE(resolve_program("tool", path + ":" + (dir / "b"), "/", {}, dir / "b/tool"));
  CHECK_FALSE(resolve_program("sub", path, "/"));  // a directory is not a program
  CHECK_FALSE(resolve_program("", path, "/"));
}

}  // namespace
}  // namespace zinit::test::os_spawn
