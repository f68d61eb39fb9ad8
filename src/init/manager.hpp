// What the server says to the manager that has started it, such as systemd, by the protocol of
// sd_notify(3).
#pragma once

#include <string_view>

namespace zinit {

/// Sends `state`, such as READY=1, to the socket that NOTIFY_SOCKET names. Nothing without that
/// variable; a failure is logged. Does not block. On the control loop's thread.
void tell_manager(std::string_view state);

}  // namespace zinit
