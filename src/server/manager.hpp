// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Notifies the manager that has started the server, such as systemd, by the protocol of
// sd_notify(3).
#pragma once

#include <string_view>

namespace zinit {

/// Sends `state`, such as READY=1, to the socket that NOTIFY_SOCKET names. Does nothing without
/// that variable, and logs a failure. Does not block. Call it on the control loop's thread.
void tell_manager(std::string_view state);

}  // namespace zinit
