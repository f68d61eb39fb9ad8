// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The machine's watchdog, with a file as the device.
#include "machine/watchdog.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "support/test.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::machine_watchdog {
namespace {

std::string text_of(const std::string& path) { return read_file(path.c_str(), 65536).value_or(""); }

TEST_CASE("a machine's watchdog is fed, and disarmed when it is no longer wanted",
          "[init][watchdog]") {
  const TempDir dir;
  const std::string device = dir.write("watchdog", "");
  const auto loop = new_loop();
  MachineWatchdog watchdog(*loop);
  watchdog.set(device, 20ms);
  CHECK(run_until(*loop, [&] { return text_of(device).size() >= 5; }));
  CHECK(text_of(device).find('V') == std::string::npos);
  watchdog.set("", 20ms);
  CHECK(text_of(device).back() == 'V');
}

TEST_CASE("a machine's watchdog that cannot be fed is told once, and fed on", "[init][watchdog]") {
  static int told, errors;
  told = errors = 0;
  set_log_listener([](LogLevel level, std::string_view) {
    ++told;
    if (level == LogLevel::error) ++errors;
  });
  const auto loop = new_loop();
  MachineWatchdog watchdog(*loop);
  watchdog.set("/dev/full", 2ms);
  int rounds = 0;
  CHECK(run_until(*loop, [&] { return ++rounds > 5; }));
  set_log_listener(nullptr);
  CHECK(told > 0);
  CHECK(errors == 1);
}

TEST_CASE("at the machine's end its watchdog stays armed but for a halt", "[init][watchdog]") {
  const TempDir dir;
  for (const bool armed : {true, false}) {
    const std::string device = dir.write("watchdog", "");
    const auto loop = new_loop();
    MachineWatchdog watchdog(*loop);
    watchdog.set(device, 60s);
    const std::size_t fed = text_of(device).size();
    if (armed) {
      const UniqueFd released(watchdog.release());
      CHECK(feed_watchdog(released.get()) == 0);
    } else {
      watchdog.disarm();
    }
    CHECK(text_of(device).size() == fed + 1);
    CHECK((text_of(device).back() == 'V') == !armed);
    CHECK(watchdog.release() == -1);
  }
}

}  // namespace
}  // namespace zinit::test::machine_watchdog
