#pragma once
// Both ends of connections: a service that others connect to, and what connects to it.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/deadline.hpp"

namespace zinit::test {

// --- the service ---

/// The elements of an `exec` array for it, without brackets; peer.cpp says what the words are.
std::string peer(const std::vector<std::string>& words);

/// A service file of one that takes these words and is not started at boot; `more` are whole
/// sections.
std::string peers(const std::vector<std::string>& words, const std::string& more = "");

// --- addresses: as in control.md, "Proxies", where a name is always that of the loopback ---

/// A port of the loopback that nobody has at the moment, neither of IPv4 nor of IPv6.
std::string free_port();
/// 127.0.0.1 with a free port.
std::string free_address();
/// Whether the loopback has an address of IPv6.
bool has_ipv6();

// --- what connects ---

/// One connection, as a client has it. What takes longer than the deadline fails the test.
class Client {
 public:
  explicit Client(const std::string& address);
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Whether somebody listens there.
  static bool possible(const std::string& address);

  /// All of it; false if the other side takes no more.
  bool send(std::string_view bytes);
  /// As much as is taken without waiting.
  std::size_t send_some(std::string_view bytes);
  /// Sends no more.
  void finish();
  /// Closes it so that the other side sees a reset.
  void reset();
  void close();
  /// Exactly so many bytes, or fewer if the connection ends before.
  std::string read(std::size_t bytes, std::chrono::milliseconds deadline = kPatience);
  /// All that comes until the end.
  std::string read_all(std::chrono::milliseconds deadline = kPatience);
  /// Sends the bytes and reads as many.
  std::string echo(const std::string& bytes);
  /// Whether the connection has ended, or ends now, by a reset; what comes before is dropped.
  bool is_reset(std::chrono::milliseconds deadline = kPatience);
  /// Whether it ended by a reset while it was read.
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  /// Whether nothing has come so far, not even an end.
  [[nodiscard]] bool quiet() const;
  /// The address that it has itself, without the port, and the port.
  [[nodiscard]] std::string own_port() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
  bool was_reset_ = false;
};

/// A datagram to `udp:host:port` or `unix-dgram:/path`.
bool send_datagram(const std::string& address, const std::string& text);

// --- bytes ---

/// The byte of the pattern at a place, by which one that is lost or doubled is seen; and some.
inline char pattern_at(std::uint64_t at) {
  const std::uint64_t mixed = (at / 7 + 1) * 0x9E3779B97F4A7C15U;
  return static_cast<char>(mixed >> (8 * (at % 7)));
}
std::string pattern(std::uint64_t from, std::size_t count);

/// The sum of what has gone through it, as the service tells it.
class Sum {
 public:
  void add(std::string_view bytes);
  /// "COUNT SUM"
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 14695981039346656037U;
};
/// That of so many bytes of the pattern.
std::string sum_of_pattern(std::uint64_t bytes);

}  // namespace zinit::test
