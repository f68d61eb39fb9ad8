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

TEST_CASE("a thread runs what it is given under its name, and is joined by its object's end",
          "[threads][os][thread]") {
  std::atomic<int> ended{0};
  char name[16] = {};
  const auto work = [&] {
    ::prctl(PR_GET_NAME, name, 0, 0, 0);
    ++ended;
  };
  Thread thread = std::move(Thread::start("job of a long name", kSmallStackBytes, work).value());
  CHECK(thread.joinable());
  thread.join();
  CHECK_FALSE(thread.joinable());
  CHECK(std::string(name) == "job of a long n");
  thread = std::move(Thread::start("a", kSmallStackBytes, work).value());
  thread = std::move(Thread::start("b", kSmallStackBytes, work).value());
  CHECK(ended >= 2);
  Thread moved(std::move(thread));
  CHECK_FALSE(thread.joinable());
  CHECK(moved.joinable());
  moved = Thread();
  CHECK(ended == 3);
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
    REQUIRE(becomes_true([&] { return ran == i + 1 && threads() <= running; }));
  }
  // A stack and its guard page would be two mappings each. Sanitizers' runtimes have some, too.
  CHECK(mappings() < before + 100);
}

TEST_CASE(
    "a thread has every signal blocked but the faults, a stack for them, and its starter both "
    "as before",
    "[threads][os][thread]") {
  sigset_t mine{}, before{}, after{};
  stack_t alternate{};
  const char* local = nullptr;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  REQUIRE(Thread::start("t", kSmallStackBytes, [&] {
    char here = 0;
    local = &here;
    pthread_sigmask(SIG_SETMASK, nullptr, &mine);
    ::sigaltstack(nullptr, &alternate);
  }));
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int blocked : {SIGTERM, SIGINT, SIGCHLD, SIGUSR1, SIGPIPE, SIGRTMIN, SIGRTMAX})
    CHECK(sigismember(&mine, blocked) == 1);
  for (const int open : kFaults) CHECK(sigismember(&mine, open) == 0);
  for (int signal = 1; signal <= 31; ++signal)
    CHECK(sigismember(&before, signal) == sigismember(&after, signal));
  CHECK((alternate.ss_flags & SS_DISABLE) == 0);
  CHECK(alternate.ss_size >= 16384);
  const auto* base = static_cast<const char*>(alternate.ss_sp);
  CHECK((local < base || local >= base + alternate.ss_size));
}

TEST_CASE("a stack overflow of a thread can be handled", "[threads][os][thread]") {
  if (test::sanitized()) return;  // sanitizers handle it themselves
  CHECK(in_child([] {
          struct sigaction action {};
          action.sa_flags = SA_ONSTACK;
          action.sa_handler = [](int) { ::raise(SIGKILL); };
          ::sigaction(SIGSEGV, &action, nullptr);
          static std::function<int(int)> deeper = [](int n) {
            volatile char frame[1024] = {};
            return frame[0] + deeper(n + 1) + frame[1];
          };
          auto thread =
              Thread::start("deep", kSmallStackBytes, [] { static_cast<void>(deeper(0)); });
          return "no overflow"s;
        }) == "signal 9");
}

TEST_CASE("an exception ends its thread alone, and is logged", "[threads][os][thread]") {
  Pipe log = make_pipe(O_NONBLOCK).value();
  set_log_descriptor(log.write.get(), false);
  REQUIRE(
      Thread::start("bad", kSmallStackBytes, [] { throw std::runtime_error("thrown by a test"); }));
  REQUIRE(Thread::start("worse", kSmallStackBytes, [] { throw 7; }));
  set_log_descriptor(STDERR_FILENO, false);
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
  CHECK(in_child([]() -> std::string {
          const int wanted[] = {SIGUSR1, SIGTERM};
          auto fd = open_signals(wanted);
          if (!block_signals() || !fd || next_signal(fd->get())) return "not ready";
          for (const int signal : {SIGTERM, SIGUSR1, SIGUSR1}) ::raise(signal);
          pollfd ready{fd->get(), POLLIN, 0};
          if (::poll(&ready, 1, 0) != 1) return "nothing to read";
          const auto first = next_signal(fd->get()), second = next_signal(fd->get());
          if (first->number != SIGUSR1 || second->number != SIGTERM) return "others";
          if (first->sender != ::getpid() || next_signal(fd->get())) return "more than two";
          return (::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC) != 0 ? "two" : "inherited";
        }) == "two");
}

TEST_CASE("a child resets all signals, until it is known which are not at their default",
          "[os][signals]") {
  const auto bit = [](int signal) { return std::uint64_t{1} << (signal - 1); };
  CHECK(~signals_to_reset() == 0);
  CHECK(in_child([&]() -> std::string {
          std::signal(SIGUSR1, SIG_IGN);
          std::signal(SIGUSR2, [](int) {});
          std::signal(SIGTERM, SIG_DFL);
          keep_dispositions();
          std::string reset;
          for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM, SIGKILL, SIGSTOP})
            reset += (signals_to_reset() & bit(signal)) != 0 ? "+" : "-";
          return reset;
        }) == "++---");
}

TEST_CASE("the limit of descriptors is raised, what it was is known, and none are passed on",
          "[os][limits]") {
  CHECK(in_child([]() -> std::string {
          const int low_fd = ::open("/dev/null", O_RDONLY), high = ::fcntl(low_fd, F_DUPFD, 60);
          rlimit low{};
          ::getrlimit(RLIMIT_NOFILE, &low);
          low.rlim_cur = 64;
          ::setrlimit(RLIMIT_NOFILE, &low);
          const auto before = raise_descriptor_limit();
          rlimit now{};
          ::getrlimit(RLIMIT_NOFILE, &now);
          if (!before || before->rlim_cur != 64 || before->rlim_max != low.rlim_max) return "lost";
          if (now.rlim_cur != now.rlim_max || now.rlim_max < low.rlim_max) return "not raised";
          mark_inherited_descriptors();
          std::string closing;
          for (const int fd : {0, 1, 2, low_fd, high})
            closing += (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? "+" : "-";
          return closing;
        }) == "---++");
}

TEST_CASE("there is room for the descriptors of a thousand services", "[os][limits]") {
  const auto room_under = [](rlim_t allowed) {
    return in_child([allowed]() -> std::string {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      limit.rlim_cur = allowed;
      if (::setrlimit(RLIMIT_NOFILE, &limit) < 0) return "no limit";
      const int next = ::fcntl(0, F_DUPFD, 3);
      ::close(next);
      make_room_for_descriptors();
      const auto status = read_file("/proc/self/status", 4096);
      if (::fcntl(0, F_DUPFD, 3) != next || !status) return "another number";
      const std::string size = status->substr(status->find("FDSize:") + 7);
      return std::string(trim(size.substr(0, size.find('\n'))));
    });
  };
  CHECK(room_under(4096) == "4096");
  CHECK(room_under(1000) == "1024");
}

}  // namespace
}  // namespace zinit::test::os_thread
