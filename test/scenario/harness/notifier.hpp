// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A service that sends the messages that a test wants.

#include <string>
#include <vector>

namespace zinit::test {

/// The elements of an `exec` array for it, without brackets; notifier.cpp lists the steps.
std::string notifier(const std::vector<std::string>& steps);

/// A service file whose process takes these steps; `lifecycle` holds more lines of that section.
std::string says(const std::vector<std::string>& steps, const std::string& readiness,
                 const std::string& lifecycle = "");

inline constexpr const char* kSystemd = "notify = 'systemd'";
inline constexpr const char* kAll = "notify = 'systemd'\nnotify_access = 'all'";

}  // namespace zinit::test
