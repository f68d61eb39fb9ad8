// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A probe's reading of a web server's answer, in one piece and byte by byte.
#include "io/http_reader.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::io_http_reader {
namespace {

/// The status that a probe reads, or the fault. Reads the bytes at once and in pieces; both must
/// give the same.
std::string read(std::string_view bytes) {
  HttpReader whole, pieces;
  if (!whole.take(bytes)) whole.ended();
  for (const char byte : bytes) {
    if (pieces.take({&byte, 1})) break;
  }
  pieces.ended();
  CHECK(whole.status() == pieces.status());
  CHECK(whole.fault() == pieces.fault());
  CHECK((whole.status() == 0 || whole.fault().empty()));
  return whole.fault().empty() ? std::to_string(whole.status()) : std::string(whole.fault());
}

TEST_CASE("http reader: answers have the status or the fault of the golden file", "[io][health]") {
  CHECK_GOLDEN_ROWS("http_reader", [](const std::string& row) { return read(unescaped(row)); });
}

TEST_CASE("http reader: a body may be long; headers, 1xx answers and other text have bounds",
          "[io][health]") {
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n" + std::string(200000, 'x')) == "200");
  CHECK(read("HTTP/1.1 200 " + std::string(1000, 'x') + "\r\n\r\n") == "200");
  const std::string too_large = "sent headers of more than 65536 bytes";
  std::string headers = "HTTP/1.1 200 OK\r\n", hints;
  while (headers.size() < 300000) headers += "X-Filler: " + std::string(1000, 'x') + "\r\n";
  CHECK(read(headers) == too_large);
  while (hints.size() < 300000) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  CHECK(read(hints) == too_large);
  const auto of_size = [](std::size_t size) {
    const std::string status_line = "HTTP/1.1 200 OK\r\n";
    return status_line + std::string(size - status_line.size() - 4, 'x') + "\r\n\r\n";
  };
  CHECK(read(of_size(HttpReader::kMaxBytes)) == "200");
  CHECK(read(of_size(HttpReader::kMaxBytes + 1)) == too_large);
  // What is not HTTP is judged, and shown, by its first bytes.
  HttpReader reader;
  CHECK(reader.take(std::string(100, 'x')));
  CHECK(reader.fault() == "sent something other than HTTP: \"" + std::string(64, 'x') + "\"");
  CHECK(read(std::string(100, 'x')) == reader.fault());
}

}  // namespace
}  // namespace zinit::test::io_http_reader
