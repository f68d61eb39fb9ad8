// Texts for people about a status. All of them are safe on a terminal: control characters in names
// and messages are escaped (base/text.hpp, printable()).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "client/terminal.hpp"
#include "zinit/client.hpp"

namespace zinit {

/// "exit code 1", "requires db, which failed", ...: the same words as in the server's log.
[[nodiscard]] std::string reason_words(const StatusReason& reason);

/// "exit code 1", "killed by SIGSEGV, core dumped".
[[nodiscard]] std::string exit_words(const ProcessExit& end);

/// Why a service is in its state, in one line; for a blocked one, all that it waits for. Empty if
/// there is nothing to say.
[[nodiscard]] std::string state_cause(const ServiceStatus& status);

/// Whether it is down because its file says that the boot does not start it.
[[nodiscard]] bool is_disabled(const ServiceStatus& status);

/// The state, as people are shown it: of those that have exited, a oneshot that has succeeded is
/// "done", and what was told to stop "stopped".
[[nodiscard]] std::string_view shown_state(const ServiceStatus& status);

/// "is running", "failed", "is done" (a oneshot): the words after a service's name.
[[nodiscard]] std::string state_phrase(std::string_view state);
[[nodiscard]] std::string state_phrase(const ServiceStatus& status);

/// Why a start has failed, and what to do next: "failed: exit code 2; see `zinitctl why web`".
[[nodiscard]] std::string fault_words(const ServiceStatus& status);

/// state_cause(); or, of a service that is down and waits for nothing but a connection, the
/// addresses at which one starts it.
[[nodiscard]] std::string cause_or_start(const ServiceStatus& status);

/// The last column of `list`: cause_or_start(), or the description if that is empty.
[[nodiscard]] std::string cause_or_description(const ServiceStatus& status);

/// "12s", "3m20s", "5h03m", "4d02h": a duration for a column.
[[nodiscard]] std::string short_duration(std::int64_t ms);

/// "512 B", "4.1 MiB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

/// Local time: "12:34:56.789".
[[nodiscard]] std::string time_of_day(std::int64_t time_us);

[[nodiscard]] Colour state_colour(std::string_view state);

/// "[+]" for "running"; "[ ]" for a state that this client does not know.
[[nodiscard]] std::string_view symbol_of(std::string_view state);

/// Whether a status counts as up: running, or a oneshot that is done (control.md, exit status 3).
[[nodiscard]] bool counts_as_running(const ServiceStatus& status);

/// Whether a start has done what it could: a service that need not run here has been started, too.
[[nodiscard]] bool is_started(const ServiceStatus& status);
/// Whether a stop has.
[[nodiscard]] bool is_down(const ServiceStatus& status);

/// Whether it was not started because a condition did not hold.
[[nodiscard]] bool is_skipped(const ServiceStatus& status);

}  // namespace zinit
