// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files and links replaced as a whole, even if others write there, and the reports about them.
#include "base/file.hpp"
#include "base/fd.hpp"
#include "support/test.hpp"

namespace zinit::test::base_file {
namespace {

std::string content(const std::string& path) { return read_file(path.c_str(), 1 << 20).value(); }

std::size_t files_in(const TempDir& dir) {
  const std::filesystem::directory_iterator all(dir.path());
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

/// The result of `work` as an ordinary user who owns the folder.
template <class Work>
std::string as_user(const TempDir& dir, Work work) {
  constexpr uid_t user = 64123;
  REQUIRE(::chown(dir.path().c_str(), user, user) == 0);
  return test::in_child([&]() -> std::string {
    const bool is = ::setgroups(0, nullptr) == 0 && ::setgid(user) == 0 && ::setuid(user) == 0;
    return is ? work() : "no user";
  });
}

TEST_CASE("a file is replaced as a whole, with the mode asked for, and nothing is left beside it",
          "[base][file]") {
  TempDir dir;
  const std::string path = dir.write("file", "old");
  REQUIRE(replace_file(path, "new text", FileOwner{0640}));
  CHECK(content(path) == "new text");
  CHECK((status_of(path).st_mode & 07777) == 0640);
  CHECK(files_in(dir) == 1);
  const mode_t before = ::umask(077);
  const auto done = replace_file(dir / "other", "x", FileOwner{0664});
  ::umask(before);
  REQUIRE(done);
  CHECK(done->empty());
  CHECK(content(dir / "other") == "x");
  CHECK((status_of(dir / "other").st_mode & 07777) == 0664);
}

TEST_CASE("a replacement that fails leaves the old file and nothing else", "[base][file]") {
  TempDir dir;
  const std::string path = dir.write("file", "old");
  const std::string said = test::in_child([&]() -> std::string {
    // Like a full disk: the file must not grow that far.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100, 100};
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return "no limit";
    return replace_file(path, std::string(1000, 'x'), FileOwner{0600}).error().text;
  });
  CHECK(said == "cannot write " + path + ": File too large");
  CHECK(content(path) == "old");
  CHECK(files_in(dir) == 1);
  CHECK_FALSE(replace_file("/nonexistent/file", "x", FileOwner{0600}));
  // A file does not replace a directory either.
  CHECK_FALSE(replace_file(dir.path(), "x", FileOwner{0600}));
}

TEST_CASE("several may replace a file at once, and none is told a lie", "[threads][base][file]") {
  TempDir dir;
  const std::string path = dir / "file";
  const auto replace_often = [&path](char letter, int& failures) {
    for (int round = 0; round < 300; ++round)
      if (!replace_file(path, std::string(5000, letter), {})) ++failures;
  };
  int failures[2] = {};
  std::thread other([&] { replace_often('a', failures[0]); });
  replace_often('b', failures[1]);
  other.join();
  CHECK(failures[0] == 0);
  CHECK(failures[1] == 0);
  const std::string text = content(path);
  CHECK(text == std::string(5000, text.front()));
  CHECK(files_in(dir) == 1);
}

TEST_CASE("what a crash has left neither keeps a file from being replaced nor gives it its mode",
          "[base][file]") {
  TempDir dir;
  const std::string path = dir.write("file", "old");
  const std::string said = test::in_child([&]() -> std::string {
    for (int number = 1; number < 3000; ++number) {
      const std::string left =
          dir / (".zinit-" + std::to_string(::getpid()) + "-" + std::to_string(number) + ".new~");
      if (::mkfifo(left.c_str(), 0666) != 0) return "no fifo";
    }
    const auto done = replace_file(path, "new", FileOwner{0600});
    if (!done) return done.error().text;
    const auto linked = make_link("/dev/null", dir / "link", true);
    return linked ? "" : linked.error().text;
  });
  CHECK(said.empty());
  CHECK(content(path) == "new");
  CHECK((status_of(path).st_mode & 07777) == 0600);
  CHECK(std::filesystem::read_symlink(dir / "link") == "/dev/null");
}

TEST_CASE("a file that is replaced keeps its owner, or gives its group's rights to nobody",
          "[base][file][root]") {
  if (::geteuid() != 0) return test::skip("needs root to give files away");
  TempDir dir;
  const std::string path = dir.write("file", "old");
  REQUIRE(::chown(path.c_str(), 1234, 2345) == 0);
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  REQUIRE(replace_file(path, "new", owner_of(status_of(path))));
  CHECK(status_of(path).st_uid == 1234);
  CHECK(status_of(path).st_gid == 2345);
  CHECK((status_of(path).st_mode & 07777) == 0640);
  const FileOwner theirs = owner_of(status_of(path));
  REQUIRE(as_user(dir, [&]() -> std::string {
            return replace_file(path, "newer", theirs) ? "done" : "failed";
          }) == "done");
  CHECK(status_of(path).st_uid == 64123);
  CHECK((status_of(path).st_mode & 07777) == 0600);
}

TEST_CASE("what is done and may not last is told as that, not as not done", "[base][file][root]") {
  if (::geteuid() != 0) return test::skip("needs root to become someone else");
  TempDir dir;
  // This user may write in the folder, but cannot open it, and therefore cannot sync it.
  REQUIRE(::chmod(dir.path().c_str(), 0311) == 0);
  const std::string said = as_user(dir, [&]() -> std::string {
    const auto done = replace_file(dir / "file", "x", {});
    const auto linked = make_link("/dev/null", dir / "link");
    const auto removed = remove_file(dir / "link");
    if (!done || !linked || !removed) return "failed";
    return *done + "\n" + *linked + "\n" + *removed;
  });
  const std::string remark =
      "a loss of power may undo this: cannot open " + dir.path() + ": Permission denied";
  CHECK(said == remark + "\n" + remark + "\n" + remark);
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  CHECK(content(dir / "file") == "x");
}

}  // namespace
}  // namespace zinit::test::base_file
