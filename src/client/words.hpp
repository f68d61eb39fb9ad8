// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Texts for people about a status. All are safe for a terminal: control characters in names and
// messages are escaped (base/text.hpp, printable()).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "client/terminal.hpp"
#include "zinit/client.hpp"

namespace zinit {

/// "exit code 1", "requires db, which failed", ...: the words of the server's log.
[[nodiscard]] std::string reason_words(const StatusReason& reason);

/// "exit code 1", "killed by SIGSEGV, core dumped".
[[nodiscard]] std::string exit_words(const ProcessExit& end);

/// The state_cause() of a blocked service that waits for nothing.
inline constexpr std::string_view kAboutToStart = "about to start";

/// Why a service is in its state, in one line; for a blocked service, everything that it waits for.
/// Empty if there is nothing to report.
[[nodiscard]] std::string state_cause(const ServiceStatus& status);

/// The path of its file that has changed on disk. An older server does not report which one.
[[nodiscard]] const std::string& changed_file(const ServiceStatus& status);

/// Whether it is down because its file says that the boot does not start it.
[[nodiscard]] bool is_disabled(const ServiceStatus& status);

/// The state for people. Exited services differ: a oneshot that has succeeded is "done", and a
/// service that was stopped on request is "stopped".
[[nodiscard]] std::string_view shown_state(const ServiceStatus& status);

/// "is running", "failed", "is done" (a oneshot): the words after a service's name.
[[nodiscard]] std::string state_phrase(std::string_view state);
[[nodiscard]] std::string state_phrase(const ServiceStatus& status);

/// A warning of the server, to be printed behind the word "warning": without this word at its
/// beginning, which it has if the service has no file.
[[nodiscard]] std::string warning_words(const std::string& warning);

/// `text` without "NAME: " at its beginning, for a line that begins with the name already.
[[nodiscard]] std::string without_name(std::string text, const std::string& name);

/// Why a start has failed, and what to do next: "failed: exit code 2; see `zinitctl why web`".
[[nodiscard]] std::string fault_words(const ServiceStatus& status);

/// state_cause(). For a service that is down and only waits for a connection, the addresses at
/// which a connection starts it. For one at rest, the time at which its timer starts it, too.
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

/// Whether its main process has ended, and its post_exec runs.
[[nodiscard]] bool runs_post_exec(const ServiceStatus& status);

/// Whether a status counts as up: running, or a oneshot that is done (control.md, exit status 3).
[[nodiscard]] bool counts_as_running(const ServiceStatus& status);

/// Whether it is inactive, exited or failed. It is up if it is neither that nor blocked.
[[nodiscard]] bool is_at_rest(const ServiceStatus& status);
[[nodiscard]] bool is_up(const ServiceStatus& status);

/// Whether a start has succeeded. A service that need not run here counts as started.
[[nodiscard]] bool is_started(const ServiceStatus& status);
/// Whether a stop has succeeded.
[[nodiscard]] bool is_down(const ServiceStatus& status);

/// Whether it was not started because a condition did not hold.
[[nodiscard]] bool is_skipped(const ServiceStatus& status);

}  // namespace zinit
