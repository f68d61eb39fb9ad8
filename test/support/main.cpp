// The main of every test binary, and a listener that keeps the runner's book.
//
// Catch2's reporters are for people or end with a document that a crash leaves unfinished. test/run
// needs one line a test case that is on disk before the next begins, so that a test that kills its
// process is counted under its own name. The file named by ZINIT_TEST_BOOK gets:
//
//   begin NAME
//   passed NAME | failed NAME | skipped NAME: REASON

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/skip.hpp"

namespace zinit::test {

namespace {

std::string skip_reason;

/// Writes one line to the book and flushes it; nothing where no book is asked for.
void note(const std::string& line) {
  static std::FILE* book = [] {
    const char* path = std::getenv("ZINIT_TEST_BOOK");
    return path != nullptr ? std::fopen(path, "ae") : nullptr;
  }();
  if (book == nullptr) return;
  std::fputs((line + "\n").c_str(), book);
  std::fflush(book);
}

class Book : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    skip_reason.clear();
    note("begin " + info.name);
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const std::string& name = stats.testInfo.name;
    if (stats.totals.assertions.failed > 0) return note("failed " + name);
    if (!skip_reason.empty()) return note("skipped " + name + ": " + skip_reason);
    note("passed " + name);
  }
};

CATCH_REGISTER_LISTENER(Book)

}  // namespace

void skip(const std::string& reason) {
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") FAIL("could not run: " << reason);
  skip_reason = reason;
}

}  // namespace zinit::test
