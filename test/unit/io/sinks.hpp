// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sinks under test: what they are given, and what comes out.
#pragma once

#include "base/fd.hpp"
#include "io/sink.hpp"
#include "support/test.hpp"

namespace zinit::test {

inline DropCount new_count() { return std::make_shared<std::atomic<std::uint64_t>>(0); }

/// Gives the sink a line of `service`.
inline void give(Sink& sink, std::string_view text, const DropCount& dropped = new_count(),
                 std::string_view service = "web") {
  const SplitLine line{text, false};
  sink.take({service, LogStream::out, 1, nullptr, 0, {&line, 1}}, dropped);
}

inline Pipe new_pipe() {
  auto ends = make_pipe(O_NONBLOCK);
  REQUIRE(ends);
  return std::move(*ends);
}

inline void put(const UniqueFd& fd, std::string_view text) {
  REQUIRE(write_all(fd.get(), text, "a descriptor"));
}

/// Receives data until `size` bytes have come, or nothing more comes.
inline std::string receive(const UniqueFd& from, std::size_t size) {
  std::string text;
  char buffer[4096];
  pollfd ready{from.get(), POLLIN, 0};
  while (text.size() < size && ::poll(&ready, 1, 10000) == 1) {
    const ssize_t count = ::read(from.get(), buffer, sizeof buffer);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace zinit::test
