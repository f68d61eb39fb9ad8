// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A zinit that crashes once, at a place that base/kill_point.hpp names.

#include <unistd.h>

#include <filesystem>
#include <string>

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

}  // namespace zinit::test
