// Calls that may hang, each made by a child of its own.
#include "os/attempts.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "support/catch.hpp"
#include "support/forked.hpp"

namespace os_attempts_test {

using namespace zinit;
using test::in_child;

namespace {

constexpr Milliseconds kLong{30'000};

/// "ok" succeeds, "late" after a while, "never" does not return, and all else fails.
int call(const char* path) {
  if (std::strcmp(path, "never") == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive the test
    ::pause();
  }
  if (std::strcmp(path, "late") == 0) ::usleep(300'000);
  if (std::strcmp(path, "ok") == 0 || std::strcmp(path, "late") == 0) return 0;
  errno = ENODEV;
  return -1;
}

std::string text(const std::vector<int>& results) {
  std::string all;
  for (const int result : results)
    all += result == 0 ? "0 " : result == ENODEV ? "ENODEV " : result == ETIMEDOUT ? "late " : "? ";
  return all;
}

}  // namespace

TEST_CASE("each call has its own outcome, and one that hangs holds up no other", "[os][attempts]") {
  CHECK(in_child([] {
          Attempts attempts;
          std::string said = text(attempts.make({"ok", "bad"}, call, kLong));
          said += text(attempts.make({"never", "ok", "bad"}, call, Milliseconds{1000}));
          for (const std::string& path : attempts.under_way()) said += path + " ";
          return said + text(attempts.make({"ok"}, call, kLong));
        }) == "0 ENODEV late 0 ENODEV never 0 ");
}

TEST_CASE("a call that returns while others are waited for is not forgotten", "[os][attempts]") {
  CHECK(in_child([] {
          Attempts attempts;
          std::string said = text(attempts.make({"late"}, call, Milliseconds{0}));
          // It returns meanwhile.
          while (!attempts.under_way().empty()) said = text(attempts.make({"ok"}, call, kLong));
          said += attempts.wait_for_one(Clock::now()) ? "one " : "none ";
          return said + (attempts.wait_for_one(Clock::now()) ? "one" : "none");
        }) == "0 one none");
}

TEST_CASE("calls are waited for as long as there is progress", "[os][attempts]") {
  CHECK(in_child([] {
          Attempts attempts;
          int asked = 0;
          std::string said =
              text(attempts.make({"late"}, call, Milliseconds{10}, [&] { return ++asked < 1000; }));
          said += asked > 1 ? "asked " : "not asked ";
          return said + text(attempts.make({"never"}, call, Milliseconds{10},
                                           [&] { return ++asked < 3; }));
        }) == "0 asked late ");
}

}  // namespace os_attempts_test
