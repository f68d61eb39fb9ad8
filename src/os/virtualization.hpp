// What kind of virtual machine or container zinit runs in, by the names of systemd-detect-virt(1).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// Where a look at the machine looks.
struct MachineFacts {
  std::string root = {};        // in front of all paths; tests have a tree of files there
  std::string hypervisor = {};  // how the processor's hypervisor calls itself; empty: there is none
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

/// A container is found before the machine that it runs on. Reads files of /proc, /sys and /run;
/// what cannot be read says nothing. Fails only for want of memory or descriptors.
[[nodiscard]] Result<Virtualization> detect_virtualization(const MachineFacts& machine);

/// Whether it is `word`: a name, "none", "vm", "container", "yes" or "no".
[[nodiscard]] bool is_virtualization(const Virtualization& found, std::string_view word) noexcept;

}  // namespace zinit
