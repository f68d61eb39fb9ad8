// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The parameters and results of the client library's methods.
//
// A state or a reason's type is a Word: an enumerator and its text. A member that ends in _us or
// _ms is the protocol's number; the function with the same name without the unit returns it as a
// type of std::chrono.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <zinit/names.hpp>

namespace zinit {
inline namespace v1 {

/// Lines of output that could not be delivered to a sink.
struct DroppedLines {
  std::string sink;
  std::uint64_t lines = 0;
};

using NamesByName = std::map<std::string, std::vector<std::string>>;
using TextByName = std::map<std::string, std::string>;

#define ZINIT_OBJECT(type, name) struct type {
#define ZINIT_MEMBER(type, field, name, shape) type field{};
#define ZINIT_FIELD(type, field) type field{};
#define ZINIT_METHODS(...) __VA_ARGS__
#define ZINIT_END \
  }               \
  ;
#include <zinit/objects.inc>

/// A setting of ProxyConfig: without a value it is the default in zinit.toml(5). A flag is false by
/// default, so it needs no third value.
template <class T>
using ProxySetting = std::conditional_t<std::is_same_v<T, bool>, bool, std::optional<T>>;

/// The settings of a proxy. Addresses are host:port, tcp:host:port, [v6]:port or unix:/path.
struct ProxyConfig {
  std::string name;
  std::vector<std::string> listen;  // at least one
  std::string backend;              // where the service listens
  std::string service;              // the service to start for a connection
// The settings that ProxyStatus has too.
#define ZINIT_OPTION(type, field, name, shape) ProxySetting<type> field{};
#include <zinit/objects.inc>
};

/// The lines that logs_filter() returns.
struct LogFilter {
  std::string name{};     // only lines of this service; empty: of all, zinit and syslog too
  std::string pattern{};  // only lines that contain this text
  std::string stream{};   // only lines of this stream; empty: of any
  std::optional<std::chrono::system_clock::time_point> since{};  // only lines from then on
  std::uint32_t lines = 100;                                     // the last ones, at most this many
};

/// Whether start(), stop() or restart() waits for the outcome.
struct Wait {
  bool settled = false;                            // wait until the service is settled
  std::optional<std::chrono::milliseconds> limit;  // the longest wait; then ErrorCode::timeout
  bool check = true;                               // restart(): nothing stops if a check_exec fails
};

/// The states that wait() can wait for.
enum class WaitFor { running, exited, failed, stopped };

/// The time of a shutdown or similar action; nothing: now.
using ShutdownTime = std::optional<std::chrono::system_clock::time_point>;

inline std::optional<std::chrono::milliseconds> ServiceStatus::uptime() const {
  return uptime_ms ? std::optional(std::chrono::milliseconds(*uptime_ms)) : std::nullopt;
}
inline std::optional<std::chrono::milliseconds> ServiceStatus::restart_in() const {
  return restart_in_ms ? std::optional(std::chrono::milliseconds(*restart_in_ms)) : std::nullopt;
}
inline std::optional<std::chrono::microseconds> ServiceStatus::cpu_time() const {
  return cpu_usec ? std::optional(std::chrono::microseconds(*cpu_usec)) : std::nullopt;
}
}  // namespace v1
}  // namespace zinit
