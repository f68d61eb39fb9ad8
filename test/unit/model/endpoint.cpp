// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Endpoints of probes, and addresses of proxies and of [socket]: what they are taken for, and the
// messages about wrong ones.
#include "model/endpoint.hpp"
#include "support/test.hpp"

#include "base/format.hpp"
#include "model/listen_address.hpp"

namespace zinit::test::model_endpoint {
namespace {

std::string parts(const tl::expected<Endpoint, std::string>& endpoint) {
  if (!endpoint) return endpoint.error();
  if (!endpoint->socket.empty()) return "path " + endpoint->socket + ", target " + endpoint->target;
  return fmt::format("host {}, port {}, target {}", endpoint->host, endpoint->port,
                     endpoint->target);
}

std::string parts(const tl::expected<ListenAddress, std::string>& address) {
  if (!address) return address.error();
  static constexpr const char* kTypes[] = {"stream", "datagram", "fifo"};
  return kTypes[static_cast<int>(address->type)] + std::string(": ") + parts(address->place);
}

/// A row of endpoints.golden.
std::string parsed(const std::string& row) {
  const std::string what = row.substr(0, row.find(' '));
  const std::string text = row.substr(what.size() + 1);
  if (what == "tcp") return parts(parse_tcp_endpoint(text));
  if (what == "http") return parts(parse_http_endpoint(text));
  if (what == "host") return host_header(*parse_http_endpoint(text));
  if (what == "proxy") return parts(parse_proxy_address(text));
  return parts(parse_listen_address(text));
}

TEST_CASE("an endpoint or an address has its parts, or a message what is wrong with it",
          "[health][model][proxy][socket]") {
  CHECK_GOLDEN_ROWS("endpoints", parsed);
  const std::string no_url = "has a character in its path that a URL cannot have, write it as %20";
  CHECK(parsed("http http://a/x\r\nEvil: 1") == no_url);
  CHECK(parsed("http http://a/" + std::string(5000, 'x')) == "has a path of more than 4096 bytes");
  CHECK(parsed("tcp " + std::string(300, 'a') + ":80") == "has a host name of more than 253 bytes");
  for (const char* socket : {"tcp unix:/", "listen unix-dgram:/"})
    CHECK(parsed(socket + std::string(107, 'x')) ==
          "has a socket path of 108 bytes, the kernel allows 107");
  CHECK(parsed("listen fifo:/" + std::string(200, 'x')) ==
        "fifo: path /" + std::string(200, 'x') + ", target ");
  CHECK(parsed("listen fifo:/" + std::string(4095, 'x')) ==
        "has a path of 4096 bytes, the kernel allows 4095");
}

TEST_CASE("listen address: [::] leaves IPv4 to 0.0.0.0 of the same port and type",
          "[model][socket]") {
  const Texts all{"[::]:80",  "0.0.0.0:80", "udp:[::]:80",   "[::]:81",
                  "[::1]:80", "unix:/x",    "udp:0.0.0.0:81"};
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(is_beside_ipv4(all, i) == (i == 0));
  CHECK(is_beside_ipv4({"udp:[::]:53", "udp:0.0.0.0:53"}, 0));
}

}  // namespace
}  // namespace zinit::test::model_endpoint
