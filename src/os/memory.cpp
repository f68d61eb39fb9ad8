// Giving back: the heap's free pages, and the read-only pages of the program's file.
#include "os/memory.hpp"

#include <elf.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <cstdint>

namespace zinit {

namespace {

// One for whoever waits for nobody, one for who comes upon it; what more there were would each keep
// the pages that a few blocks lie strewn over: 0.8 MB with a thousand services.
constexpr int kArenas = 2;

/// The parts of the program's file that are mapped and never written. A program that is not loaded
/// at the addresses it was linked for (the dynamic sanitizer builds) is left alone.
void release_program_pages() noexcept {
  const auto* header = reinterpret_cast<const Elf64_Phdr*>(::getauxval(AT_PHDR));
  const unsigned long count = ::getauxval(AT_PHNUM);
  if (header == nullptr || ::getauxval(AT_BASE) != 0) return;
  constexpr std::uintptr_t kPage = 4096;
  for (unsigned long i = 0; i < count; ++i) {
    if (header[i].p_type != PT_LOAD || (header[i].p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = header[i].p_vaddr / kPage * kPage;
    const std::uintptr_t end = header[i].p_vaddr + header[i].p_filesz;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

}  // namespace

void share_arenas() noexcept { ::mallopt(M_ARENA_MAX, kArenas); }

void release_idle_memory() noexcept {
  ::malloc_trim(0);
  release_program_pages();
}

}  // namespace zinit
