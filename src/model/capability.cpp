// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The names of capabilities, in the order of the kernel's numbers.
#include "model/capability.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::string_view kPrefix = "CAP_";

constexpr std::array<std::string_view, 41> kNames = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

/// `name` as in the table: in capitals and with CAP_.
std::string whole_name(std::string_view name) {
  const std::string whole = upper(name);
  return whole.starts_with(kPrefix) ? whole : std::string(kPrefix) + whole;
}

}  // namespace

std::optional<int> capability_number(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), whole_name(name));
  if (found == kNames.end()) return std::nullopt;
  return static_cast<int>(found - kNames.begin());
}

std::string capability_name(int number) {
  const auto index = static_cast<std::size_t>(number);
  return index < kNames.size() ? std::string(kNames[index]) : std::to_string(number);
}

std::optional<std::string_view> nearest_capability(std::string_view name) {
  return nearest(whole_name(name), kNames);
}

}  // namespace zinit
