// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// How clients connect, and how long they wait.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit {

/// The time after `limit`; kNever without a limit.
[[nodiscard]] TimePoint deadline_after(const std::optional<Milliseconds>& limit) noexcept;

/// If the server knows the time limit, the client waits this much longer, because the server's
/// error `timeout` says more than a missing answer does.
inline constexpr Milliseconds kGrace{2000};
/// limit + kGrace; nothing without a limit.
[[nodiscard]] std::optional<Milliseconds> with_grace(
    const std::optional<Milliseconds>& limit) noexcept;

/// Connects to a unix socket; the descriptor does not block. While the server's backlog is full it
/// waits until `deadline`; without a deadline it does not wait. Throws ClientError: no_server,
/// access_denied, system_failure, or no_answer if the backlog stays full.
[[nodiscard]] UniqueFd connect_to(const std::string& path, std::optional<TimePoint> deadline);

/// The process and user that listened on the other end's socket (SO_PEERCRED); nothing if the
/// kernel does not report them.
[[nodiscard]] std::optional<ucred> peer_of(int fd) noexcept;

}  // namespace zinit
