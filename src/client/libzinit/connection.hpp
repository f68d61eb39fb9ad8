// The client's unix socket: sends and receives lines with deadlines. Knows nothing of JSON.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

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

class ClientConnection {
 public:
  /// Connects like connect_to().
  ClientConnection(const std::string& path, TimePoint deadline);

  /// Sends `line` and a line end. Reads and keeps what the server sends meanwhile, so that neither
  /// waits for the other. A closed connection is no error here: read_line() returns the reason if
  /// the server sent one.
  void send_line(std::string line, TimePoint deadline);

  /// The next line, without its end. Throws ClientError: disconnected, bad_answer for a line above
  /// the limit, or no_answer at the deadline. After no_answer the received part is kept.
  [[nodiscard]] std::string read_line(TimePoint deadline);

  /// For a poll(2) together with other descriptors.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// See peer_of().
  [[nodiscard]] std::optional<ucred> server() const noexcept { return peer_of(fd_.get()); }

  void set_line_limit(std::size_t bytes) noexcept { line_limit_ = bytes; }

 private:
  /// Waits for one of `events` (poll(2)); throws no_answer at the deadline.
  short wait_for(short events, TimePoint deadline) const;
  /// Reads the bytes that are there. Returns false at the end of the stream.
  bool receive();
  [[nodiscard]] std::string take_line(std::size_t end);

  UniqueFd fd_;
  std::string received_;
  std::size_t chunk_;         // bytes read at once; grows when a read fills it
  std::size_t begin_ = 0;     // where the next line begins in received_
  std::size_t searched_ = 0;  // from begin_ up to here there is no line end
  std::size_t line_limit_ = std::size_t{256} << 20;
};

}  // namespace zinit
