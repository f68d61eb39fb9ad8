// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Services for tests of proxies and sockets, as the test describes them: all are the same.
#pragma once

#include "activation/services.hpp"
#include "support/test.hpp"

namespace zinit::test {

/// The loop's thread is the test's own.
class Services final : public ServiceAccess {
 public:
  [[nodiscard]] Stand stand(const std::string&) override { return now; }
  [[nodiscard]] bool failed(const std::string&) override { return false; }
  [[nodiscard]] bool wanted(const std::string&) override { return now != Stand::off; }
  void start(const std::string&, const std::string&) override { ++started; }
  bool retry(const std::string&, const std::string&) override { return ++retried, waits; }
  [[nodiscard]] pid_t process(const std::string&) override { return main; }
  void stop_idle(const std::string&, std::chrono::seconds) override {}
  [[nodiscard]] TimePoint up_since(const std::string&) override {
    return now == Stand::up ? since : kNever;
  }
  [[nodiscard]] bool killed(const std::string&) override { return false; }

  Stand now = Stand::off;
  TimePoint since = Clock::now();
  int started = 0;
  int retried = 0;
  bool waits = false;  // what retry() returns
  pid_t main = -1;
};

}  // namespace zinit::test
