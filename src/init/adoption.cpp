// Finding the processes of services in /proc.
#include "init/adoption.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "os/membership.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMostEnviron = std::size_t{1} << 20;

std::string owner_of(pid_t pid, const CgroupTree* cgroups) {
  if (cgroups != nullptr)
    if (std::string service = cgroups->service_of(pid); !service.empty()) return service;
  const auto text = read_file(fmt::format("/proc/{}/environ", pid).c_str(), kMostEnviron);
  return std::string(text ? service_in_environ(*text).value_or("") : "");
}

/// The main process of each service, by name.
Result<std::map<std::string, ProcessStat>> main_processes(const CgroupTree* cgroups) {
  auto processes = all_processes();
  if (!processes) return Failure(std::move(processes.error()));
  std::map<std::string, ProcessStat> mains;
  const auto better = [](const ProcessStat& a, const ProcessStat& b) {
    return std::tuple(a.session != a.pid, a.start_ticks) <
           std::tuple(b.session != b.pid, b.start_ticks);
  };
  for (const ProcessStat& process : *processes) {
    if (process.ppid != ::getpid() || process.zombie()) continue;
    const std::string service = owner_of(process.pid, cgroups);
    if (service.empty()) continue;
    const auto [known, added] = mains.try_emplace(service, process);
    if (!added && better(process, known->second)) known->second = process;
  }
  return mains;
}

const ProcessStat* find(const std::map<std::string, ProcessStat>& mains,
                        const std::string& service) {
  const auto found = mains.find(service);
  return found != mains.end() ? &found->second : nullptr;
}

JournalEntry entry_of(const GraphEntry& service, const ProcessStat* process) {
  JournalEntry entry;
  entry.slot = service.slot;
  entry.name = service.spec->name;
  const bool oneshot = service.spec->oneshot && service.spec->has_process();
  if (process != nullptr && !oneshot) {
    entry.known = false;
    entry.facts.pid = entry.facts.leader = process->pid;
    entry.facts.pgid = process->group;
    entry.record.process = Process::alive;
  } else if (oneshot) {
    entry.record.state = State::exited;
    entry.record.wish = Wish::up;
    entry.record.done = entry.record.by_itself = true;
    if (process != nullptr) {  // what it has left
      entry.record.process = Process::held;
      entry.facts.pgid = process->group;
    }
  }
  return entry;
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
  // A change of the graph was under way: one that was at rest had gone, and another had its place.
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
  std::ranges::sort(services, {}, &GraphEntry::slot);
}

std::vector<std::string> adopt(const std::vector<GraphEntry>& services, const CgroupTree* cgroups,
                               JournalImage& image) {
  std::set<std::pair<Slot, std::string>> known;
  for (const JournalEntry& entry : image.entries) known.emplace(entry.slot, entry.name);
  const auto lacks = [&](const GraphEntry& service) {
    return !known.contains({service.slot, service.spec->name});
  };
  if (std::ranges::none_of(services, lacks)) return {};
  const auto mains = main_processes(cgroups);
  if (!mains)
    log_error("services are left as they are, for nobody knows what runs: {}", mains.error().text);
  std::vector<std::string> to_start;
  for (const GraphEntry& service : services) {
    if (!lacks(service)) continue;
    const ServiceSpec& spec = *service.spec;
    const ProcessStat* const process = mains ? find(*mains, spec.name) : nullptr;
    image.entries.push_back(entry_of(service, process));
    if (process != nullptr)
      log_warn("{}: its record is lost; it goes on with pid {}", spec.name, process->pid);
    else if (mains && (!spec.oneshot || !spec.has_process()) && spec.starts_at_boot())
      to_start.push_back(spec.name);
  }
  return to_start;
}

}  // namespace zinit
