// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Descriptors and files: ownership, whole reads and writes.
#include "base/fd.hpp"
#include "support/test.hpp"

namespace zinit::test::base_fd {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_CASE("a descriptor is closed once, by its last owner, and one given away stays open",
          "[base][fd]") {
  const int number = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    UniqueFd given(number);
    CHECK(given.release() == number);
  }
  CHECK(is_open(number));
  {
    UniqueFd first(number);
    UniqueFd second(std::move(first));
    CHECK_FALSE(first);
    CHECK(second.get() == number);
    UniqueFd third;
    third = std::move(second);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
  UniqueFd wrong(987654);  // its close fails with EBADF
  errno = ENOENT;
  wrong.reset();
  CHECK(errno == ENOENT);
}

TEST_CASE("pipes and files are close-on-exec from birth", "[base][fd]") {
  const auto pipe = make_pipe(O_NONBLOCK);
  REQUIRE(pipe);
  const auto file = open_fd("/dev/null", O_RDONLY);
  REQUIRE(file);
  for (const int fd : {pipe->read.get(), pipe->write.get(), file->get()})
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK((::fcntl(pipe->read.get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("a file is read whole, or refused for its size or kind, and nothing waits for it",
          "[base][fd]") {
  TempDir dir;
  const std::string text(40000, 'x');
  const std::string path = dir.write("file", text);
  CHECK(read_file(path.c_str(), 40000) == text);
  CHECK(read_file(path.c_str(), 39999).error().text ==
        "cannot read " + path + ": it is larger than 39999 bytes");
  CHECK(read_file(dir.write("empty", "").c_str(), 10)->empty());
  CHECK(read_file("/proc/self/stat", 4096)->find("(") != std::string::npos);  // its size is 0
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  const auto before = test::open_descriptors();
  for (const auto& [name, errnum] :
       {std::pair{dir / "fifo", EINVAL}, std::pair{"/dev/zero"s, EINVAL},
        std::pair{dir.path(), EISDIR}, std::pair{dir / "missing", ENOENT}})
    CHECK(read_file(name.c_str(), 10).error().errnum == errnum);
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("all is written, however little a write takes", "[threads][base][fd]") {
  auto pipe = make_pipe();
  REQUIRE(pipe);
  std::string got;
  std::thread reader([&] {
    char buffer[1000];
    ssize_t count;
    while ((count = ::read(pipe->read.get(), buffer, sizeof buffer)) > 0)
      got.append(buffer, static_cast<std::size_t>(count));
  });
  const std::string text(300000, 'y');
  CHECK(write_all(pipe->write.get(), text, "the pipe"));
  pipe->write.reset();
  reader.join();
  CHECK(got == text);
}

TEST_CASE("errors read as what could not be done and why", "[base][result]") {
  const Error missing = open_fd("/nonexistent", O_RDONLY).error();
  CHECK(missing.text == "cannot open /nonexistent: No such file or directory");
  CHECK(missing.errnum == ENOENT);
  const auto full = open_fd("/dev/full", O_WRONLY);
  REQUIRE(full);
  CHECK(write_all(full->get(), "x", "/dev/full").error().text ==
        "cannot write /dev/full: No space left on device");
  errno = EACCES;
  const Error error = sys_failure("open", "/etc/shadow").value();
  CHECK(error.text == "cannot open /etc/shadow: Permission denied");
  CHECK(error.errnum == EACCES);
  CHECK(sys_failure("sync", "", EIO).value().text == "cannot sync: Input/output error");
  CHECK(failure("no").value().errnum == 0);
  CHECK_FALSE(errno_text(54321).empty());
  for (const int temporary : {EAGAIN, ENOMEM, EMFILE, ENFILE})
    CHECK(Error{"", temporary}.temporary());
  for (const int for_good : {0, ENOENT, EACCES, ENOSPC, EINTR})
    CHECK_FALSE(Error{"", for_good}.temporary());
}

}  // namespace
}  // namespace zinit::test::base_fd
