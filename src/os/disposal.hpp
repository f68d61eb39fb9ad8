// Closing what strangers have sent over unix sockets, where nothing waits for it.
//
// The last close(2) of a file may block for as long as its owner likes: a TCP socket with SO_LINGER
// waits for its unsent data, FUSE and NFS flush the file. So a descriptor that somebody sends must
// not have its last close in a thread of zinit that has other work, and nor must a socket in whose
// queue such descriptors wait. A short-lived thread does it that has a table of descriptors of its
// own: the kernel closes that table while the thread exits, when a socket does not linger
// (PF_EXITING in net/ipv4/af_inet.c). The thread can be joined before its table is closed.
//
// A container's seccomp filter may forbid a table of one's own (unshare(2)). Then the thread closes
// in the common table, where it may have to wait, alone.
//
// Threads: any. Waits at most kTakeOver.
#pragma once

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit {

/// How long the functions here wait for their thread to take over; it takes 0.1 ms.
inline constexpr Milliseconds kTakeOver{100};

/// How many such threads there may be at once. More are left only by files whose flush(2) hangs.
inline constexpr int kMostDisposals = 64;

/// Closes `fd`. If no thread can be had for it, it is closed by a later call.
void close_elsewhere(UniqueFd fd) noexcept;

/// Receives the next datagram of `socket`, and closes what is sent with it.
/// @return  false if that cannot be done now: the datagram may still be there
[[nodiscard]] bool discard_datagram(int socket) noexcept;

/// Closes `fd`, elsewhere if it is a unix socket in which descriptors may wait to be received.
/// (shutdown(2), SHUT_RD: nothing can be sent to it any more)
void close_socket(UniqueFd fd) noexcept;

}  // namespace zinit
