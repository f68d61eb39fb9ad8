// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Scans a stack for return addresses. See call_sites.hpp.
#include "os/call_sites.hpp"

#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

// Set by the linker: where the program and its code begin and end.
extern "C" const char __ehdr_start;
extern "C" const char __executable_start;
extern "C" const char etext;

namespace zinit {

namespace {

constexpr std::size_t kStackWords = 2048;

std::uint64_t address_of(const char& symbol) noexcept {
  return reinterpret_cast<std::uint64_t>(&symbol);
}

struct Interrupted {
  std::uint64_t instruction = 0;
  std::uint64_t stack = 0;
};

// A return address follows a call instruction. At most this many bytes before it are read.
#if defined(__x86_64__)
constexpr std::size_t kCallBytes = 7;
Interrupted interrupted(const ucontext_t& context) noexcept {
  return {static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RIP]),
          static_cast<std::uint64_t>(context.uc_mcontext.gregs[REG_RSP])};
}
// Constants may lie among the code, with gaps between them that ASan guards.
[[gnu::no_sanitize_address]] bool ends_with_call(const unsigned char* end) noexcept {
  if (end[-5] == 0xe8) return true;      // call of a fixed address
  for (int size = 2; size <= 7; ++size)  // call by a register or memory: FF /2
    if (end[-size] == 0xff && (end[-size + 1] & 0x38) == 0x10) return true;
  return false;
}
#elif defined(__aarch64__)
constexpr std::size_t kCallBytes = 4;
Interrupted interrupted(const ucontext_t& context) noexcept {
  return {context.uc_mcontext.pc, context.uc_mcontext.sp};
}
bool ends_with_call(const unsigned char* end) noexcept {
  std::uint32_t word;
  std::memcpy(&word, end - 4, sizeof word);
  return (word & 0xfc000000) == 0x94000000 || (word & 0xfffffc1f) == 0xd63f0000;  // BL, BLR
}
#else
constexpr std::size_t kCallBytes = 0;
Interrupted interrupted(const ucontext_t& /*context*/) noexcept { return {}; }
bool ends_with_call(const unsigned char* /*end*/) noexcept { return false; }
#endif

}  // namespace

std::size_t call_sites(const void* context, std::span<std::uint64_t> sites) noexcept {
  const std::uint64_t base = address_of(__ehdr_start);
  const std::uint64_t code_begin = address_of(__executable_start) + kCallBytes;
  const std::uint64_t code_end = address_of(etext);
  const Interrupted at = interrupted(*static_cast<const ucontext_t*>(context));
  std::size_t count = 0;
  const auto add = [&](std::uint64_t address) {
    if (count < sites.size()) sites[count++] = address - base;
  };
  const auto in_code = [&](std::uint64_t address) {
    return address >= code_begin && address < code_end;
  };
  if (in_code(at.instruction)) add(at.instruction);
  // One page at a time, because the stack may end within the range.
  std::uint64_t words[64];
  for (std::size_t done = 0; done < kStackWords; done += std::size(words)) {
    iovec to{words, sizeof words};
    iovec from{reinterpret_cast<void*>(at.stack + done * sizeof words[0]), sizeof words};
    const ssize_t got = ::process_vm_readv(::getpid(), &to, 1, &from, 1, 0);
    const std::size_t read = got > 0 ? static_cast<std::size_t>(got) / sizeof words[0] : 0;
    for (std::size_t i = 0; i < read; ++i)
      if (in_code(words[i]) && ends_with_call(reinterpret_cast<const unsigned char*>(words[i])))
        add(words[i]);
    if (read < std::size(words) || count == sites.size()) break;
  }
  return count;
}

}  // namespace zinit
