// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Moves bytes between two sockets. See relay.hpp.
#include "activation/relay.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "base/kill_point.hpp"
#include "io/resolver.hpp"
#include "os/unix_receive.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

// The most bytes that one side may move in a turn before others have their turn.
constexpr std::size_t kBytesATurn = std::size_t{1024} * 1024;

// The most bytes under way in one direction: the capacity of a wide pipe.
constexpr std::size_t kPipeBytes = std::size_t{1024} * 1024;

// A read shorter than this emptied the socket: wait for the set before reading again.
constexpr std::size_t kSmall = std::size_t{16} * 1024;

constexpr std::size_t kCopyBytes = std::size_t{64} * 1024;

/// splice(2) for a non-blocking socket; repeats EINTR.
ssize_t splice_some(int from, int to, std::size_t most) noexcept {
  ssize_t moved = 0;
  do {
    moved = ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } while (moved < 0 && errno == EINTR);
  return moved;
}

}  // namespace

void reset_connection(UniqueFd fd) noexcept {
  reset_at_close(fd.get());
  close_socket(std::move(fd));
}

PipePool::Lent PipePool::take(bool beyond) noexcept {
  if (lent_ >= most_ && !beyond) return {};
  Lent lent;
  // A free wide pipe first: the kernel's memory for it is taken already, and it needs fewer steps.
  for (std::vector<Pipe>* const free : {&free_wide_, &free_}) {
    if (free->empty() || lent.pipe.read) continue;
    lent = {std::move(free->back()), free == &free_wide_};
    free->pop_back();
  }
  if (!lent.pipe.read)
    if (auto made = make_pipe(O_NONBLOCK)) lent.pipe = *std::move(made);
  if (lent.pipe.read) ++lent_;
  return lent;
}

bool PipePool::widen(int pipe) noexcept {
  if (wide_ >= kMostWide || ::fcntl(pipe, F_SETPIPE_SZ, kPipeBytes) < 0) return false;
  ++wide_;
  return true;
}

void PipePool::give(Lent lent) noexcept {
  std::vector<Pipe>& free = lent.wide ? free_wide_ : free_;
  // `lent` then closes the pipe: the memory of all pipes of a user is limited, see PipePool.
  if (free.size() == (lent.wide ? kMostFreeWide : kMostFree)) return lost(lent.wide);
  free.push_back(std::move(lent.pipe));
  --lent_;
}

void PipePool::lost(bool wide) noexcept {
  --lent_;
  if (wide) --wide_;
}

Relay::Relay(Shared shared, const Identity& identity, KeptFd accepted, ProxyCounts& counts,
             std::function<bool()> killed)
    : shared_(shared), identity_(identity), counts_(counts), killed_(std::move(killed)) {
  sides_[client].fd = std::move(accepted);
}

Relay::~Relay() {
  for (End& end : sides_) {
    drop_pipe(end);
    if (!end.fd) continue;
    if (!end.hung) shared_.set.remove(end.fd.get());
    broken_ ? reset_connection(end.fd.release()) : close_socket(end.fd.release());
  }
}

void Relay::client_has_hung_up() noexcept {
  sides_[client].hung = true;
  sides_[backend].closed = true;  // nobody takes the backend's bytes
}

bool Relay::begin(UniqueFd& socket, std::string_view header) {
  if (!header.empty()) {
    // Beyond the limit of pipes: copy() takes bytes from the client's socket, where no header is.
    if (!lend_pipe(client, true)) return false;
    End& from = sides_[client];
    const ssize_t written = ::write(from.pipe[1].get(), header.data(), header.size());
    if (written != static_cast<ssize_t>(header.size())) return false;
    from.held = header.size();
  }
  if (!shared_.set.add(socket.get(), 0, identity_.backend_key)) return false;
  // Keep the descriptor only now: its note says that the header is in the pipe.
  (void)go_on(KeptFd(std::move(socket),
                     {KeptKind::proxy_backend, 0, identity_.connection, identity_.place}));
  return true;
}

void Relay::take_over_pipe(KeptFd fd, std::uint8_t part) noexcept {
  if (part >= 4) return;
  if (part % 2 == 0) shared_.pipes.borrowed();
  sides_[part / 2].pipe[part % 2] = std::move(fd);
}

bool Relay::go_on(KeptFd socket) {
  sides_[backend].fd = std::move(socket);
  for (End& end : sides_) {
    end.strangers = socket_option(end.fd.get(), SOL_SOCKET, SO_DOMAIN) == AF_UNIX &&
                    !refuses_descriptors(end.fd.get());
    if (end.held > 0) continue;  // the header, see begin()
    // The previous process image has left no count: only the pipe says how much it holds.
    if (end.pipe[0] && end.pipe[1]) end.held = readable_bytes(end.pipe[0].get());
    // Also half a pipe: a crash came between the two notes of lend_pipe().
    if (end.held == 0) drop_pipe(end);
  }
  for (const Side side : {client, backend}) {
    if (sides_[side].held == 0) continue;
    pass_on(side);
    return_pipe(side);  // a header's may be beyond the limit
    move(side);
  }
  return settle();
}

bool Relay::ready(Side side, std::uint32_t events) {
  // Ask killed_() at once: a backend that ended properly may die before all bytes are passed on.
  const bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (ends && side == backend && !std::exchange(sides_[side].seen, true) && killed_())
    sides_[side].failed = true;
  const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (gone) hang_up(side, (events & EPOLLERR) != 0);
  if (gone || (events & EPOLLIN) != 0) move(side);
  if ((events & EPOLLOUT) != 0) move(other(side));
  return settle();
}

bool Relay::again() noexcept {
  for (const Side side : {client, backend})
    if (sides_[side].lacking) move(side);
  return settle();
}

/// Removes the side from the set: otherwise the kernel reports the hang-up again and again. The
/// side takes nothing any more, so the bytes for it are dropped. What it sent before is still read.
void Relay::hang_up(Side side, bool failed) noexcept {
  End& end = sides_[side];
  end.failed = end.failed || failed;
  if (std::exchange(end.hung, true)) return;
  shared_.set.remove(end.fd.get());
  End& from = sides_[other(side)];
  from.closed = true;
  drop_pipe(from);
}

bool Relay::lend_pipe(Side from, bool beyond) noexcept {
  End& end = sides_[from];
  if (end.pipe[0]) return true;
  auto [pipe, wide] = shared_.pipes.take(beyond);
  if (!pipe.read) return false;
  const auto note = [&](std::uint8_t which) {
    return KeptNote{KeptKind::proxy_pipe, static_cast<std::uint8_t>(from * 2 + which),
                    identity_.connection, identity_.place};
  };
  end.wide = wide;
  end.pipe[0] = KeptFd(std::move(pipe.read), note(0));
  end.pipe[1] = KeptFd(std::move(pipe.write), note(1));
  return true;
}

void Relay::return_pipe(Side from) noexcept {
  End& end = sides_[from];
  if (!end.pipe[0] || end.held > 0) return;
  shared_.pipes.give(
      {{end.pipe[0].release(), end.pipe[1].release()}, std::exchange(end.wide, false)});
}

/// Drops the pipe together with the bytes in it.
void Relay::drop_pipe(End& end) noexcept {
  if (end.pipe[0]) shared_.pipes.lost(std::exchange(end.wide, false));
  end.pipe = {};
  end.held = 0;
}

/// Moves bytes from one side until no more come or the other side takes no more.
void Relay::move(Side from) noexcept {
  End& end = sides_[from];
  std::size_t left = kBytesATurn;
  end.blocked = end.lacking = false;
  while (!end.closed && !end.blocked && !end.lacking && !broken_) {
    if (end.held > 0) {
      pass_on(from);
      continue;
    }
    if (end.ended) {
      end_way(from);
      break;
    }
    // No event reports a side that hung up again, so read it to the end: its bytes are limited.
    if (left == 0 && !end.hung) break;
    // No pipe before the socket has given away what copy() has sent: a pipe would send it twice.
    const bool pipe = !end.strangers && end.copied == 0 && lend_pipe(from);
    const ssize_t taken = pipe ? take_in(from) : 0;
    if (broken_ || end.lacking) break;
    // splice(2) never passes an urgent byte, and reports an end there. recv(2) skips the byte.
    if (!pipe || (taken <= 0 && ::sockatmark(end.fd.get()) == 1)) {
      if (!copy(from)) break;
      left -= std::min(left, kCopyBytes);
      continue;
    }
    if (taken < 0) break;
    if (taken == 0) {
      end.ended = true;
      continue;
    }
    end.held = static_cast<std::size_t>(taken);
    // Only a large transfer is worth a wide pipe: there are kMostWide of them.
    if (end.held > kSmall && !end.wide) end.wide = shared_.pipes.widen(end.pipe[1].get());
    kill_point("relay.taken");
    left -= std::min(left, end.held);
    pass_on(from);
    if (static_cast<std::size_t>(taken) < kSmall && !end.hung) break;
  }
  return_pipe(from);
}

/// Records, by errno, why reading from `end` or watching it failed.
void Relay::fail(End& end) noexcept {
  // ENOSPC: epoll_ctl(2), the user's limit of watches.
  (is_shortage(errno) || errno == ENOSPC ? end.lacking : broken_) = true;
}

/// @return  as splice(2); also -1 if the connection is broken
ssize_t Relay::take_in(Side from) noexcept {
  End& end = sides_[from];
  const ssize_t taken = splice_some(end.fd.get(), end.pipe[1].get(), kPipeBytes);
  if (taken < 0 && errno != EAGAIN) fail(end);
  return taken;
}

void Relay::pass_on(Side from) noexcept {
  End& end = sides_[from];
  const ssize_t moved = splice_some(end.pipe[0].get(), sides_[other(from)].fd.get(), end.held);
  kill_point("relay.passed");
  passed(from, moved);
  if (moved > 0) end.held -= static_cast<std::size_t>(moved);
}

/// Counts the bytes that the other end took, or records why it took none. An end that takes nothing
/// any more may still send, so the other direction continues.
void Relay::passed(Side from, ssize_t bytes) noexcept {
  End& end = sides_[from];
  if (bytes > 0) {
    (from == client ? counts_.to_backend : counts_.from_backend) +=
        static_cast<std::uint64_t>(bytes);
  } else if (bytes == 0 || errno == EAGAIN) {
    end.blocked = true;
  } else if (is_shortage(errno)) {
    end.lacking = true;
  } else {
    end.closed = true;
    drop_pipe(end);
    sides_[other(from)].failed = true;
  }
}

/// Moves bytes without a pipe; they stay in the kernel until they are passed on. Needed if there
/// are no descriptors for a pipe, and for a unix socket that may carry descriptors: splice(2) would
/// close such a descriptor here, and its sender decides how long the close takes.
/// @return  whether there may be more
bool Relay::copy(Side from) noexcept {
  End& end = sides_[from];
  char buffer[kCopyBytes];
  const ssize_t seen = peek_bytes(end.fd.get(), buffer);
  end.ended = seen == 0;
  if (seen < 0 && errno != EAGAIN) fail(end);
  if (seen <= 0) return end.ended;
  // Otherwise an earlier call has sent bytes, and the kernel lacked memory to take them.
  if (end.copied == 0) {
    const ssize_t sent = ::send(sides_[other(from)].fd.get(), buffer,
                                static_cast<std::size_t>(seen), MSG_NOSIGNAL | MSG_DONTWAIT);
    passed(from, sent);
    if (sent <= 0) return false;
    end.copied = static_cast<std::size_t>(sent);
  }
  const ssize_t taken = receive_bytes(end.fd.get(), {buffer, end.copied});
  if (taken < 0) fail(end);
  if (taken >= 0) end.copied -= static_cast<std::size_t>(taken);
  // The socket has given fewer bytes than were peeked: what was sent is not what it has now.
  if (end.copied > 0 && !end.lacking) broken_ = true;
  return static_cast<std::size_t>(seen) >= kSmall || end.hung;
}

void Relay::end_way(Side from) noexcept {
  End& end = sides_[from];
  // `seen`: ready() has asked killed_() when this end came, before the last bytes were passed on,
  // and that answer counts.
  if (end.failed || (from == backend && !end.seen && killed_())) {
    broken_ = true;
    return;
  }
  end.closed = true;
  ::shutdown(sides_[other(from)].fd.get(), SHUT_WR);
}

void Relay::watch(Side side) noexcept {
  End& end = sides_[side];
  if (end.hung) return;
  const End& from = sides_[other(side)];
  // The kernel repeats an event until its cause is gone. So ask only for what leads to a step: for
  // no bytes that the other side cannot take now, and for an end only until it was seen.
  std::uint32_t events = 0;
  if (!end.ended && !end.closed && !end.blocked && !end.lacking) events |= EPOLLIN;
  if (from.blocked && !from.closed) events |= EPOLLOUT;
  if (side == backend && !end.seen && !end.ended) events |= EPOLLRDHUP;
  if (events == end.watched) return;
  if (!shared_.set.change(end.fd.get(), events, key(side))) return fail(end);
  end.watched = events;
}

/// @return  whether there is more to do
bool Relay::settle() noexcept {
  // Not before: the other direction may have bytes under way, which a reset would drop.
  if (over() && (sides_[client].failed || sides_[backend].failed)) broken_ = true;
  if (over()) return false;
  watch(client);
  watch(backend);
  return !over();
}

}  // namespace zinit
