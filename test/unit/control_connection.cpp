// A client's connection alone, without a server: when it wakes who writes to it.
#include "control/connection.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "support/deadline.hpp"

using namespace zinit;
using namespace zinit::test;

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

/// How often `fill`'s output wakes its writer when the peer reads so fast that the loop never gets
/// to tell of room: all is written by calls of flush().
int wakes_without_the_loop(const std::function<void(Connection&)>& fill) {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  Pair pair = connected();
  int wakes = 0;
  std::thread reader([fd = pair.peers.get()] {
    std::string bytes(65536, '\0');
    while (::recv(fd, bytes.data(), bytes.size(), 0) > 0) {
    }
  });
  {
    Connection connection(**loop, std::move(pair.ours), [&wakes] { ++wakes; });
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

}  // namespace

TEST_CASE("connection: the end of a pause wakes, also where no event tells of it", "[control]") {
  CHECK(wakes_without_the_loop([](Connection& connection) {
          REQUIRE(connection.put_answer(std::string(1500000, 'a')));
          REQUIRE(connection.paused());
        }) == 1);
}

TEST_CASE("connection: notifications that were held back are asked for again", "[control]") {
  CHECK(wakes_without_the_loop([](Connection& connection) {
          while (!connection.is_ahead())
            REQUIRE(connection.put_notification(std::string(1000, 'n')));
        }) == 1);
}

TEST_CASE("connection: what held nothing back wakes nobody", "[control]") {
  CHECK(wakes_without_the_loop([](Connection& connection) {
          REQUIRE(connection.put_answer(std::string(1000, 'a')));
        }) == 0);
}
