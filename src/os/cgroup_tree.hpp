// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's own cgroup, and the cgroups of its services in it.
//
//   OWN/                    where zinit was started; the root for PID 1 of a machine
//     zinit/                the base, locked while zinit runs; zinit-2, ... if it is taken
//       supervisor/         zinit itself
//       NAME.service/       one for each service, from its launch until it is at rest
//         zinit-control-1/  processes that cannot be in the one above, which has child cgroups
//
// zinit moves into a leaf because a cgroup cannot both have processes and enable controllers for
// its children (cgroups(7), "no internal processes"). The root is exempt from this rule, but the
// leaf also shows a re-executed zinit which base is its own. If OWN has other processes, as in a
// login session, no controllers can be enabled. Then the cgroups serve only to find the processes
// that are left, and to kill them.
//
// The lock of a base shows whether its zinit is alive. An unlocked base without a process is left
// by a killed zinit: it is removed, and another zinit may make one of that name. One with processes
// is left alone. The root of the tree is found by /proc/self/mountinfo and /proc/self/cgroup,
// wherever it is mounted.
//
// A process is made in its cgroup (CLONE_INTO_CGROUP), so nothing escapes between. Each process of
// a service gets a fresh cgroup if nothing of the service is left, so that its counts begin at
// zero, and because newer kernels (6.18) kill every process made in a cgroup that was killed. The
// thread that launches makes the cgroup, the janitor removes it with those that the service has
// made below. A launch holds the name meanwhile (Hold), so that the janitor does not remove what
// was just made. When a machine or a container ends, cgroups stay: they end with it.
//
// Threads: any. Cgroups of different services are made and removed at the same time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "model/resources.hpp"
#include "os/cgroup.hpp"

namespace zinit {

/// The directories at which the calling process's cgroup is visible, one for each mount of cgroup
/// v2. The arguments are the texts of /proc/self/mountinfo and /proc/self/cgroup.
[[nodiscard]] std::vector<std::string> own_cgroup_directories(std::string_view mountinfo,
                                                              std::string_view cgroup);

/// The cgroup v2 path in a text of /proc/PID/cgroup; empty if there is none.
[[nodiscard]] std::string_view cgroup_in_v2(std::string_view cgroup);

/// The service whose cgroup a text of /proc/PID/cgroup names; empty if it names no cgroup of ours.
/// `base` is the path of zinit's base in such texts, without a slash at the end.
[[nodiscard]] std::string service_in_cgroup(std::string_view cgroup, std::string_view base);

/// The number of the cgroup with this path in /proc/PID/cgroup: its inode, which no other cgroup
/// has before the next boot. 0: it does not exist, or no mount shows it.
[[nodiscard]] std::uint64_t cgroup_id(std::string_view name);

class CgroupTree {
 public:
  /// Finds the base that this process made before its re-execution, or makes a base below the
  /// cgroup of this process. Moves this process into the leaf. Removes bases without processes that
  /// killed servers left there.
  /// @param left  the name() of the base of a killed server whose services this process continues.
  ///              If the base is in the same place, it is taken with everything in it.
  /// @param again  whether this process is a zinit that has re-executed itself: nobody else has the
  ///               lock of the base that it is in. While this base cannot be opened, for lack of a
  ///               descriptor, zinit makes no other.
  /// @return  the tree; or an error: cgroup v2 is not mounted or not writable. Then process groups
  ///          must suffice.
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> create(const std::string& left,
                                                                  bool again);
  /// Like create(), below the cgroup at the path `own`. Takes the base `left` if it is not in use.
  /// For tests.
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> create_below(
      const std::string& own, const std::string& left = {});
  ~CgroupTree() = default;
  CgroupTree& operator=(CgroupTree&&) = delete;

  /// The base as /proc/PID/cgroup names it.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// The path of a service's cgroup, which may not exist.
  [[nodiscard]] std::string path_of(std::string_view service) const;
  /// This cgroup as /proc/PID/cgroup names it.
  [[nodiscard]] std::string name_of(std::string_view service) const;

  /// The service whose cgroup, or a cgroup below it, contains a process; empty if none of ours
  /// does. Reads /proc. Without root's privileges a process cannot leave its service's cgroup.
  [[nodiscard]] std::string service_of(pid_t pid) const;

  /// Keeps a service's cgroup from being removed during a launch.
  class Hold {
   public:
    Hold(CgroupTree* tree, const std::string& service);
    ~Hold();
    Hold& operator=(Hold&&) = delete;

   private:
    CgroupTree* tree_;  // null: no cgroups
    std::string service_;
  };

  /// Makes the cgroup of a service, again if it is there, with zero counts and no limits; opens it
  /// if it still has processes. The caller has a Hold.
  [[nodiscard]] Result<Cgroup> make(std::string_view service);

  /// The controllers of the services' cgroups.
  [[nodiscard]] std::vector<std::string> controllers() const;

  /// Which of `resources` have no effect because these cgroups lack a controller, in the words of
  /// apply_resources().
  [[nodiscard]] std::vector<std::string> missing_for(const Resources& resources) const;

  /// Makes a cgroup below a service's cgroup, for a process that cannot be in the service's own: a
  /// cgroup that enables controllers for its children takes no processes. remove() removes it too.
  [[nodiscard]] Result<Cgroup> make_control(std::string_view service, int number);

  /// Removes a service's cgroup and the cgroups below, unless they have processes or it is held.
  void remove(const std::string& service);

  /// From now on remove() removes nothing: the machine or container ends with this process, and all
  /// cgroups end with it.
  void keep_all();

  /// Moves this process back to OWN, and removes all cgroups without processes. Takes milliseconds,
  /// because the kernel waits for all processors.
  void close();

 private:
  CgroupTree(Cgroup own, Cgroup base) : own_(std::move(own)), base_(std::move(base)) {}
  [[nodiscard]] static Result<std::unique_ptr<CgroupTree>> set_up(Cgroup own, Cgroup base);
  void enable_controllers();

  const Cgroup own_;
  const Cgroup base_;                 // its descriptor holds the lock
  std::string name_;                  // path of base_ in /proc/PID/cgroup
  std::string controllers_;           // of the services' cgroups
  std::vector<std::string> enabled_;  // controllers that this process enabled in `own_`

  Mutex mutex_;
  CondVar removed_;
  std::map<std::string, int, std::less<>> held_ GUARDED_BY(mutex_);  // service -> number of Holds
  std::set<std::string, std::less<>> removing_ GUARDED_BY(mutex_);
  bool closing_ GUARDED_BY(mutex_) = false;
};

/// A key of [resources], and the controller of cgroup v2 that enforces it.
struct NeededController {
  std::string_view key, controller;
};
/// The keys that are set in `resources`.
[[nodiscard]] std::vector<NeededController> controllers_needed(const Resources& resources);

/// The controllers of cgroup v2 on this machine or in this container, as far as this process sees
/// them; nothing if cgroup v2 is not mounted. A server may have fewer.
[[nodiscard]] std::optional<std::vector<std::string>> controllers_here();

/// Gives a service's cgroup to the user and group `owner`: the directory, and the files by which
/// processes and controllers come into cgroups below it (cgroups(7), "Delegation"). The limits stay
/// root's. Below it may be kMostDelegated cgroups, kDeepestDelegated deep. Without an owner, takes
/// the cgroup back for zinit's own user. Cgroups below keep their owners, so the bounds stay until
/// the cgroup is made again.
/// @return  a message if this fails, empty if not; or a temporary error, as of apply_resources()
[[nodiscard]] Result<std::string> delegate_cgroup(
    const Cgroup& cgroup, const std::optional<std::pair<uid_t, gid_t>>& owner);
inline constexpr int kMostDelegated = 1000;
// 12 names of 255 bytes and the path of the service's cgroup are shorter than PATH_MAX: zinit finds
// processes by paths.
inline constexpr int kDeepestDelegated = 12;

/// Writes the limits set in `resources` to a service's cgroup.
/// @param defaults  also write defaults for unset limits, to lift earlier ones
/// @return  messages about limits that cannot be set; or a temporary error, if there was no memory
///          or descriptor
[[nodiscard]] Result<std::vector<std::string>> apply_resources(const Cgroup& cgroup,
                                                               const Resources& resources,
                                                               bool defaults);

}  // namespace zinit
