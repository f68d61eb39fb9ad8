// What the handlers of several families share: looking a service up, and errors in the board's
// words.
#pragma once

#include <string>
#include <string_view>

#include "control/methods.hpp"

namespace zinit {

/// `{ok: true}`
[[nodiscard]] std::string ok_json();

/// service_not_found, with the nearest name as its hint.
[[nodiscard]] RpcError service_not_found(const Board& board, std::string_view name);

/// What the board refused, as an error about `name` (empty: about no service).
[[nodiscard]] RpcError refused(const Board& board, std::string_view name,
                               const RequestFailure& failure);

/// *status_full* of `name`; service_not_found where there is none.
[[nodiscard]] RpcResult status_full_of(const RpcContext& context, std::string_view name);

/// The parameter `name`, which the table says is required.
[[nodiscard]] std::string_view name_of(const Call& call);

/// A result or error as an outcome.
[[nodiscard]] Outcome outcome_of(RpcResult result);

}  // namespace zinit
