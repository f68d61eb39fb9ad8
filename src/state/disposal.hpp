// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Closes what strangers have sent over unix sockets, where nothing waits for the close.
//
// close(2) of a stranger's file takes as long as its owner likes. A TCP socket with SO_LINGER waits
// for its unsent data. FUSE and NFS flush the file at each close, even if it is not the last one.
// The kernel may wait for the flush where no signal reaches, and execve(2) and the exit of a
// process wait for all threads of the process. So no thread of zinit closes what a stranger sent,
// or a socket whose queue holds such descriptors.
//
// Instead a new process closes it. The process shares zinit's table of descriptors but is no thread
// of zinit, so a re-execution and a recovery from a crash do not wait for it. It has no copy of the
// table, because closing the copies would flush all of them. A signal ends its wait for a lingering
// socket. A wait for FUSE or NFS lasts until they answer.
//
// A datagram with unwanted descriptors is received by such a process without room for descriptors:
// the kernel then drops them without a flush.
//
// Threads: any. Waits at most kTakeOver.
#pragma once

#include <memory>

#include "base/fd.hpp"
#include "base/time.hpp"
#include "model/graph.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

/// The service that has sent a descriptor. The use count shows how many of its descriptors are
/// still open.
using SenderPtr = std::shared_ptr<const Slot>;

/// How long the functions here wait for their process, which takes 1 ms.
inline constexpr Milliseconds kTakeOver{100};

/// The name of such a process, as ps(1) shows it.
inline constexpr const char* kDisposalName = "zinit-close";

/// The most such processes at once. Only files whose flush(2) hangs keep many of them.
inline constexpr int kMostDisposals = 64;

/// Closes `fd`. If no process can be made, a later call, close_left() or the next image closes it;
/// `sender` is kept as long.
void close_elsewhere(UniqueFd fd, SenderPtr sender = nullptr) noexcept;

/// Replaces a stranger's descriptor by copy_above_lowest(), if there is such a copy.
void leave_lowest(UniqueFd& fd) noexcept;

/// Tries again to close what close_elsewhere() could not.
void close_left() noexcept;

/// Receives the next datagram of `socket`, and closes the descriptors sent with it.
/// @return  false if this is impossible now: the datagram may still be there
[[nodiscard]] bool discard_datagram(int socket) noexcept;

/// The note for a descriptor of `sender` that waits to be closed: the next image closes it.
[[nodiscard]] KeptNote unwanted_of(const SenderPtr& sender) noexcept;

/// Counts the processes of the previous image that still close something. Takes them from
/// `inherited`.
void take_over_disposals(Inheritance& inherited);

/// Forgets the processes that have ended. To be called if a child has ended.
void forget_ended_disposals() noexcept;

/// Whether a closing process is under way. Over an execve(2) of zinit it keeps its copy of the
/// table of descriptors. Async-signal-safe.
[[nodiscard]] bool disposal_under_way() noexcept;

/// Closes `fd`; by close_elsewhere() if it is a unix socket whose queue may hold descriptors. For a
/// socket that other processes may go on to use: it is not shut down.
void close_shared(UniqueFd fd) noexcept;

/// The same for a socket of zinit alone. (shutdown(2), SHUT_RD: nothing can be sent to it any more)
void close_socket(UniqueFd fd) noexcept;

}  // namespace zinit
