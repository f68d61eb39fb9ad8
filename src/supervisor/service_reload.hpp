// A reload of one service that is under way; see Board::reload_service().
#pragma once

#include <memory>
#include <string>

namespace zinit {

/// The state of the reload and its result. Guarded by the board's lock.
struct ServiceReloadState {
  bool done = false;
  std::string fault;  // empty: success
};

using ServiceReload = std::shared_ptr<ServiceReloadState>;

}  // namespace zinit
