// Fuzzes what reads the answers of web servers: any bytes, whole and in pieces, must come out as
// the same status or fault, and as a fault that can be shown.
#include "fuzz/fuzz.hpp"

#include <algorithm>

#include "io/http_reader.hpp"

namespace zinit::fuzz {

namespace {

/// Gives `bytes` to `reader` in pieces of `size` at most, and then the end.
void read(HttpReader& reader, std::string_view bytes, std::size_t size) {
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (reader.take(bytes.substr(at, size))) break;
  }
  reader.ended();
  require(reader.over());
  require((reader.status() != 0) != !reader.fault().empty() || reader.status() < 100);
  require(reader.status() < 1000);
  require(showable(reader.fault()));
}

}  // namespace

std::set<std::string> words() {
  return {"HTTP/1.1 ",
          "HTTP/1.0 ",
          "100",
          "101",
          "200",
          "204",
          "304",
          "\r\n",
          ": ",
          "Content-Length",
          "Transfer-Encoding",
          "chunked",
          "Connection",
          "close",
          "keep-alive",
          "Upgrade"};
}

void look_at(std::string_view input) {
  HttpReader whole, pieces;
  read(whole, input, std::max<std::size_t>(input.size(), 1));
  read(pieces, input, input.size() % 7 + 1);
  require(whole.status() == pieces.status());
  require(whole.fault() == pieces.fault());
}

}  // namespace zinit::fuzz
