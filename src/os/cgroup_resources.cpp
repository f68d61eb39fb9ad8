// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes [resources] to the files of a cgroup (cgroups(7), the kernel's cgroup-v2.rst).
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "os/cgroup_tree.hpp"

namespace zinit {

namespace {

// Periods of cpu.max in microseconds: the kernel's default, and a longer one for less than a
// hundredth of a processor, because the kernel refuses quotas below a millisecond.
constexpr std::uint64_t kPeriod = 100'000;
constexpr std::uint64_t kLongPeriod = 1'000'000;
constexpr std::uint32_t kShortPeriodFrom = 10;  // thousandths

template <class Number>
std::string number_or_max(const std::optional<Number>& number) {
  return number ? std::to_string(*number) : "max";
}

std::string cpu_max_text(const Resources& resources) {
  if (!resources.cpu_max) return fmt::format("max {}", kPeriod);
  const std::uint64_t period = *resources.cpu_max >= kShortPeriodFrom ? kPeriod : kLongPeriod;
  return fmt::format("{} {}", *resources.cpu_max * period / 1000, period);
}

std::string weight_text(const std::optional<std::uint32_t>& weight) {
  return std::to_string(weight.value_or(100));
}

/// Converts a weight of 1 to 10000 to the BFQ scheduler's range of 1 to 1000. Both default to 100.
std::string bfq_weight_text(const std::optional<std::uint32_t>& weight) {
  const std::uint32_t whole = weight.value_or(100);
  return std::to_string(whole <= 100 ? whole : 100 + (whole - 100) * 900 / 9900);
}

/// To which file a key of [resources] is written, and as which text.
struct ResourceRow {
  std::string_view key;
  std::string_view controller;
  const char* file;
  bool (*is_set)(const Resources&);
  std::string (*text)(const Resources&);
};

#define ROW(key, controller, file, text)                                                           \
  ResourceRow {                                                                                    \
#key, controller, file,                                                                        \
        [](const Resources& r) { return r.key.has_value(); }, [](const Resources& r)               \
                                                                   -> std::string { return text; } \
  }
constexpr std::array kRows = {
    ROW(memory_high, "memory", "memory.high", number_or_max(r.memory_high)),
    ROW(memory_max, "memory", "memory.max", number_or_max(r.memory_max)),
    ROW(swap_max, "memory", "memory.swap.max", number_or_max(r.swap_max)),
    ROW(cpu_max, "cpu", "cpu.max", cpu_max_text(r)),
    ROW(cpu_weight, "cpu", "cpu.weight", weight_text(r.cpu_weight)),
    ROW(io_weight, "io", "io.weight", "default " + weight_text(r.io_weight)),
    ROW(pids_max, "pids", "pids.max", number_or_max(r.pids_max)),
};
#undef ROW

/// A kernel without the io cost model has no io.weight. io.bfq.weight works on disks with the BFQ
/// scheduler.
Result<void> write_row(const ResourceRow& row, const Cgroup& cgroup, const Resources& resources) {
  auto written = cgroup.write(row.file, row.text(resources));
  const bool weigh_by_bfq = !written && written.error().errnum == ENOENT && row.key == "io_weight";
  if (!weigh_by_bfq) return written;
  auto by_bfq = cgroup.write("io.bfq.weight", bfq_weight_text(resources.io_weight));
  return by_bfq ? std::move(by_bfq) : std::move(written);
}

/// For a missing file: the kernel or the cgroup lacks its controller.
std::string fault_text(const ResourceRow& row) {
  return fmt::format(
      "resources.{} is not enforced: zinit's cgroups have no file {} ({} controller)", row.key,
      row.file, row.controller);
}

}  // namespace

std::vector<NeededController> controllers_needed(const Resources& resources) {
  std::vector<NeededController> needed;
  for (const ResourceRow& row : kRows)
    if (row.is_set(resources)) needed.push_back({row.key, row.controller});
  return needed;
}

std::vector<std::string> CgroupTree::missing_for(const Resources& resources) const {
  std::vector<std::string> faults;
  const std::vector<std::string> known = controllers();
  for (const ResourceRow& row : kRows)
    if (row.is_set(resources) && !contains(known, row.controller))
      faults.push_back(fault_text(row));
  return faults;
}

Result<std::string> delegate_cgroup(const Cgroup& cgroup,
                                    const std::optional<std::pair<uid_t, gid_t>>& owner) {
  const auto failed = [](const Error& error) -> Result<std::string> {
    if (error.temporary()) return Failure(error);
    return fmt::format("resources.delegate has no effect: {}", error.text);
  };
  for (const auto& [file, bound] : {std::pair("cgroup.max.descendants", kMostDelegated),
                                    std::pair("cgroup.max.depth", kDeepestDelegated)}) {
    if (!owner) break;
    const auto written = cgroup.write(file, std::to_string(bound));
    if (!written) return failed(written.error());
  }
  const auto [uid, gid] = owner.value_or(std::pair(::geteuid(), ::getegid()));
  // The directory comes last: its owner may then make cgroups, for which the bounds must hold.
  for (const char* file : {"cgroup.procs", "cgroup.subtree_control", "cgroup.threads", ""}) {
    if (::fchownat(cgroup.fd(), file, uid, gid, AT_EMPTY_PATH) == 0 || errno == ENOENT) continue;
    return failed(sys_failure("change the owner of", cgroup.path() + "/" + file).value());
  }
  return std::string();
}

Result<std::vector<std::string>> apply_resources(const Cgroup& cgroup, const Resources& resources,
                                                 bool defaults) {
  std::vector<std::string> faults;
  for (const ResourceRow& row : kRows) {
    if (!row.is_set(resources) && !defaults) continue;
    const auto written = write_row(row, cgroup, resources);
    if (!written && written.error().temporary()) return Failure(written.error());
    if (written || !row.is_set(resources)) continue;
    faults.push_back(
        written.error().errnum == ENOENT
            ? fault_text(row)
            : fmt::format("resources.{} is not enforced: {}", row.key, written.error().text));
  }
  return faults;
}

}  // namespace zinit
