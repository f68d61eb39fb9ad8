// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds, makes and leaves zinit's place among the cgroups. See cgroup_tree.hpp.
#include "os/cgroup_tree.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "base/directory.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "os/mount.hpp"

namespace zinit {

namespace {

constexpr std::string_view kBase = "zinit";
constexpr std::string_view kSupervisor = "supervisor";
// Without the suffix a service called cgroup.procs or supervisor would clash with this entry.
constexpr std::string_view kServiceSuffix = ".service";
constexpr std::string_view kControl = "zinit-control";

// The most bases in one cgroup: bases in use, and bases that killed servers left behind.
constexpr int kMostBases = 1000;

// Attempts of remove_left(), a millisecond apart.
constexpr int kLeaveTries = 200;

// Needed for [resources], and for the resource usage in a status.
constexpr std::array<std::string_view, 4> kControllers = {"cpu", "io", "memory", "pids"};

constexpr std::size_t kProcFileMax = std::size_t{4} * 1024 * 1024;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split(trim(text), ' '))
    if (!word.empty()) words.emplace_back(word);
  return words;
}

/// Whether the open directory is still the one at its path.
bool still_there(const Cgroup& cgroup) {
  struct stat opened {
  }, named{};
  return ::fstat(cgroup.fd(), &opened) == 0 && ::stat(cgroup.path().c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

Result<void> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return sys_failure("make the cgroup", path);
}

/// Removes a cgroup and the cgroups below it, unless they have processes.
void remove_if_empty(const std::string& path) {
  if (::rmdir(path.c_str()) == 0 || errno != EBUSY) return;
  const auto cgroup = Cgroup::open(path);  // in use, or it contains cgroups
  if (!cgroup || cgroup->populated()) return;
  cgroup->remove_children();
  ::rmdir(path.c_str());
}

/// Removes a cgroup that zinit has just left. For a short time after its join, the kernel still
/// counts an ended thread there.
void remove_left(const std::string& path) {
  for (int tries = kLeaveTries; tries > 0; --tries) {
    if (::rmdir(path.c_str()) == 0 || errno != EBUSY) return;
    std::this_thread::sleep_for(Milliseconds{1});
  }
}

/// Locks the cgroup at `path`, and makes it if it is missing. @return EWOULDBLOCK: another zinit
/// has locked it.
Result<Cgroup> lock_base(const std::string& path) {
  while (true) {
    if (const auto made = make_directory(path); !made) return Failure(made.error());
    auto base = Cgroup::open(path);
    if (!base && base.error().errnum == ENOENT) continue;  // its zinit has just removed it
    if (!base) return base;
    if (::flock(base->fd(), LOCK_EX | LOCK_NB) < 0) return sys_failure("lock", path);
    if (still_there(*base)) return base;
  }
}

/// Whether the cgroup is a base: a zinit's own process is in it, or has left services in it. A base
/// that another zinit has just made is empty.
bool is_base(const std::string& path) {
  Directory directory(path);
  while (const dirent* entry = directory.next()) {
    const std::string_view name = entry->d_name;
    if (name == kSupervisor || name.ends_with(kServiceSuffix)) return true;
  }
  return false;
}

/// Removes bases without processes. Killed servers have left them, or servers whose services had
/// `kill_mode = "main"`: what such a service leaves outlives its server.
void remove_abandoned(const std::string& own) {
  Directory directory(own);
  while (const dirent* entry = directory.next()) {
    const std::string_view name = entry->d_name;
    if (name != kBase && !name.starts_with(std::string(kBase) + "-")) continue;
    const std::string path = fmt::format("{}/{}", own, name);
    if (!is_base(path)) continue;
    const auto base = Cgroup::open(path);
    if (base && ::flock(base->fd(), LOCK_EX | LOCK_NB) == 0) remove_if_empty(path);
  }
}

/// Locks the base `left` below `own`, else makes one under the first free name. It never uses a
/// base that it finds: a killed server's note names its base, with the number that only this base
/// has. Names of bases with processes stay in use: these are services of another zinit.
Result<Cgroup> claim_base(const std::string& own, const std::string& left) {
  if (!left.empty()) {
    if (auto base = lock_base(own + "/" + left)) {
      base->remove_children();
      return base;
    }
  }
  for (int number = 1; number <= kMostBases; ++number) {
    const std::string path = fmt::format(
        "{}/{}", own, number == 1 ? std::string(kBase) : fmt::format("{}-{}", kBase, number));
    if (::mkdir(path.c_str(), 0755) < 0) {
      if (errno == EEXIST) continue;
      return sys_failure("make the cgroup", path);
    }
    auto base = lock_base(path);
    if (base || base.error().errnum != EWOULDBLOCK) return base;
  }
  return failure(
      fmt::format("cannot make a cgroup in {}: all {} names are in use", own, kMostBases));
}

/// The base that zinit made before its re-execution. This process is still in it. A process that
/// zinit has made to close files (state/disposal.hpp) may still have the lock of the previous
/// process image, so after a re-execution the lock does not matter.
Result<Cgroup> inherited_base(const std::string& directory, bool again) {
  const std::string base = parent_of(directory);
  if (last_part(directory) != kSupervisor || !last_part(base).starts_with(kBase))
    return sys_failure("find", "a cgroup of its own", ENOENT);
  auto locked = lock_base(base);
  if (again && !locked && locked.error().errnum == EWOULDBLOCK) return Cgroup::open(base);
  return locked;
}

}  // namespace

std::string_view cgroup_in_v2(std::string_view cgroup) {
  for (const std::string_view line : split(cgroup, '\n'))
    if (line.starts_with("0::/")) return line.substr(3);
  return {};
}

std::string service_in_cgroup(std::string_view cgroup, std::string_view base) {
  std::string_view path = cgroup_in_v2(cgroup);
  if (!path.starts_with(base)) return {};
  path.remove_prefix(base.size());
  if (!path.starts_with('/')) return {};
  const std::string_view directory = path.substr(1, path.find('/', 1) - 1);
  if (!directory.ends_with(kServiceSuffix)) return {};
  return std::string(directory.substr(0, directory.size() - kServiceSuffix.size()));
}

std::vector<std::string> own_cgroup_directories(std::string_view mountinfo,
                                                std::string_view cgroup) {
  std::string path(cgroup_in_v2(cgroup));
  // "/..": the cgroup lies outside our cgroup namespace, and cannot be reached.
  if (path.empty() || path.starts_with("/..")) return {};
  if (path == "/") path.clear();
  std::vector<std::string> directories;
  for (const Mount& mount : parse_mountinfo(mountinfo)) {
    if (mount.type != "cgroup2") continue;
    const std::string root = mount.root == "/" ? "" : mount.root;
    if (path != root && !path.starts_with(root + "/")) continue;
    directories.push_back(mount.target + path.substr(root.size()));
  }
  return directories;
}

std::uint64_t cgroup_id(std::string_view name) {
  const auto mounts = read_file("/proc/self/mountinfo", kProcFileMax);
  if (!mounts) return 0;
  for (const std::string& path : own_cgroup_directories(*mounts, fmt::format("0::{}\n", name))) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return status.st_ino;
  }
  return 0;
}

std::optional<std::vector<std::string>> controllers_here() {
  const auto mounts = read_file("/proc/self/mountinfo", kProcFileMax);
  if (!mounts) return std::nullopt;
  for (const Mount& mount : parse_mountinfo(*mounts)) {
    if (mount.type != "cgroup2") continue;
    const auto offered = read_file((mount.target + "/cgroup.controllers").c_str(), kProcFileMax);
    if (offered) return split_words(*offered);
  }
  return std::nullopt;
}

Result<std::unique_ptr<CgroupTree>> CgroupTree::create(const std::string& left, bool again) {
  const auto mounts = read_file("/proc/self/mountinfo", kProcFileMax);
  if (!mounts) return Failure(mounts.error());
  const auto cgroup = read_file("/proc/self/cgroup", kProcFileMax);
  if (!cgroup) return Failure(cgroup.error());
  const std::string_view here = cgroup_in_v2(*cgroup);
  const bool beside = !left.empty() && parent_of(left) == (here == "/" ? "" : here);
  Error fault{"cgroup v2 is not mounted", ENOENT};
  for (const std::string& directory : own_cgroup_directories(*mounts, *cgroup)) {
    auto base = inherited_base(directory, again);
    auto own = base.and_then([](Cgroup& one) { return Cgroup::open(parent_of(one.path())); });
    if (own) return set_up(std::move(*own), std::move(*base));
    if (again && own.error().temporary()) return Failure(own.error());
    auto tree = create_below(directory, beside ? std::string(last_part(left)) : "");
    if (tree) return tree;
    fault = tree.error();
  }
  return Failure(fault);
}

Result<std::unique_ptr<CgroupTree>> CgroupTree::create_below(const std::string& directory,
                                                             const std::string& left) {
  auto own = Cgroup::open(directory);
  if (!own) return Failure(own.error());
  remove_abandoned(directory);
  auto base = claim_base(directory, left);
  if (!base) return Failure(base.error());
  return set_up(std::move(*own), std::move(*base));
}

Result<std::unique_ptr<CgroupTree>> CgroupTree::set_up(Cgroup own, Cgroup base) {
  const std::string leaf = base.path() + "/" + std::string(kSupervisor);
  Result<void> moved = make_directory(leaf);
  if (moved) {
    const auto supervisor = Cgroup::open(leaf);
    // 0 stands for the writing process, with all its threads.
    moved = supervisor ? supervisor->write("cgroup.procs", "0") : Failure(supervisor.error());
  }
  // Without its name zinit could not tell the processes of its services from others. The next
  // attempt finds this process in the leaf.
  const auto here = moved.and_then([] { return read_file("/proc/self/cgroup", kProcFileMax); });
  if (!here) {
    ::rmdir(leaf.c_str());
    ::rmdir(base.path().c_str());
    return Failure(here.error());
  }
  std::unique_ptr<CgroupTree> tree(new CgroupTree(std::move(own), std::move(base)));
  tree->name_ = parent_of(std::string(cgroup_in_v2(*here)));
  tree->enable_controllers();
  return tree;
}

/// Enables one controller at a time, so that a missing one does not prevent the others.
/// apply_resources() reports a missing controller if a service needs it.
void CgroupTree::enable_controllers() {
  const std::string offered = own_.read("cgroup.controllers").value_or("");
  const std::string before = own_.read("cgroup.subtree_control").value_or("");
  for (const std::string_view controller : kControllers) {
    if (!has_word(offered, controller)) continue;
    const std::string on = fmt::format("+{}", controller);
    if (!has_word(before, controller)) {
      if (!own_.write("cgroup.subtree_control", on)) continue;
      enabled_.emplace_back(controller);
    }
    if (!base_.write("cgroup.subtree_control", on)) continue;
  }
  controllers_ = trim(base_.read("cgroup.subtree_control").value_or(""));
}

std::vector<std::string> CgroupTree::controllers() const { return split_words(controllers_); }

std::string CgroupTree::path_of(std::string_view service) const {
  return fmt::format("{}/{}{}", base_.path(), service, kServiceSuffix);
}

std::string CgroupTree::name_of(std::string_view service) const {
  return fmt::format("{}/{}{}", name_, service, kServiceSuffix);
}

std::string CgroupTree::service_of(pid_t pid) const {
  const auto cgroup = read_file(fmt::format("/proc/{}/cgroup", pid).c_str(), kProcFileMax);
  return cgroup ? service_in_cgroup(*cgroup, name_) : std::string{};
}

CgroupTree::Hold::Hold(CgroupTree* tree, const std::string& service)
    : tree_(tree), service_(service) {
  if (tree_ == nullptr) return;
  MutexLock lock(tree_->mutex_);
  while (tree_->removing_.contains(service_)) tree_->removed_.wait(tree_->mutex_);
  ++tree_->held_[service_];
}

CgroupTree::Hold::~Hold() {
  if (tree_ == nullptr) return;
  MutexLock lock(tree_->mutex_);
  const auto held = tree_->held_.find(service_);
  if (--held->second == 0) tree_->held_.erase(held);
}

Result<Cgroup> CgroupTree::make(std::string_view service) {
  const std::string path = path_of(service);
  remove_if_empty(path);
  if (const auto made = make_directory(path); !made) return Failure(made.error());
  return Cgroup::open(path);
}

Result<Cgroup> CgroupTree::make_control(std::string_view service, int number) {
  const std::string path = fmt::format("{}/{}-{}", path_of(service), kControl, number);
  if (const auto made = make_directory(path); !made) return Failure(made.error());
  return Cgroup::open(path);
}

void CgroupTree::remove(const std::string& service) {
  {
    MutexLock lock(mutex_);
    if (closing_ || held_.contains(service) || !removing_.insert(service).second) return;
  }
  remove_if_empty(path_of(service));
  MutexLock lock(mutex_);
  removing_.erase(service);
  removed_.notify_all();
}

void CgroupTree::keep_all() {
  MutexLock lock(mutex_);
  closing_ = true;
}

// Disables the controllers before this process moves back, because the kernel refuses processes in
// a cgroup that enables controllers for its children. If another zinit in the same cgroup still
// uses them, disabling fails, and this process stays in its leaf.
void CgroupTree::close() {
  {
    // A removal under way would keep the base from being removed.
    MutexLock lock(mutex_);
    closing_ = true;
    while (!removing_.empty()) removed_.wait(mutex_);
  }
  base_.remove_children();  // except the leaf, which has a process
  for (const std::string_view controller : kControllers) {
    const std::string off = fmt::format("-{}", controller);
    if (!base_.write("cgroup.subtree_control", off)) continue;
    const bool ours = contains(enabled_, controller);
    if (ours && !own_.write("cgroup.subtree_control", off)) continue;
  }
  if (!own_.write("cgroup.procs", "0")) return;
  remove_left(base_.path() + "/" + std::string(kSupervisor));
  remove_left(base_.path());
}

}  // namespace zinit
