// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Passes on the bytes of one connection in both directions, until both directions have ended.
//
//   client --splice--> pipe --splice--> backend
//
// splice(2) moves bytes from one socket into a pipe, and from the pipe into the other socket. Each
// call is one step of the kernel. So a crash of zinit between the two calls loses nothing: the next
// image passes on what the pipe holds. A direction has a pipe only while bytes are under way, so an
// idle connection has no pipes. At most one pipe's worth of bytes, 1 MiB, is taken from a side
// before the other side has taken them.
//
// Three cases use no pipe: no pipe can be made, the bytes come from a unix socket that may carry
// descriptors (before Linux 6.16: any unix socket), or they come after an urgent byte of TCP, which
// is not passed on. Then zinit peeks at the bytes, sends them, and takes them from the socket. A
// crash between the last two steps passes these bytes on twice.
//
//   what a side does          what the other side sees
//   sends its end (FIN)       the end, after all bytes; the other direction goes on
//   resets the connection     a reset
//   closes for good (unix)    the end, after all bytes; then its connection is closed
//
// If the kernel lacks memory for a step, the bytes stay where they are, and the step is repeated
// later.
//
// If a signal kills the backend's process, the client gets a reset. The kernel sends only an end in
// this case, as if the process had finished. What counts is whether the process is being killed
// when its end arrives, and not when the last bytes before it are passed on.
//
// Threads: only the loop's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "activation/proxy_table.hpp"
#include "io/epoll_set.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

/// Pipes for relays. Keeps unused pipes, so that not every burst of bytes needs a new one.
///
/// A new pipe has room for 16 pages. A wide pipe has room for 1 MiB: with fewer steps both ends
/// wake less often, and these wake-ups are most of the cost of a large transfer. The memory belongs
/// to the kernel and to no cgroup. pipe(7) limits it per user, together with log pipes. So wide
/// pipes are few.
class PipePool {
 public:
  struct Lent {
    Pipe pipe;
    bool wide = false;
  };

  /// @param most  pipes that may be lent at a time
  explicit PipePool(std::size_t most) noexcept : most_(most) {}

  /// An empty non-blocking pipe, a wide one if one is free. Has no descriptors if no pipe can be
  /// made. One that is given back at once may be `beyond` the limit.
  [[nodiscard]] Lent take(bool beyond) noexcept;
  /// Makes a pipe wide, unless there are enough wide pipes. @return  whether it is wide now
  [[nodiscard]] bool widen(int pipe) noexcept;
  /// Takes back an empty pipe.
  void give(Lent lent) noexcept;
  /// Counts a lent pipe as closed. A pipe of the previous process image counts as lent from
  /// borrowed() on.
  void lost(bool wide) noexcept;
  void borrowed() noexcept { ++lent_; }

 private:
  static constexpr std::size_t kMostFree = 64;
  static constexpr std::size_t kMostWide = 64;
  static constexpr std::size_t kMostFreeWide = 4;
  std::vector<Pipe> free_, free_wide_;
  const std::size_t most_;
  std::size_t lent_ = 0;
  std::size_t wide_ = 0;  // lent or free
};

class Relay {
 public:
  enum Side : std::uint8_t { client, backend };

  /// What all relays share. Outlives them.
  struct Shared {
    EpollSet& set;
    PipePool& pipes;
  };
  /// Identifies the connection.
  struct Identity {
    ProxyTable::Place place;
    std::uint32_t connection;
    EpollSet::Key client_key, backend_key;  // the set reports the sides under these keys
  };

  /// `accepted` is the client's socket, already in the set under its key. begin() adds the backend.
  /// The counts outlive the relay. `killed` says whether the process behind the backend was killed:
  /// then the client sees a reset instead of the backend's end.
  Relay(Shared shared, const Identity& identity, KeptFd accepted, ProxyCounts& counts,
        std::function<bool()> killed);
  /// Closes both sides.
  ~Relay();
  Relay& operator=(Relay&&) = delete;

  /// The client has closed and is not in the set any more. What it sent is still passed on. Call
  /// before begin().
  void client_has_hung_up() noexcept;

  /// Starts relaying. Passes `header`, then the client's bytes, to the backend at the connected
  /// `socket`.
  /// @return  false if descriptors or memory are lacking for now; both sockets are unchanged then
  [[nodiscard]] bool begin(UniqueFd& socket, std::string_view header);

  /// Takes over one end of a pipe that the previous process image left. Call before go_on().
  void take_over_pipe(KeptFd fd, std::uint8_t part) noexcept;
  /// Continues after a re-execution. @return  as ready()
  [[nodiscard]] bool go_on(KeptFd socket);

  /// The set reported `side`. @return  false if the connection is over: destroy the relay
  [[nodiscard]] bool ready(Side side, std::uint32_t events);

  /// Whether bytes wait because the kernel lacked memory: call again() some time later.
  [[nodiscard]] bool lacks() const noexcept {
    return sides_[client].lacking || sides_[backend].lacking;
  }
  /// @return  as ready()
  [[nodiscard]] bool again() noexcept;

  /// Whether both directions have ended.
  [[nodiscard]] bool over() const noexcept {
    return broken_ || (sides_[client].closed && sides_[backend].closed);
  }
  /// Gives the client's socket back. Only for a relay that has not begun.
  [[nodiscard]] KeptFd release_client() noexcept { return std::move(sides_[client].fd); }

 private:
  /// One end of the connection, and the direction of the bytes that come from it.
  struct End {
    KeptFd fd;
    std::array<KeptFd, 2> pipe;  // of this direction: read end, write end
    std::size_t held = 0;        // bytes in the pipe
    std::size_t copied = 0;      // bytes already sent to the other end, but not yet taken from here
    std::uint32_t watched = 0;   // events asked for
    bool wide = false;           // the pipe is wide
    bool blocked = false;        // the other end takes no more for now
    bool lacking = false;        // the kernel had no memory to move bytes on
    bool ended = false;          // nothing more comes from here
    bool closed = false;         // the direction is over: its end was passed on, or it is broken
    bool hung = false;           // the end hung up both ways, and is not in the set any more
    bool failed = false;         // by a reset
    bool seen = false;           // its end was reported, maybe before all its bytes were read
    bool strangers = false;      // descriptors may come with its bytes
  };

  [[nodiscard]] static Side other(Side side) noexcept { return side == client ? backend : client; }
  [[nodiscard]] bool lend_pipe(Side from, bool beyond = false) noexcept;
  void return_pipe(Side from) noexcept;
  void drop_pipe(End& end) noexcept;
  void move(Side from) noexcept;
  [[nodiscard]] ssize_t take_in(Side from) noexcept;
  void pass_on(Side from) noexcept;
  [[nodiscard]] bool copy(Side from) noexcept;
  void end_way(Side from) noexcept;
  void hang_up(Side side, bool failed) noexcept;
  void passed(Side from, ssize_t bytes) noexcept;
  void fail(End& end) noexcept;
  void watch(Side side) noexcept;
  [[nodiscard]] bool settle() noexcept;
  [[nodiscard]] EpollSet::Key key(Side side) const noexcept {
    return side == client ? identity_.client_key : identity_.backend_key;
  }

  const Shared shared_;
  const Identity identity_;
  ProxyCounts& counts_;
  const std::function<bool()> killed_;
  std::array<End, 2> sides_;
  bool broken_ = false;
};

/// Closes a connection so that the other end sees a reset, if its protocol has resets.
void reset_connection(UniqueFd fd) noexcept;

}  // namespace zinit
