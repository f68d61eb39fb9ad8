// zinit's own cgroup and those of its services in it.
//
//   OWN/                    where zinit was started; the root for PID 1 of a machine
//     zinit/                the base, locked while zinit runs; zinit-2, ... if it is taken
//       supervisor/         zinit itself
//       NAME.service/       one for each service, from its launch until it is at rest
//         zinit-control/    commands beside the main process, if that has child cgroups
//
// zinit moves into a leaf because a cgroup cannot both have processes and enable controllers for
// its children (cgroups(7), "no internal processes"). The root is exempt from that rule, but the
// leaf also shows a re-executed zinit which base is its own. If other processes are in OWN, as in a
// login session, no controllers can be enabled, and the cgroups serve only to see which processes
// are left and to kill them.
//
// Threads: any; cgroups of different services are made and removed at the same time.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "model/resources.hpp"
#include "os/cgroup.hpp"

namespace zinit {

/// The directories where the cgroup of the calling process can be seen, one for each mount of
/// cgroup v2, given the texts of /proc/self/mountinfo and /proc/self/cgroup.
[[nodiscard]] std::vector<std::string> own_cgroup_directories(std::string_view mountinfo,
                                                              std::string_view cgroup);

/// The cgroup v2 path in a text of /proc/PID/cgroup; empty if there is none.
[[nodiscard]] std::string_view cgroup_in_v2(std::string_view cgroup);

/// The service whose cgroup a text of /proc/PID/cgroup names; empty if it is none of ours. `base`
/// is the path of zinit's base in such texts, without a slash at the end.
[[nodiscard]] std::string service_in_cgroup(std::string_view cgroup, std::string_view base);

class CgroupTree {
 public:
  /// Makes a base below the cgroup that this process is in, or finds the one that it made before it
  /// executed itself again, and moves this process into the leaf. Removes what killed servers have
  /// left there without processes.
  /// @param left  the name() of the base of a killed server whose services this process goes on
  ///              with: it is taken if it is in the same place, with all that is in it.
  /// @return  why that failed: cgroup v2 is not mounted or not writable. Then process groups must
  ///          do.
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> create(const std::string& left = {});
  /// The same below the cgroup at the path `own`, where the base `left` is taken if it is not in
  /// use; for tests.
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> create_below(
      const std::string& own, const std::string& left = {});
  ~CgroupTree() = default;
  CgroupTree(const CgroupTree&) = delete;
  CgroupTree& operator=(const CgroupTree&) = delete;

  /// The base as /proc/PID/cgroup has it; empty if that is not known.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// The path of a service's cgroup, which may not exist.
  [[nodiscard]] std::string path_of(std::string_view service) const;

  /// The service whose cgroup a process is in, or in one below; empty if it is in none of ours.
  /// Reads /proc. Without root's privileges a process cannot leave its service's cgroup.
  [[nodiscard]] std::string service_of(pid_t pid) const;

  /// Keeps a service's cgroup from being removed, for as long as a launch takes.
  class Hold {
   public:
    Hold(CgroupTree* tree, const std::string& service);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    CgroupTree* tree_;  // null: no cgroups
    std::string service_;
  };

  /// Makes or opens the cgroup of a service, for which the caller has a Hold. `fresh` makes it
  /// anew, with zero counts and no limits, unless it still has processes.
  [[nodiscard]] Result<Cgroup> make(std::string_view service, bool fresh = true);

  /// What of `resources` has no effect in these cgroups, in apply_resources()'s words: it needs a
  /// controller that they lack.
  [[nodiscard]] std::vector<std::string> missing_for(const Resources& resources) const;

  /// Makes a cgroup below that of a service, for a command that cannot be in the service's own: a
  /// cgroup that enables controllers for its children takes no processes. remove() removes it too.
  [[nodiscard]] Result<Cgroup> make_control(std::string_view service);

  /// Removes a service's cgroup with those below it, unless there are processes or it is held.
  void remove(const std::string& service);

  /// From now on remove() removes nothing: the machine or container ends with this process, and all
  /// cgroups with that.
  void keep_all();

  /// Moves this process back to OWN, and removes all cgroups that have no processes. That takes
  /// milliseconds: the kernel waits for all processors.
  void close();

 private:
  CgroupTree(Cgroup own, Cgroup base) : own_(std::move(own)), base_(std::move(base)) {}
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> set_up(Cgroup own, Cgroup base);
  void enable_controllers();

  const Cgroup own_;
  const Cgroup base_;                 // its descriptor holds the lock
  std::string name_;                  // path of base_ in /proc/PID/cgroup; empty if unknown
  std::string controllers_;           // that services' cgroups have
  std::vector<std::string> enabled_;  // controllers that this process has switched on in `own_`

  Mutex mutex_;
  CondVar removed_;
  std::map<std::string, int, std::less<>> held_ GUARDED_BY(mutex_);  // by service: how many Holds
  std::set<std::string, std::less<>> removing_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;
};

/// Writes the limits set in `resources` to a service's cgroup.
/// @param defaults  write defaults for the others as well, to lift limits that were set before.
/// @return  messages about limits that cannot be set; or a temporary error, if memory or
///          descriptors were short.
[[nodiscard]] Result<std::vector<std::string>> apply_resources(const Cgroup& cgroup,
                                                               const Resources& resources,
                                                               bool defaults);

}  // namespace zinit
