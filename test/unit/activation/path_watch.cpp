// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// inotify's reports about paths: activation/path_watch.hpp.
#include "activation/path_watch.hpp"
#include "support/test.hpp"

namespace zinit::test::activation_path_watch {
namespace {

struct Rig {
  TempDir folder;
  PathWatch watch = *PathWatch::create();
  std::string state;

  PathWatch::Found look(PathWatch::Touch touch = {}) {
    auto found = watch.look(0, std::move(touch), state);
    state = found.state;
    return found;
  }
  /// Reads the events so far; returns whether they start the service.
  bool starts() {
    const auto touches = watch.read_events();
    const auto found = touches.find(0);
    return found != touches.end() && look(found->second).holds;
  }
  [[nodiscard]] bool quiet() const {
    pollfd readable{watch.fd(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 0;
  }
  void make(const std::string& name) { REQUIRE(::mkdir((folder / name).c_str(), 0755) == 0); }
};

TEST_CASE("only what concerns the path is an event", "[path]") {
  Rig rig;
  rig.make("a");
  rig.make("a/b");
  rig.watch.add(PathKind::exists, rig.folder / "a/b/c/file");
  CHECK_FALSE(rig.look().holds);
  rig.folder.write("a/other", "x");  // beside a folder on the way
  CHECK(rig.quiet());
  rig.folder.write("a/b/other", "x");  // in the last existing folder: read, but of no path
  CHECK(rig.watch.read_events().empty());
  rig.make("a/b/c");
  CHECK_FALSE(rig.starts());
  rig.folder.write("a/b/c/file", "");
  CHECK(rig.starts());
}

TEST_CASE("a path is found again after its folders were moved and made again", "[path]") {
  Rig rig;
  rig.make("a");
  rig.folder.write("a/file", "");
  rig.watch.add(PathKind::exists, rig.folder / "a//file/");
  CHECK(rig.look().holds);
  REQUIRE(::rename((rig.folder / "a").c_str(), (rig.folder / "b").c_str()) == 0);
  CHECK_FALSE(rig.starts());
  CHECK(rig.state == "-");
  rig.folder.write("b/file2", "");
  rig.make("a");
  CHECK_FALSE(rig.starts());
  rig.folder.write("a/file", "");
  CHECK(rig.starts());
  CHECK_FALSE(rig.starts());
}

TEST_CASE("a new file counts as changed when it is closed", "[path]") {
  Rig rig;
  rig.watch.add(PathKind::changed, rig.folder / "file");
  CHECK_FALSE(rig.look().holds);
  FILE* file = std::fopen((rig.folder / "file").c_str(), "w");
  REQUIRE(file != nullptr);
  CHECK_FALSE(rig.starts());
  std::fclose(file);
  CHECK(rig.starts());
  REQUIRE(::link((rig.folder / "file").c_str(), (rig.folder / "other").c_str()) == 0);
  CHECK_FALSE(rig.starts());
  REQUIRE(::unlink((rig.folder / "file").c_str()) == 0);
  CHECK(rig.starts());
  REQUIRE(::rename((rig.folder / "other").c_str(), (rig.folder / "file").c_str()) == 0);
  CHECK(rig.starts());
}

TEST_CASE("what is known of a file outlasts who watched it", "[path]") {
  Rig rig;
  rig.folder.write("file", "one");
  rig.watch.add(PathKind::changed, rig.folder / "file");
  CHECK_FALSE(rig.look().holds);
  rig.watch = *PathWatch::create();
  rig.watch.add(PathKind::changed, rig.folder / "file");
  CHECK_FALSE(rig.look().holds);
  rig.folder.write("file", "three");
  rig.watch = *PathWatch::create();
  rig.watch.add(PathKind::changed, rig.folder / "file");
  CHECK(rig.look().holds);
}

TEST_CASE("a link that leads in a circle is looked at, and that ends", "[path]") {
  Rig rig;
  REQUIRE(::symlink("two", (rig.folder / "one").c_str()) == 0);
  REQUIRE(::symlink("one", (rig.folder / "two").c_str()) == 0);
  rig.watch.add(PathKind::changed, rig.folder / "one");
  CHECK_FALSE(rig.look().holds);
  REQUIRE(::unlink((rig.folder / "two").c_str()) == 0);
  rig.folder.write("two", "x");
  CHECK(rig.starts());
}

TEST_CASE("the root directory is a path like another", "[path]") {
  Rig rig;
  rig.watch.add(PathKind::exists, "/");
  CHECK(rig.look().holds);
}

TEST_CASE("a folder is not empty when something is in it", "[path]") {
  Rig rig;
  rig.watch.add(PathKind::directory_not_empty, rig.folder / "spool");
  CHECK_FALSE(rig.look().not_empty);
  rig.make("spool");
  CHECK_FALSE(rig.starts());
  rig.folder.write("spool/.hidden", "");
  CHECK(rig.starts());
  rig.folder.write("spool/two", "");
  CHECK(rig.starts());
  CHECK(rig.look().not_empty);
}

TEST_CASE("what a link has led to before is no part of the path any more", "[path]") {
  Rig rig;
  for (const char* name : {"one", "two"}) rig.make(name);
  rig.folder.write("one/file", "");
  rig.folder.write("two/file", "");
  REQUIRE(::symlink("one", (rig.folder / "link").c_str()) == 0);
  rig.watch.add(PathKind::changed, rig.folder / "link/file");
  CHECK_FALSE(rig.look().holds);
  REQUIRE(::symlink("two", (rig.folder / "next").c_str()) == 0);
  REQUIRE(::rename((rig.folder / "next").c_str(), (rig.folder / "link").c_str()) == 0);
  CHECK(rig.starts());  // another file
  (void)rig.watch.read_events();
  rig.folder.write("one/file", "x");
  CHECK(rig.quiet());
  rig.folder.write("two/file", "x");
  CHECK(rig.starts());
}

TEST_CASE("what is in the way, or leads nowhere, may be replaced", "[path]") {
  Rig rig;
  rig.watch.add(PathKind::exists, rig.folder / "a/b");
  SECTION("a file") {
    rig.folder.write("a", "");
    CHECK_FALSE(rig.look().holds);
    REQUIRE(::unlink((rig.folder / "a").c_str()) == 0);
    CHECK_FALSE(rig.starts());
    rig.make("a");
    CHECK_FALSE(rig.starts());
    rig.folder.write("a/b", "");
  }
  SECTION("a link") {
    REQUIRE(::symlink("c/d", (rig.folder / "a").c_str()) == 0);
    CHECK_FALSE(rig.look().holds);
    rig.make("c");
    CHECK_FALSE(rig.starts());
    rig.make("c/d");
    CHECK_FALSE(rig.starts());
    rig.folder.write("c/d/b", "");
  }
  CHECK(rig.starts());
}

TEST_CASE("a directory that was the last one no longer reports others once it is not", "[path]") {
  Rig rig;
  rig.watch.add(PathKind::exists, rig.folder / "a/b");
  CHECK_FALSE(rig.look().holds);
  rig.make("a");
  CHECK_FALSE(rig.starts());
  (void)rig.watch.read_events();
  rig.folder.write("other", "");
  CHECK(rig.quiet());
}

}  // namespace
}  // namespace zinit::test::activation_path_watch
