// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the close of a file may wait for.
#include "os/close_waits.hpp"
#include "support/test.hpp"

#include "base/fd.hpp"

namespace zinit::test::os_close_waits {

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

}  // namespace zinit::test::os_close_waits
