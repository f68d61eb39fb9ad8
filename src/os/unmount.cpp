// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes back, unmounts, detaches loop devices, turns off swap. See unmount.hpp.
#include "os/unmount.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/swap.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "os/attempts.hpp"
#include "os/mount.hpp"

namespace zinit {

namespace {

constexpr std::size_t kSwapsMax = std::size_t{16} * 1024 * 1024;
constexpr std::size_t kMeminfoMax = std::size_t{64} * 1024;

/// How long to wait for one unmount before the next begins.
constexpr Milliseconds kEach{200};
constexpr Milliseconds kForForce{2000};
constexpr Milliseconds kForReadOnly = kAfterGivingUp - kForForce;

// --- the calls, made by children ---

int write_back(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  return fd < 0 ? -1 : ::syncfs(fd);
}

/// For file systems that are not mounted, and for data written directly to devices.
int write_back_all(const char* /*what*/) {
  ::sync();
  return 0;
}

int unmount(const char* path) { return ::umount2(path, UMOUNT_NOFOLLOW); }

int unmount_by_force(const char* path) { return ::umount2(path, UMOUNT_NOFOLLOW | MNT_FORCE); }

int remount_read_only(const char* path) {
  return ::mount(nullptr, path, nullptr, MS_REMOUNT | MS_RDONLY, nullptr);
}

int detach_loop(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  return fd < 0 ? -1 : ::ioctl(fd, LOOP_CLR_FD, 0);
}

// --- what there is ---

/// Newest first. Empty if they cannot be read; then the error is added to `faults`.
std::vector<std::string> targets_below(const std::string& directory,
                                       std::vector<Error>* faults = nullptr) {
  const auto mounts = read_mounts();
  if (!mounts && faults != nullptr) faults->push_back(mounts.error());
  if (!mounts) return {};
  std::vector<std::string> targets = unmount_order(*mounts);
  std::erase_if(targets, [&](const std::string& path) { return !lies_below(path, directory); });
  return targets;
}

/// The loop devices that have a file. None on a kernel without loop devices, or without /sys.
std::vector<std::string> loops() {
  std::vector<std::string> devices;
  for (const std::string& name : names_in("/sys/block"))
    if (name.starts_with("loop") && ::access(("/sys/block/" + name + "/loop").c_str(), F_OK) == 0)
      devices.push_back("/dev/" + name);
  return devices;
}

/// How much the kernel still has to write, over all file systems; 0 if it does not report this.
std::uint64_t unwritten_kib() {
  std::uint64_t sum = 0;
  const auto text = read_file("/proc/meminfo", kMeminfoMax);
  if (!text) return 0;
  for (const std::string_view line : split(*text, '\n'))
    for (const std::string_view name : {"Dirty:", "Writeback:"})
      if (line.starts_with(name)) sum += std::strtoull(line.data() + name.size(), nullptr, 10);
  return sum;
}

Error unanswered(const char* verb, const std::string& path) {
  return Error{fmt::format("cannot {} {}: it does not answer", verb, path), ETIMEDOUT};
}

std::vector<Error> faults(const char* verb, const std::vector<std::string>& paths,
                          const std::vector<int>& results) {
  std::vector<Error> all;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (results[i] == ETIMEDOUT)
      all.push_back(unanswered(verb, paths[i]));
    else if (results[i] != 0)
      all.push_back(sys_failure(verb, paths[i], results[i]).value());
  }
  return all;
}

// --- the order ---

/// Tries once to unmount each target that is not being unmounted already.
/// @return  whether another round may get further
bool unmount_round(Attempts& attempts, TimePoint give_up, const std::string& below) {
  bool any = false;
  for (const std::string& target : targets_below(below)) {
    if (contains(attempts.under_way(), target)) continue;
    if (Clock::now() >= give_up) break;
    any |= attempts.make({target}, unmount, kEach).front() == 0;
  }
  return any;
}

/// The kernel also reports success for a device in use, and detaches it when it is no longer used.
bool detach_loops(Attempts& attempts) {
  const std::vector<std::string> before = loops();
  std::vector<std::string> devices = before;
  std::erase_if(devices, [under_way = attempts.under_way()](const std::string& device) {
    return contains(under_way, device);
  });
  if (devices.empty()) return false;
  attempts.make(devices, detach_loop, kEach);
  return loops().size() < before.size();
}

/// A device path: unmount_order() has no mount below /dev.
bool is_device(const std::string& path) { return path.starts_with("/dev/"); }

}  // namespace

std::vector<Error> sync_all() {
  std::vector<Error> all;
  std::vector<std::string> targets = targets_below("/", &all);
  targets.emplace_back("/");
  std::uint64_t before = unwritten_kib();
  const auto progress = [&] {
    const std::uint64_t now = unwritten_kib();
    return now < std::exchange(before, now);
  };
  Attempts attempts;
  const auto add = [&](const std::vector<std::string>& what, Attempts::Call call) {
    const auto results = attempts.make(what, call, kWithoutProgress, progress);
    std::ranges::move(faults("write back", what, results), std::back_inserter(all));
  };
  add(targets, write_back);
  if (attempts.under_way().empty()) add({"all devices"}, write_back_all);
  return all;
}

std::vector<Error> unmount_all(TimePoint give_up, const std::string& below) {
  const bool all = below == "/";
  Attempts attempts;
  while (unmount_round(attempts, give_up, below) || (all && detach_loops(attempts)) ||
         attempts.wait_for_one(give_up)) {}
  std::vector<Error> told;
  std::vector<std::string> left = targets_below(below, &told);
  std::vector<std::string> hanging;
  for (const std::string& path : attempts.under_way()) {
    told.push_back(unanswered(is_device(path) ? "detach" : "unmount", path));
    if (contains(left, path)) hanging.push_back(path);
  }
  if (!hanging.empty()) {
    attempts.make(hanging, unmount_by_force, kForForce);
    left = targets_below(below);
  }
  if (all) left.emplace_back("/");
  const auto read_only = attempts.make(left, remount_read_only, kForReadOnly);
  std::ranges::move(faults("remount read-only", left, read_only), std::back_inserter(told));
  return told;
}

std::vector<std::string> parse_swaps(std::string_view text) {
  std::vector<std::string> all;
  for (const std::string_view line : split(text, '\n')) {
    const std::string_view name = line.substr(0, line.find_first_of(" \t"));
    if (name.starts_with('/')) all.push_back(unescape(name));  // the first line is a heading
  }
  return all;
}

std::vector<Error> swap_off_all() {
  const auto text = read_file("/proc/swaps", kSwapsMax);
  if (!text) {
    // A kernel without swap has no such file.
    return text.error().errnum == ENOENT ? std::vector<Error>{} : std::vector{text.error()};
  }
  std::vector<Error> faults;
  for (const std::string& path : parse_swaps(*text))
    if (::swapoff(path.c_str()) < 0)
      faults.push_back(sys_failure("turn off swap on", path).value());
  return faults;
}

}  // namespace zinit
