// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Measures a flood of lines into a log file: contains the program that writes the lines, a loop
// that only copies a pipe to a file, and a client that starts the flood in zinit and measures it.
//
//   flood lines N                            writes N lines of 100 bytes, in blocks of 4 KiB
//   flood each N                             writes each line by a separate write(2)
//   flood append FILE                        copies its input to FILE, and does nothing else
//   flood into BYTES FILE WAY N COMMAND...   makes a child write them in one of these ways, and
//                                            COMMAND read them; prints the microseconds until FILE
//                                            has BYTES, and the processor time of both
//   flood through SOCKET SERVICE FILE BYTES  starts SERVICE and waits until FILE has that many
//                                            bytes; prints the microseconds, and the 99th
//                                            percentile of the times of pings in between
//   flood quietly SOCKET SERVICE FILE BYTES  the same without pings
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "server.hpp"

namespace {

int lines(long count, bool at_once) {
  static char block[4096];
  std::setvbuf(stdout, block, at_once ? _IOLBF : _IOFBF, sizeof block);
  const std::string rest(91, 'x');
  for (long i = 0; i < count; ++i) std::printf("%08ld%s\n", i, rest.c_str());
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int append(const char* path) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0) return 1;
  static char block[65536];
  for (ssize_t got; (got = ::read(STDIN_FILENO, block, sizeof block)) > 0;)
    if (::write(file, block, static_cast<std::size_t>(got)) != got) return 1;
  return 0;
}

bool has_bytes(const char* file, long bytes) {
  struct stat status {};
  return ::stat(file, &status) == 0 && status.st_size >= bytes;
}

int into(long bytes, const char* file, const std::string& way, long count, char** command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return 1;
  const auto start = Clock::now();
  if (::fork() == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    std::exit(lines(count, way == "each"));
  }
  if (::fork() == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    ::execvp(command[0], command);
    ::_exit(127);
  }
  ::close(ends[0]);
  ::close(ends[1]);
  while (!has_bytes(file, bytes)) {
    if (us_since(start) > 60e6) return 1;
    ::usleep(200);
  }
  const double us = us_since(start);
  while (::wait(nullptr) > 0) continue;
  rusage used{};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto us_of = [](const timeval& time) { return time.tv_sec * 1'000'000 + time.tv_usec; };
  std::printf("%.0f %ld\n", us, us_of(used.ru_utime) + us_of(used.ru_stime));
  return 0;
}

void ask(int server, const std::string& line) {
  send_line(server, line);
  await_answer(server);
}

int through(const char* socket, const std::string& service, const char* file, long bytes,
            bool quietly) {
  const int server = connect_to(socket);
  ask(server, R"({"jsonrpc":"2.0","id":1,"method":"system.ping"})"
              "\n");
  const auto start = Clock::now();
  ask(server, R"({"jsonrpc":"2.0","id":1,"method":"service.start","params":{"name":")" + service +
                  "\"}}\n");
  std::vector<double> pings;
  while (!has_bytes(file, bytes)) {
    const auto before = Clock::now();
    if (!quietly)
      ask(server, R"({"jsonrpc":"2.0","id":1,"method":"system.ping"})"
                  "\n");
    pings.push_back(us_since(before));
    if (us_since(start) > 60e6) return 1;  // lines were lost
    ::usleep(200);
  }
  std::printf("%.0f ", us_since(start));
  if (pings.empty()) return 1;
  std::sort(pings.begin(), pings.end());
  std::printf("%.1f\n", pings[(pings.size() - 1) * 99 / 100]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if ((what == "lines" || what == "each") && argc == 3)
    return lines(std::atol(argv[2]), what == "each");
  if (what == "append" && argc == 3) return append(argv[2]);
  if (what == "into" && argc > 6)
    return into(std::atol(argv[2]), argv[3], argv[4], std::atol(argv[5]), argv + 6);
  if ((what == "through" || what == "quietly") && argc == 6)
    return through(argv[2], argv[3], argv[4], std::atol(argv[5]), what == "quietly");
  return 2;
}
