// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The program's code: unmapped, and mapped again.
#include "os/memory.hpp"
#include "support/test.hpp"

namespace zinit::test::os_memory {
namespace {

/// The part of this program's executable mappings in its page tables, in KiB.
long mapped_code() {
  std::ifstream maps("/proc/self/smaps");
  long kib = 0;
  bool code = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" r-xp ") != std::string::npos)
      code = line.find("/test-unit") != std::string::npos;
    if (line.find(" r--p ") != std::string::npos || line.find(" rw-p ") != std::string::npos)
      code = false;
    long rss = 0;
    std::string name;
    if (std::istringstream words(line); code && words >> name >> rss && name == "Rss:") kib += rss;
  }
  return kib;
}

TEST_CASE("code that is unmapped is mapped again where it runs", "[memory]") {
  // All code that has run so far is mapped; reading the mappings runs little code.
  const long before = mapped_code();
  REQUIRE(before > 0);
  release_after_boot();
  const long after = mapped_code();
  CHECK(after > 0);
  CHECK(after < before);
}

}  // namespace
}  // namespace zinit::test::os_memory
