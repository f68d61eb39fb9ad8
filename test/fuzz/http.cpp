// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the reader of web servers' answers: any bytes, whole or in pieces, must give the same
// status or fault, and a fault must be short and safe to show.
#include "fuzz/fuzz.hpp"

#include "io/http_reader.hpp"

namespace zinit::fuzz {
namespace {

// A fault quotes at most 64 bytes, and each may become \xNN.
constexpr std::size_t kLongestFault = 300;

/// Gives `bytes` to `reader` in pieces of at most `size`, and then the end.
void read(HttpReader& reader, std::string_view bytes, std::size_t size) {
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (reader.take(bytes.substr(at, size))) break;
  }
  reader.ended();
  require(reader.over());
  const unsigned status = reader.status();
  require((status != 0) == reader.fault().empty());
  require(status == 0 || status == 101 || (status >= 200 && status <= 999));
  require(status == 0 || bytes.find(std::to_string(status)) != bytes.npos);
  require(reader.fault().size() < kLongestFault && showable(reader.fault()));
}

/// Further bytes do not change the result.
void read_on(HttpReader& reader) {
  const unsigned status = reader.status();
  const std::string fault = reader.fault();
  require(reader.take("HTTP/1.1 418 Later\r\n\r\n"));
  reader.ended();
  require(reader.status() == status && reader.fault() == fault);
}

}  // namespace

std::set<std::string> words() {
  return words_in(
      "HTTP/1.1 |HTTP/1.0 |100|101|200|204|304|\r\n|\n|\r\n\r\n|099|999|: |Content-Length|"
      "Transfer-Encoding|chunked|Connection|close|keep-alive|Upgrade",
      '|');
}

void look_at(std::string_view input) {
  HttpReader whole, pieces;
  read(whole, input, std::max<std::size_t>(input.size(), 1));
  read(pieces, input, input.size() % 7 + 1);
  require(whole.status() == pieces.status());
  require(whole.fault() == pieces.fault());
  read_on(whole);
}

}  // namespace zinit::fuzz
