// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The memory of what waits in sinks. It is one memory file, so the next image of zinit finds what
// was not delivered, after a crash too.
//
// The file has chunks of kChunk bytes. A queue is a sequence of chunks, and each chunk describes
// itself: the label of its queue, its place in the order of all chunks, and which of its bytes
// wait. So damage to one chunk costs this chunk only. A chunk in use takes memory for its text, and
// a few unused chunks keep theirs for the next lines. If the file has no more chunks or the kernel
// no memory for it, a chunk is in ordinary memory, which a re-execution loses.
//
// Threads: SinkArea any. A SinkChunk is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "io/log_file.hpp"
#include "state/memory_file.hpp"

namespace zinit {

class SinkArea;

/// A piece of a sink's queue. An object without a chunk has no text and no room.
class SinkChunk final : public WriteListener {
 public:
  struct Header;

  SinkChunk() noexcept = default;
  SinkChunk(SinkChunk&& other) noexcept { *this = std::move(other); }
  SinkChunk& operator=(SinkChunk&& other) noexcept;
  /// Gives the chunk back, with what waits in it.
  ~SinkChunk();

  /// What waits. Changes of the chunk do not move it.
  [[nodiscard]] std::string_view waiting() const noexcept;
  /// All text since the chunk was made, and how much of it waits no more.
  [[nodiscard]] std::string_view text() const noexcept;
  [[nodiscard]] std::size_t taken() const noexcept;

  /// Makes sure that add() may be called for `bytes` more. Returns false if the chunk is full, or
  /// without memory.
  [[nodiscard]] bool reserve(std::size_t bytes) noexcept;
  /// Adds text behind the waiting text. The next image sees it from commit() on.
  void add(std::string_view text) noexcept;
  void commit() noexcept;

  /// The first `bytes` bytes of the waiting text wait no more.
  void took(std::size_t bytes) noexcept;

  // For the writer of a file, who writes from the beginning of the waiting text.
  void begins(const FilePlace& place) noexcept override;
  void wrote(std::size_t bytes) noexcept override { took(bytes); }
  /// Where the previous image may have written the beginning of the waiting text, if it was about
  /// to.
  [[nodiscard]] std::optional<FilePlace> perhaps_at() const noexcept;

 private:
  friend class SinkArea;
  [[nodiscard]] char* at(std::size_t offset) const noexcept;

  Header* header_ = nullptr;
  SinkArea* area_ = nullptr;  // null: in ordinary memory
  std::uint32_t index_ = 0;
  std::uint32_t end_ = 0;       // with what is not committed yet
  std::uint32_t reserved_ = 0;  // bytes with memory
};

class SinkArea {
 public:
  static constexpr std::size_t kChunk = std::size_t{256} << 10;
  /// Room for text in a chunk, whatever its label.
  static constexpr std::size_t kText = kChunk - 8192;
  /// Including one for the file's own header.
  static constexpr std::uint32_t kMostChunks = 1024;
  /// Memory that unused chunks keep after trim().
  static constexpr std::size_t kSpare = kChunk;

  /// Takes over what the previous image left in `inherited`, if there is one; otherwise makes the
  /// file. Logs a failure, and damage. Chunks must not outlive this object.
  explicit SinkArea(Inheritance* inherited = nullptr);
  SinkArea& operator=(SinkArea&&) = delete;

  /// A new chunk of the queue `label`, with room for `bytes`, which are at most kText. It is in
  /// ordinary memory if `area` is null. May throw std::bad_alloc.
  [[nodiscard]] static SinkChunk chunk(SinkArea* area, std::string_view label, std::size_t bytes);

  /// The chunks that the previous image left in the queue `label`, in their order, once.
  [[nodiscard]] std::vector<SinkChunk> take_left(const std::string& label) EXCLUDES(mutex_);
  /// The queues whose chunks nobody has taken.
  [[nodiscard]] std::vector<std::string> labels_left() EXCLUDES(mutex_);

  /// Gives most memory of unused chunks back to the kernel. Call when a queue is empty again.
  void trim() noexcept EXCLUDES(mutex_);

  /// Bytes that the file takes now; 0 if this is not known.
  [[nodiscard]] std::size_t memory() const noexcept;

  struct Header;

 private:
  friend class SinkChunk;
  [[nodiscard]] SinkChunk::Header* header_of(std::uint32_t index) const noexcept;
  [[nodiscard]] bool take_over(KeptFd before);
  [[nodiscard]] bool read_chunk(std::uint32_t index, SinkChunk& chunk, std::string& label) const;
  [[nodiscard]] bool take_free(std::string_view label, SinkChunk& chunk) EXCLUDES(mutex_);
  void give_back(std::uint32_t index, std::uint32_t reserved) noexcept EXCLUDES(mutex_);

  MappedFile file_;

  struct Free {
    std::uint32_t index;
    std::uint32_t reserved;  // bytes with memory
  };
  Mutex mutex_;
  std::vector<Free> free_ GUARDED_BY(mutex_);  // the last one is used next
  std::size_t spare_ GUARDED_BY(mutex_) = 0;   // bytes of free_ with memory
  std::uint32_t chunks_ GUARDED_BY(mutex_) = 1;
  std::uint64_t sequence_ GUARDED_BY(mutex_) = 0;  // of the newest chunk
  std::map<std::string, std::vector<SinkChunk>> left_ GUARDED_BY(mutex_);
};

}  // namespace zinit
