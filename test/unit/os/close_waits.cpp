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
  CHECK(close_waits(pipe->read.get()) == CloseWaits::never);
  CHECK(close_waits(pipe->write.get()) == CloseWaits::never);
  const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
  CHECK(close_waits(event.get()) == CloseWaits::memory);
  const UniqueFd memory(::memfd_create("x", MFD_CLOEXEC));
  CHECK(close_waits(memory.get()) == CloseWaits::memory);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(close_waits(socket.get()) == CloseWaits::if_last);
  const test::TempDir directory;
  const UniqueFd file(::open((directory / "file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(file);
  CHECK(close_waits(file.get()) == CloseWaits::always);
  CHECK(close_waits(-1) == CloseWaits::always);
}

}  // namespace zinit::test::os_close_waits
