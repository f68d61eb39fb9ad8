// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The board's refusals that several requests share.
#pragma once

#include <string>
#include <string_view>

#include "base/format.hpp"
#include "supervisor/board.hpp"

namespace zinit {

[[nodiscard]] inline tl::unexpected<RequestFailure> refused(Refusal refusal, std::string text,
                                                            std::vector<std::string> details = {}) {
  return tl::unexpected<RequestFailure>(
      RequestFailure{refusal, std::move(text), std::move(details)});
}

[[nodiscard]] inline tl::unexpected<RequestFailure> not_found(std::string_view name) {
  return refused(Refusal::not_found, fmt::format("no service is named {}", name));
}

[[nodiscard]] inline tl::unexpected<RequestFailure> in_shutdown() {
  return refused(Refusal::shutting_down, "a shutdown has begun: nothing is started any more");
}

}  // namespace zinit
