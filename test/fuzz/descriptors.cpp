// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the list of descriptors from the previous process image: listed and open descriptors are
// taken over, each once, and no other descriptor is touched.
#include "fuzz/fuzz.hpp"

#include <fcntl.h>

#include <map>

#include "state/kept_descriptors.hpp"
#include "state/memory_file.hpp"

namespace zinit::fuzz {
namespace {

// Only this program uses the numbers from kFirst on; the even ones are open.
constexpr std::size_t kFirst = 100, kCount = 64, kHeader = 32, kEntry = 16;

std::string number(std::uint64_t value, std::size_t size) {
  std::string bytes(size, '\0');
  std::memcpy(bytes.data(), &value, std::min(size, sizeof value));
  return bytes;
}

std::string header(std::uint32_t end) {
  return number(0x7470656b74696e7a, 8) + number(1, 4) + number(end, 4) + number(1, 16);
}

/// Makes a list with this header, whose entries from kFirst on are `entries`.
int list_of(std::string_view header, std::string_view entries) {
  std::string bytes(header.substr(0, kHeader));
  bytes.resize(kHeader + kFirst * kEntry);
  bytes += entries.substr(0, kCount * kEntry);
  auto file = make_memory_file("fuzz");
  require(file && ::write(file->get(), bytes.data(), bytes.size()) == std::ssize(bytes));
  return ::fcntl(file->get(), F_DUPFD_CLOEXEC, static_cast<int>(kFirst + kCount));
}

void open_some() {
  for (std::size_t fd = kFirst; fd < kFirst + kCount; fd += 2)
    require(::dup2(STDERR_FILENO, static_cast<int>(fd)) >= 0);
}

bool is_open(std::size_t fd) { return ::fcntl(static_cast<int>(fd), F_GETFD) >= 0; }

/// Takes all descriptors of the list, and closes them. @return  the noted kind, by number
std::map<std::size_t, unsigned> taken(Inheritance left) {
  std::map<std::size_t, unsigned> all;
  for (unsigned kind = 0; kind < 256; ++kind) {
    std::uint64_t noted = 0;
    for (Inheritance::One& one : left.take_all(static_cast<KeptKind>(kind))) {
      const auto fd = static_cast<std::size_t>(one.fd.get());
      require(::fcntl(one.fd.get(), F_GETFD) == FD_CLOEXEC);
      require(noted <= one.noted && all.emplace(fd, kind).second);
      noted = one.noted;
    }
  }
  return all;
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> words{header(kFirst + kCount), header(~0u), number(1, 8)};
  for (unsigned kind = 0; kind < 20; ++kind) words.insert(number(kind, 1) + number(0, 15));
  return words;
}

void look_at(std::string_view input) {
  std::string entries(input.substr(std::min(input.size(), kHeader)));
  // Processes that close descriptors are no one's to take: state/disposal.hpp counts them at once.
  for (std::size_t at = 0; at < entries.size(); at += kEntry)
    if (static_cast<KeptKind>(entries[at]) == KeptKind::disposal) entries[at] = 0;
  open_some();
  if (auto left = Inheritance::take_over(list_of(input, entries)))
    static_cast<void>(taken(*std::move(left)));
  open_some();
  auto left = Inheritance::take_over(list_of(header(kFirst + kCount), entries));
  require(left.has_value());
  const auto all = taken(*std::move(left));
  for (std::size_t i = 0; i < kCount; ++i) {
    const unsigned kind =
        (i + 1) * kEntry <= entries.size() ? static_cast<std::uint8_t>(entries[i * kEntry]) : 0;
    const auto found = all.find(kFirst + i);
    require((found != all.end()) == (i % 2 == 0 && kind != 0));
    if (found != all.end()) require(found->second == kind);
    require(is_open(kFirst + i) == (i % 2 == 0 && kind == 0));
  }
}

}  // namespace zinit::fuzz
