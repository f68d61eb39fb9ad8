// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Directories of services: made with their owner, removed with their content, and never through a
// link that a user has put there.
#include "os/directories.hpp"
#include "support/filler.hpp"
#include "support/test.hpp"

namespace zinit::test::os_directories {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kStranger = 64123;

struct Place {
  test::TempDir dir;
  std::optional<test::Tmpfs> tmpfs;

  /// Makes it a file system in memory that others can enter; false if not allowed.
  bool use_tmpfs() {
    tmpfs.emplace(dir / "tmpfs");
    return tmpfs->mounted() && ::chmod(dir.path().c_str(), 0755) == 0;
  }
  std::string folder() const { return tmpfs ? tmpfs->path() : dir.path(); }
  std::string path(const std::string& name) const { return folder() + "/" + name; }
  void file(const std::string& name) const { std::ofstream(path(name)) << "x"; }
  Result<void> make(const std::string& name, uid_t uid = ::geteuid(),
                    gid_t gid = ::getegid()) const {
    return make_service_directory(folder(), name, uid, gid, 0755);
  }
  Result<void> remove(const std::string& name, Milliseconds limit = kRemovalLimit) const {
    return remove_service_directory(folder(), name, limit);
  }
  struct stat status(const std::string& name) const {
    struct stat status {};
    CHECK(::lstat(path(name).c_str(), &status) == 0);
    return status;
  }
};

/// The memory that this process has mapped.
std::size_t memory_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST_CASE(
    "a directory is made with mode 0755, and its place with the mode asked for, whatever the "
    "umask",
    "[directories]") {
  Place place;
  const mode_t before = ::umask(077);
  const auto made = place.make("a/b/c");
  const auto with_place =
      make_service_directory(place.path("x/y"), "d", ::geteuid(), ::getegid(), 0700);
  ::umask(before);
  REQUIRE((made && with_place));
  for (const char* name : {"a", "a/b", "a/b/c", "x/y/d"})
    CHECK(place.status(name).st_mode == (S_IFDIR | 0755u));
  for (const char* name : {"x", "x/y"}) CHECK(place.status(name).st_mode == (S_IFDIR | 0700u));
}

TEST_CASE("a directory that is there keeps its mode and gets the owner, alone", "[directories]") {
  if (::geteuid() != 0) return test::skip("needs root");
  Place place;
  REQUIRE(place.make("a/b"));
  REQUIRE(::chmod(place.path("a/b").c_str(), 0750) == 0);
  place.file("a/b/file");
  REQUIRE(place.make("a/b", kStranger, kStranger + 1));
  CHECK(place.status("a/b").st_uid == kStranger);
  CHECK(place.status("a/b").st_gid == kStranger + 1);
  CHECK(place.status("a/b").st_mode == (S_IFDIR | 0750u));
  CHECK(place.status("a").st_uid == 0);
  CHECK(place.status("a/b/file").st_uid == 0);
}

TEST_CASE("neither a link nor a file is taken for the directory", "[directories]") {
  Place place, elsewhere;
  REQUIRE(::symlink(elsewhere.dir.path().c_str(), place.path("link").c_str()) == 0);
  place.file("file");
  for (const std::string name : {"link", "link/below", "file", "file/below"}) {
    INFO(name);
    const auto made = place.make(name, kStranger, kStranger);
    REQUIRE_FALSE(made);
    CHECK((made.error().errnum == ELOOP || made.error().errnum == ENOTDIR));
    CHECK(made.error().text.find(place.path(name)) != std::string::npos);
  }
  CHECK(fs::is_empty(elsewhere.dir.path()));
  CHECK(elsewhere.status("").st_uid == ::geteuid());
}

TEST_CASE("a directory is removed with all that it holds, and nothing beside it", "[directories]") {
  Place place, elsewhere;
  elsewhere.file("keep");
  REQUIRE(place.make("a/b"));
  place.file("a/keep");
  place.file("a/b/file");
  fs::create_directories(place.path("a/b/x/y/z"));
  place.file("a/b/x/y/z/deep");
  place.file("a/b/x/.zinit-1");
  fs::create_directories(place.path("a/b/.zinit-1/full"));
  REQUIRE(::mkfifo(place.path("a/b/fifo").c_str(), 0600) == 0);
  fs::create_directory_symlink(elsewhere.dir.path(), place.path("a/b/link"));
  fs::create_directory_symlink(elsewhere.dir.path(), place.path("a/b/x/link"));
  fs::create_symlink("/nowhere", place.path("a/b/dangling"));
  REQUIRE(place.remove("a/b"));
  CHECK_FALSE(fs::exists(place.path("a/b")));
  CHECK(fs::exists(place.path("a/keep")));
  for (const char* gone : {"a/b", "none/b/c"}) CHECK(place.remove(gone));
  CHECK(remove_service_directory("/nowhere/at/all", "a"));
  // A link in the way is not followed either.
  fs::create_directories(elsewhere.path("inner"));
  elsewhere.file("inner/keep");
  fs::create_directory_symlink(elsewhere.dir.path(), place.path("link"));
  fs::create_directory_symlink(elsewhere.path("inner"), place.path("direct"));
  for (const char* name : {"link/inner", "direct"}) CHECK_FALSE(place.remove(name));
  for (const char* name : {"keep", "inner/keep"}) CHECK(fs::exists(elsewhere.path(name)));
}

TEST_CASE("a tree deeper than any path may be long is removed", "[directories]") {
  Place place;
  REQUIRE(place.make("a"));
  const int home = ::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::chdir(place.path("a").c_str()) == 0);
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(::mkdir("deep", 0755) == 0);
    REQUIRE(::chdir("deep") == 0);
  }
  REQUIRE(::fchdir(home) == 0);
  ::close(home);
  CHECK(place.remove("a", test::kPatience));
  CHECK_FALSE(fs::exists(place.path("a")));
}

TEST_CASE("a directory is removed without holding the names in it", "[directories]") {
  Place place;
  REQUIRE(place.make("top/inner"));
  // Links, because they are made fast. Their names take 1 MB together.
  for (int i = 0; i < 4000; ++i) {
    const std::string parent = i % 2 == 0 ? "top/" : "top/inner/";
    const std::string name = place.path(parent + std::string(240, 'x') + std::to_string(i));
    REQUIRE(::symlink("x", name.c_str()) == 0);
  }
  CHECK(test::in_child([&]() -> std::string {
          const rlimit little{memory_bytes() + (std::size_t{256} << 10), RLIM_INFINITY};
          // A sanitizer needs more memory itself.
          if (!test::sanitized() && ::setrlimit(RLIMIT_AS, &little) != 0) return "no limit";
          const auto removed = place.remove("top");
          return removed ? "removed" : removed.error().text;
        }) == "removed");
  CHECK_FALSE(fs::exists(place.path("top")));
}

TEST_CASE("a directory that its user fills meanwhile is removed all the same", "[directories]") {
  using Way = test::Filler::Way;
  Place place;
  if (!place.use_tmpfs()) return test::skip("needs root");
  for (const char* name : {"top", "top/sub", "top/sub/inner"})
    REQUIRE(place.make(name, kStranger, kStranger));
  const std::string ended = test::in_child([&]() -> std::string {
    const test::Filler fillers[] = {{place.path("top"), Way::by_path, kStranger},
                                    {place.path("top/sub"), Way::by_path, kStranger},
                                    {place.path("top"), Way::inside, kStranger},
                                    {place.path("top/sub"), Way::inside, kStranger},
                                    {place.path("top/sub/inner"), Way::inside, kStranger}};
    for (const test::Filler& each : fillers) {
      if (!test::becomes_true([&] { return fs::exists(each.first()); })) return "not filled";
    }
    ::alarm(120);
    const auto removed = place.remove("top", test::kPatience);
    return removed ? "removed" : removed.error().text;
  });
  CHECK(ended == "removed");
  CHECK_FALSE(fs::exists(place.path("top")));
}

TEST_CASE("who makes directories faster than they are removed is given up in the end",
          "[directories]") {
  Place place;
  if (!place.use_tmpfs()) return test::skip("needs root");
  REQUIRE(place.make("top", kStranger, kStranger));
  const std::string ended = test::in_child([&]() -> std::string {
    const test::Filler filler(place.path("top"), test::Filler::Way::deeper, kStranger);
    if (!test::becomes_true([&] { return fs::exists(filler.first()); })) return "not filled";
    ::alarm(120);
    const auto removed = place.remove("top", Milliseconds(500));
    return removed || removed.error().errnum == EBUSY ? "over" : removed.error().text;
  });
  CHECK(ended == "over");
  CHECK(place.remove("top", test::kPatience));
  CHECK_FALSE(fs::exists(place.path("top")));
}

TEST_CASE("what cannot be removed in time stays as it was, and goes with the next call",
          "[directories]") {
  Place place;
  REQUIRE(place.make("top/inner"));
  REQUIRE(::chmod(place.path("top").c_str(), 0751) == 0);
  REQUIRE(::chmod(place.path("top/inner").c_str(), 0705) == 0);
  place.file("top/inner/file");
  place.file("top/inner/other");
  if (::geteuid() == 0) REQUIRE(::chown(place.path("top").c_str(), kStranger, kStranger + 1) == 0);
  const auto owner = place.status("top").st_uid;
  const auto removed = place.remove("top", Milliseconds(0));
  REQUIRE_FALSE(removed);
  CHECK(removed.error().errnum == EBUSY);
  CHECK(removed.error().text.find(place.path("top")) != std::string::npos);
  CHECK(removed.error().text.find("uid " + std::to_string(owner)) != std::string::npos);
  CHECK(place.status("top").st_uid == owner);
  CHECK(place.status("top").st_mode == (S_IFDIR | 0751u));
  CHECK(place.status("top/inner").st_mode == (S_IFDIR | 0705u));
  CHECK(place.remove("top"));
  CHECK_FALSE(fs::exists(place.path("top")));
}

}  // namespace
}  // namespace zinit::test::os_directories
