// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks paths, the kernel's command line and the machine. See conditions.hpp.
#include "os/conditions.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <optional>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "os/kernel_command_line.hpp"
#include "os/statx.hpp"

namespace zinit {

namespace {

// Longer texts are cut: they are kept for each service, and become one line of a status.
constexpr std::size_t kShownCondition = 160;

constexpr std::size_t kCommandLineMax = 65536;
constexpr std::size_t kMachineIdMax = 4096;

/// Whether the condition holds, or why this cannot be determined.
using Finding = Result<bool>;

/// What is at the path; nothing if the path does not exist. Triggers no automount, and asks a
/// server only for what the kernel does not know.
Result<std::optional<struct statx>> look_at_path(const std::string& path) {
  struct statx there {};
  constexpr int flags = AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
  if (::statx(AT_FDCWD, path.c_str(), flags, STATX_TYPE | STATX_INO, &there) == 0) return there;
  for (const int absent : {ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG})
    if (errno == absent) return std::nullopt;
  return sys_failure("look at", path);
}

Finding exists(const std::string& path) {
  const auto there = look_at_path(path);
  if (!there) return Failure(there.error());
  return there->has_value();
}

Finding is_directory(const std::string& path) {
  const auto there = look_at_path(path);
  if (!there) return Failure(there.error());
  return *there && S_ISDIR((*there)->stx_mode);
}

/// Before Linux 5.8 this does not see a mount of a directory of the same file system, as a bind
/// mount may be.
Finding is_mount(const std::string& path) {
  const auto there = look_at_path(path);
  if (!there) return Failure(there.error());
  if (!*there) return false;
  const struct statx& it = **there;
  if ((it.stx_attributes_mask & kIsMountRoot) != 0)
    return (it.stx_attributes & kIsMountRoot) != 0;
  if (!S_ISDIR(it.stx_mode)) return false;
  const auto parent = look_at_path(path + "/..");
  if (!parent) return Failure(parent.error());
  if (!*parent) return false;
  const struct statx& above = **parent;
  const bool other_device = makedev(it.stx_dev_major, it.stx_dev_minor) !=
                            makedev(above.stx_dev_major, above.stx_dev_minor);
  return other_device || it.stx_ino == above.stx_ino;  // the root is its own parent
}

class Look {
 public:
  explicit Look(const MachineFacts& machine) : machine_(machine) {}

  void add(std::string_view key, std::string_view text, bool negated, const Finding& found,
           std::string remark = {}) {
    if (!found) {
      remark = errno_text(found.error().errnum);
      if (found.error().temporary()) shortage_ = {found.error().text, found.error().errnum};
    }
    std::string shown = fmt::format("{} = {}", key, shortened(text, kShownCondition));
    if (!remark.empty()) shown += " (" + remark + ")";
    results_.push_back({printable(shown), found && *found != negated});
  }

  /// Calls `look` with each text, without its negation.
  template <class Looker>
  void each(std::string_view key, const std::vector<std::string>& texts, Looker look,
            const std::string& remark = {}) {
    for (const std::string& text : texts) {
      const bool negated = text.starts_with(kNegation);
      add(key, text, negated, look(std::string(without_negation(text))), remark);
    }
  }

  void paths(std::string_view key, const std::vector<std::string>& texts,
             Finding (*look)(const std::string& path)) {
    each(key, texts, [&](const std::string& path) { return look(machine_.root + path); });
  }

  void kernel_command_line(const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    const auto line = read_file((machine_.root + "/proc/cmdline").c_str(), kCommandLineMax);
    const std::vector<std::string> words = line ? kernel_words(*line) : std::vector<std::string>();
    each("kernel_command_line", texts, [&](const std::string& wanted) -> Finding {
      if (!line) return Failure(Error(line.error()));
      // A word alone also matches a parameter of this name that has a value.
      const bool alone = split(wanted, '=').size() == 1;
      const std::string parameter = wanted + "=";
      return std::ranges::any_of(words, [&](const std::string& word) {
        return word == wanted || (alone && word.starts_with(parameter));
      });
    });
  }

  void virtualization(const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    const auto found = detect_virtualization(machine_);
    each(
        "virtualization", texts,
        [&](const std::string& word) -> Finding {
          if (!found) return Failure(Error(found.error()));
          return is_virtualization(*found, word);
        },
        !found || found->name.empty() ? "found none" : fmt::format("found {}", found->name));
  }

  /// On its first boot the machine has no id yet (machine-id(5)).
  void first_boot(bool wanted) {
    const auto id = read_file((machine_.root + "/etc/machine-id").c_str(), kMachineIdMax);
    const auto found = [&]() -> Finding {
      if (id) return trim(*id).empty() || trim(*id) == "uninitialized";
      if (id.error().errnum == ENOENT) return true;
      return Failure(Error(id.error()));
    };
    add("first_boot", wanted ? "true" : "false", !wanted, found());
  }

  [[nodiscard]] Result<std::vector<ConditionResult>> take() {
    if (shortage_.errnum != 0) return Failure(std::move(shortage_));
    return std::move(results_);
  }

 private:
  const MachineFacts& machine_;
  std::vector<ConditionResult> results_;
  Error shortage_;
};

}  // namespace

Result<std::vector<ConditionResult>> look_at_conditions(const ConditionSpec& spec,
                                                        const MachineFacts& machine) {
  Look look(machine);
  look.paths("path_exists", spec.path_exists, exists);
  look.paths("path_is_directory", spec.path_is_directory, is_directory);
  look.paths("path_is_mount", spec.path_is_mount, is_mount);
  look.kernel_command_line(spec.kernel_command_line);
  look.virtualization(spec.virtualization);
  if (spec.first_boot) look.first_boot(*spec.first_boot);
  return look.take();
}

std::string command_condition(const ConditionCommand& exec, const std::string& remark) {
  const std::vector<std::string>& argv = exec.command.argv;
  // A string for a shell is shown as in the file.
  const bool by_shell = argv.size() == 3 && argv[0] == "/bin/sh" && argv[1] == "-c";
  const std::string command = by_shell ? argv[2] : join(argv, " ");
  std::string text =
      fmt::format("exec = {}{}", exec.negated ? "!" : "", shortened(command, kShownCondition));
  if (!remark.empty()) text += " (" + remark + ")";
  return printable(text);
}

}  // namespace zinit
