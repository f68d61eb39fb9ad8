// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A fault in PID 1 must not end it. Tested on a child process.
#include "reexec/last_resort.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "reexec/reexecution.hpp"
#include "support/test.hpp"

namespace zinit::test::reexec_last_resort {
namespace {

/// A separate process that survives faults, and its messages.
class Survivor {
 public:
  explicit Survivor(const std::function<void()>& action) {
    auto log = make_pipe();
    REQUIRE(log);
    pid_ = ::fork();
    if (pid_ == 0) {
      sigset_t later;
      sigemptyset(&later);
      sigaddset(&later, SIGUSR1);
      sigprocmask(SIG_BLOCK, &later, nullptr);
      ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);  // drops the C++ library's own message
      set_log_descriptor(log->write.get(), false);
      survive_faults("/dev/null");
      if (write_all(log->write.get(), "ready", "the pipe")) action();
      _exit(0);
    }
    log_ = std::move(log->read);
    log->write.reset();
    CHECK(said("ready") == "ready");
  }
  ~Survivor() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Survivor(const Survivor&) = delete;
  Survivor& operator=(const Survivor&) = delete;

  /// Its messages until `end` is in them; fewer if it ends or is silent for 10 s.
  std::string said(std::string_view end) {
    std::string text;
    pollfd ready{log_.get(), POLLIN, 0};
    char c = 0;
    while (text.find(end) == std::string::npos && ::poll(&ready, 1, 10'000) == 1 &&
           ::read(log_.get(), &c, 1) == 1)
      text += c;
    return text;
  }

  [[nodiscard]] bool alive() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  UniqueFd log_;
};

TEST_CASE("a process reports a fault or an uncaught exception, and stays", "[init][last-resort]") {
  Survivor fault([] { ::raise(SIGSEGV); }), exception([] { std::terminate(); });
  CHECK_THAT(fault.said("SIGSEGV"), Contains("SIGSEGV"));
  CHECK(fault.alive());
  CHECK_THAT(exception.said("SIGABRT"), Contains("SIGABRT"));
  CHECK(exception.alive());
}

TEST_CASE("a fault in a forked copy ends the copy", "[init][last-resort]") {
  Survivor survivor([] {
    for (const bool sent : {false, true}) {
      const pid_t copy = ::fork();
      if (copy == 0 && sent)
        while (true) ::pause();
      if (copy == 0) ::raise(SIGSEGV);
      if (sent) ::kill(copy, SIGABRT);
      int status = 0;
      if (::waitpid(copy, &status, 0) == copy && WIFSIGNALED(status))
        log_info("ended by {}", WTERMSIG(status));
    }
    stay_alive("the test is over");
  });
  CHECK_THAT(survivor.said("over"), Contains(fmt::format("ended by {}", SIGSEGV)) &&
                                        Contains(fmt::format("ended by {}", SIGABRT)));
}

TEST_CASE("the first fault without a record of faults is not called too many",
          "[init][last-resort]") {
  Survivor survivor([] {
    if (find_own_program(false)) prepare_execution();
    ::raise(SIGSEGV);
  });
  CHECK_THAT(
      survivor.said("starting a shell"),
      Contains("no recovery: zinit has no record to count its faults in") && !Contains("too many"));
  CHECK(survivor.alive());
}

TEST_CASE("a fault signal from another process is ignored", "[init][last-resort]") {
  Survivor survivor([] {
    // SIGUSR1 is blocked, and arrives after the other signal was delivered.
    sigset_t later;
    sigemptyset(&later);
    sigaddset(&later, SIGUSR1);
    int received = 0;
    sigwait(&later, &received);
    stay_alive("asked to");
  });
  REQUIRE(::kill(survivor.pid(), SIGSEGV) == 0);
  REQUIRE(::kill(survivor.pid(), SIGUSR1) == 0);
  CHECK_THAT(survivor.said("asked to"), Contains("asked to"));
  CHECK(survivor.alive());
}

TEST_CASE("a last shell that cannot be started is tried again while others live",
          "[init][last-resort]") {
  Survivor survivor([] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) < 0) _exit(1);  // root has no limit
    if (::fork() == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) ::pause();
    }
    rlimit limit{};
    ::getrlimit(RLIMIT_NPROC, &limit);
    std::thread([limit] {
      sigset_t later;
      sigemptyset(&later);
      sigaddset(&later, SIGUSR1);
      int received = 0;
      sigwait(&later, &received);
      ::setrlimit(RLIMIT_NPROC, &limit);
    }).detach();
    const rlimit none{0, limit.rlim_max};
    ::setrlimit(RLIMIT_NPROC, &none);
    stay_alive("asked to");
  });
  CHECK_THAT(survivor.said("asked to"), Contains("asked to"));
  const std::string path = fmt::format("/proc/{}/stat", survivor.pid());
  const auto field = [&](std::size_t which) {
    const auto stat = read_file(path.c_str(), 4096);
    return stat ? std::string(split(*stat, ' ').at(which)) : "";
  };
  CHECK(test::becomes_true([&] { return field(2) == "S"; }));  // it waits, so the shell has failed
  REQUIRE(::kill(survivor.pid(), SIGUSR1) == 0);
  // The shell ends at once, on /dev/null: its page faults then count as those of a reaped child.
  CHECK(test::becomes_true([&] { return field(10) != "0"; }));
}

TEST_CASE("after a fault of another thread the main one reaps, whatever it waits for",
          "[threads][init][last-resort]") {
  // The grandchild's pid, shared with the survivor.
  void* page = ::mmap(nullptr, sizeof(std::atomic<pid_t>), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  auto* grandchild = new (page) std::atomic<pid_t>{0};
  {
    Survivor survivor([grandchild] {
      const pid_t pid = ::fork();
      if (pid == 0)
        while (true) ::pause();
      *grandchild = pid;
      static std::mutex mutex;
      std::promise<void> locked;
      std::thread faulty([&locked] {
        const std::lock_guard lock(mutex);
        locked.set_value();
        ::raise(SIGSEGV);
      });
      locked.get_future().wait();
      const std::lock_guard lock(mutex);  // like the board's, held by the thread at fault
      faulty.join();
    });
    CHECK_THAT(survivor.said("SIGSEGV"), Contains("SIGSEGV"));
    const pid_t pid = *grandchild;
    REQUIRE(pid > 0);
    CHECK(::kill(pid, SIGKILL) == 0);
    CHECK(test::becomes_true([pid] { return ::kill(pid, 0) < 0 && errno == ESRCH; }));
    CHECK(survivor.alive());
  }
  ::munmap(page, sizeof(std::atomic<pid_t>));
}

}  // namespace
}  // namespace zinit::test::reexec_last_resort
