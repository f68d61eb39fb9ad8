// Fuzzes what reads the messages of notify sockets: whatever is sent comes out as fields that can
// be used as they are, and lines that are cut off or put before others change none of theirs.
//
// The program is libFuzzer's: see test/fuzz/run. `--dictionary` prints the words for its -dict.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "io/notify_message.hpp"

using namespace zinit;

namespace {

#define REQUIRE(condition) \
  if (!(condition)) fail(#condition, __LINE__)

[[noreturn]] void fail(const char* condition, int line) {
  std::fprintf(stderr, "test/fuzz/notify.cpp:%d: does not hold: %s\n", line, condition);
  std::abort();
}

/// What the rest of zinit relies on.
void look_at(const NotifyMessage& message) {
  REQUIRE(!message.main_pid || *message.main_pid > 0);
  REQUIRE(!message.watchdog_usec || *message.watchdog_usec > 0);
  REQUIRE(message.fd_name.find_first_of(": \n") == std::string::npos);
  REQUIRE(message.fd_name == printable(message.fd_name));
  if (!message.status) return;
  REQUIRE(message.status->size() <= kStatusTextMax);
  REQUIRE(valid_utf8(*message.status));
  REQUIRE(message.status->find('\n') == std::string::npos);
}

bool same(const NotifyMessage& a, const NotifyMessage& b) {
  return a.ready == b.ready && a.reloading == b.reloading && a.stopping == b.stopping &&
         a.alive == b.alive && a.trigger == b.trigger && a.store == b.store &&
         a.remove == b.remove && a.fd_name == b.fd_name && a.status == b.status &&
         a.main_pid == b.main_pid && a.extend_usec == b.extend_usec &&
         a.watchdog_usec == b.watchdog_usec;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  if (*argc < 2 || std::string_view((*argv)[1]) != "--dictionary") return 0;
  for (const char* word :
       {"READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "WATCHDOG=trigger", "FDSTORE=1",
        "FDSTOREREMOVE=1", "FDNAME=", "STATUS=", "MAINPID=", "EXTEND_TIMEOUT_USEC=",
        "WATCHDOG_USEC=", "\\x0a", "18446744073709551616", "2147483648"})
    std::printf("\"%s\"\n", word);
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const NotifyMessage message = parse_notify_message(input);
  look_at(message);
  REQUIRE(same(message, parse_notify_message("\nX_OTHER=1\nREADY\n" + input + "\n=\n")));
  if (parse_notify_message(input + "\nREADY=1").ready != true) fail("READY=1 is heard", __LINE__);
  return 0;
}
