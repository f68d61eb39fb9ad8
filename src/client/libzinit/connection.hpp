// The unix socket of the client: lines out, lines in, each with a deadline. Knows nothing of JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/time.hpp"

namespace zinit {

/// now + limit; kNever for no limit.
[[nodiscard]] TimePoint deadline_after(const std::optional<Milliseconds>& limit) noexcept;

class ClientConnection {
 public:
  /// connect(2). Throws ClientError: no_server, access_denied, no_answer where the server's backlog
  /// stays full until `deadline`, system_failure.
  ClientConnection(const std::string& path, TimePoint deadline);

  /// Sends `line` and a line end. What the server sends meanwhile is read and kept, so that neither
  /// side waits for the other. A server that reads no more is no error here: it may have said why
  /// before it hung up, and read_line() tells.
  void send_line(std::string line, TimePoint deadline);

  /// The next line, without its end. Throws ClientError: no_answer at the deadline (what has come
  /// so far is kept for the next call), disconnected, bad_answer for a line longer than the limit.
  [[nodiscard]] std::string read_line(TimePoint deadline);

  void set_line_limit(std::size_t bytes) noexcept { line_limit_ = bytes; }

 private:
  /// Waits for one of `events` (poll(2)); throws no_answer at the deadline.
  short wait_for(short events, TimePoint deadline) const;
  /// Takes what is there; false at the end of the stream.
  bool receive();
  [[nodiscard]] std::string take_line(std::size_t end);

  UniqueFd fd_;
  std::string received_;
  std::size_t chunk_;         // bytes read at once; grows when a read fills it
  std::size_t begin_ = 0;     // of the next line in received_
  std::size_t searched_ = 0;  // no line end between begin_ and here
  std::size_t line_limit_ = std::size_t{256} << 20;
};

}  // namespace zinit
