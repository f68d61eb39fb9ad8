// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A zinit that crashes once, at a place that base/kill_point.hpp names.

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "scenario/harness/server.hpp"
#include "support/temp_dir.hpp"

namespace zinit::test {

class Crashing {
 public:
  explicit Crashing(const std::string& point, Server::Options options = {})
      : zinit(with(point, std::move(options))) {}

  /// The file that it makes when it crashes, so that it does so once.
  std::string mark() const { return mark_ / "crashed"; }
  bool crashed() const { return std::filesystem::exists(mark()); }

 private:
  Server::Options with(const std::string& point, Server::Options options) const {
    options.env.insert(options.env.end(), {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark()});
    if (options.uid) REQUIRE(chown(mark_.path().c_str(), *options.uid, *options.uid) == 0);
    return options;
  }

  TempDir mark_;

 public:
  Server zinit;
};

/// A crash at `point`, on the way of the lines of the service "a" to a sink. Lines that the thread
/// which reads output gives to a sink at the moment of another thread's crash come twice
/// (doc/reexec.md). So another thread crashes when all lines have been read.
class CrashingLog {
 public:
  explicit CrashingLog(std::string point)
      : point_(std::move(point)), one_(point_, {.env = {"ZINIT_KILL_WHEN=" + dir_ / "read"}}) {}

  Server& zinit() { return one_.zinit; }
  /// `last` is how the last line of "a" begins.
  void launch(const std::string& exec, const std::string& logging, const std::string& last) {
    const bool of_reader = point_.starts_with("read.");
    if (of_reader) dir_.write("read", "");
    zinit().add("a", {.exec = exec, .more = logging});
    zinit().launch();
    if (of_reader) return;
    REQUIRE(eventually([&] {
      zinit().reconnect();
      return zinit().ctl({"logs", "a", "-n", "1"}).out.starts_with(last);
    }));
    dir_.write("read", "");
  }
  void check_crashed() {
    zinit().reconnect();
    CHECK(one_.crashed());
  }

 private:
  const TempDir dir_;
  const std::string point_;
  Crashing one_;
};

/// Whether the numbers from 1 to `count` came in order. Those that another thread wrote to a sink
/// at the moment of the crash may have come again after it.
inline bool came_whole(const std::vector<int>& numbers, int count) {
  int last = 0, repeats = 0;
  for (const int number : numbers) {
    if (number > last + 1) return false;
    repeats += number != last + 1;
    last = number;
  }
  return last == count && repeats <= 1;
}

}  // namespace zinit::test
