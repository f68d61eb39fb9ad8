// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Requests with the types of their answers: what Client's methods of the same names send. Pass them
// to Client::call() or AsyncClient::call().
//
//     client.call(zinit::request::status_full("web"),
//                 [](zinit::Answer<zinit::ServiceStatus> answer) { ... });
//
// Making a request sends nothing, and throws nothing but std::bad_alloc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <zinit/answer.hpp>
#include <zinit/types.hpp>

namespace zinit {
inline namespace v1 {

/// Makes a request for any method. Its result is JSON text.
///
/// @param params  a JSON object or array, or empty
[[nodiscard]] Request<std::string> any_request(std::string_view method,
                                               std::string_view params = {});

/// The requests of zinit/calls.inc, which describes each.
namespace request {

#define ZINIT_CALL(result, name, parameters, arguments) \
  [[nodiscard]] Request<result> name parameters;
#include <zinit/calls.inc>

}  // namespace request

}  // namespace v1
}  // namespace zinit
