// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The counts of proxies in a memory file. See proxy_table.hpp.
#include "activation/proxy_table.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "model/spec.hpp"

namespace zinit {

namespace {

constexpr std::uint64_t kMagic = 0x32797870746e697a;  // "zintpxy2"

struct ProxyRow {
  char name[kNameMax + 1];  // empty: free
  ProxyCounts counts;
};

struct Header {
  std::uint64_t magic;
  std::uint64_t used;  // rows ever named; touching rows beyond would allocate their memory
};

constexpr std::size_t kRowsAt = 64;
static_assert(sizeof(Header) <= kRowsAt && kRowsAt % alignof(ProxyRow) == 0);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Where the first `rows` rows end.
constexpr std::size_t rows_end(std::size_t rows) noexcept {
  return kRowsAt + rows * sizeof(ProxyRow);
}

constexpr std::size_t kBytes = rows_end(ProxyTable::kMost);

ProxyRow& row_of(const MappedFile& file, std::size_t place) noexcept {
  return std::launder(reinterpret_cast<ProxyRow*>(file.data() + kRowsAt))[place];
}

Header& header_of(const MappedFile& file) noexcept {
  return *std::launder(reinterpret_cast<Header*>(file.data()));
}

}  // namespace

Result<ProxyTable> ProxyTable::create() {
  auto file = MappedFile::create_sparse("zinit-proxies", kBytes, kRowsAt);
  if (!file) return Failure(std::move(file.error()));
  header_of(*file).magic = kMagic;
  file->keep({KeptKind::proxy_table});
  return ProxyTable(*std::move(file));
}

Result<ProxyTable> ProxyTable::take_over(KeptFd kept) {
  auto file = MappedFile::map(std::move(kept));
  if (!file) return Failure(std::move(file.error()));
  if (file->size() < kBytes || header_of(*file).magic != kMagic)
    return failure("the proxies' counts from the previous process image have another version");
  Header& header = header_of(*file);
  header.used = std::min<std::uint64_t>(header.used, kMost);
  for (std::size_t place = 0; place < header.used; ++place) {
    ProxyRow& row = row_of(*file, place);
    row.name[kNameMax] = '\0';
    if (row.name[0] != '\0') row.counts.active = 0;
  }
  return ProxyTable(*std::move(file));
}

std::optional<ProxyTable::Place> ProxyTable::find(std::string_view name) const noexcept {
  for (std::size_t place = 0; place < header_of(file_).used; ++place)
    if (name == row_of(file_, place).name) return static_cast<Place>(place);
  return std::nullopt;
}

std::optional<ProxyTable::Place> ProxyTable::claim(std::string_view name) noexcept {
  if (name.empty() || name.size() > kNameMax) return std::nullopt;
  if (const auto there = find(name)) return there;
  auto free_place = find({});
  std::uint64_t& used = header_of(file_).used;
  if (!free_place && (used == kMost || !file_.reserve(rows_end(used + 1)))) return std::nullopt;
  if (!free_place) free_place = static_cast<Place>(used++);
  ProxyRow& row = row_of(file_, *free_place);
  row.counts.active = 0;
  count_anew(*free_place);
  in_order();
  std::memcpy(row.name, name.data(), name.size());
  row.name[name.size()] = '\0';
  return free_place;
}

void ProxyTable::count_anew(Place place) noexcept {
  ProxyCounts& of = counts(place);
  if (of.active != 0) return;
  of.total = of.rejected = 0;
  of.to_backend = of.from_backend = 0;
}

void ProxyTable::keep_only(FunctionRef<bool(Place)> wanted) {
  for (std::size_t place = 0; place < header_of(file_).used; ++place)
    if (!wanted(static_cast<Place>(place))) free(static_cast<Place>(place));
}

bool ProxyTable::full() const noexcept { return header_of(file_).used == kMost && !find({}); }

void ProxyTable::free(Place place) noexcept { row_of(file_, place).name[0] = '\0'; }

ProxyCounts& ProxyTable::counts(Place place) const noexcept { return row_of(file_, place).counts; }

std::string ProxyTable::name(Place place) const {
  return place < header_of(file_).used ? std::string(row_of(file_, place).name) : std::string();
}

}  // namespace zinit
