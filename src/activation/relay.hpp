// Passes the bytes of one connection on, both ways, until both ways have ended.
//
//   client --splice--> pipe --splice--> backend
//
// splice(2) moves bytes from one socket into a pipe and from there into the other, each as one step
// of the kernel. So a crash of zinit between the two loses nothing, and what a pipe still holds is
// passed on by the next image. A direction has a pipe only while bytes are under way, so an idle
// connection has none; and at most one pipe's worth of bytes, 1 MiB, is taken from a side before
// the other side has taken it.
//
// Where there is no pipe to be had, and from a unix socket that descriptors may come over (before
// Linux 6.16: from any), bytes are peeked at, sent, and then taken from the socket. A crash of
// zinit between the last two steps passes these on twice.
//
//   what a side does          what the other side sees
//   sends its end (FIN)       the end, after all bytes; the other direction goes on
//   resets the connection     a reset
//   closes for good (unix)    the end, after all bytes; then its connection is closed
//
// Where the kernel lacks memory for a step, the bytes stay where they are, and the step is made
// again later.
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
#include "os/kept_descriptors.hpp"

namespace zinit {

/// Pipes that no connection uses at the moment, to save making them for each burst of bytes.
///
/// A pipe is made with room for 16 pages. A wide one has room for 1 MiB: fewer steps wake both ends
/// less often, which is most of what a large transfer costs. That memory is the kernel's, of no
/// cgroup, and pipe(7) limits what a user has of it, log pipes among it; so there are few.
class PipePool {
 public:
  struct Lent {
    Pipe pipe;
    bool wide = false;
  };

  /// @param most  pipes are lent at a time
  explicit PipePool(std::size_t most) noexcept : most_(most) {}

  /// An empty pipe that does not block, a wide one if one is free; with no descriptors if none can
  /// be had.
  [[nodiscard]] Lent take() noexcept;
  /// Makes a pipe wide, if one more may be. @return  whether it is
  [[nodiscard]] bool widen(int pipe) noexcept;
  /// Takes back a pipe that is empty.
  void give(Lent lent) noexcept;
  /// A pipe that was lent was closed. One of the previous process image counts as lent from
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

  /// What all relays share; it outlives them.
  struct Shared {
    EpollSet& set;
    PipePool& pipes;
  };
  /// Whose connection it is.
  struct Identity {
    ProxyTable::Place place;
    std::uint32_t connection;
    EpollSet::Key client_key, backend_key;  // under which the set tells of the sides
  };

  /// `accepted` is the client's, which is in the set already, under its key; the backend is added
  /// by begin(). The counts outlive the relay. `killed` tells whether the backend's end is that of
  /// a process which was killed: then it is passed on as a reset.
  Relay(Shared shared, const Identity& identity, KeptFd accepted, ProxyCounts& counts,
        std::function<bool()> killed);
  /// Closes both sides.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// The client is gone already, and not in the set any more; what it has sent is still passed on.
  /// To be called before begin().
  void client_has_hung_up() noexcept;

  /// Begins to pass bytes on to the backend by `socket`, which is connected, after those of
  /// `header`.
  /// @return  false if that is not possible for now, for want of descriptors or memory; both
  ///          sockets are as before then
  [[nodiscard]] bool begin(UniqueFd& socket, std::string_view header);

  /// A pipe, or an end of one, that the previous process image has left. To be called before
  /// go_on().
  void take_over_pipe(KeptFd fd, std::uint8_t part) noexcept;
  /// Goes on after a re-execution. @return  as ready()
  [[nodiscard]] bool go_on(KeptFd socket);

  /// The set has told of `side`. @return  false if the connection is over: destroy the relay
  [[nodiscard]] bool ready(Side side, std::uint32_t events);

  /// Whether bytes wait because the kernel lacked memory: call again() some time later.
  [[nodiscard]] bool lacks() const noexcept {
    return sides_[client].lacking || sides_[backend].lacking;
  }
  /// @return  as ready()
  [[nodiscard]] bool again() noexcept;

  /// Whether there is nothing more to do.
  [[nodiscard]] bool over() const noexcept {
    return broken_ || (sides_[client].closed && sides_[backend].closed);
  }
  /// Gives the client back, of a relay that has not begun.
  [[nodiscard]] KeptFd release_client() noexcept { return std::move(sides_[client].fd); }

 private:
  /// One end of the connection, and the way of the bytes that come from it.
  struct End {
    KeptFd fd;
    std::array<KeptFd, 2> pipe;  // of that way: read end, write end
    std::size_t held = 0;        // bytes in it
    std::size_t copied = 0;      // bytes that the other end has, and that still wait to be taken
    std::uint32_t watched = 0;   // events asked for
    bool wide = false;           // the pipe is
    bool blocked = false;        // the other end takes no more for now
    bool lacking = false;        // the kernel had no memory to move bytes on
    bool ended = false;          // nothing more comes from here
    bool closed = false;         // the way is: its end was passed on, or nothing can be any more
    bool hung = false;           // both ways are over for this end; it is not in the set any more
    bool failed = false;         // by a reset
    bool seen = false;           // its end was told of, which may be before all bytes were read
    bool strangers = false;      // descriptors may come with its bytes
  };

  [[nodiscard]] static Side other(Side side) noexcept { return side == client ? backend : client; }
  [[nodiscard]] bool lend_pipe(Side from) noexcept;
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

/// Closes a connection so that the other end sees a reset, where its protocol has that.
void reset_connection(UniqueFd fd) noexcept;

}  // namespace zinit
