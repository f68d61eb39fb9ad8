// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Endpoints of probes: valid ones, and the messages about wrong ones.
#include "model/endpoint.hpp"
#include "support/catch.hpp"

namespace model_endpoint_test {

using namespace zinit;

TEST_CASE("endpoint: tcp takes a host, an IPv6 address in brackets, or a socket", "[health]") {
  CHECK(parse_tcp_endpoint("localhost:80") == Endpoint{"", "localhost", 80, ""});
  CHECK(parse_tcp_endpoint("10.0.0.1:65535") == Endpoint{"", "10.0.0.1", 65535, ""});
  CHECK(parse_tcp_endpoint("my_db-1.lan:1") == Endpoint{"", "my_db-1.lan", 1, ""});
  CHECK(parse_tcp_endpoint("[::1]:80") == Endpoint{"", "::1", 80, ""});
  CHECK(parse_tcp_endpoint("unix:/run/a:b") == Endpoint{"/run/a:b", "", 0, ""});
}

TEST_CASE("endpoint: http takes a URL, with a port and a path or without", "[health]") {
  CHECK(parse_http_endpoint("http://localhost") == Endpoint{"", "localhost", 80, "/"});
  CHECK(parse_http_endpoint("http://a:8080/x?y=/:1") == Endpoint{"", "a", 8080, "/x?y=/:1"});
  CHECK(parse_http_endpoint("http://a?y") == Endpoint{"", "a", 80, "/?y"});
  CHECK(parse_http_endpoint("http://[::1]/x") == Endpoint{"", "::1", 80, "/x"});
  CHECK(parse_http_endpoint("http+unix:///run/a.sock:/b:/c") ==
        Endpoint{"/run/a.sock", "", 0, "/b:/c"});
  CHECK(parse_http_endpoint("http+unix:///run/a.sock") == Endpoint{"/run/a.sock", "", 0, "/"});
}

TEST_CASE("endpoint: a wrong one is told what is wrong with it", "[health]") {
  const auto tcp = [](std::string_view text) {
    const auto endpoint = parse_tcp_endpoint(text);
    return endpoint ? "right" : endpoint.error();
  };
  CHECK(tcp("localhost") == "has no port; use e.g. \"localhost:80\"");
  CHECK(tcp(":80") == "has no host");
  CHECK(tcp("") == "has no host");
  CHECK(tcp("a:0") == "has the invalid port \"0\", must be from 1 to 65535");
  CHECK(tcp("a:") == "has the invalid port \"\", must be from 1 to 65535");
  CHECK(tcp("a:65536") == "has the invalid port \"65536\", must be from 1 to 65535");
  CHECK(tcp("a:b:80") == "has the invalid port \"b:80\", must be from 1 to 65535");
  CHECK(tcp("a:-1") == "has the invalid port \"-1\", must be from 1 to 65535");
  CHECK(tcp("::1:80") == "has an IPv6 address without brackets; use e.g. \"[::1]:80\"");
  CHECK(tcp("[::1") == "has no ] after its IPv6 address");
  CHECK(tcp("[a]:80") == "has \"a\" in brackets, which is not an IPv6 address");
  CHECK(tcp("[::1]80") == "has something other than :PORT after ]");
  CHECK(tcp("[::1]") == "has no port; use e.g. \"localhost:80\"");
  CHECK(tcp("//a:80") == "has // before its host; leave that out");
  CHECK(tcp("a b:80") == "has the invalid host name \"a b\"");
  CHECK(tcp(std::string(300, 'a') + ":80") == "has a host name of more than 253 bytes");
  CHECK(tcp("unix:run") == "has no absolute path to a socket");
  CHECK(tcp("unix:/" + std::string(107, 'x')) ==
        "has a socket path of 108 bytes, the kernel allows 107");
  CHECK(tcp("http://a") == "is a URL; use e.g. \"localhost:80\" or \"unix:/run/x.sock\"");

  const auto http = [](std::string_view text) {
    const auto endpoint = parse_http_endpoint(text);
    return endpoint ? "right" : endpoint.error();
  };
  CHECK(http("https://a/") == "is an https URL, which health checks do not support; use http");
  CHECK(http("a:80").starts_with("is not an http URL; use e.g. \"http://localhost:80/path\""));
  CHECK(http("http:///x") == "has no host");
  CHECK(http("http://u:p@a/") == "has a user in its URL, which health checks do not send");
  CHECK(http("http://a/#x") == "has a # part, which is never sent to a server");
  CHECK(http("http://a/x y") ==
        "has a character in its path that a URL cannot have, write it as %20");
  CHECK(http("http://a/x\r\nEvil: 1") ==
        "has a character in its path that a URL cannot have, write it as %20");
  CHECK(http("http://a/" + std::string(5000, 'x')) == "has a path of more than 4096 bytes");
  CHECK(http("http+unix://x:/y") == "has no absolute path to a socket");
}

TEST_CASE("endpoint: the header Host names what the URL does", "[health]") {
  CHECK(host_header(*parse_http_endpoint("http://a/")) == "a");
  CHECK(host_header(*parse_http_endpoint("http://a:8080/")) == "a:8080");
  CHECK(host_header(*parse_http_endpoint("http://[::1]/")) == "[::1]");
  CHECK(host_header(*parse_http_endpoint("http://[::1]:81/")) == "[::1]:81");
  CHECK(host_header(*parse_http_endpoint("http+unix:///run/x")) == "localhost");
}

}  // namespace model_endpoint_test
