// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A zinit that crashes once, at a place that base/kill_point.hpp names.

#include <filesystem>
#include <string>

#include "scenario/harness/server.hpp"
#include "support/temp_dir.hpp"

namespace zinit::test {

class Crashing {
 public:
  explicit Crashing(const std::string& point)
      : zinit({.env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark_ / "crashed"}}) {}

  bool crashed() const { return std::filesystem::exists(mark_ / "crashed"); }

 private:
  TempDir mark_;

 public:
  Server zinit;
};

}  // namespace zinit::test
