// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Closes descriptors that others have made.
#include "state/closer.hpp"
#include "support/test.hpp"

namespace zinit::test::state_closer {
namespace {

/// A connection whose close(2) takes an hour: the other end does not read.
struct Lingering {
  Lingering() : listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener.get(), at, size) == 0);
    REQUIRE(::listen(listener.get(), 1) == 0);
    REQUIRE(::getsockname(listener.get(), at, &size) == 0);
    fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(fd.get(), at, size) == 0);
    peer.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(peer);
    const std::string text(65536, 'x');
    while (::send(fd.get(), text.data(), text.size(), MSG_DONTWAIT) > 0) {}
    const linger hour{1, 3600};
    REQUIRE(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &hour, sizeof hour) == 0);
  }

  UniqueFd listener, fd, peer;
};

TEST_CASE("closer: nobody waits for a descriptor that takes long to close", "[threads][os]") {
  Lingering slow;
  auto pipe = make_pipe();
  REQUIRE(pipe);
  const auto sender = std::make_shared<const Slot>(0);
  {
    Closer closer;
    closer.close(std::move(slow.fd), sender);
    closer.close(std::move(pipe->write), sender);
    char byte = 0;
    CHECK(::read(pipe->read.get(), &byte, 1) == 0);  // a pipe takes no time
    closer.close(std::move(pipe->read), sender);
    closer.close({}, sender);
    CHECK(sender.use_count() > 1);  // it has not been closed
  }
  CHECK(sender.use_count() > 1);
  slow.peer.reset();  // unread data: a reset, and no reason to linger
  CHECK(becomes_true([&] { return sender.use_count() == 1; }));
}

}  // namespace
}  // namespace zinit::test::state_closer
