// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The header that gives a backend the addresses of a proxied connection.
#include "activation/proxy_header.hpp"
#include "support/test.hpp"
#include "unit/support/addresses.hpp"

namespace zinit::test::activation_header {
TEST_CASE("version 1 of the PROXY header is a line of text", "[proxy]") {
  CHECK(proxy_header(1, ip_address("192.0.2.7", 56324), ip_address("198.51.100.1", 443)) ==
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n");
  CHECK(proxy_header(1, ip_address("2001:db8::7", 1), ip_address("::1", 65535)) ==
        "PROXY TCP6 2001:db8::7 ::1 1 65535\r\n");
  CHECK(proxy_header(1, local_address("/run/x"), local_address("/run/y")) == "PROXY UNKNOWN\r\n");
  CHECK(proxy_header(1, ip_address("192.0.2.7", 1), ip_address("::1", 2)) == "PROXY UNKNOWN\r\n");
}

TEST_CASE("version 2 of the PROXY header is binary", "[proxy]") {
  const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;
  CHECK(proxy_header(2, ip_address("192.0.2.7", 0x1234), ip_address("198.51.100.1", 443)) ==
        signature + "\x21\x11\0\x0c"s + "\xc0\0\x02\x07"s + "\xc6\x33\x64\x01" +
            "\x12\x34\x01\xbb");
  const std::string six = proxy_header(2, ip_address("2001:db8::7", 1), ip_address("::1", 2));
  CHECK(six.size() == 16 + 36);
  CHECK(six.substr(12, 4) == "\x21\x21\0\x24"s);
  CHECK(six.substr(48) == "\0\x01\0\x02"s);
  CHECK(proxy_header(2, local_address("/run/x"), local_address("/run/y")) ==
        signature + "\x20\0\0\0"s);
}

}  // namespace zinit::test::activation_header
