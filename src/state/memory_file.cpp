// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files in memory, and their mappings. See memory_file.hpp.
#include "state/memory_file.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/log.hpp"

// Debian 12's C library does not define the flags. Linux from 6.3 on logs a warning without one.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC 0x0010U
#endif

namespace zinit {

namespace {

// The kernel gives memory in pages of at least this size.
constexpr std::size_t kPage = 4096;

// Of all calls of map() in a process image.
constexpr int kAttempts = 100;
constexpr useconds_t kBetweenAttemptsUs = 50'000;

}  // namespace

Result<UniqueFd> make_memory_file(const char* name, bool program) {
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(::memfd_create(name, flags | (program ? MFD_EXEC : MFD_NOEXEC_SEAL)));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create(name, flags));
  if (!fd) return sys_failure("make the memory file", name);
  ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK);
  return fd;
}

Result<UniqueFd> make_nameless_file(const std::string& directory) {
  auto fd = open_fd(directory.c_str(), O_RDWR | O_TMPFILE, 0600);
  struct statfs where {};
  if (!fd || (::fstatfs(fd->get(), &where) == 0 && where.f_type == TMPFS_MAGIC)) return fd;
  return sys_failure("keep files in memory in", directory, ENOTSUP);
}

Result<void> name_file(int fd, const std::string& path) {
  const std::string made = path + ".new";  // linkat(2) replaces nothing
  ::unlink(made.c_str());
  if (::linkat(AT_FDCWD, fmt::format("/proc/self/fd/{}", fd).c_str(), AT_FDCWD, made.c_str(),
               AT_SYMLINK_FOLLOW) < 0)
    return sys_failure("make", made);
  if (::rename(made.c_str(), path.c_str()) == 0) return {};
  const int errnum = errno;
  ::unlink(made.c_str());
  return sys_failure("replace", path, errnum);
}

Result<std::string> read_memory_file(int fd, std::size_t most) {
  struct stat status {};
  if (::fstat(fd, &status) < 0) return sys_failure("look at", "a memory file");
  std::string bytes(std::min(static_cast<std::size_t>(status.st_size), most), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return sys_failure("read", "a memory file");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(base_, other.base_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  reserved_ = other.reserved_.exchange(reserved_);
  return *this;
}

MappedFile::~MappedFile() {
  if (base_ != nullptr) ::munmap(base_, mapped_);
}

Result<MappedFile> MappedFile::create(const char* name, std::size_t size, std::size_t most) {
  auto fd = make_memory_file(name);
  if (!fd) return Failure(std::move(fd.error()));
  return fill(std::move(*fd), size, most);
}

Result<MappedFile> MappedFile::fill(UniqueFd empty, std::size_t size, std::size_t most) {
  MappedFile file;
  file.fd_ = KeptFd(std::move(empty), {});
  if (most > size) {
    if (auto mapped = file.map_again(most); !mapped) return Failure(std::move(mapped.error()));
  }
  if (auto grown = file.grow(size); !grown) return Failure(std::move(grown.error()));
  return file;
}

Result<MappedFile> MappedFile::create_sparse(const char* name, std::size_t size,
                                             std::size_t reserved) {
  auto fd = make_memory_file(name);
  if (!fd) return Failure(std::move(fd.error()));
  if (::ftruncate(fd->get(), static_cast<off_t>(size)) < 0)
    return sys_failure("make room in", "a memory file");
  KeptFd plain(std::move(*fd), {});
  auto file = map_now(plain);
  if (file && !file->reserve(reserved)) return sys_failure("make room in", "a memory file");
  return file;
}

Result<MappedFile> MappedFile::map(KeptFd fd, std::size_t most) {
  static std::atomic<int> attempts = kAttempts;
  auto file = map_now(fd, most);
  while (!file && file.error().temporary() && attempts-- > 0) {
    ::usleep(kBetweenAttemptsUs);
    file = map_now(fd, most);
  }
  return file;
}

Result<MappedFile> MappedFile::map_in_any_case(KeptFd fd) {
  auto file = map_now(fd);
  if (!file && file.error().temporary())
    log_warn("{}; zinit tries again until it can go on with its services", file.error().text);
  while (!file && file.error().temporary()) {
    ::usleep(kBetweenAttemptsUs);
    file = map_now(fd);
  }
  return file;
}

/// Takes `fd` only if it succeeds.
Result<MappedFile> MappedFile::map_now(KeptFd& fd, std::size_t most) {
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) return sys_failure("look at", "a memory file");
  if (status.st_size <= 0) return sys_failure("map", "a memory file", ENODATA);
  MappedFile file;
  file.fd_ = std::move(fd);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (auto mapped = file.map_again(std::max(size, most)); !mapped) {
    fd = std::move(file.fd_);
    return Failure(std::move(mapped.error()));
  }
  file.size_ = size;
  return file;
}

Result<void> MappedFile::grow(std::size_t size) {
  if (!allocate(0, size)) return sys_failure("make room in", "a memory file");
  if (size > mapped_) return map_again(size);
  size_ = size;
  return {};
}

bool MappedFile::reserve(std::size_t bytes) noexcept {
  std::size_t before = reserved_;
  if (bytes <= before) return true;
  if (bytes > size_) return errno = EINVAL, false;
  // Two threads may reserve the same bytes, which does no harm.
  const std::size_t end = std::min((bytes + kPage - 1) / kPage * kPage, size_);
  if (!allocate(before, end - before)) return false;
  while (before < end && !reserved_.compare_exchange_weak(before, end)) {}
  return true;
}

bool MappedFile::allocate(std::size_t from, std::size_t size) const noexcept {
  int failed = 0;
  do  // a signal interrupts even the allocation of memory
    failed = ::fallocate(fd_.get(), 0, static_cast<off_t>(from), static_cast<off_t>(size));
  while (failed < 0 && errno == EINTR);
  return failed == 0;
}

void MappedFile::release(std::size_t from, std::size_t size) const noexcept {
  constexpr int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  // If this fails, the memory is only used longer.
  static_cast<void>(
      ::fallocate(fd_.get(), mode, static_cast<off_t>(from), static_cast<off_t>(size)));
}

Result<void> MappedFile::map_again(std::size_t size) {
  void* mapped = base_ != nullptr
                     ? ::mremap(base_, mapped_, size, MREMAP_MAYMOVE)
                     : ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
  if (mapped == MAP_FAILED) return sys_failure("map", "a memory file");
  base_ = static_cast<std::byte*>(mapped);
  size_ = mapped_ = size;
  return {};
}

}  // namespace zinit
