// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads, writes and watches of cgroup files. See service_cgroup.hpp.
#include "supervisor/service_cgroup.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.hpp"

namespace zinit {

namespace {

// The longest time from the report of an OOM kill to the end of its process. A main process that
// dies of SIGKILL later was not its victim.
constexpr Milliseconds kFromKillToEnd{5000};

// One signal takes some 15 us, most of it to find out that the pid was not reused.
constexpr std::size_t kSignalledAtOnce = 128;

}  // namespace

CgroupWatches::CgroupWatches(std::shared_ptr<CgroupTree> tree)
    : tree_(std::move(tree)), set_(tree_ ? ::epoll_create1(EPOLL_CLOEXEC) : -1) {}

// Edge-triggered, because this descriptor is never read: the kernel keeps a page for each open file
// that was read. The values are read through other descriptors when needed.
int CgroupWatches::add(const std::string& path, Slot slot) noexcept {
  if (!set_) return -1;
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLPRI | EPOLLET;
  event.data.u64 = std::uint64_t{slot} << 32 | static_cast<std::uint32_t>(file.get());
  if (!file || ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, file.get(), &event) < 0) return -1;
  return file.release();
}

// The removal comes before close(2): a process being spawned may hold a copy of the descriptor.
void CgroupWatches::drop(int& watch) noexcept {
  if (watch < 0) return;
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, watch, nullptr);
  ::close(std::exchange(watch, -1));
}

std::vector<std::pair<Slot, int>> CgroupWatches::read() {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(set_.get(), events.data(), events.size(), 0);
  std::vector<std::pair<Slot, int>> changes;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;
    changes.emplace_back(static_cast<Slot>(key >> 32), static_cast<int>(key));
  }
  return changes;
}

ServiceCgroup::~ServiceCgroup() {
  watches_.drop(end_watch_);
  watches_.drop(memory_watch_);
}

std::string ServiceCgroup::path() const {
  return watches_.tree() == nullptr ? std::string() : watches_.tree()->path_of(service_);
}

std::string ServiceCgroup::name() const {
  return watches_.tree() == nullptr ? std::string() : watches_.tree()->name_of(service_);
}

template <class Work>
bool ServiceCgroup::with_cgroup(Work work) const {
  const auto cgroup = open();
  if (cgroup) work(*cgroup);
  return cgroup.has_value();
}

void ServiceCgroup::launched(bool process_started, std::int64_t memory_kills) noexcept {
  made_ = true;
  in_use_ = in_use_ || process_started;
  if (process_started) watches_.drop(end_watch_);  // the directory may be a new one
  memory_kills_ = memory_kills;
  escaped_signalled_ = false;
}

bool ServiceCgroup::restore() {
  if (watches_.tree() == nullptr) return false;
  const auto cgroup = Cgroup::open(path());
  if (!cgroup) return false;
  made_ = true;
  in_use_ = cgroup->populated();
  memory_kills_ = cgroup->memory_kills().count;
  watch_memory();
  return in_use_;
}

bool ServiceCgroup::populated() {
  if (!in_use_) return false;
  const auto cgroup = Cgroup::open(path());
  if (!cgroup && cgroup.error().errnum == ENOENT) return false;
  const auto populated = cgroup ? cgroup->look() : Failure(cgroup.error());
  unseen_ = !populated;
  return populated.value_or(true);
}

Result<void> ServiceCgroup::kill() const {
  if (!in_use_) return {};
  const auto cgroup = open();
  if (cgroup) return cgroup->populated() ? cgroup->kill() : Result<void>();
  if (cgroup.error().errnum == ENOENT) return {};
  return Failure(cgroup.error());
}

bool ServiceCgroup::thaw() {
  bool frozen = false;
  with_cgroup([&](const Cgroup& cgroup) {
    const auto state = cgroup.read("cgroup.freeze");
    frozen = state && trim(*state) == "1" && cgroup.write("cgroup.freeze", "0");
  });
  return frozen;
}

Result<Cgroup> ServiceCgroup::open() const {
  return in_use_ ? Cgroup::open(path(), name()) : sys_failure("open", "its cgroup", ENOENT);
}

bool CgroupSignal::send_some() {
  cgroup.signal(signal, pids, kSignalledAtOnce);
  return pids.empty();
}

void ServiceCgroup::watch_end() {
  if (end_watch_ < 0 && in_use_) end_watch_ = watches_.add(path() + "/cgroup.events", slot_);
}

void ServiceCgroup::emptied() noexcept {
  watches_.drop(end_watch_);
  watches_.drop(memory_watch_);
  in_use_ = false;
  unseen_ = false;
}

void ServiceCgroup::watch_memory() {
  watches_.drop(memory_watch_);
  memory_kill_seen_ = {};
  if (!in_use_) return;
  memory_watch_ = watches_.add(path() + "/memory.events", slot_);
}

std::int64_t ServiceCgroup::look_at_memory() {
  std::int64_t more = 0;
  with_cgroup([&](const Cgroup& cgroup) {
    const MemoryKills kills = cgroup.memory_kills();
    if (kills.count <= memory_kills_) return;
    more = kills.count - memory_kills_;
    memory_kills_ = kills.count;
    memory_kill_seen_ = Clock::now();
  });
  return more;
}

// An OOM kill reported longer ago hit another process of the service, such as a worker.
OutOfMemory ServiceCgroup::killed_for_memory() const {
  MemoryKills kills;
  with_cgroup([&](const Cgroup& cgroup) { kills = cgroup.memory_kills(); });
  const bool just_seen =
      memory_kill_seen_ != TimePoint{} && Clock::now() < after(memory_kill_seen_, kFromKillToEnd);
  return kills.count > memory_kills_ || just_seen ? kills.want : OutOfMemory::no;
}

}  // namespace zinit
