// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// An epoll set within a loop.
#include "io/epoll_set.hpp"
#include "support/test.hpp"

namespace zinit::test::io_epoll_set {

TEST_CASE("a descriptor that was removed is not reported, though a copy of it is open", "[io]") {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  std::vector<EpollSet::Key> ready;
  EpollSet set(**loop, [&](EpollSet::Key key, std::uint32_t) {
    ready.push_back(key);
    (*loop)->stop();
  });
  REQUIRE(set.open());
  auto removed = make_pipe();
  auto kept = make_pipe();
  REQUIRE((removed && kept));
  REQUIRE(set.add(removed->read.get(), EPOLLIN, 1));
  REQUIRE(set.add(kept->read.get(), EPOLLIN, 2));
  const UniqueFd copy(::dup(removed->read.get()));
  set.remove(removed->read.get());
  removed->read.reset();
  REQUIRE(::write(removed->write.get(), "x", 1) == 1);
  REQUIRE(::write(kept->write.get(), "x", 1) == 1);
  (*loop)->run();
  CHECK_FALSE(ready.empty());
  CHECK(std::ranges::count(ready, EpollSet::Key{1}) == 0);
}

TEST_CASE("an epoll set without events reports a hang-up alone", "[io]") {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  int reported = 0;
  EpollSet set(**loop, [&](EpollSet::Key, std::uint32_t) {
    ++reported;
    (*loop)->stop();
  });
  REQUIRE(set.open());
  auto pipe = make_pipe();
  REQUIRE(pipe);
  REQUIRE(::write(pipe->write.get(), "x", 1) == 1);
  REQUIRE(set.add(pipe->read.get(), 0, 1));
  TimerWatcher until(**loop, [&] {
    CHECK(reported == 0);
    pipe->write.reset();
  });
  until.set(5ms);
  (*loop)->run();
  CHECK(reported > 0);
}

}  // namespace zinit::test::io_epoll_set
