// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks program files for what the kernel needs. See program_file.hpp.
#include "os/program_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/openat2.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/format.hpp"
#include "base/low_numbers.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

using ElfHeader = ElfW(Ehdr);
using ElfSegment = ElfW(Phdr);

// The kernel follows this many interpreters of interpreters (exec_binprm() in fs/exec.c).
constexpr int kMostInterpreters = 5;
constexpr std::size_t kMostSegments = 256;

/// Reads up to `size` bytes at `offset`. @return  how many were read
std::size_t read_at(int fd, void* to, std::size_t size, std::uint64_t offset) {
  const ssize_t got = ::pread(fd, to, size, static_cast<off_t>(offset));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

std::optional<ElfHeader> elf_header(int fd) {
  ElfHeader header{};
  if (read_at(fd, &header, sizeof header, 0) < EI_NIDENT + sizeof header.e_type * 2 ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return std::nullopt;
  return header;
}

/// The header of zinit's own program; nothing without /proc.
std::optional<ElfHeader> own_header() {
  const auto own = open_fd("/proc/self/exe", O_RDONLY);
  return own ? elf_header(own->get()) : std::nullopt;
}

/// Whether numbers in a file with `header` have the same width and byte order as with `own`.
bool same_layout(const ElfHeader& header, const ElfHeader& own) {
  return header.e_ident[EI_CLASS] == own.e_ident[EI_CLASS] &&
         header.e_ident[EI_DATA] == own.e_ident[EI_DATA];
}

/// Whether a file with `header` is for the same machine as one with `own`.
bool same_machine(const ElfHeader& header, const ElfHeader& own) {
  return same_layout(header, own) && header.e_machine == own.e_machine;
}

/// Whether the file is for the machine that zinit was built for.
bool for_this_machine(const ElfHeader& header) {
  const auto own = own_header();
  return !own || same_machine(header, *own);  // without /proc, execve(2) decides
}

/// The name that uname(1), and qemu for its emulators, use.
std::string machine_name(const ElfHeader& header) {
  struct Machine {
    unsigned number;
    const char* name;
  };
  constexpr Machine kMachines[] = {
      {EM_X86_64, "x86_64"}, {EM_386, "i386"},        {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},
      {EM_RISCV, "riscv64"}, {EM_PPC64, "ppc64le"},   {EM_PPC, "ppc"},         {EM_S390, "s390x"},
      {EM_MIPS, "mips"},     {EM_SPARCV9, "sparc64"}, {258, "loongarch64"},
  };
  const auto* const known = std::ranges::find(kMachines, header.e_machine, &Machine::number);
  return known != std::end(kMachines) ? known->name : fmt::format("machine {}", header.e_machine);
}

/// Whether the kernel may execute programs for this other machine nevertheless: 32-bit programs of
/// the same family, or programs for which an emulator was registered (binfmt_misc).
bool may_be_executed(const ElfHeader& header, const ElfHeader& own) {
  if (own.e_machine == EM_X86_64 && header.e_machine == EM_386) return true;
  if (own.e_machine == EM_AARCH64 && header.e_machine == EM_ARM) return true;
  const std::string emulator = "/proc/sys/fs/binfmt_misc/qemu-" + machine_name(header);
  return ::access(emulator.c_str(), F_OK) == 0;
}

/// The segments of an ELF file of this machine. None if a segment to load extends beyond the file:
/// the kernel executes such a file, but the program dies of SIGBUS. (elf(5))
std::vector<ElfSegment> whole_segments(int fd, const ElfHeader& header) {
  struct stat status {};
  if (::fstat(fd, &status) < 0) return {};
  const auto end = static_cast<std::uint64_t>(status.st_size);
  std::vector<ElfSegment> segments;
  for (std::size_t i = 0; i < header.e_phnum && i < kMostSegments; ++i) {
    ElfSegment segment{};
    const auto at = header.e_phoff + i * sizeof segment;
    if (read_at(fd, &segment, sizeof segment, at) < sizeof segment) return {};
    if (segment.p_type == PT_LOAD &&
        (segment.p_offset > end || segment.p_filesz > end - segment.p_offset))
      return {};
    segments.push_back(segment);
  }
  return segments;
}

/// The loader that an ELF file names; empty if it is linked statically. (elf(5), PT_INTERP)
std::string loader_of(int fd, const std::vector<ElfSegment>& segments) {
  const auto named = std::ranges::find(segments, std::uint32_t{PT_INTERP}, &ElfSegment::p_type);
  if (named == segments.end()) return {};
  char path[256];
  const auto size = std::min<std::uint64_t>(named->p_filesz, sizeof path);
  return {path, ::strnlen(path, read_at(fd, path, size, named->p_offset))};
}

/// Why `file` cannot be executed, even with the right content; empty if it can.
std::string mode_fault(int file) {
  struct stat status {};
  struct statvfs system {};
  if (::fstat(file, &status) < 0 || ::fstatvfs(file, &system) < 0)
    return "cannot be examined: " + errno_text(errno);
  if (!S_ISREG(status.st_mode)) return "is no regular file";
  if ((status.st_mode & 0111) == 0) return "is not executable";
  if ((system.f_flag & ST_NOEXEC) != 0) return "lies on a file system that is mounted noexec";
  return {};
}

/// The program needed to execute `file`; empty if none is needed. Or an error: `file` is no
/// program.
Result<std::string> needed_by(int file, const std::string& path) {
  if (const auto header = elf_header(file)) {
    if (!for_this_machine(*header))
      return Failure(Error{path + " is a program for another architecture", ENOEXEC});
    const auto segments = whole_segments(file, *header);
    if (!segments.empty()) return loader_of(file, segments);
    return Failure(
        Error{path + " is incomplete: its file ends before the last part to load", ENOEXEC});
  }
  char head[256];
  std::string interpreter = interpreter_in({head, read_at(file, head, sizeof head, 0)});
  if (!interpreter.empty()) return interpreter;
  return Failure(
      Error{path + " is neither a program nor a script (its first line is not #!...)", ENOEXEC});
}

}  // namespace

Result<UniqueFd> open_below(const std::string& root, const std::string& path, int flags) {
  if (root.empty()) return open_fd(path.c_str(), flags).map(raised);
  const auto top = open_fd(root.c_str(), O_PATH | O_DIRECTORY);
  if (!top) return sys_failure("change the root to", root, top.error().errnum);
  open_how how{};
  how.flags = static_cast<__u64>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT;
  const long fd = ::syscall(SYS_openat2, top->get(), path.c_str(), &how, sizeof how);
  if (fd < 0 && (errno == ENOSYS || errno == EPERM))
    return open_fd((root + path).c_str(), flags).map(raised);
  if (fd < 0) return sys_failure("open", path);
  return raised(UniqueFd(static_cast<int>(fd)));
}

Result<struct stat> stat_below(const std::string& root, const std::string& path) {
  struct stat status {};
  if (root.empty()) {
    if (::stat(path.c_str(), &status) < 0) return sys_failure("find", path);
    return status;
  }
  const auto file = open_below(root, path, O_PATH);
  if (!file) return Failure(file.error());
  if (::fstat(file->get(), &status) < 0) return sys_failure("find", path);
  return status;
}

std::string interpreter_in(std::string_view script) {
  if (!script.starts_with("#!")) return {};
  std::string_view line = script.substr(2, script.find('\n') - 2);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

std::string program_fault(const std::string& root, const std::string& path, Refused refused) {
  const auto file = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return {};
  const auto absent = [&](const std::string& needed) {
    const auto found = stat_below(root, needed);
    return !found && (found.error().errnum == ENOENT || found.error().errnum == ENOTDIR);
  };
  if (const auto header = elf_header(file->get())) {
    const auto own = own_header();
    if (own && refused == Refused::perhaps && may_be_executed(*header, *own)) return {};
    if (own && refused == Refused::elsewhere && !same_layout(*header, *own)) return {};
    if (own && refused != Refused::elsewhere && !same_machine(*header, *own))
      return fmt::format("it is for {}; this machine is {}", machine_name(*header),
                         machine_name(*own));
    const std::string loader = loader_of(file->get(), whole_segments(file->get(), *header));
    if (loader.empty() || !absent(loader)) return {};
    return fmt::format("its loader {} does not exist", printable(loader));
  }
  char head[256];
  std::string needed = interpreter_in({head, read_at(file->get(), head, sizeof head, 0)});
  if (needed.empty() || !absent(needed)) return {};
  if (!needed.ends_with('\r'))
    return fmt::format("its interpreter {} does not exist", printable(needed));
  needed.pop_back();
  return fmt::format(
      "its interpreter {}\\r does not exist: the script has DOS line ends; "
      "remove them with: sed -i 's/\\r$//' {}",
      printable(needed), path);
}

Result<UniqueFd> open_program(const std::string& root, const std::string& path) {
  UniqueFd program;
  std::string needed = path;
  for (int depth = 0; !needed.empty(); ++depth) {
    const std::string name =
        depth == 0 ? path : fmt::format("{}, needed by {},", printable(needed), path);
    if (depth > kMostInterpreters)
      return Failure(Error{path + " needs too many nested interpreters", ELOOP});
    auto file = open_below(root, needed, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file) {
      if (depth == 0) return file;
      return Failure(
          Error{fmt::format("{} cannot be opened: {}", name, errno_text(file.error().errnum)),
                file.error().errnum});
    }
    if (const std::string fault = mode_fault(file->get()); !fault.empty())
      return Failure(Error{fmt::format("{} {}", name, fault), EACCES});
    auto next = needed_by(file->get(), name);
    if (!next) return Failure(std::move(next.error()));
    needed = *std::move(next);
    if (depth == 0) program = std::move(*file);
  }
  return program;
}

}  // namespace zinit
