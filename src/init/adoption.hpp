// What can be found out about services without their records in the journal, or without the facts
// of their configuration: after a re-execution where these, or a part of them, cannot be read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/graph.hpp"
#include "os/cgroup_tree.hpp"
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

/// Adds an entry to `image` for each of `services` that has none, by what /proc proves: a child of
/// zinit belongs to the service in whose cgroup it is, or else to the one that ZINIT_SERVICE in its
/// environment names. The oldest one that leads a session, or else the oldest, is taken for the
/// main process. A oneshot without a process counts as done, for it may have been.
///
/// @param cgroups  those of the services; null if there are none.
/// @return  the services that are to be started, since they have no process and are no oneshots;
///          none if /proc cannot be read: nobody knows then what runs.
/// Before other threads start processes. Reads all of /proc, so only where an entry is missing.
[[nodiscard]] std::vector<std::string> adopt(const std::vector<GraphEntry>& services,
                                             const CgroupTree* cgroups, JournalImage& image);

}  // namespace zinit
