// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The default path of this user's server socket (zinit.toml(5), "Where files are read").
#pragma once

#include <string>
#include <vector>

#include "base/function_ref.hpp"
#include "base/result.hpp"

namespace zinit {

/// The socket of the system's server, which root runs.
inline constexpr const char* kSystemSocket = "/run/zinit.sock";

/// The value of an environment variable, or null: getenv(3), or a test's own function.
using Variables = FunctionRef<const char*(const char* name)>;

/// $ZINIT_SOCKET; /run/zinit.sock for root; $XDG_RUNTIME_DIR/zinit.sock; /tmp/zinit-UID/zinit.sock.
/// An empty variable counts as unset, and so does a relative XDG_RUNTIME_DIR. Root uses the last of
/// these if it exists and /run/zinit.sock does not, as in a container without a writable /run.
///
/// Anybody can make a directory in /tmp and listen there, so a directory that does not belong to
/// this user alone is an error (EPERM). If it does not exist, there is no server, and the path is
/// returned.
[[nodiscard]] Result<std::string> default_socket_path(unsigned uid, Variables environment);

/// Where zinitctl looks next if this user's server is not there: the sockets of this user's servers
/// whose XDG_RUNTIME_DIR was not that of this process, if they exist in a directory of this user
/// alone, and at the end /run/zinit.sock. cron, su and an init set no such variable, and a login
/// session does.
[[nodiscard]] std::vector<std::string> other_socket_paths(unsigned uid);

}  // namespace zinit
