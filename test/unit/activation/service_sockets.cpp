// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sockets of services that are closed while processes still have them.
#include "activation/service_sockets.hpp"
#include "supervisor/spawn_extras.hpp"
#include "support/addresses.hpp"
#include "unit/activation/services.hpp"
#include "unit/config/text.hpp"
#include "unit/support/loop.hpp"

namespace zinit::test::activation_service_sockets {
namespace {

/// A listening socket at a free port of `host`.
UniqueFd listening(const std::string& host = "127.0.0.1") {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const SocketAddress any = ip_address(host, 0);
  REQUIRE(::bind(fd.get(), any.get(), any.size) == 0);
  REQUIRE(::listen(fd.get(), 1) == 0);
  return fd;
}

std::uint16_t port_of(const UniqueFd& fd) {
  return ntohs(reinterpret_cast<const sockaddr_in&>(own_address(fd.get()).storage).sin_port);
}

std::string free_address() { return address_text(own_address(listening().get())); }

TEST_CASE("an address in use is waited for if its holder is about to release it", "[sockets]") {
  const UniqueFd there = listening();
  const std::uint16_t port = port_of(there);
  const auto error_of = [&](const std::string& wanted, const SocketAddress& held,
                            int type = SOCK_STREAM) {
    Listeners opened;
    const OtherListeners others{{}, {{"b", held, type}, {"a", held, type}, {"b", held, type}}};
    const auto at = parse_listen_address(wanted + ":" + std::to_string(port));
    REQUIRE(at);
    auto open = open_listeners(*at, {}, {}, others, opened);
    REQUIRE(!open);
    return std::move(open.error());
  };
  const auto waits = [&](const Error& error) {
    CHECK_THAT(error.text, Contains("Address already in use"));
    const bool named = error.text.ends_with("; about to be released by b, a");
    CHECK(named == error.temporary());
    return named;
  };
  CHECK(waits(error_of("127.0.0.1", ip_address("127.0.0.1", port))));
  CHECK(waits(error_of("127.0.0.1", ip_address("0.0.0.0", port))));
  CHECK(waits(error_of("127.0.0.1", ip_address("::", port))));
  CHECK(waits(error_of("0.0.0.0", ip_address("127.0.0.2", port))));
  CHECK_FALSE(waits(error_of("127.0.0.1", ip_address("127.0.0.2", port))));
  CHECK_FALSE(waits(error_of("127.0.0.1", ip_address("127.0.0.1", port ^ 1))));
  CHECK_FALSE(waits(error_of("127.0.0.1", ip_address("127.0.0.1", port), SOCK_DGRAM)));
  CHECK_FALSE(waits(error_of("127.0.0.1", local_address("/run/s"))));
}

TEST_CASE("a socket is known as held from its close to the end of the process that has it",
          "[sockets]") {
  const auto loop = new_loop();
  Services services;
  services.now = ServiceAccess::Stand::up;
  const std::string address = free_address();
  const auto graph_of = [&](const std::string& name, const std::string& listen, Slot slot) {
    const SpecPtr spec = finish(parse_spec(
        "[service]\nexec = 'a'\n[socket]\non_demand = false\nlisten = ['" + listen + "']\n",
        "/etc/zinit/services/" + name + ".toml"));
    return Graph::build({{spec, slot}});
  };
  GraphPtr graph = graph_of("old", address, 0);
  StateFacts facts;
  ReleasedAddresses released(services, facts);
  ServiceSockets sockets(*loop, services, released,
                         {[](const std::string&, KeptFd) {}, [] {}, [&] { return graph; }});
  SpawnExtras extras;
  REQUIRE(sockets.prepare(0, graph->spec(0), extras));
  services.main = 7;
  UniqueFd of_process(::fcntl(extras.listen_fds.at(0).fd, F_DUPFD_CLOEXEC, 0));
  extras = {};

  graph = graph_of("new", address, 1);
  SpawnExtras none;
  const auto launched = sockets.prepare(1, graph->spec(1), none);
  REQUIRE(!launched);
  CHECK(launched.error().temporary());
  CHECK_THAT(launched.error().text, Contains("; about to be released by processes of old"));
  for (int i = 0; i < 2; ++i) {  // however often anyone looks
    CHECK_FALSE(released.forget_gone());
    CHECK(released.held().size() == 1);
    CHECK(sockets.open_all().at("new").temporary());
  }

  of_process.reset();
  services.main = -1;
  CHECK(released.held().empty());
  CHECK(released.forget_gone());
  CHECK_FALSE(released.forget_gone());
  CHECK(sockets.open_all().empty());
  CHECK(run_until(*loop, [&] { return services.retried == 1; }));
  // The service was still being launched: asked again at the next look, and then no more.
  services.waits = true;
  sockets.look();
  CHECK(run_until(*loop, [&] { return services.retried == 2; }));
  sockets.look();
  CHECK(sockets.open_all().empty());
  bool looked = false;
  REQUIRE(loop->post([&] { looked = true; }));
  CHECK(run_until(*loop, [&] { return looked; }));
  CHECK(services.retried == 2);
}

}  // namespace
}  // namespace zinit::test::activation_service_sockets
