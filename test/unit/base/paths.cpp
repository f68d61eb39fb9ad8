// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Paths: their targets in a system that is not running, and those through folders of others: which
// links are followed, and which files are opened.
#include "base/rooted.hpp"
#include "base/trusted_path.hpp"
#include "support/test.hpp"

namespace zinit::test::base_paths {
namespace {

TEST_CASE("links of an image are followed in it, and never lead out", "[base][rooted]") {
  const TempDir dir;
  const std::string root = dir.path();
  std::filesystem::create_directories(root + "/opt/real/deep");
  std::filesystem::create_directories(root + "/etc");
  const auto link = [&](const std::string& target, const std::string& path) {
    std::filesystem::create_symlink(target, root + path);
  };
  link("/opt/real", "/etc/zinit");
  link("../../../../../../opt", "/etc/up");
  link("deep/./file", "/opt/real/near");
  link("/etc/endless", "/etc/endless");
  link("/nowhere/at/all", "/etc/dangling");
  CHECK_GOLDEN_ROWS("rooted", [&](const std::string& path) {
    const std::string real = real_below(root, root + path).value();
    return real.starts_with(root) ? real.substr(root.size()) : "outside: " + real;
  });
  CHECK(real_below(root, root + "/etc/zinit/near", false).value() == root + "/opt/real/near");
  CHECK(real_below(root, root + "/etc/zinit", false).value() == root + "/etc/zinit");
  const Error endless = real_below(root, root + "/etc/endless/x").error();
  CHECK(endless.errnum == ELOOP);
  CHECK_THAT(endless.text, Contains(root + "/etc/endless/x"));
}

TEST_CASE("a path with more links than the kernel follows leads nowhere", "[base][rooted]") {
  const TempDir dir, outside;
  const std::string root = dir.path();
  for (int i = 1; i <= 41; ++i) {
    const std::string target = i == 1 ? "/end" : "/" + std::to_string(i - 1);
    std::filesystem::create_symlink(target, root + "/" + std::to_string(i));
  }
  CHECK(real_below(root, root + "/40/x").value() == root + "/end/x");
  std::filesystem::create_symlink(outside.path(), root + "/end");
  CHECK(real_below(root, root + "/39/x").value() == root + outside.path() + "/x");
  for (const char* path : {"/40/x", "/41/x"}) {
    INFO(path);
    CHECK(real_below(root, root + path).error().errnum == ELOOP);
  }
}

TEST_CASE("without a root a path is left as it is", "[base][rooted]") {
  CHECK(real_below("", "/etc//zinit/../x").value() == "/etc//zinit/../x");
  CHECK(real_below("/", "//etc/./zinit-none/x").value() == "/etc/zinit-none/x");
}

constexpr uid_t kStranger = 64123;

/// A folder that contains `ours`, `shared`, which is sticky, and `theirs`.
struct Folders {
  test::TempDir dir;

  Folders() {
    for (const auto& [name, mode, owner] :
         {std::tuple("ours", 0755, 0u), std::tuple("shared", 01777, 0u),
          std::tuple("theirs", 0755, kStranger)}) {
      REQUIRE(::mkdir((dir / name).c_str(), 0755) == 0);
      REQUIRE(::chmod((dir / name).c_str(), static_cast<mode_t>(mode)) == 0);
      REQUIRE(::chown((dir / name).c_str(), owner, owner) == 0);
    }
    dir.write("secret", "secret");
  }

  void link(const std::string& target, const std::string& name, uid_t owner = 0) const {
    REQUIRE(::symlink(target.c_str(), (dir / name).c_str()) == 0);
    REQUIRE(::lchown((dir / name).c_str(), owner, owner) == 0);
  }

  /// The text of the file; or the reason for a failure, with DIR for the folder's path.
  std::string read(const std::string& name, LastLink last = LastLink::followed) const {
    const auto fd = open_trusted(dir / name, O_RDONLY, 0, last);
    if (fd) return read_open_file(fd->get(), name.c_str(), 100).value_or("?");
    std::string text = fd.error().text;
    for (std::size_t at; (at = text.find(dir.path())) != std::string::npos;)
      text.replace(at, dir.path().size(), "DIR");
    return text;
  }
};

TEST_CASE("trusted path: links and names count by the folder that they lie in", "[base]") {
  if (::geteuid() != 0) return test::skip("needs root");
  Folders in;
  in.link("../secret", "ours/link");
  in.link(in.dir / "ours", "ours/up");
  in.link("../secret", "shared/ours");
  in.link("../secret", "shared/theirs", kStranger);
  in.link("../secret", "theirs/link", kStranger);
  in.link("../ours", "theirs/folder");  // any user's link may be replaced by another
  in.link("../theirs/folder/link", "ours/way");
  REQUIRE(::link((in.dir / "secret").c_str(), (in.dir / "theirs/hard").c_str()) == 0);
  in.dir.write("theirs/own", "own");
  for (const char* fifo : {"theirs/fifo", "theirs/our-fifo"})
    REQUIRE(::mkfifo((in.dir / fifo).c_str(), 0600) == 0);
  REQUIRE(::chown((in.dir / "theirs/fifo").c_str(), kStranger, kStranger) == 0);
  CHECK_GOLDEN_ROWS("trusted_path", [&](const std::string& name) { return in.read(name); });
  CHECK(in.read("ours/link", LastLink::refused) ==
        "cannot open DIR/ours/link: it is a symbolic link; name the file itself");
  CHECK(open_trusted(in.dir / "theirs/our-fifo", O_RDONLY));
}

TEST_CASE("trusted path: below a root, absolute links begin there and .. does not lead out",
          "[base]") {
  const test::TempDir dir;
  const std::string root = dir / "root";
  for (const char* name : {"/run", "/root/run", "/root/var"})
    std::filesystem::create_directories(dir.path() + name);
  std::filesystem::create_symlink("/run", root + "/var/run");
  std::filesystem::create_symlink("../../../run/file", root + "/var/up");
  dir.write("run/file", "outside");
  dir.write("root/run/file", "inside");
  const auto read = [&](const std::string& path) {
    const auto fd = open_trusted(path, O_RDONLY, 0, LastLink::followed, root);
    return fd ? read_open_file(fd->get(), path.c_str(), 100).value_or("?") : fd.error().text;
  };
  for (const char* path : {"/run/file", "/var/run/file", "/var/up", "/../run/file"})
    CHECK(read(path) == "inside");
  CHECK(read("/none/x") == "cannot open " + root + "/none/x: No such file or directory");
  const auto top = open_folder_of("/var/../..", LastLink::followed, root);
  REQUIRE(top);
  CHECK(top->name == ".");
  CHECK(top->path == root);
}

TEST_CASE("trusted path: what is no link is told as open(2) tells it", "[base]") {
  test::TempDir dir;
  dir.write("file", "text");
  REQUIRE(::symlink("loop", (dir / "loop").c_str()) == 0);
  REQUIRE(::symlink("nowhere", (dir / "dangling").c_str()) == 0);
  for (const auto& [name, errnum] :
       {std::pair{"file", 0}, std::pair{"file/below", ENOTDIR}, std::pair{"missing/below", ENOENT},
        std::pair{"missing", ENOENT}, std::pair{"dangling", ENOENT}, std::pair{"loop", ELOOP},
        std::pair{"loop/below", ELOOP}, std::pair{"", EISDIR}}) {
    INFO(name);
    const auto fd = open_trusted(dir / name, O_WRONLY, 0, LastLink::followed);
    CHECK((fd ? 0 : fd.error().errnum) == errnum);
  }
  const auto folder = open_folder_of(dir / "file");
  REQUIRE(folder);
  CHECK(folder->path == dir.path());
  CHECK(folder->name == "file");
}

}  // namespace
}  // namespace zinit::test::base_paths
