// What a probe reads of a web server's answer, in one piece and byte by byte.
#include "io/http_reader.hpp"
#include "support/catch.hpp"

namespace io_http_reader_test {

using namespace zinit;

namespace {

struct Outcome {
  unsigned status;
  std::string fault;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& to, const Outcome& outcome) {
  return to << outcome.status << " '" << outcome.fault << "'";
}

/// The same whether it comes at once or in pieces.
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

}  // namespace

TEST_CASE("http reader: the status counts once the headers are over", "[io][health][quick]") {
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") == Outcome{200, ""});
  CHECK(read("HTTP/1.0 503 No\r\n\r\n") == Outcome{503, ""});
  CHECK(read("HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n") == Outcome{301, ""});
  CHECK(read("HTTP/1.1 204\r\n\r\n") == Outcome{204, ""});
  CHECK(read("HTTP/1.1 200 OK\nServer: lone newlines\n\n") == Outcome{200, ""});
  HttpReader reader;
  CHECK_FALSE(reader.take("HTTP/1.1 200 OK\r\nA: b\r\n"));
  CHECK(reader.status() == 0);
  CHECK(reader.take("\r\n"));
  CHECK(reader.status() == 200);
  CHECK(reader.take("anything"));
}

TEST_CASE("http reader: a body is not looked at, chunked or without an end",
          "[io][health][quick]") {
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n") ==
        Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n" + std::string(200000, 'x')) == Outcome{200, ""});
}

TEST_CASE("http reader: 1xx answers are skipped, except 101", "[io][health][quick]") {
  CHECK(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
             "HTTP/1.1 200 OK\r\n\r\n") == Outcome{200, ""});
  CHECK(read("HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 500 No\r\n\r\n") ==
        Outcome{500, ""});
  CHECK(read("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n") ==
        Outcome{101, ""});
  CHECK(read("HTTP/1.1 100 Continue\r\n\r\n").fault ==
        "closed the connection in the middle of its answer");
}

TEST_CASE("http reader: what is no HTTP answer is reported as a fault", "[io][health][quick]") {
  CHECK(read("").fault == "closed the connection without an answer");
  CHECK(read("HTTP/1.1 200 OK\r\nA: b\r\n").fault ==
        "closed the connection in the middle of its answer");
  CHECK(read("220 mail.example ESMTP\r\n").fault.starts_with("sent what is not HTTP: "));
  CHECK(read(std::string("\x16\x03\x01\0\xff", 5)).fault.starts_with("sent what is not HTTP: "));
  CHECK(read("HTTP/1.1 200 OK\r\nBad header\r\n\r\n").fault.starts_with("sent what is not HTTP: "));
  CHECK(read("HTTP/1.1 099 Odd\r\n\r\n").fault == "sent a status of 99");
}

TEST_CASE("http reader: headers and 1xx answers without end are given up", "[io][health][quick]") {
  std::string headers = "HTTP/1.1 200 OK\r\n";
  while (headers.size() < 300000) headers += "X-Filler: " + std::string(1000, 'x') + "\r\n";
  CHECK(read(headers).fault == "sent headers of more than 65536 bytes");
  std::string hints;
  while (hints.size() < 300000) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  CHECK(read(hints).fault == "sent headers of more than 65536 bytes");
}

}  // namespace io_http_reader_test
