// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A reload of one service that is under way; see Board::reload_service().
#pragma once

#include <memory>
#include <string>

namespace zinit {

struct CheckRound;
struct RequestFailure;

/// The state of the reload and its result. Guarded by the board's lock.
struct ServiceReloadState {
  bool done = false;
  std::string fault{};                        // fault of its reload_exec; empty: success
  std::shared_ptr<CheckRound> check{};        // the check before it; null: none
  std::shared_ptr<RequestFailure> refused{};  // why it was refused after the check
};

using ServiceReload = std::shared_ptr<ServiceReloadState>;

}  // namespace zinit
