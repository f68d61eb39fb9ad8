// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The file of facts: consecutive records. The last record with a key counts. See state_facts.hpp.
#include "state/state_facts.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/checksum.hpp"
#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "state/memory_file.hpp"

namespace zinit {

namespace {

// After damage a reader looks for the next mark, at a multiple of kAlign.
constexpr std::uint32_t kMark = 0x74636166;  // "fact"
constexpr std::size_t kAlign = 8;

struct RecordHead {
  std::uint64_t checksum;  // of the rest of the record, with its padding
  std::uint32_t mark;
  std::uint32_t key_size;
  std::uint64_t value_size;
};

// A larger key or value is damage.
constexpr std::uint64_t kMaxKey = 256;
constexpr std::uint64_t kMaxValue = 64 << 20;

constexpr std::uint64_t kFirstRewrite = 65536;
// For the file: far more than the configuration of all services that one process can have.
constexpr std::uint64_t kMostFacts = std::uint64_t{512} << 20;

std::uint64_t sum_of(std::string_view record) noexcept {
  return checksum_of(reinterpret_cast<const std::byte*>(record.data()), record.size());
}

/// The padding after a text of this size in the file.
constexpr std::uint64_t padding_of(std::uint64_t size) noexcept {
  return (kAlign - size % kAlign) % kAlign;
}

void add_record(std::string& to, std::string_view key, std::string_view value) {
  const std::size_t begin = to.size();
  RecordHead head{0, kMark, static_cast<std::uint32_t>(key.size()), value.size()};
  to.append(sizeof head, '\0').append(key).append(value);
  to.append(padding_of(to.size()), '\0');
  std::memcpy(to.data() + begin, &head, sizeof head);
  head.checksum = sum_of(std::string_view(to).substr(begin));
  std::memcpy(to.data() + begin, &head, sizeof head);
}

bool fits(std::string_view key, std::string_view value) noexcept {
  return key.size() <= kMaxKey && value.size() <= kMaxValue;
}

Failure too_large(std::string_view key) {
  const std::string_view shown = key.substr(0, kMaxKey);
  return sys_failure("keep for the next image", printable(shown), E2BIG);
}

/// pwrite(2), repeated on EINTR and short writes.
Result<void> write_at(int fd, std::string_view data, std::uint64_t at) {
  while (!data.empty()) {
    const ssize_t count = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return sys_failure("write", "the facts for the next image");
    data.remove_prefix(static_cast<std::size_t>(count));
    at += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace

FactMap parse_facts(std::string_view bytes) {
  FactMap facts;
  while (bytes.size() >= sizeof(RecordHead)) {
    RecordHead head;
    std::memcpy(&head, bytes.data(), sizeof head);
    std::uint64_t size = sizeof head + head.key_size + head.value_size;
    size += padding_of(size);
    const bool whole = head.mark == kMark && head.key_size <= kMaxKey &&
                       head.value_size <= kMaxValue && size <= bytes.size() &&
                       head.checksum == sum_of(bytes.substr(0, size));
    if (whole) {
      const std::string_view key = bytes.substr(sizeof head, head.key_size);
      const std::string_view value = bytes.substr(sizeof head + head.key_size, head.value_size);
      if (value.empty())
        facts.erase(std::string(key));
      else
        facts.insert_or_assign(std::string(key), std::string(value));
    }
    bytes.remove_prefix(whole ? size : kAlign);
  }
  return facts;
}

FactMap facts_below(const FactMap& facts, std::string_view prefix) {
  FactMap below;
  each_below(facts, prefix,
             [&](std::string_view rest, const std::string& value) { below.emplace(rest, value); });
  return below;
}

Result<FactMap> read_facts(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) == 0 && static_cast<std::uint64_t>(status.st_size) > kMostFacts) {
    return failure(
        fmt::format("cannot read the facts of the previous process image: they are damaged ({} "
                    "bytes; the limit is {})",
                    status.st_size, kMostFacts));
  }
  const auto bytes = read_memory_file(fd);
  if (!bytes)
    return failure("cannot read the facts of the previous process image: " + bytes.error().text);
  return parse_facts(*bytes);
}

Result<void> StateFacts::rewrite(const FactMap& facts) {
  auto made = make_memory_file("zinit-facts");
  if (!made) return Failure(std::move(made.error()));
  std::string bytes;
  for (const auto& [key, value] : facts) add_record(bytes, key, value);
  if (auto written = write_at(made->get(), bytes, 0); !written)
    return Failure(std::move(written.error()));
  file_ = KeptFd(std::move(*made), {KeptKind::facts});
  size_ = bytes.size();
  rewrite_at_ = std::max(kFirstRewrite, size_ * 2);
  return {};
}

/// Appends whole records.
Result<void> StateFacts::append(const std::string& records) {
  if (!file_) {
    if (auto made = rewrite({}); !made) return made;
  } else if (size_ >= rewrite_at_) {
    // If descriptors or memory are short, the records go to the end of this file.
    const auto facts = read_facts(file_.get());
    if (!facts || !rewrite(*facts)) rewrite_at_ = size_ + kFirstRewrite;
  }
  if (size_ + records.size() > kMostFacts)
    return sys_failure("keep", "more facts for the next process image", EFBIG);
  // At this offset, to overwrite what a failed write may have left there.
  kill_point("facts.before");
  if (auto written = write_at(file_.get(), records, size_); !written) return written;
  kill_point("facts.after");
  size_ += records.size();
  return {};
}

Result<void> StateFacts::go_on(KeptFd file, const FactMap& facts) {
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) return sys_failure("look at", "the facts");
  MutexLock lock(mutex_);
  file_ = std::move(file);
  // The last record may be torn. A reader finds the next one at a multiple of the alignment.
  size_ = static_cast<std::uint64_t>(status.st_size);
  size_ += padding_of(size_);
  // By the size of its current facts: by the file's size, it would grow from image to image.
  std::uint64_t live = 0;
  for (const auto& [key, value] : facts)
    live += sizeof(RecordHead) + kAlign + key.size() + value.size();
  rewrite_at_ = std::max(kFirstRewrite, live * 2);
  return {};
}

Result<void> StateFacts::set(std::string_view key, std::string_view value) {
  if (!fits(key, value)) return too_large(key);
  std::string record;
  add_record(record, key, value);
  MutexLock lock(mutex_);
  return append(record);
}

void StateFacts::keep(std::string_view key, std::string_view value) noexcept {
  try {
    if (const auto kept = set(key, value); !kept) log_error("{}", kept.error().text);
  } catch (const std::bad_alloc&) {
    log_error("cannot keep {} for the next process image: no memory", key);
  }
}

void StateFacts::keep(const FactMap& facts) noexcept {
  try {
    if (const auto kept = set(facts); !kept) log_error("{}", kept.error().text);
  } catch (const std::bad_alloc&) {
    log_error("cannot keep facts for the next process image: no memory");
  }
}

Result<void> StateFacts::set(const FactMap& facts) {
  std::string records;
  Result<void> all;
  for (const auto& [key, value] : facts) {
    if (fits(key, value))
      add_record(records, key, value);
    else
      all = too_large(key);
  }
  if (records.empty()) return all;
  MutexLock lock(mutex_);
  auto written = append(records);
  return written ? std::move(all) : std::move(written);
}

}  // namespace zinit
