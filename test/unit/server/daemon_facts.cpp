// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The daemon's own facts for the next process image.
#include "server/daemon_facts.hpp"
#include "base/text.hpp"
#include "support/test.hpp"

namespace zinit::test::server_daemon_facts {
namespace {

DaemonFacts full() {
  DaemonFacts daemon;
  daemon.started = TimePoint(std::chrono::nanoseconds(1));
  daemon.services_started = TimePoint(std::chrono::nanoseconds(123456789012345));
  daemon.program = "/sbin/init";
  daemon.booted = true;
  daemon.command_alone = true;
  daemon.nofile = rlimit{1024, RLIM_INFINITY};
  daemon.shell = 4711;
  daemon.exit_code = 143;
  daemon.end_asked_until = kNever;
  daemon.told_signals = std::uint64_t{1} << 63 | 1;
  daemon.reload_owed = true;
  daemon.settings = "log_level = \"debug\"\n";
  daemon.settings_faults = {"zinit.toml:1:1: error: a", "zinit.toml:2:1: error: b"};
  daemon.etc_environment = std::string("A=1\nB=\0\xff\n", 10);
  daemon.masked_proxies = {"/etc/zinit/services/a.toml", "/etc/zinit/services/b\n.toml"};
  return daemon;
}

/// The facts of `daemon` written over those of `before`, as in a file of facts.
FactMap facts_of(const DaemonFacts& daemon, FactMap before = {}) {
  put_daemon(daemon, before);
  std::erase_if(before, [](const auto& fact) { return fact.second.empty(); });
  return before;
}

std::string text_of(const FactMap& facts) {
  std::string text;
  for (const auto& [key, value] : facts) text += printable(key + " " + value) + "\n";
  return text;
}

/// Whether what was read is the same: it leaves the same facts, and daemon_facts.golden has all.
void check_same(const DaemonFacts& read, const DaemonFacts& told) {
  CHECK(text_of(facts_of(read)) == text_of(facts_of(told)));
}

TEST_CASE("daemon facts: all come back, and those that are no more have their defaults",
          "[init][kept]") {
  CHECK_GOLDEN(text_of(facts_of(full())), "daemon_facts");
  check_same(daemon_from(facts_of(full())), full());
  check_same(daemon_from({}), DaemonFacts{});
  // The emergency shell has ended: any process may have its pid by now.
  DaemonFacts later = full();
  later.shell = 0;
  later.settings.clear();
  check_same(daemon_from(facts_of(later, facts_of(full()))), later);
  check_same(daemon_from(facts_of({}, facts_of(full()))), DaemonFacts{});
}

TEST_CASE("daemon facts: a fact that is no number has its default, the others stay",
          "[init][kept]") {
  const auto check_wrong = [](const std::string& key, const Texts& values, auto expect) {
    for (const std::string& wrong : values) {
      INFO(key << " = " << wrong);
      FactMap facts = facts_of(full());
      REQUIRE(facts.contains(key));
      facts[key] = wrong;
      DaemonFacts expected = full();
      expect(expected);
      check_same(daemon_from(facts), expected);
    }
  };
  const Texts none = {"x", "12x", " 12", "+", "99999999999999999999", "-99999999999999999999"};
  check_wrong("daemon/started", none, [](DaemonFacts& expected) { expected.started.reset(); });
  check_wrong("daemon/nofile/soft", none, [](DaemonFacts& expected) { expected.nofile.reset(); });
  const auto no_shell = [](DaemonFacts& expected) { expected.shell = 0; };
  check_wrong("daemon/shell", none, no_shell);
  // The shell is a process, never a group or all of them.
  check_wrong("daemon/shell", {"0", "-1", "-4711", "4294967295", "4294967297"}, no_shell);
}

}  // namespace
}  // namespace zinit::test::server_daemon_facts
