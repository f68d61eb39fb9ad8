// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the proxies have counted, in a memory file that survives a re-execution. Each proxy has a
// place in the table. Kept descriptors name their proxy by its place (KeptNote::owner).
//
// Threads: the control loop's thread claims and frees places. The counts are atomic: the data
// loop's thread counts, any thread reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/function_ref.hpp"
#include "state/memory_file.hpp"

namespace zinit {

/// The counts of one proxy. All but `active` continue over re-executions.
struct ProxyCounts {
  std::atomic<std::uint64_t> total;                     // connections accepted
  std::atomic<std::uint64_t> rejected;                  // of these: closed without a backend
  std::atomic<std::uint64_t> to_backend, from_backend;  // bytes passed on
  std::atomic<std::uint64_t> active;                    // connections now, including waiting ones
};

class ProxyTable {
 public:
  using Place = std::uint16_t;
  static constexpr std::size_t kMost = 4096;

  /// Makes an empty table, which is kept. Errors: those of memfd_create(2) and mmap(2).
  [[nodiscard]] static Result<ProxyTable> create();
  /// Takes over the table of the previous process image. An error if the file is no such table.
  [[nodiscard]] static Result<ProxyTable> take_over(KeptFd file);

  /// The place of the proxy `name`, if it has one.
  [[nodiscard]] std::optional<Place> find(std::string_view name) const noexcept;
  /// The place of the proxy `name`; if it has none yet, a free place with all counts at 0. Nothing
  /// if kMost proxies have places, or without memory.
  [[nodiscard]] std::optional<Place> claim(std::string_view name) noexcept;
  /// Whether all places are taken.
  [[nodiscard]] bool full() const noexcept;
  void free(Place place) noexcept;
  /// Frees each place for which `wanted` returns false.
  void keep_only(FunctionRef<bool(Place)> wanted);
  /// Sets the counts of a claimed place to 0, unless it has connections.
  void count_anew(Place place) noexcept;

  /// The counts of a claimed place.
  [[nodiscard]] ProxyCounts& counts(Place place) const noexcept;
  /// The name of the place's proxy; empty if the place is free.
  [[nodiscard]] std::string name(Place place) const;

 private:
  explicit ProxyTable(MappedFile file) noexcept : file_(std::move(file)) {}

  MappedFile file_;
};

}  // namespace zinit
