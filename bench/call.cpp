// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Measures calls over one open connection: sends a line N times, each time after the answer to the
// previous one, and prints the median time of an answer in microseconds.
//
//   call SOCKET N LINE
//   call SOCKET N LINE at-once   from N connections open at the same time: prints the microseconds
//                                until all have connected and have their answers
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "server.hpp"

namespace {

int at_once(const char* path, std::size_t count, const std::string& line) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<int> servers(count);
  const auto before = Clock::now();
  for (int& each : servers) each = connect_to(path);
  for (const int each : servers) send_line(each, line);
  for (const int each : servers) await_answer(each);
  std::printf("%.0f\n", us_since(before));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 2;
  const std::size_t count = std::stoul(argv[2]);
  const std::string line = std::string(argv[3]) + "\n";
  if (argc == 5) return at_once(argv[1], count, line);
  const int server = connect_to(argv[1]);
  std::vector<double> times(count);
  for (double& each : times) {
    const auto before = Clock::now();
    send_line(server, line);
    await_answer(server);
    each = us_since(before);
  }
  std::sort(times.begin(), times.end());
  std::printf("%.1f\n", times[times.size() / 2]);
}
