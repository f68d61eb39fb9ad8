// Closing what strangers have sent over unix sockets, where nothing waits for it.
//
// A close(2) of such a file may take for as long as its owner likes: a TCP socket with SO_LINGER
// waits for its unsent data, and FUSE and NFS are asked to flush the file at each close, also at
// one that is not the last. The kernel may wait for that where no signal reaches, and execve(2) and
// the exit of a process wait for all of its threads. So no thread of zinit closes what a stranger
// has sent, nor a socket in whose queue such descriptors wait. A process does it that shares
// zinit's table of descriptors: it is no thread of zinit's, so a re-execution and a recovery from a
// crash do not wait for it. It copies no table, for to close the copies would flush them all. A
// signal ends its wait for a socket that lingers. What waits for FUSE or NFS stays until that has
// answered.
//
// A datagram with descriptors that are not wanted is received by such a process without room for
// them: the kernel drops them without asking for a flush.
//
// Threads: any. Waits at most kTakeOver.
#pragma once

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit {

/// How long the functions here wait for their process; it takes 1 ms.
inline constexpr Milliseconds kTakeOver{100};

/// How many such processes there may be at once. More are left only by files whose flush(2) hangs.
inline constexpr int kMostDisposals = 64;

/// Closes `fd`. If no process can be had for it, a later call closes it, or the next image.
void close_elsewhere(UniqueFd fd) noexcept;

/// Receives the next datagram of `socket`, and closes what is sent with it.
/// @return  false if that cannot be done now: the datagram may still be there
[[nodiscard]] bool discard_datagram(int socket) noexcept;

/// Whether a process that closes is under way. It keeps its copy of the table of descriptors over
/// an execve(2) of zinit's. Async-signal-safe.
[[nodiscard]] bool disposal_under_way() noexcept;

/// Closes `fd`, elsewhere if it is a unix socket in which descriptors may wait to be received.
/// (shutdown(2), SHUT_RD: nothing can be sent to it any more)
void close_socket(UniqueFd fd) noexcept;

}  // namespace zinit
