// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calls that may hang, each made by a separate child; and what the close of a file may wait for.
#include "os/attempts.hpp"
#include "base/fd.hpp"
#include "os/close_waits.hpp"
#include "support/test.hpp"

namespace zinit::test::os_attempts {
namespace {

constexpr Milliseconds kLong{30'000};

/// The pipe that delays "late"; each in_child() has its own.
int gate[2];

/// "ok" succeeds, "late" succeeds when it is released, "never" does not return, all else fails.
int call(const char* path) {
  if (std::strcmp(path, "never") == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it must not outlive the test
    ::pause();
  }
  char byte = 0;
  if (std::strcmp(path, "late") == 0) return ::read(gate[0], &byte, 1) == 1 ? 0 : -1;
  if (std::strcmp(path, "ok") == 0) return 0;
  errno = ENODEV;
  return -1;
}

void let_go() { (void)!::write(gate[1], "", 1); }

std::string text(const std::vector<int>& results) {
  std::string all;
  for (const int result : results)
    all += result == 0 ? "0 " : result == ENODEV ? "ENODEV " : result == ETIMEDOUT ? "late " : "? ";
  return all;
}

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
          if (::pipe(gate) != 0) return std::string("no pipe");
          Attempts attempts;
          std::string said = text(attempts.make({"late"}, call, Milliseconds{0}));
          let_go();
          // It returns in the meantime.
          while (!attempts.under_way().empty()) said = text(attempts.make({"ok"}, call, kLong));
          said += attempts.wait_for_one(Clock::now()) ? "one " : "none ";
          return said + (attempts.wait_for_one(Clock::now()) ? "one" : "none");
        }) == "0 one none");
}

TEST_CASE("calls are waited for as long as there is progress", "[os][attempts]") {
  CHECK(in_child([] {
          if (::pipe(gate) != 0) return std::string("no pipe");
          Attempts attempts;
          int asked = 0;
          std::string said = text(attempts.make({"late"}, call, Milliseconds{10}, [&] {
            if (++asked == 3) let_go();
            return true;
          }));
          said += asked >= 3 ? "asked " : "not asked ";
          asked = 0;
          return said + text(attempts.make({"never"}, call, Milliseconds{10},
                                           [&] { return ++asked < 3; }));
        }) == "0 asked late ");
}

TEST_CASE("a file shows what its close may wait for", "[os]") {
  const auto pipe = make_pipe();
  REQUIRE(pipe);
  const test::TempDir directory;
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC)), memory(::memfd_create("x", MFD_CLOEXEC));
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const UniqueFd file(::open(directory.write("file", "").c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE((event && memory && socket && file));
  for (const auto& [fd, waits] :
       {std::pair{pipe->read.get(), CloseWaits::never},
        std::pair{pipe->write.get(), CloseWaits::never}, std::pair{event.get(), CloseWaits::memory},
        std::pair{memory.get(), CloseWaits::memory}, std::pair{socket.get(), CloseWaits::if_last},
        std::pair{file.get(), CloseWaits::always}, std::pair{-1, CloseWaits::always}})
    CHECK(close_waits(fd) == waits);
}

}  // namespace
}  // namespace zinit::test::os_attempts
