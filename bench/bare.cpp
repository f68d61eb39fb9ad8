// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The reference for supervisors: a loop of nothing but the system calls.
//
//   bare start N WAY     starts ./pause N times, starts it again when it ends, and on SIGTERM kills
//                        and reaps all. WAY: the work for each beside vfork(2) and execve(2)
//       plain            nothing
//       session          zinit's work for every service: a session, a pidfd, pipes for its output
//                        that it waits for, no descriptors but its own, no signal ignored or
//                        blocked; at its end a look at the rest of its group, and a read of its
//                        pipes to their end
//       FOLDER           the same, and a cgroup for each below FOLDER
//   bare reap [N]        as PID 1: starts ./orphans, with N if given, and reaps all that ends
//   bare echo SOCKET     sends each line of a client of the unix socket back
//   bare ask SOCKET      a client of this, as a whole process: sends a line, prints the answer
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

char program[] = "./pause";
char* const arguments[] = {program, nullptr};
char* const environment[] = {nullptr};

/// Like vfork(2), with a pidfd, and into a cgroup unless `cgroup` is -1. Always inlined: parent and
/// child share the stack, so the child must not return from a function from which the parent still
/// has to return.
[[gnu::always_inline]] inline pid_t vfork_with(int& pidfd, int cgroup) {
  clone_args how{};
  how.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  how.pidfd = reinterpret_cast<__u64>(&pidfd);
  how.exit_signal = SIGCHLD;
  if (cgroup >= 0) {
    how.flags |= CLONE_INTO_CGROUP;
    how.cgroup = static_cast<__u64>(cgroup);
  }
  long result = SYS_clone3;
#if defined(__x86_64__)
  asm volatile("syscall" : "+a"(result) : "D"(&how), "S"(sizeof how) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long x8 asm("x8") = SYS_clone3;
  register long x0 asm("x0") = reinterpret_cast<long>(&how);
  register long x1 asm("x1") = sizeof how;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
  result = x0;
#else
#error "no clone3(2) for this architecture"
#endif
  return static_cast<pid_t>(result);
}

struct Service {
  int number = 0;
  int pidfd = -1;
  int out = -1, err = -1;  // the read ends of its pipes
};

class Loop {
 public:
  Loop(int count, std::string_view way)
      : count_(count), session_(way != "plain"), folder_(way.starts_with('/') ? way : "") {
    sigset_t signals;
    sigfillset(&signals);
    ::sigprocmask(SIG_SETMASK, &signals, nullptr);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction now {};
      if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN)
        ignored_.push_back(signal);
    }
  }

  void run() {
    for (int i = 0; i < count_; ++i) start(i);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGTERM);
    while (::sigwaitinfo(&signals, nullptr) != SIGTERM) {
      siginfo_t info{};
      const int how = WEXITED | WNOHANG | (session_ ? WNOWAIT : 0);
      while (::waitid(P_ALL, 0, &info, how) == 0 && info.si_pid != 0) {
        if (const auto ended = started_.extract(info.si_pid)) {
          const Service& service = ended.mapped();
          if (session_) ::kill(-info.si_pid, SIGKILL);
          if (session_) reap(info.si_pid, service);
          start(service.number);
          if (session_) close_output(service);
        }
        info.si_pid = 0;
      }
    }
    stop();
  }

 private:
  void start(int number) {
    int cgroup = -1;
    int out[2]{-1, -1}, err[2]{-1, -1};
    if (session_ && (::pipe2(out, O_CLOEXEC) < 0 || ::pipe2(err, O_CLOEXEC) < 0)) ::_exit(1);
    if (!folder_.empty()) cgroup = make_cgroup(number);
    Service service{number, -1, out[0], err[0]};
    const pid_t pid =
        session_ ? start_session(out[1], err[1], service.pidfd, cgroup) : start_plain();
    if (pid <= 0) ::_exit(1);
    started_[pid] = service;
    if (!session_) return;
    for (const int fd : {out[1], err[1], cgroup}) ::close(fd);
    for (const int fd : {service.out, service.err}) {
      epoll_event event{EPOLLIN, {.fd = fd}};
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
  }

  int make_cgroup(int number) const {
    const std::string path = folder_ + "/" + std::to_string(number);
    ::mkdir(path.c_str(), 0755);
    return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }

  static pid_t start_plain() {
    const pid_t pid = ::vfork();
    if (pid == 0) {
      unblock();
      ::execve(program, arguments, environment);
      ::_exit(127);
    }
    return pid;
  }

  static void unblock() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  /// The child shares the stack, so it must not return from this function: it ends in execve(2).
  [[gnu::noinline]] pid_t start_session(int out, int err, int& pidfd, int cgroup) const {
    const pid_t pid = vfork_with(pidfd, cgroup);
    if (pid != 0) return pid;
    for (const int signal : ignored_) ::signal(signal, SIG_DFL);
    ::setsid();
    ::dup2(::open("/dev/null", O_RDWR), 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::syscall(SYS_close_range, 3, ~0U, 0);
    unblock();
    ::execve(program, arguments, environment);
    ::_exit(127);
  }

  static void reap(pid_t pid, const Service& service) {
    ::close(service.pidfd);
    ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED);
    ::kill(-pid, 0);
  }

  void close_output(const Service& service) const {
    for (const int fd : {service.out, service.err}) {
      char block[4096];
      while (::read(fd, block, sizeof block) > 0) continue;
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
      ::close(fd);
    }
  }

  void stop() {
    for (const auto& [pid, service] : started_) {
      ::kill(session_ ? -pid : pid, SIGTERM);
      if (session_) ::kill(-pid, SIGCONT);
    }
    for (const auto& [pid, service] : started_) {
      const auto id = static_cast<id_t>(pid);
      ::waitid(P_PID, id, nullptr, session_ ? WEXITED | WNOWAIT : WEXITED);
      if (session_) reap(pid, service);
      if (session_) close_output(service);
      if (!folder_.empty()) ::rmdir((folder_ + "/" + std::to_string(service.number)).c_str());
    }
  }

  const int count_;
  const bool session_;
  const std::string folder_;
  std::vector<int> ignored_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::unordered_map<pid_t, Service> started_;
};

[[noreturn]] void reap(char* count) {
  char orphans[] = "./orphans";
  char* const command[] = {orphans, count, nullptr};
  if (::vfork() == 0) ::execve(orphans, command, environment);
  while (::wait(nullptr) > 0) continue;
  ::_exit(0);
}

sockaddr_un address_of(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  return address;
}

int echo(const char* path) {
  const sockaddr_un address = address_of(path);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return 1;
  ::listen(listener, 16);
  while (true) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    char buffer[4096];
    for (ssize_t got; (got = ::read(client, buffer, sizeof buffer)) > 0;)
      if (::write(client, buffer, static_cast<std::size_t>(got)) != got) break;
    ::close(client);
  }
}

int ask(const char* path) {
  const sockaddr_un address = address_of(path);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return 1;
  char buffer[64] = "how are you\n";
  if (::write(server, buffer, 12) != 12 || ::read(server, buffer, sizeof buffer) != 12) return 1;
  return ::write(1, buffer, 12) == 12 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "start" && argc == 4)
    Loop(std::stoi(argv[2]), argv[3]).run();
  else if (what == "reap")
    reap(argc > 2 ? argv[2] : nullptr);
  else if (what == "echo" && argc == 3)
    return echo(argv[2]);
  else if (what == "ask" && argc == 3)
    return ask(argv[2]);
  else
    return 2;
  return 0;
}
