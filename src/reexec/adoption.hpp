// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds out about services after a re-execution, or after a server was killed, if their journal
// records or configuration facts, or a part of them, are missing or cannot be read.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "files/server_lock.hpp"
#include "model/graph.hpp"
#include "os/cgroup_tree.hpp"
#include "os/process.hpp"
#include "state/journal.hpp"

namespace zinit {

/// The slots, by name, of the services in `journal` that are not in `services`: the facts of such a
/// service were damaged, or the previous process image ended before it had noted them.
[[nodiscard]] std::map<std::string, Slot> lost_services(const std::vector<GraphEntry>& services,
                                                        const JournalImage& journal);

/// Adds the lost services to `services`: with their old slots, and as `specs` describes them. Adds
/// all of `specs` if `services` is empty. Removes a service if a lost one has the same slot.
void add_lost_services(const std::vector<SpecPtr>& specs, const JournalImage& journal,
                       std::vector<GraphEntry>& services);

/// A service and the user of its process; -1 in place of a user if its cgroup proves the service.
using ServiceOfUser = std::pair<std::string, uid_t>;

/// A process that counts as the main one of its service.
struct MainProcess {
  ProcessStat stat;
  bool named;  // its environment names a service
  /// The command that it is, such as pre_exec (kStepVariable); empty: the main process.
  std::string step;
};

/// The main processes that a killed server has left behind.
using LeftProcesses = std::map<ServiceOfUser, MainProcess>;

/// Adds a removed service for each process in `left` whose service is not in `services`: its file
/// is gone, or it had none. The board stops it, as after a reload without its file. Only logs a
/// process if not `all_read`, for then its file may exist; if its user may have forged the service;
/// or if it leads no session, as what `kill_mode = "main"` has spared.
void add_removed_services(const LeftProcesses& left, bool all_read,
                          std::vector<GraphEntry>& services);

/// Finds the processes that the previous holder of `lock` has left behind, by its cgroup; if it had
/// no cgroup, by the environment of processes. Reads all of /proc.
[[nodiscard]] Result<LeftProcesses> processes_left(const ServerLock& lock);

/// The places where adopt() finds processes.
struct Running {
  const CgroupTree* cgroups = nullptr;  // of the services; null: no cgroups
  LeftProcesses left;                   // if not empty, adopt() takes these alone
};

struct Adopted {
  /// Services with neither a record nor a process that are not oneshots: the boot starts them.
  /// Empty if /proc cannot be read, because nobody then knows what runs.
  std::vector<Slot> lost;
  /// Pidfds of main processes that are not children of zinit.
  std::vector<std::pair<Slot, UniqueFd>> strangers;
};

/// Opens pidfds of the main processes in `image` that are not children of zinit. The previous
/// process image has left such pidfds, unless it crashed while the main process changed. Leaves out
/// a process that neither its cgroup nor its descent from a child of zinit proves to be the
/// service's.
[[nodiscard]] std::vector<std::pair<Slot, UniqueFd>> hold_mains(const JournalImage& image,
                                                                const CgroupTree* cgroups);

/// Adds an entry to `image` for each of `services` without one, from the proof in /proc. A child of
/// zinit belongs to the service in whose cgroup it is; without cgroups, to the service that
/// ZINIT_SERVICE in its environment names. The oldest child that leads a session, or else the
/// oldest child, counts as the main process. A process that a killed server has left must also run
/// as the service's user if no cgroup proves its service. If it is a command such as pre_exec, it
/// owes a stop, and the service starts again. A oneshot without a process counts as
/// done, because it may have run.
///
/// If the server was killed, `image` has its records, whose processes are not children of zinit.
/// Such a record counts if it names the process that was found, or needs none. Otherwise only the
/// wish and the times count: the service starts again if it was wanted, even a oneshot, because
/// nobody has seen its end.
///
/// Call it before other threads start processes. It reads all of /proc if an entry is missing.
[[nodiscard]] Adopted adopt(const std::vector<GraphEntry>& services, const Running& running,
                            JournalImage& image);

}  // namespace zinit
