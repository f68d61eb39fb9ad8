// What the proxies have counted, in a memory file that stays over a re-execution. Each proxy has a
// place in it, by which kept descriptors name their proxy (KeptNote::owner).
//
// Threads: places are claimed and freed by the control loop's thread; the counts are atomic, so
// that the data loop's thread counts and any other reads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "os/memory_file.hpp"

namespace zinit {

/// The counts of one proxy. All but `active` go on over re-executions.
struct ProxyCounts {
  std::atomic<std::uint64_t> total;                     // connections accepted
  std::atomic<std::uint64_t> rejected;                  // of these: closed without a backend
  std::atomic<std::uint64_t> to_backend, from_backend;  // bytes passed on
  std::atomic<std::uint64_t> active;  // connections there are, those that wait among them
};

class ProxyTable {
 public:
  using Place = std::uint16_t;
  static constexpr std::size_t kMost = 4096;

  /// An empty table, which is kept. Errors are those of memfd_create(2) and mmap(2).
  [[nodiscard]] static Result<ProxyTable> create();
  /// Goes on with the table of the previous process image. An error if it is none.
  [[nodiscard]] static Result<ProxyTable> take_over(KeptFd file);

  /// The place that the proxy `name` has.
  [[nodiscard]] std::optional<Place> find(std::string_view name) const noexcept;
  /// The place of the proxy `name`: the one that it has, else a free one with all counts at 0.
  /// Nothing if kMost proxies have one.
  [[nodiscard]] std::optional<Place> claim(std::string_view name) noexcept;
  void free(Place place) noexcept;
  /// Frees all places that `wanted` says false of.
  void keep_only(const std::function<bool(Place)>& wanted);
  /// Sets the counts of a place that is claimed to 0, unless there are connections.
  void count_anew(Place place) noexcept;

  /// Of a place that is claimed.
  [[nodiscard]] ProxyCounts& counts(Place place) const noexcept;
  /// The proxy that has the place; empty if none has.
  [[nodiscard]] std::string name(Place place) const;

 private:
  explicit ProxyTable(MappedFile file) noexcept : file_(std::move(file)) {}

  MappedFile file_;
};

}  // namespace zinit
