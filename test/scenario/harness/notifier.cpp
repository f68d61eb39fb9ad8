// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A service for tests that sends messages: this same program, called as `notifier`, carries out its
// arguments one after the other.
//
//   send TEXT          a message to NOTIFY_SOCKET; child TEXT: by a child that waits for it
//   flood N TEXT       N such messages; large N: one message of N bytes
//   fds N TEXT         a message with N memory files, which hold "kept 0", "kept 1", ...
//   open FILE TEXT     a message with a descriptor of that file
//   many N FILE TEXT   N messages, each with fifty descriptors of that file
//   churn N            for ever: stores N memory files in zinit, and takes them back
//   copies N M         stores N eventfds, and sends M messages with copies of the last one
//   linger N TEXT      N messages, each with a socket whose last close waits for hours
//   serve PATH N TEXT  for ever: listens on a unix socket, and answers each connection that sends
//                      something with N such messages; "answered" for the trace each time
//   line FD, close FD  writes a newline to a descriptor; closes it
//   await FILE         waits until the file exists
//   trace TEXT, env NAME, passed FD, count    lines for the trace: a text, a variable, the content
//                      of a passed file, the number of descriptors
//   main, keep         makes a child the main process; this process ends, or stays
//   other              makes a child the main process, which sleeps; this process goes on
//   session            leaves the session and the group, of which it is not the leader
//   first              MAINPID with the number of the service's first process
//   barrier            waits until zinit has handled all earlier messages
//   daemon FILE        goes to the background like daemon(3), and writes its pid
//   own FILE           writes its pid, and stays
//   file FILE PID      writes a pidfile
//   beat               WATCHDOG=1 ten times a second, for ever
//   sleep, exit CODE
#include "scenario/harness/notifier.hpp"
#include "scenario/harness.hpp"

#include "support/lingering.hpp"
#include "support/notification.hpp"

namespace zinit::test {

namespace {

using Fds = std::vector<int>;

pid_t first_process = 0;

bool send(const std::string& text, const Fds& fds = {}) {
  const char* address = std::getenv("NOTIFY_SOCKET");
  if (address == nullptr) _exit(90);
  return send_notification(address, text, fds);
}

void await_file(const std::string& path) {
  while (::access(path.c_str(), F_OK) != 0) ::usleep(2000);
}

Fds memory_files(int count) {
  Fds fds;
  for (int i = 0; i < count; ++i) {
    fds.push_back(::memfd_create("kept", MFD_CLOEXEC));
    const std::string text = "kept " + std::to_string(i);
    if (::write(fds.back(), text.data(), text.size()) < 0) _exit(92);
  }
  return fds;
}

[[noreturn]] void serve(const std::string& path, int count, const std::string& text) {
  ::signal(SIGCHLD, SIG_IGN);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 ||
      ::listen(listener, 64) < 0)
    _exit(100);
  std::vector<std::unique_ptr<Lingering>> all;  // a socket lingers while its peer exists
  while (true) {
    const int peer = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    all.push_back(std::make_unique<Lingering>());
    // By a child, because a socket that the exit of its process closes last does not linger.
    if (::fork() == 0) {
      char request[4096];
      if (::recv(peer, request, sizeof request, 0) <= 0) _exit(0);
      for (int i = 0; i < count && send_with(peer, text, {all.back()->make()}); ++i) {}
      write_trace("answered");
      _exit(0);
    }
    ::close(peer);
  }
}

/// sd_notify_barrier(3): the receiver closes the descriptor that comes with the message.
void await_barrier() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) _exit(97);
  send("BARRIER=1", {ends[1]});
  ::close(ends[1]);
  pollfd end{ends[0], 0, 0};
  while (::poll(&end, 1, -1) < 1) {}
}

void put_pid(const std::string& path, const std::string& pid) {
  const std::string part = path + ".new";
  write_file(part, pid + "\n");
  if (::rename(part.c_str(), path.c_str()) < 0) _exit(93);
}

/// Like daemon(3): the parent ends when the daemon is on its way.
void go_to_background(const std::string& pidfile) {
  if (::fork() != 0) _exit(0);
  ::setsid();
  if (::fork() != 0) _exit(0);
  put_pid(pidfile, std::to_string(::getpid()));
}

/// Carries out one step. Its arguments begin at `at`, which is moved behind them.
void carry_out(const Texts& words, std::size_t& at) {
  const std::string& step = words[at++];
  const auto next = [&] { return words.at(at++); };
  if (step == "send") {
    if (!send(next())) _exit(94);
  } else if (step == "child") {
    const std::string text = next();
    if (::fork() == 0) _exit(send(text) && ::usleep(300000) == 0 ? 0 : 1);
  } else if (step == "flood") {
    const int count = std::stoi(next());
    const std::string text = next();
    for (int i = 0; i < count; ++i) send(text);
  } else if (step == "large") {
    send("READY=1\n" + std::string(std::stoul(next()), 'x'));
  } else if (step == "fds") {
    const Fds fds = memory_files(std::stoi(next()));
    send(next(), fds);
    for (const int fd : fds) ::close(fd);
  } else if (step == "open") {
    const int fd = ::open(next().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || !send(next(), {fd})) _exit(102);
  } else if (step == "many") {
    const int count = std::stoi(next());
    const int fd = ::open(next().c_str(), O_RDONLY | O_CLOEXEC);
    const std::string text = next();
    for (int i = 0; i < count; ++i) send(text, Fds(50, fd));
  } else if (step == "churn") {
    const Fds fds = memory_files(std::stoi(next()));
    while (send("FDSTORE=1\nFDNAME=x", fds) && send("FDSTOREREMOVE=1\nFDNAME=x")) {}
    _exit(101);
  } else if (step == "copies") {
    Fds all(std::stoul(next()));
    for (int& fd : all) fd = ::eventfd(0, EFD_CLOEXEC);
    for (std::size_t at_once = 200, from = 0; from < all.size(); from += at_once)
      send("FDSTORE=1",
           Fds(all.begin() + long(from), all.begin() + long(std::min(from + at_once, all.size()))));
    const int count = std::stoi(next());
    for (int i = 0; i < count; ++i) send("FDSTORE=1", Fds(253, all.back()));
  } else if (step == "linger") {
    static const Lingering lingering;
    const int count = std::stoi(next());
    const std::string text = next();
    for (int i = 0; i < count; ++i) {
      // By a child, as above.
      const pid_t child = ::fork();
      if (child == 0) _exit(send(text, {lingering.make()}) ? 0 : 1);
      int status = -1;
      if (::waitpid(child, &status, 0) != child || status != 0) _exit(99);
    }
  } else if (step == "serve") {
    const std::string path = next();
    const int count = std::stoi(next());
    serve(path, count, next());
  } else if (step == "line") {
    if (::write(std::stoi(next()), "\n", 1) != 1) _exit(95);
  } else if (step == "close") {
    ::close(std::stoi(next()));
  } else if (step == "await") {
    await_file(next());
  } else if (step == "trace") {
    write_trace(next());
  } else if (step == "env") {
    const std::string name = next();
    const char* value = std::getenv(name.c_str());
    const bool own = value != nullptr && value == std::to_string(::getpid());
    write_trace(name + "=" + (value == nullptr ? "unset" : own ? "own pid" : value));
  } else if (step == "passed") {
    char text[64] = {};
    if (::pread(std::stoi(next()), text, sizeof text - 1, 0) < 0)
      write_trace("nothing passed");
    else
      write_trace("passed " + std::string(text));
  } else if (step == "count") {
    write_trace("descriptors " + std::to_string(entries_of("/proc/self/fd").size()));
  } else if (step == "main" || step == "keep") {
    const pid_t child = ::fork();
    if (child == 0) return;
    send("MAINPID=" + std::to_string(child) + "\nREADY=1");
    while (step == "keep") ::pause();
    _exit(0);
  } else if (step == "other") {
    const pid_t child = ::fork();
    while (child == 0) ::pause();
    send("MAINPID=" + std::to_string(child));
  } else if (step == "session") {
    if (::setsid() < 0) _exit(103);
  } else if (step == "first") {
    send("MAINPID=" + std::to_string(first_process));
  } else if (step == "barrier") {
    await_barrier();
  } else if (step == "daemon") {
    go_to_background(next());
  } else if (step == "own") {
    put_pid(next(), std::to_string(::getpid()));
  } else if (step == "file") {
    const std::string path = next();
    put_pid(path, next());
  } else if (step == "beat") {
    for (; send("WATCHDOG=1"); ::usleep(100000)) {}
    _exit(98);
  } else if (step == "sleep") {
    while (true) ::pause();
  } else if (step == "exit") {
    _exit(std::stoi(next()));
  } else {
    _exit(96);
  }
}

/// Runs before any test: glibc passes main()'s arguments to constructors.
__attribute__((constructor(65535))) void be_notifier(int argc, char** argv, char**) {
  if (argc < 2 || std::strcmp(argv[1], "notifier") != 0) return;
  first_process = ::getpid();
  const Texts words(argv + 2, argv + argc);
  for (std::size_t at = 0; at < words.size();) carry_out(words, at);
  _exit(0);
}

}  // namespace

std::string notifier(const Texts& steps) { return this_program("notifier", steps); }

std::string says(const Texts& steps, const std::string& readiness, const std::string& lifecycle) {
  return "[service]\nexec = [" + notifier(steps) + "]\n[lifecycle]\nrestart_delay_ms = 10\n" +
         lifecycle + "\n[readiness]\n" + readiness + "\n";
}

}  // namespace zinit::test
