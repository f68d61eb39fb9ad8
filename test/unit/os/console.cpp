// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The console: its choice, its opening, and descriptors 0 to 2.
#include "os/console.hpp"
#include "base/text.hpp"
#include "os/kernel_command_line.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::os_console {
namespace {

TEST_CASE("the kernel's words are parted by blanks outside quotes, and the last console= names it",
          "[os][console]") {
  CHECK_GOLDEN_ROWS("console", [](const std::string& row) {
    const bool words = row.starts_with("words ");
    const std::string text = unescaped(row.substr(row.find(' ') + 1));
    return join(words ? kernel_words(text) : console_paths(text), "|");
  });
}

TEST_CASE("the first path that is a terminal is taken, without waiting", "[os][console]") {
  UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(::unlockpt(master.get()) == 0);
  const std::string terminal = ::ptsname(master.get());
  test::TempDir dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);  // a careless open would hang
  const auto before = test::open_descriptors();
  {
    const auto console = open_console({"/nonexistent", dir / "fifo", "/dev/null", terminal});
    REQUIRE(console);
    CHECK(console->path == terminal);
    CHECK((::fcntl(console->fd.get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(console->fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    // If nobody reads it, it takes what fits and never blocks.
    const std::string block(4096, 'x');
    ssize_t written = 0;
    for (int i = 0; i < 1000 && written >= 0; ++i)
      written = ::write(console->fd.get(), block.data(), block.size());
    CHECK((written == -1 && errno == EAGAIN));
  }
  CHECK(open_console({"/nonexistent"}).error().text ==
        "cannot open /nonexistent: No such file or directory");
  CHECK(open_console({terminal + "0", "/dev/null"}).error().errnum == ENOTTY);
  CHECK_FALSE(open_console({}));
  CHECK(test::open_descriptors() == before);
}

/// What the standard streams are, and whether they close on exec.
std::string standard_streams() {
  std::string all;
  const auto open = test::open_descriptors();
  for (const int stream : {0, 1, 2}) {
    all += open.at(stream) + " ";
    if ((::fcntl(stream, F_GETFD) & FD_CLOEXEC) != 0) all += "closes ";
  }
  return all;
}

TEST_CASE("a descriptor becomes the three standard streams, and stays so over exec",
          "[os][console]") {
  for (const int start : {0, 2, 7}) {
    INFO(start);
    CHECK(in_child([&]() -> std::string {
            const int fd = ::open("/dev/zero", O_RDWR | O_CLOEXEC);
            if (::dup3(fd, start == fd ? 9 : start, O_CLOEXEC) < 0) return "no dup";
            const auto made = make_standard_streams(start);
            return made ? standard_streams() : made.error().text;
          }) == "/dev/zero /dev/zero /dev/zero ");
  }
  CHECK_FALSE(make_standard_streams(-1));
}

TEST_CASE("closed standard streams are filled, open ones left alone", "[os][console]") {
  CHECK(in_child([]() -> std::string {
          ::dup2(::open("/dev/zero", O_RDWR), 1);
          ::close(0);
          ::close(2);
          const auto filled = fill_standard_streams();
          return filled ? standard_streams() : filled.error().text;
        }) == "/dev/null /dev/zero /dev/null ");
}

}  // namespace
}  // namespace zinit::test::os_console
