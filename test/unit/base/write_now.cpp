// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes that do not block, to descriptors that would block.
#include "base/write_now.hpp"
#include "support/test.hpp"

namespace zinit::test::base_write_now {
namespace {

constexpr int kMany = 10'000;  // pages: no pipe or socket takes this much

/// Writes until it would have to wait; returns the number of bytes. -1: another failure.
long fill(int fd) {
  const std::string page(PIPE_BUF, 'x');
  long taken = 0;
  for (int i = 0; i < kMany; ++i) {
    const ssize_t written = write_now(fd, page);
    if (written < 0) return errno == EAGAIN ? taken : -1;
    taken += written;
  }
  return -1;
}

TEST_CASE("a full pipe or socket is not waited for, whatever its flags", "[base]") {
  for (const int flags : {0, O_NONBLOCK}) {
    auto pipe = make_pipe(flags);
    REQUIRE(pipe);
    CHECK(fill(pipe->write.get()) == ::fcntl(pipe->write.get(), F_GETPIPE_SZ));
  }
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const UniqueFd one(ends[0]), other(ends[1]);
  CHECK(fill(one.get()) > 0);
}

TEST_CASE("a terminal or a pipe is opened again, what is neither is not", "[base]") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  const UniqueFd own = reopen_nonblocking(pipe->write.get());
  REQUIRE(own);
  CHECK((::fcntl(own.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(pipe->write.get(), F_GETFL) & O_NONBLOCK) == 0);
  CHECK((::fcntl(own.get(), F_GETFD) & FD_CLOEXEC) != 0);
  const auto null = open_fd("/dev/null", O_WRONLY);
  REQUIRE(null);
  CHECK(reopen_nonblocking(null->get()));
  const test::TempDir dir;
  const auto file = open_fd((dir / "file").c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(file);
  CHECK_FALSE(reopen_nonblocking(file->get()));
  CHECK_FALSE(reopen_nonblocking(-1));
}

}  // namespace
}  // namespace zinit::test::base_write_now
