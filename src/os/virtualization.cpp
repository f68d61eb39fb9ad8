// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Detects containers and virtual machines. See virtualization.hpp. The documentation of the
// hypervisors, systemd's "Container Interface" and cpuid(4) say how each of them can be recognised.
#include "os/virtualization.hpp"

#include <sys/stat.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstring>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMostRead = 65536;

struct Sign {
  std::string_view begin;  // the beginning of a text
  std::string_view name;
};

constexpr Sign kHypervisors[] = {
    {"XenVMMXenVMM", "xen"},       {"KVMKVMKVM", "kvm"},       {"Linux KVM Hv", "kvm"},
    {"TCGTCGTCGTCG", "qemu"},      {"VMwareVMware", "vmware"}, {"Microsoft Hv", "microsoft"},
    {"bhyve bhyve ", "bhyve"},     {"QNXQVMBSQG", "qnx"},      {"ACRNACRNACRN", "acrn"},
    {" lrpepyh  vr", "parallels"}, {"SRESRESRESRE", "sre"},    {"Apple VZ", "apple"},
};

constexpr Sign kBoards[] = {
    {"KVM", "kvm"},
    {"OpenStack", "kvm"},
    {"KubeVirt", "kvm"},
    {"Amazon EC2", "amazon"},
    {"QEMU", "qemu"},
    {"VMware", "vmware"},
    {"VMW", "vmware"},
    {"innotek GmbH", "oracle"},
    {"VirtualBox", "oracle"},
    {"Oracle Corporation", "oracle"},
    {"Xen", "xen"},
    {"Bochs", "bochs"},
    {"Parallels", "parallels"},
    {"BHYVE", "bhyve"},
    {"Hyper-V", "microsoft"},
    {"Apple Virtualization", "apple"},
    {"Google Compute Engine", "google"},
};

template <std::size_t N>
std::string_view name_by(const Sign (&signs)[N], std::string_view text) {
  for (const Sign& sign : signs)
    if (text.starts_with(sign.begin)) return sign.name;
  return {};
}

class Detector {
 public:
  explicit Detector(const MachineFacts& machine) : machine_(machine) {}

  [[nodiscard]] Result<Virtualization> run() {
    Virtualization found{container(), true};
    if (found.name.empty()) found = {vm(), false};
    if (shortage_.errnum != 0) return Failure(std::move(shortage_));
    return found;
  }

 private:
  [[nodiscard]] std::string path(std::string_view of) const {
    return machine_.root + std::string(of);
  }

  [[nodiscard]] bool exists(std::string_view of) const {
    struct stat there {};
    return ::stat(path(of).c_str(), &there) == 0;
  }

  /// Empty if it cannot be read.
  [[nodiscard]] std::string text_of(std::string_view of) {
    auto text = read_file(path(of).c_str(), kMostRead);
    if (text) return std::move(*text);
    if (text.error().temporary()) shortage_ = std::move(text.error());
    return {};
  }

  [[nodiscard]] bool contains(std::string_view of, std::string_view what) {
    return text_of(of).find(what) != std::string::npos;
  }

  /// The container's manager, by the name that it passes to its programs; empty: none.
  [[nodiscard]] std::string manager() {
    for (const std::string_view file : {"/run/host/container-manager", "/run/systemd/container"}) {
      const std::string named(trim(text_of(file)));
      if (!named.empty()) return named;
    }
    const std::string environment = text_of("/proc/1/environ");
    for (const std::string_view variable : split(environment, '\0')) {
      constexpr std::string_view key = "container=";
      if (variable.starts_with(key)) return std::string(variable.substr(key.size()));
    }
    return {};
  }

  [[nodiscard]] std::string_view container() {
    if (exists("/proc/vz") && !exists("/proc/bc")) return "openvz";
    const std::string release = text_of("/proc/sys/kernel/osrelease");
    if (release.find("Microsoft") != std::string::npos || release.find("WSL") != std::string::npos)
      return "wsl";
    if (tracer() == "proot") return "proot";
    const std::string named = manager();
    const auto known = std::ranges::find(kContainerNames, std::string_view(named));
    if (known != kContainerNames.end()) return *known;
    // "oci" is any engine. These files distinguish two of them.
    if (exists("/run/.containerenv")) return "podman";
    if (exists("/.dockerenv")) return "docker";
    return named.empty() ? "" : "container-other";
  }

  /// The command that traces this process; empty: none.
  [[nodiscard]] std::string tracer() {
    constexpr std::string_view key = "TracerPid:";
    const std::string status = text_of("/proc/self/status");
    const auto at = status.find(key);
    if (at == std::string::npos) return {};
    const std::string_view rest = std::string_view(status).substr(at + key.size());
    const auto pid = parse_integer(trim(rest.substr(0, rest.find('\n')))).value_or(0);
    if (pid <= 0) return {};
    return std::string(trim(text_of("/proc/" + std::to_string(pid) + "/comm")));
  }

  [[nodiscard]] std::string_view board() {
    for (const std::string_view file :
         {"product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"}) {
      const std::string text = text_of("/sys/class/dmi/id/" + std::string(file));
      // Amazon's machines without a hypervisor have this name too: "m5.metal".
      const std::string_view name = name_by(kBoards, text);
      if (name == "amazon" && trim(text_of("/sys/class/dmi/id/product_name")).ends_with(".metal"))
        return {};
      if (!name.empty()) return name;
    }
    return {};
  }

  /// For machines without DMI: ARM and POWER.
  [[nodiscard]] std::string_view device_tree() {
    const std::string hypervisor = text_of("/proc/device-tree/hypervisor/compatible");
    if (hypervisor.starts_with("linux,kvm")) return "kvm";
    if (hypervisor.find("xen") != std::string::npos) return "xen";
    if (hypervisor.find("vmware") != std::string::npos) return "vmware";
    if (exists("/proc/device-tree/ibm,partition-name") &&
        exists("/proc/device-tree/hmc-managed?") &&
        !exists("/proc/device-tree/chosen/qemu,graphic-width"))
      return "powervm";
    const bool pseries = contains("/proc/device-tree/compatible", "qemu,pseries");
    return pseries || exists("/proc/device-tree/fw-cfg") ? "qemu" : "";
  }

  /// The machines of IBM Z.
  [[nodiscard]] std::string_view sysinfo() {
    const std::string text = text_of("/proc/sysinfo");
    if (text.find("VM00 Control Program:") == std::string::npos) return {};
    return text.find("z/VM") != std::string::npos ? "zvm" : "kvm";
  }

  // The board is more precise if one hypervisor is built on another: VirtualBox may use KVM, and
  // Amazon's and Google's machines do.
  [[nodiscard]] std::string_view vm() {
    const std::string_view named = board();
    for (const std::string_view precise : {"oracle", "xen", "amazon", "parallels", "google"})
      if (named == precise) return precise;
    if (contains("/proc/cpuinfo", "User Mode Linux")) return "uml";
    if (exists("/proc/xen")) {
      // Xen's first machine controls the hardware.
      return contains("/proc/xen/capabilities", "control_d") ? "" : "xen";
    }
    const std::string_view by_processor = name_by(kHypervisors, machine_.hypervisor);
    if (!by_processor.empty()) return by_processor;
    if (!named.empty()) return named;
    if (trim(text_of("/sys/hypervisor/type")) == "xen") return "xen";
    for (const std::string_view name : {device_tree(), sysinfo()})
      if (!name.empty()) return name;
    return machine_.hypervisor.empty() ? "" : "vm-other";
  }

  const MachineFacts& machine_;
  Error shortage_;
};

}  // namespace

MachineFacts this_machine() {
  MachineFacts machine;
#if defined(__x86_64__) || defined(__i386__)
  constexpr unsigned hypervisor_bit = 1U << 31;
  constexpr unsigned hypervisor_leaf = 0x40000000;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & hypervisor_bit) == 0) return machine;
  __cpuid(hypervisor_leaf, a, b, c, d);
  char name[12];
  std::memcpy(name, &b, 4);
  std::memcpy(name + 4, &c, 4);
  std::memcpy(name + 8, &d, 4);
  machine.hypervisor.assign(name, sizeof name);
#endif
  return machine;
}

Result<Virtualization> detect_virtualization(const MachineFacts& machine) {
  return Detector(machine).run();
}

bool is_virtualization(const Virtualization& found, std::string_view word) noexcept {
  const bool any = !found.name.empty();
  if (word == "yes") return any;
  if (word == "no" || word == "none") return !any;
  if (word == "container") return found.container;
  if (word == "vm") return any && !found.container;
  return word == found.name;
}

}  // namespace zinit
