// Draws what a boot spent its time on, as text and as SVG.
#pragma once

#include <string>
#include <vector>

#include "client/terminal.hpp"
#include "zinit/client.hpp"

namespace zinit {

/// For each step, whether it is part of the critical chain: the service that was ready last, what
/// it waited for last, and so on.
[[nodiscard]] std::vector<bool> critical_chain(const std::vector<BootStep>& steps);

/// A head line, and for each service a line with its times and a bar that fits the terminal.
[[nodiscard]] std::string bootchart_text(const Terminal& terminal, const SystemInfo& info,
                                         const std::vector<BootStep>& steps);

[[nodiscard]] std::string bootchart_svg(const SystemInfo& info, const std::vector<BootStep>& steps);

}  // namespace zinit
