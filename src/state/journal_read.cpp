// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reading a journal, which may be damaged.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/format.hpp"
#include "state/journal_record.hpp"

namespace zinit {

namespace {

// Limits for any version: larger values count as damage, so that they cannot cost much memory.
constexpr std::size_t kMaxRecordSize = 65536;
constexpr std::size_t kMaxRecords = 1u << 19;

bool whole(const char* block, std::size_t size) noexcept {
  std::uint64_t checksum;
  std::memcpy(&checksum, block, sizeof checksum);
  return checksum == checksum_of(reinterpret_cast<const std::byte*>(block), size);
}

/// The bytes of a journal, and access to its undamaged records.
class Image {
 public:
  [[nodiscard]] static Result<Image> load(int fd);

  [[nodiscard]] std::size_t slots() const noexcept {
    const std::size_t records = (bytes_.size() - kRecordsAt) / record_size_;
    return records > kFirstSlot ? records - kFirstSlot : 0;
  }

  /// The record `index`; nothing: it is damaged.
  [[nodiscard]] std::optional<RawRecord> record(std::size_t index) const noexcept;

  [[nodiscard]] bool never_written(std::size_t index) const noexcept;

  [[nodiscard]] std::vector<JournalLaunch> launches() const;

 private:
  [[nodiscard]] bool find_header(std::uint32_t& version) noexcept;

  std::string bytes_;
  std::size_t record_size_ = 0;
};

bool Image::find_header(std::uint32_t& version) noexcept {
  for (const std::size_t at : kHeaderCopies) {
    JournalHeader header;
    if (bytes_.size() < kRecordsAt || !whole(bytes_.data() + at, sizeof header)) continue;
    std::memcpy(&header, bytes_.data() + at, sizeof header);
    version = header.version;
    record_size_ = header.record_size;
    if (header.magic == kJournalMagic) return true;
  }
  return false;
}

Result<Image> Image::load(int fd) {
  auto bytes = read_memory_file(fd, kRecordsAt + kMaxRecords * sizeof(JournalRecord));
  if (!bytes) return failure("cannot read the journal: " + bytes.error().text);
  Image image;
  image.bytes_ = std::move(*bytes);
  std::uint32_t version = 0;
  if (!image.find_header(version))
    return failure("cannot read the journal: the file is damaged, or is not a journal");
  if (version != kJournalVersion) {
    return Failure(
        Error{fmt::format("cannot read the journal: version {}; this zinit knows version {}",
                          version, kJournalVersion),
              ENOTSUP});
  }
  if (image.record_size_ < offsetof(JournalRecord, state) || image.record_size_ % 8 != 0 ||
      image.record_size_ > kMaxRecordSize)
    return failure("cannot read the journal: impossible size of records");
  return image;
}

bool Image::never_written(std::size_t index) const noexcept {
  const char* at = bytes_.data() + record_offset(index, record_size_);
  return std::all_of(at, at + record_size_, [](char byte) { return byte == 0; });
}

std::optional<RawRecord> Image::record(std::size_t index) const noexcept {
  const std::size_t offset = record_offset(index, record_size_);
  if (offset + record_size_ > bytes_.size()) return std::nullopt;
  const char* at = bytes_.data() + offset;
  if (!whole(at, record_size_)) return std::nullopt;
  // First the part that every version has, with the size of the fixed part.
  JournalRecord head{};
  std::memcpy(&head, at, offsetof(JournalRecord, state));
  if (head.size != record_size_ || head.fixed_size > record_size_ || head.sequence == 0)
    return std::nullopt;
  RawRecord raw{default_record(), {}};
  std::memcpy(&raw.fields, at, std::min<std::size_t>(head.fixed_size, kJournalFixed));
  raw.text = {at + head.fixed_size, record_size_ - head.fixed_size};
  const std::size_t texts =
      std::size_t{raw.fields.name_size} + raw.fields.file_size + raw.fields.reason_size;
  if (texts > raw.text.size()) return std::nullopt;
  return raw;
}

std::vector<JournalLaunch> Image::launches() const {
  std::vector<JournalLaunch> under_way;
  for (std::size_t i = 0; i < kLaunches; ++i) {
    std::array<std::uint32_t, sizeof(LaunchCell) / 4> cell;
    std::memcpy(cell.data(), bytes_.data() + kLaunchesAt + i * sizeof cell, sizeof cell);
    const auto [pid, slot, what, end] = cell;
    if (slot == 0) continue;
    JournalLaunch launch{slot - 1, static_cast<std::uint8_t>(what), static_cast<pid_t>(pid)};
    if ((end & kEnded) != 0)
      launch.end = {(end & kEndedBySignal) != 0, static_cast<int>(end & kEndedValue), false};
    under_way.push_back(std::move(launch));
  }
  return under_way;
}

/// The newer of a slot's own record and a redo record of the same slot and kind.
std::optional<RawRecord> newest(const std::optional<RawRecord>& own,
                                const std::optional<RawRecord>& redo, RecordKind kind, Slot slot) {
  const auto fits = [&](const std::optional<RawRecord>& raw) {
    return raw && raw->fields.slot == slot &&
           (raw->fields.kind == kind ||
            (kind == RecordKind::service && raw->fields.kind == RecordKind::free));
  };
  if (!fits(own)) return fits(redo) ? redo : std::nullopt;
  return fits(redo) && redo->fields.sequence > own->fields.sequence ? redo : own;
}

}  // namespace

Result<JournalImage> read_journal(const std::string& path) {
  const auto file = open_fd(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return Failure(file.error());
  struct stat status {};
  if (::fstat(file->get(), &status) < 0) return sys_failure("look at", path);
  if (status.st_uid != ::geteuid()) return sys_failure("read", path, EPERM);
  return read_journal(file->get());
}

Result<JournalImage> read_journal(int fd) {
  auto image = Image::load(fd);
  if (!image) return Failure(image.error());
  JournalImage result;
  const auto redo = image->record(kRedoRecord);
  if (const auto world = newest(image->record(kWorldRecord), redo, RecordKind::world, kNoSlot)) {
    result.world = world_of(*world);
  }
  result.launches = image->launches();
  for (Slot slot = 0; slot < image->slots(); ++slot) {
    const auto raw = newest(image->record(kFirstSlot + slot), redo, RecordKind::service, slot);
    if (!raw)
      result.damaged += image->never_written(kFirstSlot + slot) ? 0 : 1;
    else if (raw->fields.kind == RecordKind::service && raw->fields.name_size > 0)
      result.entries.push_back(entry_of(*raw));
  }
  return result;
}

}  // namespace zinit
