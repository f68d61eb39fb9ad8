// What the daemon itself tells the next image of zinit, beside its services.
#pragma once

#include <sys/resource.h>

#include <optional>
#include <string>

#include "base/time.hpp"
#include "control/daemon.hpp"
#include "init/shutdown.hpp"
#include "os/mount.hpp"
#include "os/state_facts.hpp"

namespace zinit {

/// The facts of the daemon. All times are on the monotonic clock, which goes on over execve(2).
struct DaemonFacts {
  std::optional<TimePoint> started;           // of zinit's first image
  std::optional<TimePoint> services_started;  // see ZinitDaemon
  std::string program;                        // see installed_program()
  bool booted = false;                        // the board knows what is to be started
  bool command_alone = false;                 // see DaemonStart
  std::optional<rlimit> nofile;               // what zinit was started with
  std::uint32_t crashes = 0;                  // of which the log has told
  pid_t shell = 0;                            // the emergency shell; 0: none
  std::optional<Shutdown::Stand> shutdown;    // that has begun
  std::optional<ScheduledPower> scheduled;    // for later
  NewRoot next;                               // of a switch-root that has begun
  bool switched = false;                      // one is over, and its services have not settled yet
  std::string switch_fault;                   // why that has failed
  std::optional<int> exit_code;               // which a shutdown that has begun ends with
  std::optional<TimePoint> end_asked_until;   // see ZinitDaemon
  std::uint64_t told_signals = 0;             // a bit for each signal that was told to be ignored
  std::string settings;                       // the text of zinit.toml in force
  std::string etc_environment;                // that of /etc/environment
};

/// Adds all of `daemon`; what is not set has an empty fact.
void put_daemon(const DaemonFacts& daemon, FactMap& facts);
/// What is missing, or cannot be read, has its default.
[[nodiscard]] DaemonFacts daemon_from(const FactMap& facts);

}  // namespace zinit
