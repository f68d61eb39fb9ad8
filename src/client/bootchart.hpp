// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Draws how a boot spent its time, as text and as SVG.
#pragma once

#include <string>
#include <vector>

#include "client/terminal.hpp"
#include "zinit/client.hpp"

namespace zinit {

/// Marks the steps of the critical chain: the service that was ready last, the service that it
/// waited for last, and so on.
[[nodiscard]] std::vector<bool> critical_chain(const std::vector<BootStep>& steps);

/// A head line, then a line for each service with its times and a bar. It fits the terminal.
[[nodiscard]] std::string bootchart_text(const Terminal& terminal, const SystemInfo& info,
                                         const std::vector<BootStep>& steps);

[[nodiscard]] std::string bootchart_svg(const SystemInfo& info, const std::vector<BootStep>& steps);

}  // namespace zinit
