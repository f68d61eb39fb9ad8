// Fuzzes what reads the answers of web servers: any bytes, whole and in pieces, must come out as
// the same status or fault, and as a fault that can be shown.
//
// The program is libFuzzer's: see test/fuzz/run. `--dictionary` prints words of HTTP for its -dict.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "io/http_reader.hpp"

using namespace zinit;

namespace {

#define REQUIRE(condition) \
  if (!(condition)) fail(#condition, __LINE__)

[[noreturn]] void fail(const char* condition, int line) {
  std::fprintf(stderr, "test/fuzz/http.cpp:%d: does not hold: %s\n", line, condition);
  std::abort();
}

/// Gives `bytes` to `reader` in pieces of `size` at most, and then the end.
void read(HttpReader& reader, std::string_view bytes, std::size_t size) {
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    if (reader.take(bytes.substr(at, size))) break;
  }
  reader.ended();
  REQUIRE(reader.over());
  REQUIRE((reader.status() != 0) != !reader.fault().empty() || reader.status() < 100);
  REQUIRE(reader.status() < 1000);
  REQUIRE(valid_utf8(reader.fault()) && reader.fault() == printable(reader.fault()));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc < 2 || std::string_view((*argv)[1]) != "--dictionary") return 0;
  for (const char* word : {"HTTP/1.1 ", "HTTP/1.0 ", "100", "101", "200", "204", "304",
                           "\\x0d\\x0a", ": ", "Content-Length", "Transfer-Encoding", "chunked",
                           "Connection", "close", "keep-alive", "Upgrade"})
    std::printf("\"%s\"\n", word);
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HttpReader whole, pieces;
  read(whole, input, std::max<std::size_t>(size, 1));
  read(pieces, input, size % 7 + 1);
  REQUIRE(whole.status() == pieces.status());
  REQUIRE(whole.fault() == pieces.fault());
  return 0;
}
