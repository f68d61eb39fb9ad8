// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A connection to a server over its unix socket, with one line for each request, and the time of
// it. A failure ends the program with 1.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

using Clock = std::chrono::steady_clock;

inline double us_since(Clock::time_point from) {
  return std::chrono::duration<double, std::micro>(Clock::now() - from).count();
}

inline int connect_to(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    std::exit(1);
  return server;
}

inline void send_line(int server, const std::string& line) {
  if (::write(server, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::exit(1);
}

inline void await_answer(int server) {
  char buffer[65536];
  for (ssize_t got; (got = ::read(server, buffer, sizeof buffer)) > 0;)
    if (buffer[got - 1] == '\n') return;
  std::exit(1);
}
