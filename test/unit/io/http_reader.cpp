// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A probe's reading of a web server's answer, in one piece and byte by byte.
#include "io/http_reader.hpp"
#include "support/test.hpp"

namespace zinit::test::io_http_reader {
namespace {

struct Outcome {
  unsigned status;
  std::string fault;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
  return to << outcome.status << " '" << outcome.fault << "'";
}

/// Reads the bytes at once and in pieces; both must give the same.
Outcome read(std::string_view bytes) {
  HttpReader whole, pieces;
  if (!whole.take(bytes)) whole.ended();
  for (const char byte : bytes) {
    if (pieces.take({&byte, 1})) break;
  }
  pieces.ended();
  CHECK(whole.status() == pieces.status());
  CHECK(whole.fault() == pieces.fault());
  return {whole.status(), whole.fault()};
}

TEST_CASE("http reader: the status counts once the headers are over", "[io][health]") {
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") == Outcome{200, ""});
  CHECK(read("HTTP/1.0 503 No\r\n\r\n") == Outcome{503, ""});
  CHECK(read("HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n") == Outcome{301, ""});
  CHECK(read("HTTP/1.1 404 \r\nA: b\r\n\r\n") == Outcome{404, ""});
  CHECK(read("HTTP/1.1 999 Own\r\n\r\n") == Outcome{999, ""});
  HttpReader reader;
  CHECK_FALSE(reader.take("HTTP/1.1 200 OK\r\nA: b\r\n"));
  CHECK(reader.status() == 0);
  CHECK(reader.take("\r\n"));
  CHECK(reader.status() == 200);
  CHECK(reader.take("anything"));
}

TEST_CASE("http reader: a body is not looked at, chunked or without an end", "[io][health]") {
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n") ==
        Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n" + std::string(200000, 'x')) == Outcome{200, ""});
}

TEST_CASE("http reader: 1xx answers are skipped, except 101", "[io][health]") {
  CHECK(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
             "HTTP/1.1 200 OK\r\n\r\n") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 500 No\r\n\r\n") ==
        Outcome{500, ""});
  CHECK(read("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n") ==
        Outcome{101, ""});
  CHECK(read("HTTP/1.1 100 Continue\r\n\r\n").fault ==
        "closed the connection in the middle of its answer");
}

TEST_CASE("http reader: what RFC 9112 lets a recipient take is taken", "[io][health]") {
  CHECK(read("HTTP/1.1 204\r\n\r\n") == Outcome{204, ""});
  CHECK(read("HTTP/1.1 200 OK\nServer: lone newlines\n\n") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 OK\nServer: mixed\r\n\n") == Outcome{200, ""});
  CHECK(read(" HTTP/1.1\t\r\v\f200\tOK\r\n\r\n") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 caf\xe9 \x01\r\n\r\n") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 " + std::string(1000, 'x') + "\r\n\r\n") == Outcome{200, ""});
  CHECK(read("\r\n\nHTTP/1.1 200 OK\r\n\r\n") == Outcome{200, ""});
}

TEST_CASE("http reader: header fields are not judged", "[io][health]") {
  CHECK(read("HTTP/1.1 200 OK\r\nno colon\r\n folded\r\n: no name\r\n\r\n") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 OK\r\nHTTP/1.1 500 No\r\n\r\n") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 OK\r\nA: \r\r\n \r\n\r\n") == Outcome{200, ""});
  // None of these lines is empty.
  CHECK(read("HTTP/1.1 200 OK\r\n\r\r\n \r\nA: b\r").fault ==
        "closed the connection in the middle of its answer");
}

TEST_CASE("http reader: what is no HTTP answer is reported as a fault", "[io][health]") {
  CHECK(read("").fault == "closed the connection without an answer");
  for (const char* part :
       {"HTT", " HT", "\r", "\r\n", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nA: b\r\n"}) {
    INFO(part);
    CHECK(read(part).fault == "closed the connection in the middle of its answer");
  }
  CHECK(read("220 mail.example ESMTP\r\n").fault ==
        "sent something other than HTTP: \"220 mail.example ESMTP\"");
  CHECK(read(std::string("\x16\x03\x01\0\xff", 5)).fault ==
        "sent something other than HTTP: \"\\x16\\x03\\x01\\x00\uFFFD\"");
  for (const char* line :
       {"HTTP/1.1 099 Odd", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 +20 OK",
        "HTTP/1.1 2x0 OK", "HTTP/1.1 OK", "HTTP/1.1", "HTTP/1.1200 OK", "HTTP/1 200 OK",
        "HTTP/1.10 200 OK", "HTTP/x.1 200 OK", "HTTP/1,1 200 OK", "http/1.1 200 OK",
        "HTTPS/1.1 200 OK", "xHTTP/1.1 200 OK", "GET / HTTP/1.1"}) {
    CHECK(read(std::string(line) + "\r\n\r\n").fault ==
          "sent something other than HTTP: \"" + std::string(line) + "\"");
  }
  CHECK(read("HTTP/1.1 100 Continue\r\n\r\n200 OK\r\n\r\n").fault ==
        "sent something other than HTTP: \"200 OK\"");
}

TEST_CASE("http reader: what is not HTTP is judged, and shown, by its first bytes",
          "[io][health]") {
  const std::string endless(100, 'x');
  HttpReader reader;
  CHECK(reader.take(endless));
  CHECK(reader.fault() == "sent something other than HTTP: \"" + endless.substr(0, 64) + "\"");
  CHECK(read(endless).fault == reader.fault());
}

TEST_CASE("http reader: headers and 1xx answers without end are given up", "[io][health]") {
  std::string headers = "HTTP/1.1 200 OK\r\n";
  while (headers.size() < 300000) headers += "X-Filler: " + std::string(1000, 'x') + "\r\n";
  CHECK(read(headers).fault == "sent headers of more than 65536 bytes");
  std::string hints;
  while (hints.size() < 300000) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  CHECK(read(hints).fault == "sent headers of more than 65536 bytes");
  const auto of_size = [](std::size_t size) {
    const std::string status_line = "HTTP/1.1 200 OK\r\n";
    return status_line + std::string(size - status_line.size() - 4, 'x') + "\r\n\r\n";
  };
  CHECK(read(of_size(HttpReader::kMaxBytes)) == Outcome{200, ""});
  CHECK(read(of_size(HttpReader::kMaxBytes + 1)).fault == "sent headers of more than 65536 bytes");
}

}  // namespace
}  // namespace zinit::test::io_http_reader
