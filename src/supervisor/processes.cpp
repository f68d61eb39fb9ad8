// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Owners of pids and process groups. See processes.hpp.
#include "supervisor/processes.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/sort.hpp"
#include "os/process.hpp"

namespace zinit {

Slot ProcessTable::owner_of(const std::vector<pid_t>& numbers) const noexcept {
  for (const pid_t number : numbers) {
    const Slot slot = of_pid(number) != kNoSlot ? of_pid(number) : of_group(number);
    if (slot != kNoSlot) return slot;
  }
  return kNoSlot;
}

std::vector<pid_t> ProcessTable::pids() const {
  std::vector<pid_t> all;
  for (const auto& [pid, slot] : pids_) all.push_back(pid);
  sort_values(all);
  return all;
}

// --- a process group that zinit spawned ---

SpawnedGroup::~SpawnedGroup() {
  if (leader_ != 0) table_.remove_pid(leader_);
  forget();
}

void SpawnedGroup::spawned(pid_t pid) {
  forget();
  table_.add_group(pid, slot_);
  table_.add_pid(pid, slot_);
  leader_ = number_ = pid;
}

void SpawnedGroup::adopt_without_leader(pid_t number) {
  table_.add_group(number, slot_);
  number_ = number;
}

void SpawnedGroup::leader_ended(Remains remains) noexcept {
  table_.remove_pid(std::exchange(leader_, 0));
  if (remains == Remains::nothing) forget();
}

void SpawnedGroup::forget() noexcept {
  if (number_ != 0) table_.remove_group(std::exchange(number_, 0));
}

void SpawnedGroup::forget_if_gone() noexcept {
  if (leader_ == 0 && number_ != 0 && (!group_exists(number_) || process_exists(number_))) forget();
}

void SpawnedGroup::forget_all_but(const std::vector<pid_t>& alive) noexcept {
  if (leader_ == 0 && !std::ranges::binary_search(alive, number_)) forget();
}

Result<void> SpawnedGroup::signal(int signal) const {
  if (number_ == 0) return {};
  auto sent = signal_group(number_, signal);
  if (!sent && sent.error().errnum == ESRCH) return {};
  return sent;
}

// --- the process of a service ---

ServiceProcess::~ServiceProcess() {
  if (pid_ != 0) table_.remove_pid(pid_);
  forget_main_group();
}

void ServiceProcess::started(pid_t pid, UniqueFd pidfd) {
  spawned_.spawned(pid);
  pid_ = pid;
  pidfd_ = std::move(pidfd);
  apart_ = false;
}

void ServiceProcess::restore(pid_t pid, pid_t leader, pid_t group, pid_t main_group) {
  const bool other = leader != pid;
  if (leader != 0 && (!other || is_own_child(leader)))
    spawned_.spawned(leader);
  else if (group > 0 && group_exists(group))
    spawned_.adopt_without_leader(group);
  pid_ = pid;
  pidfd_ = open_pidfd(pid);
  table_.add_pid(pid, slot_);
  if (!other) return;
  if (main_group != 0) table_.add_group(main_group, slot_);
  main_group_ = main_group;
  apart_ = main_group_ == 0 && process_group(pid) != group;
}

void ServiceProcess::restore_group(pid_t group) {
  if (is_own_child(group))
    spawned_.spawned(group);
  else
    spawned_.adopt_without_leader(group);
}

bool ServiceProcess::take_main(pid_t pid, UniqueFd pidfd) {
  const Slot owner = table_.of_pid(pid);
  if (owner != kNoSlot && (owner != slot_ || pid != spawned_.leader())) return false;
  table_.add_pid(pid, slot_);
  take_group_of(pid);
  if (pid_ != 0 && pid_ != spawned_.leader()) table_.remove_pid(pid_);
  pid_ = pid;
  pidfd_ = std::move(pidfd);
  return true;
}

void ServiceProcess::take_group_of(pid_t pid) {
  const auto group = process_group(pid);
  const bool other = group && *group != spawned_.number();
  // The group already belongs to the service if the previous main process was in it, too.
  const bool usable = group && (*group == main_group_ || table_.of_group(*group) == kNoSlot);
  const bool followed = other && *group > 1 && is_own_child(pid) && *group != ::getpgrp() && usable;
  forget_main_group();
  if (followed) {
    table_.add_group(*group, slot_);
    main_group_ = *group;
  }
  apart_ = other && !followed;
}

void ServiceProcess::forget_main_group() noexcept {
  if (main_group_ != 0) table_.remove_group(std::exchange(main_group_, 0));
}

bool ServiceProcess::follow_main() {
  if (pid_ == 0 || pid_ == spawned_.leader()) return false;
  const auto group = process_group(pid_);
  if (!group || *group == spawned_.number() || *group == main_group_) return false;
  forget_gone();
  // The main process has left a group that may still have members of the service. Only one group
  // besides the spawned one can be followed. So that group stays, and the main process is signalled
  // alone.
  if (apart_ || (main_group_ != 0 && group_exists(main_group_))) {
    apart_ = true;
    return false;
  }
  take_group_of(pid_);
  return true;
}

pid_t ServiceProcess::ended(Remains remains) noexcept {
  const pid_t pid = std::exchange(pid_, 0);
  if (pid == spawned_.leader())
    spawned_.leader_ended(remains);
  else
    table_.remove_pid(pid);
  apart_ = false;
  pidfd_.reset();
  return pid;
}

void ServiceProcess::forget_gone() noexcept {
  spawned_.forget_if_gone();
  // Unlike forget_if_gone(), this does not check for a process with the group's number: the leader
  // of this group need not be zinit's child, so such a process need not be a stranger.
  if (pid_ == 0 && main_group_ != 0 && !group_exists(main_group_)) forget_main_group();
}

void ServiceProcess::forget_all_but(const std::vector<pid_t>& alive) noexcept {
  spawned_.forget_all_but(alive);
  if (pid_ == 0 && !std::ranges::binary_search(alive, main_group_)) forget_main_group();
}

Result<void> ServiceProcess::signal(int signal) const {
  Result<void> result = spawned_.signal(signal);
  if (main_group_ != 0) {
    auto sent = signal_group(main_group_, signal);
    if (!sent && sent.error().errnum != ESRCH && result) result = std::move(sent);
  }
  if (apart_) (void)signal_main(signal);
  return result;
}

Result<void> ServiceProcess::signal_main_group(int signal) const {
  const pid_t group = main_group_ != 0 ? main_group_ : spawned_.number();
  return apart_ || group == 0 ? signal_main(signal) : signal_group(group, signal);
}

Result<void> ServiceProcess::signal_main(int signal) const {
  return signal_process(pidfd_.get(), pid_, signal);
}

}  // namespace zinit
