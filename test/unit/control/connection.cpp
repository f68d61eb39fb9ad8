// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A client's connection without a server: when it wakes its writer.
#include "control/connection.hpp"
#include "support/test.hpp"

#include <ev.h>

namespace zinit::test::control_connection {
namespace {

struct Pair {
  UniqueFd ours;
  UniqueFd peers;
};

Pair connected() {
  int fds[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// How often the output of `fill` wakes its writer if the peer reads so fast that the loop never
/// reports room: calls of flush() write everything.
int wakes_without_the_loop(const std::function<void(Connection&)>& fill) {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  Pair pair = connected();
  int wakes = 0;
  std::thread reader([fd = pair.peers.get()] {
    std::string bytes(65536, '\0');
    while (::recv(fd, bytes.data(), bytes.size(), 0) > 0) {}
  });
  {
    Connection connection(**loop, std::move(pair.ours), nullptr, [&wakes] { ++wakes; });
    fill(connection);
    CHECK(becomes_true([&] {
      connection.flush();
      return connection.output_empty();
    }));
    CHECK_FALSE(connection.paused());
    CHECK_FALSE(connection.is_ahead());
  }
  reader.join();
  return wakes;
}

TEST_CASE(
    "connection: the end of a pause wakes where no event reports it, and what held nothing "
    "back wakes nobody",
    "[threads][control]") {
  CHECK(wakes_without_the_loop([](Connection& connection) {
          REQUIRE(connection.put_answer(std::string(1500000, 'a')));
          REQUIRE(connection.paused());
        }) == 1);
  CHECK(wakes_without_the_loop([](Connection& connection) {
          while (!connection.is_ahead())  // notifications are asked for again
            REQUIRE(connection.put_notification(std::string(1000, 'n')));
        }) == 1);
  CHECK(wakes_without_the_loop([](Connection& connection) {
          REQUIRE(connection.put_answer(std::string(1000, 'a')));
        }) == 0);
}

/// A connection whose bytes count for a user, who may hold `room` bytes more.
struct Counted {
  explicit Counted(std::size_t room)
      : share(quota.share_for(1000)), others(share, Quota::kBytesOfUser - room) {
    REQUIRE(loop);
    pair = connected();
    REQUIRE(::fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK) == 0);
    ours.emplace(**loop, std::move(pair.ours), share, [this] { ++wakes; });
  }

  void peer_sends(std::string_view bytes) const {
    REQUIRE(::send(pair.peers.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
    for (int i = 0; i < 4; ++i) ev_run((*loop)->ev(), EVRUN_NOWAIT);
  }
  [[nodiscard]] std::size_t held() const { return quota.bytes() - others.bytes(); }

  Result<std::unique_ptr<EventLoop>> loop = EventLoop::create();
  Quota quota{10};
  SharePtr share;
  Held others;
  Pair pair;
  int wakes = 0;
  std::optional<Connection> ours;
};

TEST_CASE(
    "connection: half a request is counted until the connection ends, a whole one leaves no "
    "buffer behind",
    "[control][quota]") {
  Counted rig(Quota::kBytesOfUser);
  rig.peer_sends(std::string(50000, 'x') + "\n");
  CHECK(rig.ours->next_line());
  CHECK_FALSE(rig.ours->next_line());
  CHECK(rig.held() < 5000);
  rig.peer_sends(std::string(50000, 'x'));
  CHECK_FALSE(rig.ours->next_line());
  CHECK(rig.held() >= 50000);
  rig.ours.reset();
  CHECK(rig.held() == 0);
}

TEST_CASE("connection: input and answers beyond what a user may hold starve it",
          "[control][quota]") {
  Counted rig(1000);
  SECTION("input") { rig.peer_sends(std::string(5000, 'x')); }
  SECTION("a whole line") {
    rig.peer_sends("x\n");
    rig.others.add(1000);
    CHECK_FALSE(rig.ours->next_line());
  }
  SECTION("an answer") {
    CHECK(rig.ours->put_answer(std::string(1000, 'a')));
    CHECK_FALSE(rig.ours->put_answer("b"));
  }
  CHECK(rig.ours->starved());
  CHECK_FALSE(rig.ours->next_line());
  rig.ours->refuse("no");
  CHECK_FALSE(rig.ours->starved());
  CHECK(rig.ours->output_empty());  // the refusal was sent nevertheless
  rig.ours.reset();
  CHECK(rig.held() == 0);
}

TEST_CASE("connection: calls without room are dropped and asked for again", "[control][quota]") {
  Counted rig(0);
  CHECK(rig.ours->put_notification("one"));  // no other event would wake the writer
  CHECK_FALSE(rig.ours->put_notification("two"));
  CHECK(rig.wakes == 0);
  rig.ours->flush();
  CHECK(rig.wakes == 1);
  CHECK(rig.ours->put_notification("some were dropped"));
  rig.ours->give_up();
  CHECK(rig.held() < 100);
}

}  // namespace
}  // namespace zinit::test::control_connection
