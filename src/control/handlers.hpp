// The handlers of the table of methods, by family. What each takes and answers is said there
// (methods.cpp).
#pragma once

#include "control/methods.hpp"

namespace zinit {

// discover.cpp
Outcome rpc_discover(Call& call);

// methods_system.cpp
Outcome system_ping(Call& call);
Outcome system_info(Call& call);
Outcome system_shutdown(Call& call);
Outcome system_poweroff(Call& call);
Outcome system_reboot(Call& call);
Outcome system_halt(Call& call);
Outcome system_cancel_shutdown(Call& call);

// methods_service.cpp
Outcome service_list(Call& call);
Outcome service_list_full(Call& call);
Outcome service_status(Call& call);
Outcome service_status_full(Call& call);
Outcome service_why(Call& call);
Outcome service_tree(Call& call);
Outcome service_is_running(Call& call);

// methods_request.cpp
Outcome service_start(Call& call);
Outcome service_stop(Call& call);
Outcome service_restart(Call& call);
Outcome service_kill(Call& call);
Outcome service_reload(Call& call);
Outcome system_isolate(Call& call);
Outcome service_wait(Call& call);

// methods_change.cpp
Outcome service_get(Call& call);
Outcome service_set(Call& call);
Outcome service_delete(Call& call);
Outcome service_start_all(Call& call);
Outcome service_stop_all(Call& call);
Outcome service_delete_all(Call& call);

// methods_logs.cpp
Outcome logs_get(Call& call);
Outcome logs_tail(Call& call);
Outcome logs_filter(Call& call);
Outcome logs_subscribe(Call& call);
Outcome logs_unsubscribe(Call& call);

// methods_events.cpp
Outcome events_get(Call& call);
Outcome events_subscribe(Call& call);
Outcome events_unsubscribe(Call& call);

// methods_debug.cpp
Outcome debug_state(Call& call);

}  // namespace zinit
