// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds listening sockets in /proc. See tcp_ports.hpp.
#include "os/tcp_ports.hpp"

#include <netinet/in.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "base/directory.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

// Columns of the table, counted from 0 (net/ipv4/tcp_ipv4.c, get_tcp4_sock).
constexpr std::size_t kLocal = 1;
constexpr std::size_t kState = 3;
constexpr std::size_t kInode = 9;
constexpr std::string_view kListening = "0A";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words = split(trim(line), ' ');
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

constexpr std::array kTables = {"/proc/net/tcp", "/proc/net/tcp6"};

/// The host of an address as it stands in the table, in numbers as they lie in memory.
std::string host_in_table(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET)
    return fmt::format("{:08X}", reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
  std::string host;
  for (const std::uint32_t part :
       reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr32)
    host += fmt::format("{:08X}", part);
  return host;
}

/// Whether sockets at these hosts, as in the table, exclude each other: one is for all addresses,
/// or both are the same, one of them perhaps an IPv4 address in the form of IPv6.
bool exclude(std::string_view one, std::string_view other) {
  const auto any = [](std::string_view host) {
    return host.find_first_not_of('0') == std::string_view::npos;
  };
  return any(one) || any(other) || one.ends_with(other) || other.ends_with(one);
}

template <class Wanted>
std::optional<Listener> find_in(const char* table, Wanted wanted) {
  const UniqueFile file(std::fopen(table, "re"));
  if (!file) return std::nullopt;
  char line[512];
  // First comes the heading, then listening sockets, then all others, possibly very many.
  if (std::fgets(line, sizeof line, file.get()) == nullptr) return std::nullopt;
  while (std::fgets(line, sizeof line, file.get()) != nullptr) {
    const auto listener = parse_listener(line);
    if (!listener) break;
    if (wanted(*listener, line)) return listener;
  }
  return std::nullopt;
}

bool holds(const std::string& pid, const std::string& socket) {
  Directory descriptors("/proc/" + pid + "/fd");
  while (const dirent* entry = descriptors.next()) {
    char target[64];
    const ssize_t length = ::readlinkat(descriptors.fd(), entry->d_name, target, sizeof target);
    if (length > 0 && std::string_view(target, static_cast<std::size_t>(length)) == socket)
      return true;
  }
  return false;
}

}  // namespace

std::optional<Listener> parse_listener(std::string_view line) {
  const auto words = words_of(line);
  if (words.size() <= kInode || words[kState] != kListening) return std::nullopt;
  const std::string_view local = words[kLocal];
  const auto colon = local.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Listener listener;
  const char* end = local.data() + local.size();
  const auto read = std::from_chars(local.data() + colon + 1, end, listener.port, 16);
  const auto inode = parse_integer(words[kInode]);
  if (read.ec != std::errc() || read.ptr != end || !inode || *inode < 0) return std::nullopt;
  listener.inode = static_cast<std::uint64_t>(*inode);
  return listener;
}

std::optional<Listener> find_listener(std::span<const int> ports) {
  const auto wanted = [&](const Listener& one, std::string_view /*line*/) {
    return contains(ports, one.port);
  };
  for (const char* table : kTables)
    if (const auto listener = find_in(table, wanted)) return listener;
  return std::nullopt;
}

std::string holder_of_address(const sockaddr_storage& address) {
  // The port lies at the same place in addresses of both families.
  const int port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  const std::string host = host_in_table(address);
  const auto wanted = [&](const Listener& one, std::string_view line) {
    return one.port == port && exclude(split(words_of(line)[kLocal], ':').front(), host);
  };
  for (const char* table : kTables) {
    const auto listener = find_in(table, wanted);
    if (!listener) continue;
    const auto holders = holders_of_socket(listener->inode);
    const bool own = contains(holders, ::getpid());
    return own || holders.empty() ? std::string() : process_text(holders.front());
  }
  return {};
}

std::vector<pid_t> holders_of_socket(std::uint64_t inode) {
  std::vector<pid_t> holders;
  const std::string socket = fmt::format("socket:[{}]", inode);
  for (const std::string& name : names_in("/proc"))
    if (const auto pid = parse_integer(name); pid && holds(name, socket))
      holders.push_back(static_cast<pid_t>(*pid));
  sort_values(holders);
  return holders;
}

std::vector<pid_t> lineage_of(pid_t pid) {
  constexpr int most = 100;  // generations: /proc changes while it is read
  std::vector<pid_t> all;
  for (int i = 0; i < most && pid > 1; ++i) {
    const auto stat = read_process_stat(pid);
    if (!stat) break;
    for (const pid_t each : {pid, stat->group, stat->session}) {
      add_once(all, each);
    }
    pid = stat->ppid;
  }
  return all;
}

}  // namespace zinit
