// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// metrics.get: figures of services, proxies and zinit, for monitoring.
#include "control/answers.hpp"
#include "control/scrapes.hpp"

namespace zinit {

namespace {

Outcome metrics_get(Call& call) { return call.context.scrapes.ask(call.context); }

// --- the rows ---

// clang-format off
constexpr Method kMetricsMethods[] = {
    {"metrics.get",             {}, {},               Right::read, metrics_get,
     "Returns metrics of services, proxies and the server as OpenMetrics text",
     protocol::Shapes::text},
};
// clang-format on

}  // namespace

std::span<const Method> metrics_methods() noexcept { return kMetricsMethods; }

}  // namespace zinit
