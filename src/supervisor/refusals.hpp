// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the board answers to a request: a result, or why it was refused.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.hpp"
#include "base/result.hpp"

namespace zinit {

/// Why a request was refused. Each value has a row among the error codes of control.md.
enum class Refusal : std::uint8_t {
  not_found,
  not_running,
  shutting_down,
  process_error,     // the kernel refused (the text includes that of errno), or a check_exec failed
  file_error,        // a file could not be read
  not_supported,     // not configured in the service's file
  invalid_state,     // the same request is already under way, or the service is not of this kind
  already_exists,    // a file of another service has this name
  config_error,      // details: all faults
  dependency_error,  // details: the services that require it
  proxy_not_found,
};

struct RequestFailure {
  Refusal refusal;
  std::string text;
  std::vector<std::string> details{};
};

template <class T>
using RequestResult = tl::expected<T, RequestFailure>;

/// Faults of service files, by service name.
using FileFaults = std::map<std::string, std::vector<std::string>>;

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
