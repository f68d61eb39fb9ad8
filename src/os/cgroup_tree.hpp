// zinit's own cgroup and those of its services in it.
//
//   OWN/                    where zinit was started; as PID 1 of a machine the root
//     zinit/                its own: locked as long as it lives; zinit-2, ... where that is taken
//       supervisor/         zinit itself
//       NAME.service/       one a service, from its launch until it has come to rest
//         zinit-control/    of commands beside its main process, where it shares controllers out
//
// zinit moves into a leaf since the kernel allows a cgroup to have processes or to share
// controllers out to those below it, and not both (cgroups(7), "no internal processes"). The root
// is exempt, but an image that comes after this one finds its place again by it. Where other
// processes share OWN, as in a login session, no controllers can be had, and the cgroups serve for
// ends and kills alone.
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

/// The directories of the calling process's cgroup, by the texts of /proc/self/mountinfo and
/// /proc/self/cgroup: one for each mount of cgroup v2 that it can be seen through.
[[nodiscard]] std::vector<std::string> own_cgroup_directories(std::string_view mountinfo,
                                                              std::string_view cgroup);

/// The path that a text of /proc/PID/cgroup has in cgroup v2; empty where it has none.
[[nodiscard]] std::string_view cgroup_in_v2(std::string_view cgroup);

/// The service that a text of /proc/PID/cgroup names, where zinit's cgroup is at `base`, as the
/// kernel counts, without a slash at the end. Empty where it is none of them.
[[nodiscard]] std::string service_in_cgroup(std::string_view cgroup, std::string_view base);

class CgroupTree {
 public:
  /// Makes zinit's cgroup below the one that this process is in, or finds that of the image before,
  /// and moves this process into it.
  /// @return  why there is none: nothing mounted, not writable. Then process groups must do.
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> create();
  /// The same below the directory of a cgroup: for tests.
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> create_below(const std::string& own);
  ~CgroupTree() = default;
  CgroupTree(const CgroupTree&) = delete;
  CgroupTree& operator=(const CgroupTree&) = delete;

  /// The cgroup of a service, whether it exists or not.
  [[nodiscard]] std::string path_of(std::string_view service) const;

  /// The service whose cgroup a process is in, or in one below; empty where it is in none of ours.
  /// Reads /proc. A process cannot leave its service by this without root's privileges.
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

  /// A cgroup for a service, which is held. With `fresh` all counts are zero and there are no
  /// limits; but where it still has processes it stays as it is.
  [[nodiscard]] Result<Cgroup> make(std::string_view service, bool fresh = true);

  /// A cgroup below that of a service, for what is not to be in the service's own: one that shares
  /// controllers out takes no processes itself. It goes with the service's.
  [[nodiscard]] Result<Cgroup> make_control(std::string_view service);

  /// Removes a service's cgroup with those below it, unless there are processes or it is held.
  void remove(const std::string& service);

  /// Removes everything and moves this process back to where it was. What has processes stays.
  void close();

 private:
  CgroupTree(Cgroup own, Cgroup base) : own_(std::move(own)), base_(std::move(base)) {}
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> set_up(Cgroup own, Cgroup base);
  void enable_controllers();

  const Cgroup own_;
  const Cgroup base_;                 // its descriptor holds the lock
  std::string name_;                  // of base_ in /proc/PID/cgroup; empty: not known
  std::vector<std::string> enabled_;  // controllers that this process has switched on in `own_`

  Mutex mutex_;
  CondVar removed_;
  std::map<std::string, int, std::less<>> held_ GUARDED_BY(mutex_);  // how often
  std::set<std::string, std::less<>> removing_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;
};

/// Writes what is set of `resources` to a service's cgroup.
/// @param defaults  what is not set as well, so that a limit that was set before is gone.
/// @return  what cannot be done, as messages; or what there was no memory or descriptor for, which
///          is temporary.
[[nodiscard]] Result<std::vector<std::string>> apply_resources(const Cgroup& cgroup,
                                                               const Resources& resources,
                                                               bool defaults);

}  // namespace zinit
