// The default path of this user's server socket (zinit.toml(5), "Where files are read").
#pragma once

#include <functional>
#include <string>

#include "base/result.hpp"

namespace zinit {

/// The socket of the system's server, root's.
inline constexpr const char* kSystemSocket = "/run/zinit.sock";

/// The value of an environment variable, or null: getenv(3), or a test's own.
using Variables = std::function<const char*(const char* name)>;

/// $ZINIT_SOCKET; /run/zinit.sock for root; $XDG_RUNTIME_DIR/zinit.sock; /tmp/zinit-UID/zinit.sock.
/// A variable that is empty counts as unset, and so does a relative XDG_RUNTIME_DIR. For root the
/// last of them counts if it is there and /run/zinit.sock is not, as in a container that may not
/// write to /run.
///
/// Anybody can make a directory in /tmp and listen there, so a directory there that
/// is not this user's alone is an error (EPERM). If it does not exist there is no server, and the
/// path is returned.
[[nodiscard]] Result<std::string> default_socket_path(unsigned uid, const Variables& environment);

}  // namespace zinit
