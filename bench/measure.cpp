// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Runs a supervisor and measures from outside the time of its actions, in the same way for all
// supervisors.
//
//   measure session COMMAND...
//
// It runs in a folder with the FIFOs "reports", which services write to, and "go". It reads
// requests, one in each line, and answers each with a number, in microseconds unless another unit
// is given below, or with "-" if the event has not happened within a minute.
//
//   start N         runs COMMAND; the time until the last of N services has begun
//   kill            kills the service that began last; the time until the next one begins
//   run COMMAND...  runs a command; the time until a service begins
//   orphans NAME    closes "go", which ends processes called NAME; the time until all are reaped
//   memory KEY      memory of all processes of the supervisor, in KiB (KEY: Rss, Pss, Anonymous)
//   wake-ups        how often threads of the supervisor were woken
//   stop SIGNAL     sends it to the supervisor; the time until it and all services are gone
//
//   measure times N COMMAND...     runs COMMAND N times; prints the time of each process
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "processes.hpp"
#include "report.hpp"

namespace {

using Words = std::vector<std::string>;
using Answer = std::optional<std::int64_t>;

constexpr std::int64_t kLongestNs = 60'000'000'000;  // alarm(2) takes its seconds
constexpr std::string_view kService = "pause";

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

/// The pause between two looks: short compared with the measured times, but long enough not to
/// disturb.
void pause_a_little() { ::usleep(200); }

pid_t run(const Words& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::vfork();
  if (pid != 0) return pid;
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, 0);
  ::dup2(null, 1);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

class Session {
 public:
  explicit Session(Words command)
      : command_(std::move(command)),
        reports_(::open("reports", O_RDWR | O_NONBLOCK | O_CLOEXEC)),
        go_(::open("go", O_RDWR | O_CLOEXEC)) {
    ::fcntl(reports_, F_SETPIPE_SZ, 1 << 20);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    struct sigaction interrupt {};  // so that alarm(2) makes wait(2) fail
    interrupt.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &interrupt, nullptr);
  }

  /// Kills all remaining processes. Each kill may give this process the children of the killed one.
  ~Session() {
    for (auto family = family_of(::getpid()); family.size() > 1; family = family_of(::getpid())) {
      for (std::size_t i = 1; i < family.size(); ++i) ::kill(family[i], SIGKILL);
      while (::wait(nullptr) > 0) continue;
    }
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Answer carry_out(const Words& line) {
    const std::string& verb = line.front();
    const std::string argument = line.size() > 1 ? line[1] : "";
    if (verb == "start") return start(std::stoi(argument));
    if (verb == "kill") return kill_last();
    if (verb == "run") return run_until_report({line.begin() + 1, line.end()});
    if (verb == "orphans") return release_orphans(argument);
    if (verb == "memory") return sum([&](pid_t pid) { return memory_kb(pid, argument + ":"); });
    if (verb == "wake-ups") return sum(wake_ups);
    if (verb == "stop") return stop(std::stoi(argument));
    return std::nullopt;
  }

 private:
  Answer start(int count) {
    const std::int64_t before = now_ns();
    supervisor_ = run(command_);
    return until_report(before, count);
  }

  /// The time from `before` until the last of `count` services has begun, by their reports.
  Answer until_report(std::int64_t before, int count) {
    Report report{};
    std::int64_t last = 0;
    while (count > 0) {
      if (::read(reports_, &report, sizeof report) == sizeof report) {
        last = std::max(last, report.started_ns);
        last_pid_ = static_cast<pid_t>(report.pid);
        --count;
      } else if (now_ns() - before > kLongestNs) {
        return std::nullopt;
      } else {
        pause_a_little();
      }
    }
    return (last - before) / 1000;
  }

  Answer kill_last() {
    const pid_t pid = pid_from_outside(std::string(kService), last_pid_);
    if (pid == 0) return std::nullopt;
    const std::int64_t before = now_ns();
    ::kill(pid, SIGKILL);
    return until_report(before, 1);
  }

  Answer run_until_report(const Words& command) {
    const std::int64_t before = now_ns();
    const pid_t pid = run(command);
    const Answer answer = until_report(before, 1);
    ::waitpid(pid, nullptr, 0);
    return answer;
  }

  Answer release_orphans(const std::string& name) {
    std::vector<pid_t> orphans;
    for (const pid_t pid : family_of(supervisor_))
      if (name_of(pid) == name) orphans.push_back(pid);
    const std::int64_t before = now_ns();
    ::close(go_);  // the orphans read from it until its end
    for (const pid_t pid : orphans) {
      while (::kill(pid, 0) == 0) {
        if (now_ns() - before > kLongestNs) return std::nullopt;
        pause_a_little();
      }
    }
    return (now_ns() - before) / 1000;
  }

  /// The sum of of(pid) over the processes of the supervisor, without the services, and without
  /// `unshare`, which only waits for the supervisor.
  template <class Of>
  Answer sum(Of of) const {
    std::int64_t sum = 0;
    for (const pid_t pid : family_of(supervisor_)) {
      const std::string program = program_of(pid);
      if (program != kService && program != "unshare") sum += of(pid);
    }
    return sum;
  }

  Answer stop(int signal) {
    pid_t addressee = supervisor_;
    for (const pid_t pid : family_of(supervisor_)) {
      addressee = pid;
      if (program_of(pid) != "unshare") break;
    }
    const std::int64_t before = now_ns();
    ::alarm(kLongestNs / 1'000'000'000);
    ::kill(addressee, signal);
    while (::wait(nullptr) > 0) continue;
    if (errno == EINTR) return std::nullopt;
    ::alarm(0);
    return (now_ns() - before) / 1000;
  }

  const Words command_;
  const int reports_;
  const int go_;
  pid_t supervisor_ = 0;
  pid_t last_pid_ = 0;
};

int session(Words command) {
  Session session(std::move(command));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream text(line);
    Words words;
    for (std::string word; text >> word;) words.push_back(word);
    const Answer answer = words.empty() ? std::nullopt : session.carry_out(words);
    std::cout << (answer ? std::to_string(*answer) : "-") << std::endl;
  }
  return 0;
}

int times(int count, const Words& command) {
  for (int i = 0; i < count; ++i) {
    const std::int64_t before = now_ns();
    ::waitpid(run(command), nullptr, 0);
    std::cout << (now_ns() - before) / 1000 << '\n';
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const Words words(argv + 1, argv + argc);
  if (words.size() > 1 && words[0] == "session") return session({words.begin() + 1, words.end()});
  if (words.size() > 2 && words[0] == "times")
    return times(std::stoi(words[1]), {words.begin() + 2, words.end()});
  std::cerr << "usage: measure session COMMAND... | measure times N COMMAND...\n";
  return 2;
}
