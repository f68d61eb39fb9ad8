// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Threads: names, signals, stacks, exceptions, and a lack of threads. Also signals from a
// descriptor, and the limit of descriptors.
#include <iterator>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "os/limits.hpp"
#include "os/signals.hpp"
#include "os/thread.hpp"
#include "support/test.hpp"

namespace zinit::test::os_thread {
namespace {

/// The exit status of `work` in a separate process.
template <class Work>
int in_child(Work work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    work();
    ::_exit(99);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_CASE("a thread runs what it is given under its name", "[threads][os][thread]") {
  char name[16] = {};
  auto thread = Thread::start("job of a long name", kSmallStackBytes,
                              [&] { ::prctl(PR_GET_NAME, name, 0, 0, 0); });
  REQUIRE(thread);
  CHECK(thread->joinable());
  thread->join();
  CHECK_FALSE(thread->joinable());
  CHECK(std::string(name) == "job of a long n");
}

TEST_CASE("abandoned threads leave nothing once they have ended", "[threads][os][thread]") {
  const auto threads = [] {
    const std::filesystem::directory_iterator all("/proc/self/task"), end;
    return std::distance(all, end);
  };
  const auto mappings = [] {
    std::ifstream maps("/proc/self/maps");
    return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
  };
  // TSan starts its own thread together with the first one.
  REQUIRE(Thread::start("first", kLoopStackBytes, [] {}));
  const auto before = mappings();
  const auto running = threads();
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) {
    auto thread = Thread::start("abandoned", kLoopStackBytes, [&ran] { ++ran; });
    REQUIRE(thread);
    thread->abandon();
    CHECK_FALSE(thread->joinable());
    REQUIRE(test::becomes_true([&] { return threads() <= running; }));
  }
  CHECK(ran == 100);
  // A stack and its guard page would be two mappings each. Sanitizers' runtimes have some, too.
  CHECK(mappings() < before + 100);
}

TEST_CASE("a thread has every signal blocked but the faults, and its starter as before",
          "[threads][os][thread]") {
  sigset_t mine{}, before{}, after{};
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  REQUIRE(
      Thread::start("t", kSmallStackBytes, [&] { pthread_sigmask(SIG_SETMASK, nullptr, &mine); }));
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int blocked : {SIGTERM, SIGINT, SIGCHLD, SIGUSR1, SIGPIPE, SIGRTMIN, SIGRTMAX})
    CHECK(sigismember(&mine, blocked) == 1);
  for (const int open : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
    CHECK(sigismember(&mine, open) == 0);
  for (int signal = 1; signal <= 31; ++signal)
    CHECK(sigismember(&before, signal) == sigismember(&after, signal));
}

TEST_CASE("a thread has a stack for signals, apart from its own", "[threads][os][thread]") {
  stack_t alternate{};
  const char* local = nullptr;
  REQUIRE(Thread::start("t", kSmallStackBytes, [&] {
    char here = 0;
    local = &here;
    ::sigaltstack(nullptr, &alternate);
  }));
  CHECK((alternate.ss_flags & SS_DISABLE) == 0);
  CHECK(alternate.ss_size >= 16384);
  const auto* base = static_cast<const char*>(alternate.ss_sp);
  CHECK((local < base || local >= base + alternate.ss_size));
}

TEST_CASE("a stack overflow of a thread can be handled", "[threads][os][thread]") {
  if (test::sanitized()) return;  // sanitizers handle it themselves
  const int status = in_child([] {
    struct sigaction action {};
    action.sa_flags = SA_ONSTACK;
    action.sa_handler = [](int) { ::_exit(42); };
    ::sigaction(SIGSEGV, &action, nullptr);
    static std::function<int(int)> deeper = [](int n) {
      volatile char frame[1024] = {};
      return frame[0] + deeper(n + 1) + frame[1];
    };
    auto thread = Thread::start("deep", kSmallStackBytes, [] { static_cast<void>(deeper(0)); });
  });
  CHECK(status == 42);
}

TEST_CASE("an exception ends its thread alone, and is logged", "[threads][os][thread]") {
  std::atomic<int> reached{0};
  Pipe log = make_pipe(O_NONBLOCK).value();
  set_log_descriptor(log.write.get(), false);
  REQUIRE(Thread::start("bad", kSmallStackBytes, [&] {
    ++reached;
    throw std::runtime_error("thrown by a test");
  }));
  REQUIRE(Thread::start("worse", kSmallStackBytes, [&] {
    ++reached;
    throw 7;
  }));
  set_log_descriptor(STDERR_FILENO, false);
  CHECK(reached == 2);
  char text[200] = {};
  REQUIRE(::read(log.read.get(), text, sizeof text - 1) > 0);
  CHECK(std::string(text) ==
        "error thread bad: ended by an exception: thrown by a test\n"
        "error thread worse: ended by an exception of an unknown kind\n");
}

TEST_CASE("a thread that cannot be had is a temporary error, and its work is given back",
          "[threads][os][thread]") {
  auto work = std::make_shared<int>(0);
  auto thread = Thread::start("huge", std::size_t{1} << 60, [work] { ++*work; });
  REQUIRE_FALSE(thread);
  CHECK(thread.error().temporary());
  CHECK(thread.error().text.starts_with("cannot start thread huge: "));
  CHECK(work.use_count() == 1);
  CHECK(*work == 0);
}

TEST_CASE("a thread object is joined by assignment and by its end", "[threads][os][thread]") {
  std::atomic<int> ended{0};
  const auto work = [&] { ++ended; };
  Thread thread = std::move(Thread::start("a", kSmallStackBytes, work).value());
  thread = std::move(Thread::start("b", kSmallStackBytes, work).value());
  CHECK(ended >= 1);
  Thread moved(std::move(thread));
  CHECK_FALSE(thread.joinable());
  CHECK(moved.joinable());
  moved = Thread();
  CHECK(ended == 2);
}

TEST_CASE("a thread is waited for no longer than the limit", "[threads][os][thread]") {
  std::atomic<bool> go_on{false};
  auto thread = Thread::start("t", kSmallStackBytes, [&] { go_on.wait(false); });
  REQUIRE(thread);
  CHECK_FALSE(thread->join(Milliseconds(20)));
  CHECK_FALSE(thread->join(Milliseconds(-1)));
  CHECK(thread->joinable());
  go_on = true;
  go_on.notify_all();
  CHECK(thread->join(Milliseconds(60000)));
  CHECK_FALSE(thread->joinable());
  CHECK(thread->join(Milliseconds(0)));  // the thread is gone
}

TEST_CASE("blocked signals are read from a descriptor, each once", "[os][signals]") {
  const int status = in_child([] {
    const int wanted[] = {SIGUSR1, SIGTERM};
    auto fd = open_signals(wanted);
    if (!block_signals() || !fd) ::_exit(1);
    if (next_signal(fd->get())) ::_exit(2);
    ::raise(SIGTERM);
    ::raise(SIGUSR1);
    ::raise(SIGUSR1);
    pollfd ready{fd->get(), POLLIN, 0};
    if (::poll(&ready, 1, 0) != 1) ::_exit(3);
    const auto first = next_signal(fd->get()), second = next_signal(fd->get());
    if (first->number != SIGUSR1 || second->number != SIGTERM) ::_exit(4);
    if (first->sender != ::getpid() || next_signal(fd->get())) ::_exit(6);
    if ((::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) == 0) ::_exit(5);
    ::_exit(0);
  });
  CHECK(status == 0);
}

TEST_CASE("a child resets all signals, until it is known which are not at their default",
          "[os][signals]") {
  const auto bit = [](int signal) { return std::uint64_t{1} << (signal - 1); };
  CHECK(~signals_to_reset() == 0);
  const int status = in_child([&] {
    std::signal(SIGUSR1, SIG_IGN);
    std::signal(SIGUSR2, [](int) {});
    std::signal(SIGTERM, SIG_DFL);
    keep_dispositions();
    const std::uint64_t reset = signals_to_reset();
    if ((reset & bit(SIGUSR1)) == 0 || (reset & bit(SIGUSR2)) == 0) ::_exit(1);
    if ((reset & (bit(SIGTERM) | bit(SIGKILL) | bit(SIGSTOP))) != 0) ::_exit(2);
    ::_exit(0);
  });
  CHECK(status == 0);
}

TEST_CASE("the limit of descriptors is raised, and what it was is known", "[os][limits]") {
  const int status = in_child([] {
    rlimit low{};
    ::getrlimit(RLIMIT_NOFILE, &low);
    low.rlim_cur = 64;
    ::setrlimit(RLIMIT_NOFILE, &low);
    const auto before = raise_descriptor_limit();
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    if (!before || before->rlim_cur != 64 || before->rlim_max != low.rlim_max) ::_exit(1);
    if (now.rlim_cur != now.rlim_max || now.rlim_max < low.rlim_max) ::_exit(2);
    ::_exit(0);
  });
  CHECK(status == 0);
}

TEST_CASE("there is room for the descriptors of a thousand services", "[os][limits]") {
  const auto room_under = [](rlim_t allowed) {
    return in_child([allowed] {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = allowed;
      if (::setrlimit(RLIMIT_NOFILE, &limit) < 0) ::_exit(255);
      const int next = ::fcntl(0, F_DUPFD, 3);
      ::close(next);
      make_room_for_descriptors();
      const auto status = read_file("/proc/self/status", 4096);
      if (::fcntl(0, F_DUPFD, 3) != next || !status) ::_exit(254);
      std::string size = status->substr(status->find("FDSize:") + 7);
      size.resize(size.find('\n'));
      ::_exit(static_cast<int>(parse_integer(trim(size)).value_or(0) / 64));
    });
  };
  CHECK(room_under(4096) == 4096 / 64);
  CHECK(room_under(1000) == 1024 / 64);
}

TEST_CASE("inherited descriptors are not passed on", "[os][limits]") {
  const int status = in_child([] {
    const int a = ::open("/dev/null", O_RDONLY), b = ::fcntl(a, F_DUPFD, 60);
    mark_inherited_descriptors();
    for (const int fd : {a, b})
      if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0) ::_exit(1);
    for (const int fd : {0, 1, 2})
      if ((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) ::_exit(2);
    ::_exit(0);
  });
  CHECK(status == 0);
}

}  // namespace
}  // namespace zinit::test::os_thread
