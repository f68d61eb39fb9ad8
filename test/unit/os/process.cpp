// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals to processes and groups, their ends, and /proc's reports about them; and the program's
// code, unmapped and mapped again.
#include "os/process.hpp"
#include "base/format.hpp"
#include "os/limits.hpp"
#include "os/memory.hpp"
#include "os/spawn.hpp"
#include "support/test.hpp"

namespace zinit::test::os_process {
namespace {

/// A shell that has reported its start; it is killed with its group and reaped.
class Shell {
 public:
  explicit Shell(const std::string& script) : pipe_(make_pipe().value()) {
    SpawnPlan plan;
    plan.program = "/bin/sh";
    plan.argv = {"sh", "-c", script};
    plan.env = {"PATH=/usr/bin:/bin"};
    plan.out = pipe_.write.get();
    child_ = std::move(spawn(plan).value());
    pipe_.write.reset();
  }
  ~Shell() {
    if (group_exists(child_.pid)) static_cast<void>(signal_group(child_.pid, SIGKILL));
    while (::waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR) {}
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  [[nodiscard]] pid_t pid() const { return child_.pid; }
  [[nodiscard]] int pidfd() const { return child_.pidfd.get(); }

  /// The next line of its output.
  [[nodiscard]] std::string line() const {
    std::string text;
    char c;
    pollfd ready{pipe_.read.get(), POLLIN, 0};
    while (::poll(&ready, 1, 20000) > 0 && ::read(pipe_.read.get(), &c, 1) == 1 && c != '\n')
      text += c;
    return text;
  }

  /// Waits for the end of a child, without reaping it.
  [[nodiscard]] EndedProcess ended() const {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED | WNOWAIT);
    return next_ended().value();
  }

 private:
  Pipe pipe_;
  Child child_;
};

TEST_CASE("an end is seen before it is reaped, as often as one looks", "[os][process]") {
  const Shell shell("exit 3");
  const pid_t pid = shell.pid();
  CHECK(shell.ended().pid == pid);
  CHECK(shell.ended().end == ProcessEnd{false, 3, false});
  CHECK(process_group(pid) == pid);
  CHECK(group_exists(pid));
  CHECK(signal_process(shell.pidfd(), pid, SIGTERM));  // a zombie takes it, without effect
  const auto stat = read_process_stat(pid);
  REQUIRE(stat);
  CHECK(stat->zombie());
  CHECK(stat->ppid == ::getpid());
  CHECK(command_line(pid).empty());
  const auto in_use = [&] {
    const auto groups = groups_in_use().value();
    return std::binary_search(groups.begin(), groups.end(), pid);
  };
  CHECK(in_use());  // it still has to be reaped
  reap(pid);
  CHECK_FALSE(in_use());
  CHECK_FALSE(next_ended());
  CHECK_FALSE(process_group(pid));
  CHECK_FALSE(group_exists(pid));
  const auto gone = read_process_stat(pid);
  REQUIRE_FALSE(gone);
  CHECK((gone.error().errnum == ENOENT || gone.error().errnum == ESRCH));
  CHECK(command_line(pid).empty());
  // A signal to what is gone is an error, never a signal to another.
  const auto by_pidfd = signal_process(shell.pidfd(), pid, SIGTERM);
  REQUIRE_FALSE(by_pidfd);
  CHECK(by_pidfd.error().errnum == ESRCH);
  CHECK(by_pidfd.error().text == fmt::format("cannot signal process {}: No such process", pid));
  CHECK(signal_process(-1, pid, 0).error().errnum == ESRCH);
  CHECK(signal_group(pid, 0).error().errnum == ESRCH);
}

TEST_CASE("a signal to a group reaches all of it", "[os][process]") {
  const Shell shell("sleep 100 & sleep 100 & echo $!; wait");
  const auto last = static_cast<pid_t>(std::stoi(shell.line()));
  const auto groups = groups_in_use();
  REQUIRE(groups);
  CHECK(std::count(groups->begin(), groups->end(), shell.pid()) == 3);
  CHECK(process_group(last) == shell.pid());
  REQUIRE(signal_group(shell.pid(), SIGTERM));
  CHECK(shell.ended().end == ProcessEnd{true, SIGTERM, false});
  CHECK(read_process_stat(shell.pid())->session == shell.pid());
}

TEST_CASE("a pidfd has the number of its process until this is reaped", "[os][process]") {
  const UniqueFd own = open_pidfd(::getpid());
  if (!own) return test::skip("needs pidfds");
  CHECK(pid_of(own.get()) == ::getpid());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  const UniqueFd pidfd = open_pidfd(child);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK(pid_of(pidfd.get()) == child);
  reap(child);
  CHECK(pid_of(pidfd.get()) == -1);
  CHECK(pid_of(STDIN_FILENO) == std::nullopt);
  CHECK(pid_of(-1) == std::nullopt);
}

TEST_CASE("numbers that mean everybody or ourselves are refused", "[os][process]") {
  for (const pid_t number : {-5, -1, 0, 1}) {
    INFO(number);
    CHECK(signal_group(number, 0).error().errnum == ESRCH);
    CHECK(signal_process(-1, number, 0).error().errnum == ESRCH);
    CHECK_FALSE(group_exists(number));
  }
  CHECK_FALSE(process_group(0));
  CHECK_FALSE(process_group(-1));
}

TEST_CASE("a process is signalled with a pidfd and without, and its command line is harmless",
          "[os][process]") {
  const Shell shell("echo there; sleep 100; : \x1B[2J");
  CHECK(shell.line() == "there");
  CHECK(command_line(shell.pid()) == "sh -c echo there; sleep 100; : \\x1b[2J");
  CHECK(signal_process(shell.pidfd(), shell.pid(), 65).error().errnum == EINVAL);
  REQUIRE(signal_process(-1, shell.pid(), SIGKILL));
  CHECK(shell.ended().end == ProcessEnd{true, SIGKILL, false});
}

TEST_CASE("what /proc says of this process is so", "[os][process]") {
  const auto stat = read_process_stat(::getpid());
  REQUIRE(stat);
  CHECK(stat->pid == ::getpid());
  CHECK(stat->ppid == ::getppid());
  CHECK(stat->group == ::getpgrp());
  CHECK(stat->session == ::getsid(0));
  CHECK(stat->threads >= 1);
  CHECK(stat->start_ticks > 0);
  CHECK(stat->memory_bytes > 100000);
  CHECK_FALSE(stat->zombie());
  CHECK(command_line(::getpid()).find("test") != std::string::npos);
  const auto all = all_processes();
  REQUIRE(all);
  CHECK(std::any_of(all->begin(), all->end(), [](const auto& p) { return p.pid == ::getpid(); }));
}

TEST_CASE("a process cannot fake its line in /proc by its name", "[os][process]") {
  const std::string rest =
      " S 7 8 9 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 3 0 4711 1000 25 18446744073709551615";
  const auto shown = [](const std::string& text) -> std::string {
    const auto stat = parse_process_stat(text);
    if (!stat) return "none";
    return fmt::format("{} [{}] {} {} {} {}, {} us, {} threads, start {}, {} bytes", stat->pid,
                       stat->comm, stat->state, stat->ppid, stat->group, stat->session,
                       stat->cpu_us, stat->threads, stat->start_ticks, stat->memory_bytes);
  };
  const std::string figures =
      fmt::format(" S 7 8 9, {} us, 3 threads, start 4711, {} bytes",
                  300 * 1000000LL / ::sysconf(_SC_CLK_TCK), 25 * ::sysconf(_SC_PAGESIZE));
  CHECK(shown("42 (sh)" + rest + "\n") == "42 [sh]" + figures);
  CHECK(shown("42 (a) Z 1 (\n)" + rest) == "42 [a) Z 1 (\n]" + figures);
  for (const auto* wrong : {"", "42", "42 (sh", "42 sh) S 1", "x (sh) S 1", "42 (sh) S 1 2 3"})
    CHECK(shown(wrong) == "none");
  // Figures that no kernel writes are not computed with.
  for (const auto* most : {"9223372036854775807", "-9223372036854775808", "4611686018427387904"}) {
    INFO(most);
    CHECK(shown(fmt::format("42 (sh) S 7 8 9 0 -1 0 1 2 3 4 {0} {0} 0 0 20 0 3 0 4711 1000 {0} 1",
                            most)) == "42 [sh] S 7 8 9, 0 us, 3 threads, start 4711, 0 bytes");
  }
}

TEST_CASE("orphans fall to a subreaper", "[os][process]") {
  // In a separate process, because a subreaper stays one.
  CHECK(in_child([]() -> std::string {
          if (!become_subreaper()) return "no subreaper";
          if (::fork() == 0) {
            if (::fork() == 0) ::_exit(7);
            ::_exit(6);
          }
          int sum = 0;
          siginfo_t info{};
          for (int i = 0; i < 2; ++i) {
            ::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
            const auto ended = next_ended();
            if (!ended) return "none ended";
            sum += ended->end.value;
            reap(ended->pid);
          }
          return std::to_string(sum);
        }) == "13");
}

TEST_CASE("the limit of open files of a machine's services is within zinit's own") {
  rlimit own{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &own) == 0);
  const auto limit = limit_for_services();
  REQUIRE(limit);
  CHECK(limit->rlim_cur == std::min<rlim_t>(1024, own.rlim_max));
  CHECK(limit->rlim_max == std::min<rlim_t>(524288, own.rlim_max));
}

/// The part of this program's executable mappings in its page tables, in KiB.
long mapped_code() {
  std::ifstream maps("/proc/self/smaps");
  long kib = 0;
  bool code = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" r-xp ") != std::string::npos)
      code = line.find("/test-unit") != std::string::npos;
    if (line.find(" r--p ") != std::string::npos || line.find(" rw-p ") != std::string::npos)
      code = false;
    long rss = 0;
    std::string name;
    if (std::istringstream words(line); code && words >> name >> rss && name == "Rss:") kib += rss;
  }
  return kib;
}

TEST_CASE("code that is unmapped is mapped again where it runs", "[memory]") {
  // All code that has run so far is mapped; reading the mappings runs little code.
  const long before = mapped_code();
  REQUIRE(before > 0);
  release_after_boot();
  const long after = mapped_code();
  CHECK(after > 0);
  CHECK(after < before);
}

}  // namespace
}  // namespace zinit::test::os_process
