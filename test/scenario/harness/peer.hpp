// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Both ends of connections: a service that accepts them, and its clients.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/deadline.hpp"

namespace zinit::test {

// --- the service ---

/// The elements of an `exec` array for it, without brackets; peer.cpp lists the words.
std::string peer(const std::vector<std::string>& words);

/// A service file for a peer with these words that does not start at boot; `more` holds whole
/// sections.
std::string peers(const std::vector<std::string>& words, const std::string& more = "");

// --- addresses: as in control.md, "Proxies"; a name always stands for the loopback interface ---

/// A port of the loopback interface that is free at the moment, for IPv4 and for IPv6.
std::string free_port();
/// 127.0.0.1 with a free port.
std::string free_address();
/// Whether the loopback interface has an address of IPv6.
bool has_ipv6();

// --- clients ---

/// One connection of a client. An operation that takes longer than its deadline fails the test.
class Client {
 public:
  explicit Client(const std::string& address);
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Whether a process listens there.
  static bool possible(const std::string& address);

  /// Sends all bytes; false if the other side takes no more.
  bool send(std::string_view bytes);
  /// Sends as much as the socket takes without waiting.
  std::size_t send_some(std::string_view bytes);
  /// Ends the sending side.
  void finish();
  /// Closes it so that the other side sees a reset.
  void reset();
  void close();
  /// Reads exactly that many bytes, or fewer if the connection ends before.
  std::string read(std::size_t bytes, std::chrono::milliseconds deadline = kPatience);
  /// Reads until the end.
  std::string read_all(std::chrono::milliseconds deadline = kPatience);
  /// Sends the bytes and reads as many back.
  std::string echo(const std::string& bytes);
  /// Whether the connection has ended, or now ends, by a reset; drops the data before.
  bool is_reset(std::chrono::milliseconds deadline = kPatience);
  /// Whether it ended by a reset during a read.
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  /// Whether nothing has come so far, not even an end.
  [[nodiscard]] bool quiet() const;
  /// Its own address without the port, and the port.
  [[nodiscard]] std::string own_port() const;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
  bool was_reset_ = false;
};

/// Sends a datagram to `udp:host:port` or `unix-dgram:/path`.
bool send_datagram(const std::string& address, const std::string& text);

// --- bytes ---

/// The byte of the pattern at a place; it reveals lost and doubled bytes. And several of them.
inline char pattern_at(std::uint64_t at) {
  const std::uint64_t mixed = (at / 7 + 1) * 0x9E3779B97F4A7C15U;
  return static_cast<char>(mixed >> (8 * (at % 7)));
}
std::string pattern(std::uint64_t from, std::size_t count);

/// The checksum of all data that was added, in the service's form.
class Sum {
 public:
  void add(std::string_view bytes);
  /// "COUNT SUM"
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 14695981039346656037U;
};
/// The checksum of that many bytes of the pattern.
std::string sum_of_pattern(std::uint64_t bytes);

}  // namespace zinit::test
