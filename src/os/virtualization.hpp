// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The virtual machine or container that zinit runs in, by the names of systemd-detect-virt(1).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// What detection looks at.
struct MachineFacts {
  std::string root = {};        // prefix of all paths; tests have a tree of files there
  std::string hypervisor = {};  // the hypervisor's own name, by CPUID; empty: none
};

/// The machine that zinit runs on.
[[nodiscard]] MachineFacts this_machine();

inline constexpr std::array<std::string_view, 10> kContainerNames = {
    "docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn",
    "openvz", "rkt",    "wsl", "proot",       "pouch"};

struct Virtualization {
  std::string_view name = {};  // one of systemd's, "vm-other" or "container-other"; empty: none
  bool container = false;
};

/// A container is found before the machine it runs on. Reads files of /proc, /sys and /run. A file
/// that cannot be read says nothing. Fails only because of a lack of memory or descriptors.
[[nodiscard]] Result<Virtualization> detect_virtualization(const MachineFacts& machine);

/// Whether it is `word`: a name, "none", "vm", "container", "yes" or "no".
[[nodiscard]] bool is_virtualization(const Virtualization& found, std::string_view word) noexcept;

}  // namespace zinit
