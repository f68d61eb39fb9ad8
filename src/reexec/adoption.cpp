// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finding the processes of services in /proc.
#include "reexec/adoption.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "model/predicates.hpp"
#include "os/membership.hpp"
#include "os/process.hpp"
#include "os/process_memory.hpp"
#include "os/users.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMostEnviron = std::size_t{1} << 20;

// In place of a user: the cgroup has proven which service a process belongs to.
constexpr auto kProven = static_cast<uid_t>(-1);

using Mains = std::map<std::string, MainProcess>;

// A service whose process was overlooked would run twice. So zinit waits this long in all if a busy
// machine reads environments slowly, or lacks memory, descriptors or threads to read them. A
// process that makes its reader hang delays it no longer, and no other process.
constexpr Milliseconds kPatience{5000};
constexpr useconds_t kReadAgainUs = 10000;

/// Reads the environments of processes, each once if its variables are asked for one after the
/// other. Not thread-safe.
class Environments {
 public:
  /// A variable of a process; empty: it is not set, or cannot be read.
  std::string variable(pid_t pid, std::string_view name) {
    if (pid != std::exchange(pid_, pid)) read(pid);
    return std::string(value_in_environ(text_, name).value_or(""));
  }

  /// Whether an environment could not be read since the last call: in time, or because of a lack of
  /// memory, descriptors or threads.
  bool late() {
    if (!std::exchange(late_, false)) return false;
    pid_ = 0;  // it is read again
    return true;
  }

 private:
  void read(pid_t pid) {
    auto text = read_of_process(pid, "environ", kMostEnviron, IfSlow::wait);
    late_ = late_ || (!text && (text.error().errnum == ETIMEDOUT || text.error().temporary()));
    text_ = text ? *std::move(text) : std::string();
  }

  pid_t pid_ = 0;  // whose environment `text_` is
  std::string text_;
  bool late_ = false;
};

/// The service of a child of zinit; empty: unknown.
std::string owner_of(pid_t pid, const CgroupTree* cgroups, Environments& environments) {
  if (cgroups != nullptr)
    if (std::string service = cgroups->service_of(pid); !service.empty()) return service;
  const std::string server = environments.variable(pid, kServerVariable);
  if (!server.empty() && server != own_server()) return {};  // left by a server in a service
  return environments.variable(pid, kServiceVariable);
}

/// The service and the user of a process that a killed server has left. A cgroup proves the
/// service. Without cgroups the environment names it, which the process's user may have forged.
std::optional<ServiceOfUser> owner_of_left(pid_t pid, const ServerLock& lock,
                                           Environments& environments) {
  const auto named = [](std::string service, std::optional<uid_t> user) {
    return service.empty() || !user ? std::nullopt
                                    : std::optional(ServiceOfUser(std::move(service), *user));
  };
  if (const std::string& base = lock.before().cgroup; !base.empty()) {
    const auto cgroup = read_file(fmt::format("/proc/{}/cgroup", pid).c_str(), kMostEnviron);
    return named(cgroup ? service_in_cgroup(*cgroup, base) : std::string(), kProven);
  }
  if (environments.variable(pid, kServerVariable) != lock.id()) return std::nullopt;
  return named(environments.variable(pid, kServiceVariable), user_of_process(pid));
}

/// Chooses the main process of each owner. `owner` gives a process's owner, or nothing.
template <class Key, class Owner>
Result<std::map<Key, MainProcess>> main_processes(Owner owner) {
  const TimePoint until = after(Clock::now(), kPatience);
  auto processes = all_processes();
  while (!processes && processes.error().temporary() && Clock::now() < until) {
    ::usleep(kReadAgainUs);
    processes = all_processes();
  }
  if (!processes) return Failure(std::move(processes.error()));
  Environments environments;
  std::map<Key, MainProcess> mains;
  // A process without a readable environment may be a child of a command: it has cleared its
  // environment, is executing a program or has just ended.
  const auto order = [](const MainProcess& one) {
    const bool leads = one.stat.session == one.stat.pid;
    return std::tuple(!one.named && !leads, !one.step.empty(), !leads, one.stat.start_ticks);
  };
  const auto look_again = [&] { return environments.late() && Clock::now() < until; };
  const auto taken = [&](const ProcessStat& process) {
    if (process.zombie() || process.pid == ::getpid()) return true;
    const std::optional<Key> key = owner(process, environments);
    if (!key) return !look_again();
    MainProcess found{process, !environments.variable(process.pid, kServiceVariable).empty(),
                      environments.variable(process.pid, kStepVariable)};
    if (look_again()) return false;
    const auto known = mains.find(*key);
    if (known == mains.end() || order(found) < order(known->second))
      mains.insert_or_assign(*key, std::move(found));
    return true;
  };
  while (std::erase_if(*processes, taken), !processes->empty()) ::usleep(kReadAgainUs);
  return mains;
}

Result<Mains> own_children(const CgroupTree* cgroups) {
  return main_processes<std::string>([cgroups](const ProcessStat& process, Environments& read) {
    std::string service =
        process.ppid == ::getpid() ? owner_of(process.pid, cgroups, read) : std::string();
    return service.empty() ? std::nullopt : std::optional(std::move(service));
  });
}

/// The process of a service among the processes left behind. Only root, zinit's own user or the
/// service's user can have started it. Null: not found.
const MainProcess* left_of(const LeftProcesses& left, const ServiceSpec& spec) {
  std::vector<uid_t> users{kProven, ::geteuid(), 0};
  const auto credentials = look_up(*spec.user, *spec.group);
  if (credentials && credentials->ids.uid) users.push_back(*credentials->ids.uid);
  for (const uid_t user : users)
    if (const auto found = left.find({spec.name, user}); found != left.end()) return &found->second;
  return nullptr;
}

/// A pidfd of a process that is not a child; empty if the process is gone.
UniqueFd hold(const ProcessStat& process) {
  UniqueFd pidfd = open_pidfd(process.pid);
  const auto now = read_process_stat(process.pid);  // the pid may have been reused by now
  if (!now || now->zombie() || now->start_ticks != process.start_ticks) return {};
  return pidfd;
}

/// The approximate start time: the kernel counts in ticks, and the machine may have slept.
TimePoint started_at(const ProcessStat& process) {
  const unsigned long long ticks =
      ticks_since_boot() - std::min<unsigned long long>(process.start_ticks, ticks_since_boot());
  const Milliseconds age(ticks * 1000 / static_cast<unsigned long long>(::sysconf(_SC_CLK_TCK)));
  return std::max(TimePoint{}, Clock::now() - age);
}

/// The entry of a service without a record by this server. `found` is its process, null: it has
/// none; `old` is its record by a server that was killed, null: unknown.
JournalEntry entry_of(const GraphEntry& service, const MainProcess* found,
                      const JournalEntry* old) {
  const ServiceSpec& spec = *service.spec;
  const bool oneshot = spec.oneshot && spec.has_process();
  const bool step = found != nullptr && !found->step.empty();
  // The old record counts as it is, because the service had no process, or ran none any more.
  const bool removing = old != nullptr && old->record.process == Process::launching &&
                        at_rest(old->record.state) && !old->record.command.post;
  const bool rests = old != nullptr && (!spec.has_process() || !has_process(old->record) ||
                                        old->record.process == Process::held || removing);
  const bool done = oneshot && (old == nullptr || (rests && old->record.done));
  JournalEntry entry;
  entry.slot = service.slot;
  entry.name = spec.name;
  Record& record = entry.record;
  if (old != nullptr) {  // its other numbers of processes may be those of strangers by now
    static_cast<ServiceTimes&>(entry.facts) = old->facts;
    entry.facts.user = old->facts.user;
    entry.facts.started = old->facts.started;
  }
  if (found != nullptr && (step || !(done || rests))) {
    const ProcessStat& process = found->stat;
    entry.known = old != nullptr && !step && old->facts.pid == process.pid;
    entry.facts.pid = process.pid;
    if (is_own_child(process.pid)) {
      entry.facts.leader = process.pid;
      entry.facts.pgid = process.group;
    } else if (process.group == process.pid && process.group != ::getpgrp()) {
      // The number of a group is not used again while the process of the same number exists.
      entry.facts.main_group = process.group;
    }
    entry.facts.started = started_at(process);
    // After a post_exec it may have been stopped on request, which nobody knows any more.
    const bool comes = found->step != step_name(CommandKind::post_exec) || spec.starts_at_boot();
    if (entry.known) {
      record = old->record;
      record.unheard = true;
      // What it would notify has gone with the server.
      record.notified = record.notified || spec.readiness->way.by != Notify::none;
    } else {
      record.wish = old != nullptr ? old->record.wish : comes ? Wish::up : Wish::down;
      record.stop_owed = step;
    }
    record.process = Process::alive;
  } else if (rests) {
    record = old->record;
    if (removing) record.process = Process::none;  // its runtime directories were being removed
  } else if (old != nullptr) {                     // nobody has seen the end of its process
    record.wish = old->record.wish;
    if (record.wish == Wish::up) record.try_ = Try::pulled;
  } else if (oneshot) {
    record.state = State::exited;
    record.wish = Wish::up;
    record.done = record.by_itself = true;
  }
  if (found != nullptr && done && !step) {  // processes that it left behind
    record.process = Process::held;
    entry.facts.pgid = found->stat.group;
  }
  return entry;
}

/// Whether `old` may be a record of the service. Its file may have changed since: a wrong file may
/// be right now, or a oneshot may be no oneshot any more.
bool fits(const JournalEntry& old, const ServiceSpec& spec) {
  return old.name == spec.name && old.record.reason.type != ReasonType::config_error &&
         (spec.oneshot || !old.record.done);
}

}  // namespace

std::map<std::string, Slot> lost_services(const std::vector<GraphEntry>& services,
                                          const JournalImage& journal) {
  std::map<std::string, Slot> lost;
  for (const JournalEntry& entry : journal.entries) lost.emplace(entry.name, entry.slot);
  for (const GraphEntry& service : services) lost.erase(service.spec->name);
  return lost;
}

void add_lost_services(const std::vector<SpecPtr>& specs, const JournalImage& journal,
                       std::vector<GraphEntry>& services) {
  const std::map<std::string, Slot> lost = lost_services(services, journal);
  const bool all = services.empty();
  // A crash hit a change of the graph: a service at rest was removed, and its slot belonged to a
  // lost service already.
  std::set<Slot> replaced;
  for (const auto& [name, slot] : lost) replaced.insert(slot);
  std::erase_if(services, [&](const GraphEntry& one) { return replaced.contains(one.slot); });
  std::set<Slot> used;
  for (const GraphEntry& service : services) used.insert(service.slot);
  std::vector<SpecPtr> others;
  for (const SpecPtr& spec : specs) {
    const auto known = lost.find(spec->name);
    if (known != lost.end() && used.insert(known->second).second)
      services.push_back({spec, known->second, known->second, false});
    else if (known != lost.end() || all)
      others.push_back(spec);
  }
  Slot next = 0;
  for (const SpecPtr& spec : others) {
    while (!used.insert(next).second) ++next;
    services.push_back({spec, next, next, false});
  }
  sort_by(services, &GraphEntry::slot);
}

void add_removed_services(const LeftProcesses& left, bool all_read,
                          std::vector<GraphEntry>& services) {
  std::set<std::string> names;
  Slot next = 0;
  for (const GraphEntry& service : services) {
    names.insert(service.spec->name);
    next = std::max(next, service.slot + 1);
  }
  for (const auto& [of, found] : left) {
    const auto& [name, user] = of;
    const ProcessStat& process = found.stat;
    if (name_fault(name) || !names.insert(name).second) continue;
    const bool ours = user == kProven || user == ::geteuid() || user == 0;
    if (!all_read || !ours || process.session != process.pid) {
      log_warn(
          "{}: pid {} is left of a killed server; zinit neither knows the service nor stops it",
          name, process.pid);
      continue;
    }
    const auto spec = std::make_shared<ServiceSpec>();
    spec->name = name;
    services.push_back({spec, next, next, true});
    ++next;
  }
}

Result<LeftProcesses> processes_left(const ServerLock& lock) {
  // A process that is exiting will not go on: ignore it.
  return main_processes<ServiceOfUser>([&lock](const ProcessStat& process, Environments& read) {
    return process.exiting ? std::nullopt : owner_of_left(process.pid, lock, read);
  });
}

std::vector<std::pair<Slot, UniqueFd>> hold_mains(const JournalImage& image,
                                                  const CgroupTree* cgroups) {
  std::vector<std::pair<Slot, UniqueFd>> held;
  for (const JournalEntry& entry : image.entries) {
    const pid_t pid = entry.facts.pid, leader = entry.facts.leader;
    if (pid <= 1 || is_own_child(pid)) continue;
    UniqueFd pidfd = open_pidfd(pid);  // first, so that the number is not reused in between
    if (!pidfd) continue;
    const std::string service = cgroups != nullptr ? cgroups->service_of(pid) : std::string();
    const bool proven = service.empty() ? is_own_child(leader) && descends_from(pid, leader)
                                        : service == entry.name;
    if (proven) held.emplace_back(entry.slot, std::move(pidfd));
  }
  return held;
}

Adopted adopt(const std::vector<GraphEntry>& services, const Running& running,
              JournalImage& image) {
  const bool strangers = !running.left.empty();
  std::map<Slot, JournalEntry> records;  // of the killed server
  if (strangers) {
    for (JournalEntry& entry : image.entries)
      if (const Slot slot = entry.slot; entry.known) records.emplace(slot, std::move(entry));
    image.entries.clear();
    image.launches.clear();
  }
  std::set<std::pair<Slot, std::string>> known;
  for (const JournalEntry& entry : image.entries) known.emplace(entry.slot, entry.name);
  const auto lacks = [&](const GraphEntry& service) {
    return !known.contains({service.slot, service.spec->name});
  };
  if (std::ranges::none_of(services, lacks)) return {};
  const Result<Mains> mains = strangers ? Result<Mains>(Mains()) : own_children(running.cgroups);
  if (!mains)
    log_error("zinit does not know which services run, and starts none: {}", mains.error().text);
  Adopted adopted;
  for (const GraphEntry& service : services) {
    if (!lacks(service)) continue;
    const ServiceSpec& spec = *service.spec;
    const MainProcess* process = nullptr;
    if (strangers)
      process = left_of(running.left, spec);
    else if (mains && mains->contains(spec.name))
      process = &mains->at(spec.name);
    UniqueFd pidfd;
    if (strangers && process != nullptr && !(pidfd = hold(process->stat))) process = nullptr;
    const auto old = records.find(service.slot);
    const bool recorded = old != records.end() && !service.removed && fits(old->second, spec);
    image.entries.push_back(entry_of(service, process, recorded ? &old->second : nullptr));
    const JournalEntry& entry = image.entries.back();
    if (pidfd && entry.facts.pid != 0)
      adopted.strangers.emplace_back(service.slot, std::move(pidfd));
    if (process != nullptr && !process->step.empty() && !service.removed) {
      log_warn("{}: pid {}, its {}, is stopped; then the service {}", spec.name, process->stat.pid,
               printable(process->step),
               entry.record.wish == Wish::up ? "starts again" : "is down");
    } else if (process != nullptr && service.removed) {
      log_warn("{}: pid {} is stopped, because zinit no longer knows the service", spec.name,
               process->stat.pid);
    } else if (process != nullptr && has_process(entry.record)) {
      log_warn("{}: {}; it keeps running with pid {}", spec.name,
               strangers ? "its output is lost until it is restarted" : "its record is lost",
               process->stat.pid);
    } else if (!service.removed && !recorded && mains && (!spec.oneshot || !spec.has_process())) {
      adopted.lost.push_back(service.slot);
    }
  }
  return adopted;
}

}  // namespace zinit
