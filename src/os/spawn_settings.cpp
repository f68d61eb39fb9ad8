// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Converts keys to the kernel's numbers, and failures to error texts. See spawn_settings.hpp.
#include "os/spawn_settings.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <climits>

#include "base/format.hpp"
#include "model/capability.hpp"

namespace zinit {

namespace {

// Indexed by Limit and by Scheduler.
constexpr std::array<int, kLimitNames.size()> kResources = {
    RLIMIT_NOFILE,   RLIMIT_NPROC, RLIMIT_CORE,   RLIMIT_MEMLOCK,    RLIMIT_STACK,
    RLIMIT_DATA,     RLIMIT_FSIZE, RLIMIT_CPU,    RLIMIT_AS,         RLIMIT_RSS,
    RLIMIT_MSGQUEUE, RLIMIT_NICE,  RLIMIT_RTPRIO, RLIMIT_SIGPENDING, RLIMIT_LOCKS};
constexpr std::array kPolicies = {SCHED_OTHER, SCHED_BATCH, SCHED_IDLE, SCHED_FIFO, SCHED_RR};
constexpr std::array<std::string_view, kPolicies.size()> kPolicyNames = {"other", "batch", "idle",
                                                                         "fifo", "rr"};

constexpr int kLowestRealtime = 1;     // sched(7)
constexpr int kIoPriorityDefault = 4;  // the kernel's, in the middle
constexpr int kIoClassShift = 13;      // of ioprio_set(2), which has no header

rlim_t kernel_limit(Limit which, std::uint64_t value) {
  // For open files, "unlimited" is zinit's own hard limit, which zinit has raised as far as
  // possible (limits.hpp), because the kernel refuses numbers above fs.nr_open.
  rlimit own{};
  if (value == kUnlimited && which == Limit::nofile && ::getrlimit(RLIMIT_NOFILE, &own) == 0)
    return own.rlim_max;
  return value == kUnlimited ? RLIM_INFINITY : static_cast<rlim_t>(value);
}

std::vector<ChildLimit> limits_of(const SpawnPlan& plan) {
  std::vector<ChildLimit> limits;
  bool nofile_set = false;
  for (const LimitSetting& limit : plan.limits) {
    nofile_set = nofile_set || limit.which == Limit::nofile;
    limits.push_back(
        {kResources[static_cast<std::size_t>(limit.which)],
         {kernel_limit(limit.which, limit.soft), kernel_limit(limit.which, limit.hard)}});
  }
  if (plan.nofile && !nofile_set) limits.push_back({RLIMIT_NOFILE, *plan.nofile});
  return limits;
}

std::vector<unsigned long> bits_of(const std::vector<int>& numbers) {
  constexpr std::size_t word_bits = sizeof(unsigned long) * CHAR_BIT;
  std::vector<unsigned long> words;
  for (const int number : numbers) {
    const auto bit = static_cast<std::size_t>(number);
    words.resize(std::max(words.size(), bit / word_bits + 1));
    words[bit / word_bits] |= 1UL << bit % word_bits;
  }
  return words;
}

int io_priority_of(const ProcessSettings& process) {
  if (!process.io_class && !process.io_priority) return -1;
  const IoClass io_class = process.io_class.value_or(IoClass::best_effort);
  const int priority =
      io_class == IoClass::idle ? 0 : process.io_priority.value_or(kIoPriorityDefault);
  return (static_cast<int>(io_class) + 1) << kIoClassShift | priority;
}

std::string limit_text(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

Failure limit_failure(const ChildWork& work) {
  const ChildLimit& limit = work.limits[work.failed_detail];
  const auto found = std::find(kResources.begin(), kResources.end(), limit.resource);
  return sys_failure(
      "set",
      fmt::format("the limit {} to {}:{}",
                  kLimitNames[static_cast<std::size_t>(found - kResources.begin())],
                  limit_text(limit.value.rlim_cur), limit_text(limit.value.rlim_max)),
      work.failed_errno);
}

std::string numbers_text(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += fmt::format("{}{}", text.empty() ? "" : ", ", number);
  return text;
}

Failure scheduler_failure(const ProcessSettings& process, const ChildWork& work) {
  const Scheduler scheduler = process.scheduler.value_or(Scheduler::other);
  std::string text =
      fmt::format("the scheduler {}", kPolicyNames[static_cast<std::size_t>(scheduler)]);
  if (is_realtime(scheduler)) text += fmt::format(" with priority {}", work.priority);
  return sys_failure("take", text, work.failed_errno);
}

/// Names the first wanted capability that zinit itself lacks, for an error text.
std::string lacking_capability(std::uint64_t wanted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct own[2]{};
  if (::syscall(SYS_capget, &header, own) < 0) return "capabilities";
  const std::uint64_t permitted = std::uint64_t{own[1].permitted} << 32 | own[0].permitted;
  const std::uint64_t lacking = wanted & ~permitted;
  if (lacking == 0) return "capabilities";
  return fmt::format("the capability {}, which zinit lacks itself",
                     capability_name(std::countr_zero(lacking)));
}

}  // namespace

PreparedSettings::PreparedSettings(const SpawnPlan& plan, uid_t uid)
    : plan_(plan),
      raise_capabilities_(plan.process.capabilities && uid != 0),
      limits_(limits_of(plan)),
      cpus_(bits_of(plan.process.cpu_affinity)) {
  if (plan.process.oom_score_adj) oom_score_adj_ = std::to_string(*plan.process.oom_score_adj);
}

void PreparedSettings::put_into(ChildWork& work) const {
  const ProcessSettings& process = plan_.process;
  work.limits = limits_.data();
  work.limit_count = limits_.size();
  if (!oom_score_adj_.empty()) {
    work.oom_score_adj = oom_score_adj_.data();
    work.oom_score_adj_size = oom_score_adj_.size();
  }
  if (!cpus_.empty()) {
    work.cpus = cpus_.data();
    work.cpus_bytes = cpus_.size() * sizeof(unsigned long);
  }
  if (process.scheduler) {
    work.scheduler = kPolicies[static_cast<std::size_t>(*process.scheduler)];
    if (is_realtime(*process.scheduler)) work.priority = process.priority.value_or(kLowestRealtime);
  }
  work.nice = process.nice ? &*process.nice : nullptr;
  work.io_priority = io_priority_of(process);
  work.root = process.root.empty() ? nullptr : process.root.c_str();
  work.no_new_privs = process.no_new_privs;
  if (!process.capabilities) return;
  work.capabilities = &*process.capabilities;
  work.raise_capabilities = raise_capabilities_;
  work.capability_header = {_LINUX_CAPABILITY_VERSION_3, 0};
  for (int half = 0; half < 2; ++half) {
    const auto bits = static_cast<__u32>(*process.capabilities >> (32 * half));
    work.capability_sets[half] = {bits, bits, bits};
  }
}

Failure settings_failure(const SpawnPlan& plan, const ChildWork& work) {
  const ProcessSettings& process = plan.process;
  const int errnum = work.failed_errno;
  const auto fault = [&](std::string_view what, std::string object) {
    return sys_failure(what, std::move(object), errnum);
  };
  switch (work.failed_step) {
    case SpawnStep::oom_score:
      return fault("set", fmt::format("oom_score_adj to {}", work.oom_score_adj));
    case SpawnStep::affinity:
      return fault("be bound to", "processor " + numbers_text(process.cpu_affinity));
    case SpawnStep::scheduler: return scheduler_failure(process, work);
    case SpawnStep::nice: return fault("set", fmt::format("the nice value to {}", *work.nice));
    case SpawnStep::io_priority: return fault("set", "io_class and io_priority");
    case SpawnStep::limits: return limit_failure(work);
    case SpawnStep::root: return fault("change the root to", process.root);
    case SpawnStep::bounding:
      return fault("drop", work.failed_detail < 0
                               ? "the inheritable capabilities"
                               : "the capability " + capability_name(work.failed_detail));
    case SpawnStep::ambient:
      return fault("keep", work.failed_detail < 0
                               ? lacking_capability(*work.capabilities)
                               : "the capability " + capability_name(work.failed_detail));
    case SpawnStep::privileges: return fault("set", "no_new_privs");
    default: break;
  }
  return fault("execute", plan.program);
}

}  // namespace zinit
