// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files in memory. Their content survives a re-execution, because a descriptor stays open over
// execve(2) and the heap does not.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

/// Makes an empty file in memory, close-on-exec. A seal keeps anybody from shortening it, because
/// this would cause a SIGBUS in its mapping. If the kernel refuses the seal, the file is used
/// without it. /proc/PID/fd shows `name`. (memfd_create(2), F_SEAL_SHRINK)
/// @param program  whether it may be executed
[[nodiscard]] Result<UniqueFd> make_memory_file(const char* name, bool program = false);

/// Makes an empty file in `directory` that has no name yet. The directory must be on a file system
/// in memory, so that no store to the file's mapping waits for a disk. ENOTSUP: it is elsewhere.
/// (O_TMPFILE, statfs(2))
[[nodiscard]] Result<UniqueFd> make_nameless_file(const std::string& directory);
/// Gives such a file a name, in place of a file of this user. Then it outlives the process, however
/// the process ends. (linkat(2), rename(2))
[[nodiscard]] Result<void> name_file(int fd, const std::string& path);

/// Reads the memory file `fd`, at most its first `most` bytes. (pread(2))
[[nodiscard]] Result<std::string> read_memory_file(int fd, std::size_t most = SIZE_MAX);

/// Keeps the compiler from moving stores to a mapping across this point. No hardware barrier is
/// needed: a thread that another thread's execve(2) ends has completed its earlier stores.
inline void in_order() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

/// A memory file that is mapped as a whole, for reading and writing. The next image has all writes
/// at once, without a system call.
class MappedFile {
 public:
  MappedFile() noexcept = default;
  MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  /// Makes a file of `size` zero bytes. Allocates its memory now: a page that cannot be had later
  /// would cause a SIGBUS in the middle of a write. Until the file is larger than `most`, the
  /// mapping never moves.
  [[nodiscard]] static Result<MappedFile> create(const char* name, std::size_t size,
                                                 std::size_t most = 0);
  /// Like create(), but with `file`, which is empty.
  [[nodiscard]] static Result<MappedFile> fill(UniqueFd file, std::size_t size, std::size_t most);

  /// Like create(), but only the first `reserved` bytes have memory. Call reserve() before the use
  /// of later bytes.
  [[nodiscard]] static Result<MappedFile> create_sparse(const char* name, std::size_t size,
                                                        std::size_t reserved);

  /// Maps `fd`, a file that an earlier image made, in its present size. Its note in the list stays.
  /// On failure it is closed. The address space has room for `most` bytes, for allocate(). Without
  /// memory it tries again: all these calls of a process image together wait for at most 5 s.
  [[nodiscard]] static Result<MappedFile> map(KeptFd fd, std::size_t most = 0);
  /// Like map(), but waits for memory without an end, and logs that it does.
  [[nodiscard]] static Result<MappedFile> map_in_any_case(KeptFd fd);

  /// Grows the file. The mapping may move, see create(). On failure (ENOMEM, ENOSPC) nothing
  /// changes.
  [[nodiscard]] Result<void> grow(std::size_t size);

  /// Makes sure that the first `bytes` bytes of a sparse file have memory, so that a lack of memory
  /// is an error here and not a SIGBUS at a write or read. Takes a system call only for bytes that
  /// this object has not reserved before. Threads: any. (fallocate(2))
  /// @return  false: no memory, or `bytes` is more than size(); nothing changes
  [[nodiscard]] bool reserve(std::size_t bytes) noexcept;
  /// Allocates the memory of a range within `most`, and makes the file longer if necessary. The
  /// mapping does not move, and size() does not change. Any thread. (fallocate(2))
  /// @return  false: the range may not be touched; errno is ENOMEM, ENOSPC, or EFBIG because of
  ///          RLIMIT_FSIZE
  [[nodiscard]] bool allocate(std::size_t from, std::size_t size) const noexcept;
  /// Gives the memory of a range back to the kernel. Do not touch the range until allocate(). Any
  /// thread. (FALLOC_FL_PUNCH_HOLE)
  void release(std::size_t from, std::size_t size) const noexcept;

  /// From now on the next image finds the file under `what` (state/kept_descriptors.hpp).
  void keep(const KeptNote& what) noexcept { fd_ = KeptFd(fd_.release(), what); }

  [[nodiscard]] std::byte* data() const noexcept { return base_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return base_ != nullptr; }

 private:
  [[nodiscard]] static Result<MappedFile> map_now(KeptFd& fd, std::size_t most = 0);
  [[nodiscard]] Result<void> map_again(std::size_t size);

  KeptFd fd_;
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;                 // bytes of the address space; at least size_
  std::atomic<std::size_t> reserved_ = 0;  // the first bytes that have memory for sure
};

}  // namespace zinit
