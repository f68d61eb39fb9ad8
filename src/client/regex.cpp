// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// libc's regular expressions, with limits: see regex.hpp.
#include "client/regex.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <optional>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// regcomp(3) calls itself for each parenthesis, and overflows the stack some 10,000 deep.
constexpr std::size_t kLongestBytes = 4096;

// regcomp(3) copies repeated parts: ((a{255}){255}){255} would take gigabytes.
constexpr rlim_t kMostMemoryBytes = rlim_t{64} << 20;

/// The process's present use of RLIMIT_DATA, in bytes; nothing if /proc does not show it. (proc(5),
/// statm: the sixth number)
std::optional<rlim_t> data_in_use() {
  const auto text = read_file("/proc/self/statm", 256);
  const auto numbers = split(text ? std::string_view(*text) : std::string_view(), ' ');
  const auto pages = numbers.size() > 5 ? parse_integer(numbers[5]) : std::nullopt;
  if (!pages) return std::nullopt;
  return static_cast<rlim_t>(*pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}

/// While it exists, malloc fails after kMostMemoryBytes more.
class MemoryLimit {
 public:
  MemoryLimit() {
    ::getrlimit(RLIMIT_DATA, &before_);
    rlimit lower = before_;
    if (const auto used = data_in_use())
      lower.rlim_cur = std::min(before_.rlim_cur, *used + kMostMemoryBytes);
    ::setrlimit(RLIMIT_DATA, &lower);
  }
  ~MemoryLimit() { ::setrlimit(RLIMIT_DATA, &before_); }
  MemoryLimit& operator=(MemoryLimit&&) = delete;

 private:
  rlimit before_{};
};

/// While it exists, characters are those of UTF-8; single bytes without libc's locales.
class Utf8Locale {
 public:
  Utf8Locale() noexcept {
    static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (utf8 != nullptr) before_ = ::uselocale(utf8);
  }
  ~Utf8Locale() {
    if (before_ != nullptr) ::uselocale(before_);
  }
  Utf8Locale& operator=(Utf8Locale&&) = delete;

 private:
  locale_t before_ = nullptr;
};

void free_compiled(regex_t* compiled) {
  ::regfree(compiled);
  delete compiled;
}

}  // namespace

Result<Regex> Regex::compile(const std::string& expression) {
  if (!valid_utf8(expression)) return failure("it is not valid UTF-8");
  if (expression.size() > kLongestBytes)
    return failure(fmt::format("it is longer than {} bytes", kLongestBytes));
  auto compiled = std::make_unique<regex_t>();
  int fault = 0;
  {
    const Utf8Locale locale;
    const MemoryLimit limit;
    fault = ::regcomp(compiled.get(), expression.c_str(), REG_EXTENDED | REG_NOSUB);
  }
  if (fault == 0) return Regex(Compiled(compiled.release(), free_compiled));
  char words[128];
  ::regerror(fault, compiled.get(), words, sizeof words);
  return failure(words);
}

bool Regex::matches(std::string_view text) const {
  const Utf8Locale locale;
#ifdef REG_STARTEND
  regmatch_t whole{};
  whole.rm_eo = static_cast<regoff_t>(text.size());
  return ::regexec(compiled_.get(), text.data(), 0, &whole, REG_STARTEND) == 0;
#else
  // musl: a text ends at its first NUL.
  return ::regexec(compiled_.get(), std::string(text).c_str(), 0, nullptr, 0) == 0;
#endif
}

}  // namespace zinit
