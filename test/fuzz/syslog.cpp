// Fuzzes what reads messages of /dev/log: any bytes are a message whose parts lie within them.
//
// The program is libFuzzer's: see test/fuzz/run. `--dictionary` prints words for its -dict.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "io/syslog_message.hpp"

using namespace zinit;

namespace {

#define REQUIRE(condition) \
  if (!(condition)) fail(#condition, __LINE__)

[[noreturn]] void fail(const char* condition, int line) {
  std::fprintf(stderr, "test/fuzz/syslog.cpp:%d: does not hold: %s\n", line, condition);
  std::abort();
}

bool lies_in(std::string_view part, std::string_view whole) {
  const std::less_equal<> no_later;
  return part.empty() || (no_later(whole.data(), part.data()) &&
                          no_later(part.data() + part.size(), whole.data() + whole.size()));
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc < 2 || std::string_view((*argv)[1]) != "--dictionary") return 0;
  std::puts("\"<34>\"\n\"<34>1 \"\n\"Jan  5 06:07:08 \"\n\"web[1]: \"\n\"[a b=\\\"\"\n\"\\\"]\"");
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const SyslogMessage message = parse_syslog(input);
  REQUIRE(message.severity >= 0 && message.severity <= 7);
  REQUIRE(!severity_name(message.severity).empty());
  REQUIRE(lies_in(message.tag, input));
  REQUIRE(lies_in(message.text, input));
  REQUIRE(message.tag.size() <= 128);
  REQUIRE(message.tag.find_first_of(" \n") == std::string_view::npos);
  return 0;
}
