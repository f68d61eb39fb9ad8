// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The contents of [resources] of a service file: the limits of the service's cgroup, and whose it
// is. Anything unset has no limit.
#pragma once

#include <cstdint>
#include <optional>

namespace zinit {

struct Resources {
  std::optional<std::uint64_t> memory_max;   // bytes
  std::optional<std::uint64_t> memory_high;  // bytes
  std::optional<std::uint64_t> swap_max;     // bytes
  std::optional<std::uint32_t> cpu_max;      // thousandths of a processor
  std::optional<std::uint32_t> cpu_weight;
  std::optional<std::uint32_t> io_weight;
  std::optional<std::uint32_t> pids_max;
  bool delegate = false;  // the cgroup belongs to the service's user

  bool operator==(const Resources&) const = default;
};

}  // namespace zinit
