// Files in memory: what zinit keeps in them outlives a re-execution, for a descriptor stays open
// over execve(2) where the heap does not.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "os/kept_descriptors.hpp"

namespace zinit {

/// An empty file in memory, close-on-exec, that nobody can make shorter, which would be a SIGBUS in
/// a mapping of it. Where the kernel refuses that seal, it is used without. `name` is what
/// /proc/PID/fd shows. (memfd_create(2), F_SEAL_SHRINK)
/// @param program  whether it may be executed.
[[nodiscard]] Result<UniqueFd> make_memory_file(const char* name, bool program = false);

/// What is in the memory file `fd`, of which the first `most` bytes at most. (pread(2))
[[nodiscard]] Result<std::string> read_memory_file(int fd, std::size_t most = SIZE_MAX);

/// Keeps the compiler from moving stores to a mapping across this point. A hardware barrier is not
/// needed: a thread that is ended by another thread's execve(2) has completed its earlier stores.
inline void in_order() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

/// A memory file that is mapped as a whole, for reading and writing. What has been written is there
/// for the next image at once, without a system call.
class MappedFile {
 public:
  MappedFile() noexcept = default;
  MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  /// A new file of `size` bytes, all of them zero. Its memory is allocated now: if a page could not
  /// be had later, that would be a SIGBUS in the middle of a write. Until it is larger than `most`,
  /// the mapping never moves.
  [[nodiscard]] static Result<MappedFile> create(const char* name, std::size_t size,
                                                 std::size_t most = 0);

  /// The same, but a page takes memory only when it is first written to, and where there is none
  /// that is as with all other memory of the process.
  [[nodiscard]] static Result<MappedFile> create_sparse(const char* name, std::size_t size);

  /// Maps `fd`, a file that an earlier image has made, in its present size. In the list it stays
  /// what it is. On failure it is closed.
  [[nodiscard]] static Result<MappedFile> map(KeptFd fd);

  /// Makes it larger. The mapping may move, see create(). On failure (ENOMEM, ENOSPC) all stays as
  /// it was.
  [[nodiscard]] Result<void> grow(std::size_t size);

  /// From now on the next image finds the file under `what` (os/kept_descriptors.hpp).
  void keep(const KeptNote& what) noexcept { fd_ = KeptFd(fd_.release(), what); }

  [[nodiscard]] std::byte* data() const noexcept { return base_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return base_ != nullptr; }

 private:
  [[nodiscard]] Result<void> map_again(std::size_t size);

  KeptFd fd_;
  std::byte* base_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;  // bytes of the address space; at least size_
};

}  // namespace zinit
