// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds listening sockets in /proc. See tcp_ports.hpp.
#include "os/tcp_ports.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/fd.hpp"
#include "base/format.hpp"
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

std::optional<Listener> find_in(const char* table, std::span<const int> ports) {
  const UniqueFile file(std::fopen(table, "re"));
  if (!file) return std::nullopt;
  char line[512];
  // First comes the heading, then listening sockets, then all others, possibly very many.
  if (std::fgets(line, sizeof line, file.get()) == nullptr) return std::nullopt;
  while (std::fgets(line, sizeof line, file.get()) != nullptr) {
    const auto listener = parse_listener(line);
    if (!listener) break;
    if (std::ranges::find(ports, listener->port) != ports.end()) return listener;
  }
  return std::nullopt;
}

bool holds(const std::string& pid, const std::string& socket) {
  const std::string folder = "/proc/" + pid + "/fd";
  const UniqueDirectory descriptors(::opendir(folder.c_str()));
  if (!descriptors) return false;
  while (const dirent* entry = ::readdir(descriptors.get())) {
    char target[64];
    const ssize_t length =
        ::readlinkat(::dirfd(descriptors.get()), entry->d_name, target, sizeof target);
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
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    if (const auto listener = find_in(table, ports)) return listener;
  }
  return std::nullopt;
}

std::vector<pid_t> holders_of_socket(std::uint64_t inode) {
  std::vector<pid_t> holders;
  const std::string socket = fmt::format("socket:[{}]", inode);
  const UniqueDirectory proc(::opendir("/proc"));
  if (!proc) return holders;
  while (const dirent* entry = ::readdir(proc.get())) {
    const auto pid = parse_integer(entry->d_name);
    if (pid && holds(entry->d_name, socket)) holders.push_back(static_cast<pid_t>(*pid));
  }
  std::ranges::sort(holders);
  return holders;
}

std::vector<pid_t> lineage_of(pid_t pid) {
  constexpr int most = 100;  // generations: /proc changes while it is read
  std::vector<pid_t> all;
  for (int i = 0; i < most && pid > 1; ++i) {
    const auto stat = read_process_stat(pid);
    if (!stat) break;
    for (const pid_t each : {pid, stat->group, stat->session}) {
      if (std::ranges::find(all, each) == all.end()) all.push_back(each);
    }
    pid = stat->ppid;
  }
  return all;
}

}  // namespace zinit
