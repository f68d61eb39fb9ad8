// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [condition] of a service: what must hold when it is about to start (zinit.toml(5)); and the
// results of an evaluation.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/command.hpp"

namespace zinit {

/// In front of a condition's text: the condition holds if the rest does not.
inline constexpr char kNegation = '!';

/// Words for a condition on virtualization: the names of systemd-detect-virt(1), and words that
/// stand for several of them.
inline constexpr std::array<std::string_view, 35> kVirtualizationWords = {
    "yes",    "no",     "vm",     "container", "vm-other",    "container-other",
    "none",   "kvm",    "qemu",   "vmware",    "microsoft",   "oracle",
    "xen",    "bochs",  "uml",    "amazon",    "zvm",         "parallels",
    "bhyve",  "qnx",    "acrn",   "powervm",   "apple",       "google",
    "sre",    "docker", "podman", "lxc",       "lxc-libvirt", "systemd-nspawn",
    "openvz", "rkt",    "wsl",    "proot",     "pouch"};

/// A command that must exit with 0; with `negated`, with any other code.
struct ConditionCommand {
  Command command;  // empty: none
  bool negated = false;

  bool operator==(const ConditionCommand&) const = default;
};

/// All of them must hold. Each text may begin with kNegation.
struct ConditionSpec {
  std::vector<std::string> path_exists, path_is_directory, path_is_mount;  // absolute paths
  std::vector<std::string> kernel_command_line;                            // words, or KEY=VALUE
  std::vector<std::string> virtualization;  // of kVirtualizationWords
  std::optional<bool> first_boot;
  ConditionCommand exec;

  [[nodiscard]] bool configured() const noexcept { return *this != ConditionSpec{}; }
  bool operator==(const ConditionSpec&) const = default;
};

/// The result of a condition's last evaluation.
struct ConditionResult {
  std::string text;  // as in the file, shortened: "path_exists = !/etc/x"
  bool held = false;

  bool operator==(const ConditionResult&) const = default;
};

/// The text of a condition without its negation.
[[nodiscard]] inline std::string_view without_negation(std::string_view text) noexcept {
  return text.starts_with(kNegation) ? text.substr(1) : text;
}

}  // namespace zinit
