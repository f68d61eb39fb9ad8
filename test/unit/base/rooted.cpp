// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The targets of paths in a system that is not running.
#include "base/rooted.hpp"
#include "support/test.hpp"

namespace zinit::test::base_rooted {

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

}  // namespace zinit::test::base_rooted
