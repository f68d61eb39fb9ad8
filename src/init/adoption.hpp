// What can be found out about services without their records in the journal, or without the facts
// of their configuration: after a re-execution where these, or a part of them, cannot be read.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "init/server_lock.hpp"
#include "model/graph.hpp"
#include "os/cgroup_tree.hpp"
#include "os/process.hpp"
#include "supervisor/journal.hpp"

namespace zinit {

/// The slots, by name, of the services in `journal` that are not among `services`: their facts have
/// been damaged, or the image ended before it had noted them.
[[nodiscard]] std::map<std::string, Slot> lost_services(const std::vector<GraphEntry>& services,
                                                        const JournalImage& journal);

/// Adds those, with the slots that they had, to `services` as `specs` have them; all of `specs` if
/// there are no services. A service whose slot one of them has is taken out.
void add_lost_services(const std::vector<SpecPtr>& specs, const JournalImage& journal,
                       std::vector<GraphEntry>& services);

/// The variable by which services show, if there are no cgroups, whose they are: ServerLock::id().
inline constexpr std::string_view kServerVariable = "ZINIT_SERVER";

/// A service, and the user of its process, or -1 if the process's cgroup proves the service.
using ServiceOfUser = std::pair<std::string, uid_t>;

/// The main processes that a killed server has left.
using LeftProcesses = std::map<ServiceOfUser, ProcessStat>;

/// Finds what the server that held `lock` before has left, by its cgroup; if it had none, by the
/// environment of processes. Reads all of /proc.
[[nodiscard]] Result<LeftProcesses> processes_left(const ServerLock& lock);

/// Where adopt() finds processes.
struct Running {
  const CgroupTree* cgroups = nullptr;  // those of the services; null if there are none
  LeftProcesses left;                   // if not empty, these and no others
};

struct Adopted {
  /// The services that are to be started, since they have no process and are no oneshots. Empty if
  /// /proc cannot be read: nobody knows then what runs.
  std::vector<std::string> to_start;
  /// Pidfds of main processes that are not zinit's children.
  std::vector<std::pair<Slot, UniqueFd>> strangers;
};

/// Adds an entry to `image` for each of `services` that has none, by what /proc proves: a child of
/// zinit belongs to the service in whose cgroup it is, or else to the one that ZINIT_SERVICE in its
/// environment names. The oldest one that leads a session, or else the oldest, is taken for the
/// main process. A process that a killed server has left must be that of the service's user, too,
/// if no cgroup proves whose it is. A oneshot without a process counts as done, for it may have
/// been.
///
/// Before other threads start processes. Reads all of /proc, so only where an entry is missing.
[[nodiscard]] Adopted adopt(const std::vector<GraphEntry>& services, const Running& running,
                            JournalImage& image);

}  // namespace zinit
