// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Stores descriptors for the next process of a service. See fd_store.hpp.
#include "watch/fd_store.hpp"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.hpp"
#include "base/low_numbers.hpp"
#include "base/sort.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr std::string_view kUnnamed = "stored";  // systemd's name for descriptors without a name

/// The key of the fact with a descriptor's name.
std::string name_key(int fd) { return fmt::format("stored/{}", fd); }

/// Whether `a` comes before `b`. Of two copies, which refer to one open file, neither comes first.
bool before(int a, int b) {
  constexpr long first = 1, unordered = 3;
  static const pid_t self = ::getpid();  // a second system call would double the cost
  const long order = ::syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);
  return order == first || ((order < 0 || order == unordered) && a < b);
}

}  // namespace

bool FdStore::ByOpenFile::operator()(const std::shared_ptr<const Entry>& a,
                                     const std::shared_ptr<const Entry>& b) const {
  return before(a->fd.get(), b->fd.get());
}
bool FdStore::ByOpenFile::operator()(const std::shared_ptr<const Entry>& a, int b) const {
  return before(a->fd.get(), b);
}
bool FdStore::ByOpenFile::operator()(int a, const std::shared_ptr<const Entry>& b) const {
  return before(a, b->fd.get());
}

FdStore::Entries FdStore::of(Slot slot) const {
  Entries all;
  {
    MutexLock lock(mutex_);
    const auto found = entries_.find(slot);
    if (found != entries_.end()) all.assign(found->second.begin(), found->second.end());
  }
  sort_by(all, [](const auto& entry) { return entry->number; });
  return all;
}

std::size_t FdStore::count(Slot slot) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(slot);
  return found == entries_.end() ? 0 : found->second.size();
}

/// Compares without the lock, because comparing takes many system calls. Only one thread at a time
/// handles messages of a service's processes, so nothing is added meanwhile. Without room nothing
/// is compared: then a descriptor that is already stored counts as refused too.
std::size_t FdStore::add(const CheckedProcess& process, const std::string& name,
                         std::vector<UniqueFd>& fds, const Closer::Sender& sender) {
  const std::size_t most = process.spec()->readiness->fdstore_max;
  if (count(process.slot) >= most) return fds.size();
  Stored kept;
  std::uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    if (const auto found = entries_.find(process.slot); found != entries_.end())
      kept = found->second;
    number = last_number_;
    last_number_ += fds.size();
  }
  const std::string its_name = name.empty() ? std::string(kUnnamed) : name;
  std::size_t refused = 0;
  for (UniqueFd& fd : fds) {
    if (kept.size() >= most) {
      ++refused;
      continue;
    }
    if (kept.contains(fd.get())) continue;
    facts_.keep(name_key(fd.get()), its_name);
    kept.insert(
        std::make_shared<Entry>(process.slot, its_name, std::move(fd), ++number, closer_, sender));
  }
  MutexLock lock(mutex_);
  if (process.stage() != CheckedProcess::Stage::ended) entries_[process.slot].swap(kept);
  return refused;
}

void FdStore::take_over(Inheritance& inherited, const FactMap& facts,
                        FunctionRef<Closer::Sender(Slot)> sender_of) {
  MutexLock lock(mutex_);
  for (Inheritance::One& one : inherited.take_all(KeptKind::stored)) {
    const Slot slot = one.note.slot;
    const std::string old_key = name_key(one.fd.get());
    const auto found = facts.find(old_key);
    const std::string name = found != facts.end() ? found->second : std::string(kUnnamed);
    UniqueFd higher = copy_above_lowest(one.fd.get());
    const bool moves = bool(higher);
    // A crash in between leaves both numbers, with a name each: the next image stores one of them.
    if (moves) facts_.keep(name_key(higher.get()), name);
    entries_[slot].insert(std::make_shared<Entry>(slot, name,
                                                  moves ? std::move(higher) : one.fd.release(),
                                                  ++last_number_, closer_, sender_of(slot)));
    if (!moves) continue;
    close_elsewhere(one.fd.release(), sender_of(slot));
    facts_.keep(old_key, {});
  }
}

void FdStore::remove(Slot slot, const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(slot);
  if (found == entries_.end()) return;
  std::erase_if(found->second, [&](const auto& kept) { return kept->name == name; });
}

void FdStore::clear(Slot slot) noexcept {
  std::map<Slot, Stored>::node_type gone;  // freed after the lock
  MutexLock lock(mutex_);
  gone = entries_.extract(slot);
}

}  // namespace zinit
