// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the daemon itself passes on to the next process image, beside its services.
#pragma once

#include <sys/resource.h>

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "control/daemon.hpp"
#include "os/mount.hpp"
#include "server/shutdown.hpp"
#include "state/state_facts.hpp"

namespace zinit {

/// The facts of the daemon. All times are on the monotonic clock, which goes on over execve(2).
struct DaemonFacts {
  std::optional<TimePoint> started;           // of zinit's first process image
  std::optional<TimePoint> services_started;  // see ZinitDaemon
  std::string program;                        // see installed_program()
  bool booted = false;                        // the board knows what to start
  bool empty_start = false;                   // see ZinitDaemon
  bool command_alone = false;                 // see DaemonStart
  std::optional<rlimit> nofile;               // zinit's own limit at start
  std::uint32_t crashes = 0;                  // already reported in the log
  pid_t shell = 0;                            // the pid of the emergency shell; 0: not running
  std::optional<Shutdown::Stand> shutdown;    // a shutdown that has begun
  std::optional<ScheduledPower> scheduled;    // a shutdown for later
  NewRoot next;                               // of a switch-root that has begun
  bool switched = false;                      // a switch-root is over, and services still settle
  std::string switch_fault;                   // why a switch-root has failed
  std::optional<int> exit_code;               // of zinit, after a shutdown that has begun
  std::optional<TimePoint> end_asked_until;   // see ZinitDaemon
  std::uint64_t told_signals = 0;             // one bit for each signal that was logged as ignored
  bool reload_owed = false;                   // a signal has asked for it
  std::string settings;                       // the text of zinit.toml in force
  std::vector<std::string> settings_faults;   // see DaemonInfo
  std::optional<gid_t> socket_gid;            // see Configuration
  std::string etc_environment;                // the text of /etc/environment
  std::vector<std::string> masked_proxies;    // see LoadedConfig
  std::vector<std::string> failures;          // see FailureWatch::waiting()
};

/// Adds all members of `daemon`. An unset one becomes an empty fact.
void put_daemon(DaemonFacts daemon, FactMap& facts);
/// Gives a missing or unreadable fact its default.
[[nodiscard]] DaemonFacts daemon_from(const FactMap& facts);

}  // namespace zinit
