// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Conditions except `exec`, over a tree of files: each kind, true, false and negated; and the signs
// of containers and virtual machines.
#include "os/conditions.hpp"
#include "support/test.hpp"

namespace zinit::test::os_conditions {
namespace {

/// A machine whose root is a folder.
struct Tree {
  TempDir dir;
  std::string hypervisor;

  void put(const std::string& path, std::string_view text) const {
    std::filesystem::create_directories(std::filesystem::path(dir / path).parent_path());
    (void)dir.write(path, text);
  }
  [[nodiscard]] MachineFacts machine() const { return {dir.path(), hypervisor}; }
  [[nodiscard]] std::vector<ConditionResult> look(const ConditionSpec& spec) const {
    auto results = look_at_conditions(spec, machine());
    REQUIRE(results);
    return std::move(*results);
  }
  [[nodiscard]] std::string detected() const {
    const auto found = detect_virtualization(machine());
    REQUIRE(found);
    return (found->container ? "in " : "") + std::string(found->name);
  }
};

/// "+" or "-" for each.
std::string signs(const std::vector<ConditionResult>& results) {
  std::string text;
  for (const ConditionResult& one : results) text += one.held ? '+' : '-';
  return text;
}

ConditionSpec words(const Texts& texts) {
  ConditionSpec spec;
  spec.kernel_command_line = texts;
  return spec;
}

TEST_CASE("a condition on a path holds if it exists, and its negation if not", "[condition]") {
  const Tree tree;
  tree.put("etc/x", "");
  std::filesystem::create_symlink("nowhere", tree.dir / "etc/dangling");
  std::filesystem::create_symlink("loop", tree.dir / "etc/loop");
  ConditionSpec spec;
  spec.path_exists = {"/etc/x",       "/etc/y", "!/etc/x",       "!/etc/y",
                      "/etc/x/below", "/etc",   "/etc/dangling", "!/etc/loop"};
  const auto results = tree.look(spec);
  CHECK(signs(results) == "+--+-+-+");
  CHECK(results[0].text == "path_exists = /etc/x");
  CHECK(results[2].text == "path_exists = !/etc/x");
}

TEST_CASE("a path that cannot be looked at does not hold, negated or not", "[condition]") {
  if (::geteuid() == 0) return;  // root can look at everything
  const Tree tree;
  tree.put("closed/x", "");
  ::chmod((tree.dir / "closed").c_str(), 0);
  ConditionSpec spec;
  spec.path_exists = {"/closed/x", "!/closed/x"};
  const auto results = tree.look(spec);
  ::chmod((tree.dir / "closed").c_str(), 0700);
  CHECK(signs(results) == "--");
  CHECK(results[1].text == "path_exists = !/closed/x (Permission denied)");
}

TEST_CASE("a condition on a directory holds for one, also behind a link", "[condition]") {
  const Tree tree;
  tree.put("etc/x", "");
  std::filesystem::create_symlink("etc", tree.dir / "link");
  ConditionSpec spec;
  spec.path_is_directory = {"/etc", "/etc/x", "/no", "/link", "!/etc", "!/etc/x", "!/no"};
  CHECK(signs(tree.look(spec)) == "+--+-++");
}

TEST_CASE("a condition on a mount point holds where something is mounted", "[condition]") {
  ConditionSpec spec;
  spec.path_is_mount = {"/", "/proc", "/proc/self", "/etc/passwd", "/no", "!/proc", "!/no"};
  const auto looked = look_at_conditions(spec, MachineFacts{});
  REQUIRE(looked);
  const auto& results = *looked;
  CHECK(signs(results).substr(0, 3) == "++-");
  CHECK(signs(results).substr(4) == "--+");  // an engine may mount /etc/passwd
  CHECK(results[1].text == "path_is_mount = /proc");
}

TEST_CASE("words of the kernel's command line are found by themselves or with a value",
          "[condition]") {
  const Tree tree;
  tree.put("proc/cmdline", "quiet root=/dev/sda fsck.mode=skip a=\"b c\" quieter\n");
  CHECK(signs(tree.look(words({"quiet", "root", "root=/dev/sda", "root=/dev/sdb", "roo", "a=b c",
                               "fsck.mode", "mode=skip"}))) == "+++--++-");
  CHECK(signs(tree.look(words({"!quiet", "!root", "!rescue", "!fsck.mode=force"}))) == "--++");
  const Tree none;
  const auto results = none.look(words({"!quiet"}));
  CHECK(signs(results) == "-");
  CHECK(results[0].text == "kernel_command_line = !quiet (No such file or directory)");
}

TEST_CASE("the first boot is told by the machine's id", "[condition]") {
  const Tree tree;
  ConditionSpec first, later;
  first.first_boot = true;
  later.first_boot = false;
  const auto both = [&] { return signs(tree.look(first)) + signs(tree.look(later)); };
  CHECK(both() == "+-");
  tree.put("etc/machine-id", "");
  CHECK(both() == "+-");
  tree.put("etc/machine-id", "uninitialized\n");
  CHECK(both() == "+-");
  tree.put("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  CHECK(both() == "-+");
  CHECK(tree.look(later)[0].text == "first_boot = false");
}

TEST_CASE("containers are found by what they show of themselves", "[condition]") {
  const auto with = [](const std::string& path, std::string_view text) {
    Tree tree;
    tree.hypervisor = "KVMKVMKVM";  // the machine below does not count
    tree.put(path, text);
    return tree.detected();
  };
  CHECK(with("other", "") == "kvm");
  CHECK(with(".dockerenv", "") == "in docker");
  CHECK(with("run/.containerenv", "") == "in podman");
  CHECK(with("run/systemd/container", "systemd-nspawn\n") == "in systemd-nspawn");
  CHECK(with("run/host/container-manager", "lxc") == "in lxc");
  CHECK(with("proc/1/environ", std::string("A=1\0container=lxc-libvirt\0B=", 29)) ==
        "in lxc-libvirt");
  CHECK(with("proc/1/environ", "container=mine") == "in container-other");
  CHECK(with("proc/1/environ", "mycontainer=lxc") == "kvm");
  CHECK(with("proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n") == "in wsl");
  CHECK(with("proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n") == "in wsl");
  CHECK(with("proc/vz/x", "") == "in openvz");
  Tree host;
  host.put("proc/vz/x", "");
  host.put("proc/bc/x", "");
  CHECK(host.detected().empty());
  Tree traced;
  traced.put("proc/self/status", "Name:\ta\nTracerPid:\t77\n");
  traced.put("proc/77/comm", "proot\n");
  CHECK(traced.detected() == "in proot");
  Tree engine;
  engine.put("proc/1/environ", "container=oci");
  engine.put(".dockerenv", "");
  CHECK(engine.detected() == "in docker");
}

TEST_CASE("virtual machines are found by processor, board and files", "[condition]") {
  const auto with = [](const std::string& hypervisor, const std::string& path = "other",
                       std::string_view text = "") {
    Tree tree;
    tree.hypervisor = hypervisor;
    tree.put(path, text);
    return tree.detected();
  };
  const std::string dmi = "sys/class/dmi/id/";
  CHECK(with("").empty());
  CHECK(with("KVMKVMKVM") == "kvm");
  CHECK(with(std::string("KVMKVMKVM\0\0\0", 12)) == "kvm");
  CHECK(with("TCGTCGTCGTCG") == "qemu");
  CHECK(with("Microsoft Hv") == "microsoft");
  CHECK(with("Unknown 1.0 ") == "vm-other");
  CHECK(with("", dmi + "sys_vendor", "QEMU\n") == "qemu");
  CHECK(with("", dmi + "product_name", "VirtualBox\n") == "oracle");
  CHECK(with("", dmi + "bios_vendor", "Dell Inc.\n").empty());
  CHECK(with("KVMKVMKVM", dmi + "product_name", "VirtualBox\n") == "oracle");
  CHECK(with("KVMKVMKVM", dmi + "sys_vendor", "Amazon EC2\n") == "amazon");
  CHECK(with("KVMKVMKVM", dmi + "sys_vendor", "QEMU\n") == "kvm");
  CHECK(with("", "proc/cpuinfo", "vendor_id\t: User Mode Linux\n") == "uml");
  CHECK(with("", "proc/xen/capabilities", "") == "xen");
  CHECK(with("XenVMMXenVMM", "proc/xen/capabilities", "control_d\n").empty());
  CHECK(with("", "sys/hypervisor/type", "xen\n") == "xen");
  CHECK(with("", "proc/device-tree/hypervisor/compatible", "linux,kvm") == "kvm");
  CHECK(with("", "proc/device-tree/compatible", "qemu,pseries") == "qemu");
  CHECK(with("", "proc/sysinfo", "VM00 Control Program: z/VM    6.4.0\n") == "zvm");
  CHECK(with("", "proc/sysinfo", "VM00 Control Program: KVM/Linux\n") == "kvm");
  Tree metal;
  metal.put(dmi + "sys_vendor", "Amazon EC2\n");
  metal.put(dmi + "product_name", "m5.metal\n");
  CHECK(metal.detected().empty());
}

TEST_CASE("words of virtualization stand for one kind or for many", "[condition]") {
  const Virtualization none, kvm{"kvm", false}, docker{"docker", true};
  for (const auto& [word, in_none, in_kvm, in_docker] :
       {std::tuple{"yes", false, true, true}, std::tuple{"no", true, false, false},
        std::tuple{"none", true, false, false}, std::tuple{"vm-other", false, false, false},
        std::tuple{"vm", false, true, false}, std::tuple{"container", false, false, true},
        std::tuple{"kvm", false, true, false}, std::tuple{"docker", false, false, true}}) {
    INFO(word);
    CHECK(is_virtualization(none, word) == in_none);
    CHECK(is_virtualization(kvm, word) == in_kvm);
    CHECK(is_virtualization(docker, word) == in_docker);
  }
  Tree tree;
  tree.hypervisor = "KVMKVMKVM";
  ConditionSpec spec;
  spec.virtualization = {"vm", "!vm", "container", "!container"};
  const auto results = tree.look(spec);
  CHECK(signs(results) == "+--+");
  CHECK(results[2].text == "virtualization = container (found kvm)");
  CHECK(Tree{}.look(spec)[0].text == "virtualization = vm (found none)");
}

TEST_CASE("conditions are looked at in the order of the table, and shown short", "[condition]") {
  const Tree tree;
  ConditionSpec spec;
  CHECK_FALSE(spec.configured());
  spec.first_boot = true;
  spec.path_is_mount = {"/a"};
  spec.path_exists = {"/a\x1b[1m", "/" + std::string(500, 'a')};
  CHECK(spec.configured());
  const auto results = tree.look(spec);
  REQUIRE(results.size() == 4);
  CHECK(results[0].text == "path_exists = /a\\x1b[1m");
  CHECK(results[1].text.size() < 200);
  CHECK(results[2].text == "path_is_mount = /a");
  CHECK(results[3].text == "first_boot = true");
}

TEST_CASE("a condition's command is shown as its file has it", "[condition]") {
  CHECK(command_condition({{{"/bin/sh", "-c", "a | b"}}, true}, "exited with code 1") ==
        "exec = !a | b (exited with code 1)");
  CHECK(command_condition({{{"test", "-f", "/x"}}, false}, "") == "exec = test -f /x");
}

}  // namespace
}  // namespace zinit::test::os_conditions
