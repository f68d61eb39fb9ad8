// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Measures re-executions: asks the server for one, and waits until the next process image answers a
// call on a new connection. Prints the median time of N of them in microseconds, or "-" if the
// server refuses.
//
//   reexec SOCKET N
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

sockaddr_un address{};

int connect_to_server() {
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(server, generic, sizeof address) == 0 ? server : -1;
}

/// The answer to `method`; empty if the server has closed the connection.
std::string ask(int server, const std::string& method) {
  const std::string line = R"({"jsonrpc":"2.0","id":1,"method":")" + method + "\"}\n";
  if (::write(server, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return {};
  std::string answer;
  char buffer[4096];
  for (ssize_t got; !answer.ends_with('\n') && (got = ::read(server, buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  return answer;
}

/// @return  whether the next process image has answered
bool reexecute() {
  const int before = connect_to_server();
  if (before < 0 || ask(before, "system.reexec").find("\"ok\":true") == std::string::npos)
    return false;
  char none;
  while (::read(before, &none, 1) > 0) {}  // the execution closes it
  ::close(before);
  const int after = connect_to_server();
  const bool answered = after >= 0 && !ask(after, "system.ping").empty();
  ::close(after);
  return answered;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  std::vector<double> times(static_cast<std::size_t>(std::stoul(argv[2])));
  for (double& each : times) {
    const auto before = std::chrono::steady_clock::now();
    if (!reexecute()) {
      std::puts("-");
      return 0;
    }
    each = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before)
               .count();
  }
  std::sort(times.begin(), times.end());
  std::printf("%.1f\n", times[times.size() / 2]);
}
