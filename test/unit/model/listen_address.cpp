// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Addresses of proxies and of [socket]: valid ones, and the messages about wrong ones.
#include "model/listen_address.hpp"
#include "support/catch.hpp"

namespace model_listen_address_test {

using namespace zinit;

namespace {

ListenAddress host(ListenType type, const std::string& name, std::uint16_t port) {
  return {type, Endpoint{"", name, port, ""}};
}

ListenAddress path(ListenType type, const std::string& where) {
  return {type, Endpoint{where, "", 0, ""}};
}

}  // namespace

TEST_CASE("listen address: a host with a port, a unix socket or a FIFO", "[model][socket]") {
  using enum ListenType;
  CHECK(parse_listen_address("localhost:80") == host(stream, "localhost", 80));
  CHECK(parse_listen_address("tcp:0.0.0.0:65535") == host(stream, "0.0.0.0", 65535));
  CHECK(parse_listen_address("[::]:80") == host(stream, "::", 80));
  CHECK(parse_listen_address("tcp:[::1]:80") == host(stream, "::1", 80));
  CHECK(parse_listen_address("udp:127.0.0.1:53") == host(datagram, "127.0.0.1", 53));
  CHECK(parse_listen_address("udp:[::1]:53") == host(datagram, "::1", 53));
  CHECK(parse_listen_address("unix:/run/x.sock") == path(stream, "/run/x.sock"));
  CHECK(parse_listen_address("unix-dgram:/run/log") == path(datagram, "/run/log"));
  CHECK(parse_listen_address("fifo:/run/queue") == path(fifo, "/run/queue"));
  CHECK(parse_listen_address("fifo:/" + std::string(200, 'x')) ==
        path(fifo, "/" + std::string(200, 'x')));
}

TEST_CASE("listen address: [::] leaves IPv4 to 0.0.0.0 of the same port and type",
          "[model][socket]") {
  const std::vector<std::string> all{"[::]:80",  "0.0.0.0:80", "udp:[::]:80",   "[::]:81",
                                     "[::1]:80", "unix:/x",    "udp:0.0.0.0:81"};
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(is_beside_ipv4(all, i) == (i == 0));
  CHECK(is_beside_ipv4({"udp:[::]:53", "udp:0.0.0.0:53"}, 0));
}

TEST_CASE("proxy address: streams alone", "[model][proxy]") {
  CHECK(parse_proxy_address("localhost:80") == Endpoint{"", "localhost", 80, ""});
  CHECK(parse_proxy_address("tcp:10.0.0.1:80") == Endpoint{"", "10.0.0.1", 80, ""});
  CHECK(parse_proxy_address("[::1]:80") == Endpoint{"", "::1", 80, ""});
  CHECK(parse_proxy_address("tcp:[::1]:80") == Endpoint{"", "::1", 80, ""});
  CHECK(parse_proxy_address("unix:/run/x:1") == Endpoint{"/run/x:1", "", 0, ""});
  const std::string no_stream =
      "is not a stream address; use e.g. \"localhost:80\" or \"unix:/run/x.sock\"";
  for (const char* text : {"udp:a:80", "unix-dgram:/run/x", "fifo:/run/x"}) {
    INFO(text);
    CHECK(parse_proxy_address(text).error() == no_stream);
  }
  CHECK(parse_proxy_address("udp:a").error() == "has no port; use e.g. \"localhost:80\"");
}

TEST_CASE("listen address: a wrong one is told what is wrong with it", "[model][socket]") {
  const auto fault = [](std::string_view text) {
    const auto address = parse_listen_address(text);
    return address ? "right" : address.error();
  };
  CHECK(fault("") == "has no host");
  CHECK(fault("localhost") == "has no port; use e.g. \"localhost:80\"");
  CHECK(fault("80") == "has no port; use e.g. \"localhost:80\"");
  CHECK(fault("tcp:80") == "has no port; use e.g. \"localhost:80\"");
  CHECK(fault("udp:80") == "has no port; use e.g. \"localhost:80\"");
  CHECK(fault(":80") == "has no host");
  CHECK(fault("a:0") == "has the invalid port \"0\", must be from 1 to 65535");
  CHECK(fault("tcp:a:65536") == "has the invalid port \"65536\", must be from 1 to 65535");
  CHECK(fault("upd:a:53") == "has the invalid port \"a:53\", must be from 1 to 65535");
  CHECK(fault("udp:udp:a:53") == "has the invalid port \"a:53\", must be from 1 to 65535");
  CHECK(fault("::1:80") == "has an IPv6 address without brackets; use e.g. \"[::1]:80\"");
  CHECK(fault("udp:[::1]") == "has no port; use e.g. \"localhost:80\"");
  CHECK(fault("tcp:unix:/run/x") == "has two prefixes, must have one");
  CHECK(fault("udp:unix:/run/x") == "has two prefixes, must have one");
  CHECK(fault("unix:run/x") == "has no absolute path to a socket");
  CHECK(fault("unix-dgram:x") == "has no absolute path to a socket");
  CHECK(fault("fifo:x") == "has no absolute path to a FIFO");
  CHECK(fault("unix-dgram:/" + std::string(107, 'x')) ==
        "has a socket path of 108 bytes, the kernel allows 107");
  CHECK(fault("fifo:/" + std::string(4095, 'x')) ==
        "has a path of 4096 bytes, the kernel allows 4095");
  CHECK(fault("http://a:80") == "is a URL; use e.g. \"localhost:80\" or \"unix:/run/x.sock\"");
}

}  // namespace model_listen_address_test
