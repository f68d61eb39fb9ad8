// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies in front of services that a test starts and stops.
#include "activation/proxies.hpp"
#include "unit/activation/services.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::activation_proxies {
namespace {

UniqueFd unix_socket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/// One proxy between two paths.
class Rig {
 public:
  /// `full`: as many tasks as the loop takes wait already.
  explicit Rig(std::chrono::seconds connect_timeout = 1h, bool full = false)
      : loop_(new_loop()),
        table_(ProxyTable::create().value()),
        proxies_(*loop_, services, [](ProxyTable::Place) {}) {
    ::signal(SIGPIPE, SIG_IGN);
    ProxySpec spec;
    spec.name = "p";
    spec.service = "s";
    spec.listen = {"unix:" + (directory_ / "front")};
    spec.backend = "unix:" + (directory_ / "back");
    spec.connect_timeout = connect_timeout;
    place_ = table_.claim("p").value();
    auto opened = open_listeners(spec, place_, {});
    REQUIRE(opened);
    std::vector<Proxies::Change> changes(1);
    changes[0].spec = std::make_shared<ProxySpec>(spec);
    changes[0].place = place_;
    changes[0].counts = &counts();
    changes[0].listeners = *std::move(opened);
    while (full && loop_->post([] {})) {}
    bool done = false;
    proxies_.apply(std::move(changes), [&](Listeners) { done = true; });
    REQUIRE(until([&] { return done; }));
  }

  /// The backend begins to listen.
  void listen() {
    backend_ = unix_socket();
    const SocketAddress at = local_address(directory_ / "back");
    REQUIRE(::bind(backend_.get(), at.get(), at.size) == 0);
    REQUIRE(::listen(backend_.get(), 100) == 0);
  }
  UniqueFd connect() {
    UniqueFd client = unix_socket();
    const SocketAddress at = local_address(directory_ / "front");
    REQUIRE(::connect(client.get(), at.get(), at.size) == 0);
    return client;
  }
  /// The next connection to the backend; empty if none comes.
  UniqueFd accepted(Milliseconds within = kPatience) {
    UniqueFd got;
    until(
        [&] {
          return bool(got = UniqueFd(::accept4(backend_.get(), nullptr, nullptr, SOCK_NONBLOCK)));
        },
        within);
    return got;
  }
  bool until(const std::function<bool()>& done, Milliseconds within = kPatience) {
    return run_until(*loop_, done, within);
  }
  void come_up() {
    services.now = ServiceAccess::Stand::up;
    services.since = Clock::now();
    proxies_.look();
  }
  ProxyCounts& counts() { return table_.counts(place_); }

  Services services;

 private:
  TempDir directory_;
  std::unique_ptr<EventLoop> loop_;
  ProxyTable table_;
  ProxyTable::Place place_ = 0;
  UniqueFd backend_;
  Proxies proxies_;
};

TEST_CASE("more connections than are tried at once come to the backend in their order", "[proxy]") {
  constexpr std::size_t many = 200;
  Rig rig;
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < many; ++i) {
    clients.push_back(rig.connect());
    const auto byte = static_cast<char>(i);
    REQUIRE(::send(clients.back().get(), &byte, 1, 0) == 1);
    REQUIRE(rig.until([&] { return rig.counts().active == i + 1; }));
  }
  for (std::size_t i = 1; i < many; i += 50) clients[i].reset();  // its byte is still delivered
  rig.listen();
  rig.come_up();
  for (std::size_t i = 0; i < many; ++i) {
    const UniqueFd backend = rig.accepted();
    REQUIRE(backend);
    char byte = 0;
    REQUIRE(rig.until([&] { return ::recv(backend.get(), &byte, 1, 0) == 1; }));
    CHECK(byte == static_cast<char>(i));
  }
  CHECK(rig.counts().rejected == 0);
}

TEST_CASE("each of many connections is rejected when its backend has not come in its time",
          "[proxy]") {
  constexpr std::size_t many = 200;
  Rig rig(1s);
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < many; ++i) {
    clients.push_back(rig.connect());
    REQUIRE(rig.until([&] { return rig.counts().total == i + 1; }));
  }
  rig.come_up();
  CHECK(rig.until([&] { return rig.counts().rejected == many; }));
  CHECK(rig.counts().active == 0);
}

TEST_CASE("many connections ask for their service once, and wait while that starts", "[proxy]") {
  Rig rig;
  rig.listen();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(rig.connect());
  CHECK(rig.until([&] { return rig.counts().total == 50; }));
  CHECK(rig.services.started == 1);
  rig.services.now = ServiceAccess::Stand::coming;
  CHECK_FALSE(rig.accepted(100ms));
  CHECK(rig.counts().active == 50);
  rig.come_up();
  for (int i = 0; i < 50; ++i) CHECK(rig.accepted());
  CHECK(rig.counts().rejected == 0);
}

TEST_CASE("a proxy is served if its change comes when the data loop takes no more tasks",
          "[proxy]") {
  Rig rig(1h, true);
  rig.listen();
  rig.services.now = ServiceAccess::Stand::up;
  const UniqueFd client = rig.connect();
  CHECK(rig.accepted());
}

TEST_CASE("the counts of proxies have places by name", "[proxy]") {
  auto table = ProxyTable::create();
  REQUIRE(table);
  const auto a = table->claim("a"), b = table->claim("b");
  REQUIRE((a && b));
  CHECK(*a != *b);
  table->counts(*a).total = 5;
  CHECK(table->claim("a") == a);
  CHECK(table->counts(*a).total == 5);
  table->free(*a);
  CHECK(table->name(*a).empty());
  const auto again = table->claim("c");
  CHECK(again == a);
  CHECK(table->counts(*again).total == 0);
  CHECK_FALSE(table->claim(std::string(200, 'x')));
}

}  // namespace
}  // namespace zinit::test::activation_proxies
