// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Looks for things that services name but that the machine, or an image of a machine, lacks:
// programs, users, groups, directories, files of variables, processors, controllers of cgroups. A
// package or a mount may add them later, so these are warnings, and a server looks for them only to
// warn of them after a reload.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/check.hpp"

namespace zinit {

/// The controllers of cgroups that can enforce limits of [resources].
struct Controllers {
  std::vector<std::string> names;
  std::string_view whose;  // the beginning of the text about a controller that is missing here
};

/// A search that compares services with the present system below `root`, or with this machine if
/// `root` is empty. It reports only what is certain: it looks for a program without a path in every
/// PATH that the service may get, and in a command for the shell only at the first program. For
/// programs and `dir`, `[process] root` counts. The machine that will run a system below `root` is
/// unknown, so the search then ignores processors and the machine type of programs. May block on a
/// file system.
///
/// @param root  without a slash at its end, unless it is "/"
/// @param controllers  nothing: they are unknown, and the search ignores limits
[[nodiscard]] FindAbsences absences_in(const std::string& root,
                                       const std::optional<Controllers>& controllers = {});

/// The same for a group in zinit.toml.
[[nodiscard]] FindGroup group_absences_in(const std::string& root);

/// What these services, as read from their files, name and this machine lacks, except controllers
/// of cgroups: the warnings of `check`, each once. Needs an ordinary stack.
[[nodiscard]] std::vector<std::string> absence_warnings(std::span<const SpecPtr> specs);

}  // namespace zinit
