// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Descriptors from strangers: zinit never keeps them, and nothing waits for their close.
#include "os/unix_receive.hpp"
#include "base/fd.hpp"
#include "base/time.hpp"
#include "state/closer.hpp"
#include "state/disposal.hpp"
#include "support/hanging_file.hpp"
#include "support/lingering.hpp"
#include "support/notification.hpp"
#include "support/test.hpp"

namespace zinit::test::os_unix_receive {
namespace {

/// Two connected unix sockets.
struct Pair {
  explicit Pair(int type) {
    std::array<int, 2> fds{-1, -1};
    REQUIRE(::socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()) == 0);
    zinit.reset(fds[0]);
    stranger.reset(fds[1]);
    const int on = 1;
    if (type == SOCK_STREAM) return;
    REQUIRE(::setsockopt(zinit.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
  }
  UniqueFd zinit, stranger;
};

/// Sends a descriptor and closes it, like a stranger who wants the receiver to close it last.
bool send_away(const Pair& pair, std::string_view text, int fd) {
  const bool sent = test::send_with(pair.stranger.get(), text, {fd});
  ::close(fd);
  return sent;
}

/// The duration of a call that must not wait for a close.
template <class Call>
Milliseconds time_of(Call call) {
  const TimePoint before = Clock::now();
  call();
  return Milliseconds(ms_between(before, Clock::now()));
}

constexpr Milliseconds kLong{5000};  // a lingering close takes hours

TEST_CASE("a datagram with descriptors is only looked at; if it is discarded, they are closed",
          "[os][unix]") {
  const test::Lingering lingering;
  const Pair pair(SOCK_DGRAM);
  const auto before = test::open_descriptors();
  std::string buffer(100, '\0');
  Datagram datagram;
  const auto receive = [&] { return receive_datagram(pair.zinit.get(), buffer, datagram); };
  for (int i = 0; i < 3; ++i) {
    REQUIRE(send_away(pair, "one", lingering.make()));
    REQUIRE(test::send_with(pair.stranger.get(), "two", {}));
    CHECK(receive() == Received::with_descriptors);
    CHECK(datagram.text == "one");
    CHECK(datagram.sender.pid == ::getpid());
    CHECK(datagram.whole);
    CHECK(receive() == Received::with_descriptors);
    CHECK(time_of([&] { REQUIRE(discard_datagram(pair.zinit.get())); }) < kLong);
    CHECK(receive() == Received::datagram);
    CHECK(datagram.text == "two");
    CHECK(receive() == Received::nothing);
  }
  CHECK_FALSE(discard_datagram(pair.zinit.get()));
  CHECK(test::open_descriptors() == before);
  Pipe pipe = make_pipe(O_NONBLOCK).value();
  REQUIRE(send_away(pair, "BARRIER=1", pipe.write.release()));
  char byte = 0;
  REQUIRE(::read(pipe.read.get(), &byte, 1) == -1);
  REQUIRE(discard_datagram(pair.zinit.get()));
  CHECK(test::becomes_true([&] { return ::read(pipe.read.get(), &byte, 1) == 0; }));
}

TEST_CASE("without a process to be had a datagram stays, and a socket is closed later",
          "[os][unix]") {
  const std::string said = test::in_child([]() -> std::string {
    std::array<int, 2> fds{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds.data()) != 0) return "no pair";
    if (!test::send_with(fds[1], "x", {STDIN_FILENO})) return "not sent";
    if (!test::refuse_call(SYS_clone, EAGAIN)) return "no filter";
    if (discard_datagram(fds[0])) return "discarded";
    close_socket(UniqueFd(fds[0]));
    return ::fcntl(fds[0], F_GETFD) >= 0 ? "kept" : "closed";
  });
  CHECK(said == "kept");
}

TEST_CASE("a stream is read up to descriptors, or to its end", "[os][unix]") {
  Pair pair(SOCK_STREAM), other(SOCK_STREAM);
  std::array<char, 100> buffer;
  const auto receive = [&] { return receive_bytes(pair.zinit.get(), buffer); };
  CHECK(receive() == -1);
  CHECK(errno == EAGAIN);
  REQUIRE(test::send_with(pair.stranger.get(), "abc", {}));
  REQUIRE(receive() == 3);
  CHECK(std::string_view(buffer.data(), 3) == "abc");
  REQUIRE(test::send_with(pair.stranger.get(), "de", {}));
  REQUIRE(test::send_with(pair.stranger.get(), "f", {STDIN_FILENO}));
  CHECK(receive() == -1);
  CHECK(errno == EBADMSG);
  other.stranger.reset();
  CHECK(receive_bytes(other.zinit.get(), buffer) == 0);
}

TEST_CASE("where the kernel can refuse descriptors, who sends one is told", "[os][unix]") {
  const Pair pair(SOCK_STREAM);
  refuse_descriptors(pair.zinit.get());
  CHECK_FALSE(may_hold_descriptors(pair.zinit.get()));
  std::array<char, 100> buffer;
  errno = 0;
  if (!test::send_with(pair.stranger.get(), "x", {STDIN_FILENO})) {
    CHECK(errno == EPERM);
    CHECK(test::send_with(pair.stranger.get(), "y", {}));
    CHECK(receive_bytes(pair.zinit.get(), buffer) == 1);
  } else {  // before Linux 6.16
    CHECK(receive_bytes(pair.zinit.get(), buffer) == -1);
    CHECK(errno == EBADMSG);
  }
}

TEST_CASE("a socket is closed at once, whatever waits in it", "[os][unix]") {
  const test::Lingering lingering;
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    Pair pair(type);
    for (int i = 0; i < 3; ++i) REQUIRE(send_away(pair, "x", lingering.make()));
    CHECK(may_hold_descriptors(pair.zinit.get()));
    CHECK(time_of([&] { close_socket(std::move(pair.zinit)); }) < kLong);
    CHECK_FALSE(test::send_with(pair.stranger.get(), "y", {}));
  }
  Pair empty(SOCK_STREAM);
  const int number = empty.zinit.get();
  close_socket(std::move(empty.zinit));
  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("a listener is closed at once, whatever its waiting connections have sent",
          "[os][unix]") {
  const test::Lingering lingering;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  // Without a path bind(2) gives it an abstract address.
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  socklen_t size = sizeof address;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  const int sent = lingering.make();
  REQUIRE(test::send_with(client.get(), "x", {sent}));
  ::close(sent);  // the queue has the last copy
  const int number = listener.get();
  CHECK(time_of([&] { close_shared(std::move(listener)); }) < kLong);
  CHECK(test::becomes_true([&] { return ::fcntl(number, F_GETFD) == -1; }));
}

TEST_CASE("descriptors that linger do not wait for one another", "[threads][os][unix]") {
  const test::Lingering lingering;
  const auto before = test::open_descriptors();
  Closer closer;
  for (int i = 0; i < 20; ++i) closer.close(UniqueFd(lingering.make()));
  CHECK(test::becomes_true([&] {
    forget_ended_disposals();
    return test::open_descriptors() == before;
  }));
}

TEST_CASE("a file whose server never answers holds up nobody", "[root][os][unix]") {
  test::HangingFile hanging;
  if (!hanging.works()) return test::skip("needs /dev/fuse, and the right to mount");
  const Pair pair(SOCK_DGRAM);
  const auto before = test::open_descriptors();
  const int own = ::open(hanging.path().c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(own >= 0);
  CHECK(time_of([&] {
          close_elsewhere(UniqueFd(::fcntl(own, F_DUPFD_CLOEXEC, 0)));
          REQUIRE(test::send_with(pair.stranger.get(), "x", {own}));
          REQUIRE(discard_datagram(pair.zinit.get()));
          Closer closer;
          closer.close(UniqueFd(::fcntl(own, F_DUPFD_CLOEXEC, 0)));
        }) < kLong);
  CHECK(test::becomes_true([&] { return hanging.asked() == 2; }));
  hanging.end();
  ::close(own);
  while (::waitpid(-1, nullptr, 0) > 0) {}  // the hanging processes end now
  CHECK(test::becomes_true([&] {            // a thread may wait for its process still
    forget_ended_disposals();
    return test::open_descriptors() == before;
  }));
}

}  // namespace
}  // namespace zinit::test::os_unix_receive
