// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl check --root: checks an image's files, and what they name, as the system in the image
// would find it.
#include "scenario/harness.hpp"
#include "scenario/harness/image.hpp"

namespace zinit::test::client_check_root {
namespace {

/// Runs zinitctl check --root with these arguments.
Outcome check(const std::string& root, const Texts& more = {}) {
  Launch what{.argv = {"zinitctl", "check", "--root", root}};
  what.argv.insert(what.argv.end(), more.begin(), more.end());
  return run(what);
}

void put_program(const Image& image, const std::string& file, const std::string& text) {
  image.put(file, text);
  REQUIRE(::chmod(image.path(file).c_str(), 0755) == 0);
}

/// Writes an image's /etc/passwd and /etc/group, with a user and a group that no machine has.
void put_accounts(const Image& image) {
  image.put("etc/passwd", "root:x:0:0::/:\nof-image:x:4711:4711::/:\n");
  image.put("etc/group", "root:x:0:\nof-image:x:4711:\n");
}

TEST_CASE("check --root looks below the root for users, programs and files", "[verbs]") {
  const Image image;
  put_accounts(image);
  put_program(image, "opt/tools/only-here", "#!/opt/tools/interpreter\n");
  put_program(image, "opt/tools/interpreter", "");
  // An absolute link leads to the image's file, not to this machine's.
  std::filesystem::create_directories(image.path("usr/bin"));
  std::filesystem::create_symlink("/opt/tools/only-here", image.path("usr/bin/linked"));
  image.put("etc/variables", "A=1\n");
  image.put("etc/environment", "PATH=/opt/tools\n");
  image.put("etc/zinit/zinit.toml", "socket_group = 'of-image'\n");
  image.put("etc/zinit/services/good.toml",
            "[service]\nexec = ['only-here']\nuser = 'of-image'\ngroup = 'of-image'\n"
            "dir = '/opt/tools'\nenv_file = '/etc/variables'\npre_exec = [['linked']]\n");
  const Outcome good = check(image.root());
  INFO(good.out << good.err);
  CHECK(good.out == "2 files checked, no faults\n");
  CHECK(good.code == 0);
}

TEST_CASE("check --root does not take this machine's users and programs for the image's",
          "[verbs]") {
  const Image image;
  put_accounts(image);
  image.put("etc/zinit/zinit.toml", "socket_group = 'daemon'\n");
  image.put("usr/lib/zinit/services/shell.toml",
            "[service]\nexec = ['/bin/sh']\nuser = 'nobody'\ndir = '/proc'\n"
            "[process]\n[dependencies]\nrequires = ['absent']\n");
  image.put("etc/zinit/system/script.toml", "[service]\nexec = ['/srv/script']\n");
  put_program(image, "srv/script", "#!/bin/sh\n");
  image.put("etc/zinit/system/caged.toml",
            "[service]\nexec = ['/bin/sh']\n[process]\nroot = '/srv'\n");
  const Outcome wrong = check(image.root());
  INFO(wrong.out << wrong.err);
  CHECK(wrong.code == 1);
  const std::string shell = image.path("usr/lib/zinit/services/shell.toml");
  CHECK_THAT(wrong.out, Contains(shell + ":2:9: warning: service.exec: /bin/sh below " +
                                 image.root() + " does not exist"));
  CHECK_THAT(wrong.out,
             Contains(shell + ":3:8: warning: service.user: cannot find user nobody in " +
                      image.path("etc/passwd")));
  CHECK_THAT(wrong.out, Contains(shell + ":4:7: warning: service.dir: /proc below"));
  CHECK_THAT(wrong.out,
             Contains(shell + ":7:13: warning: dependencies.requires: nothing is named"));
  CHECK_THAT(wrong.out, Contains("script.toml:2:9: warning: service.exec: /srv/script cannot be "
                                 "executed: its interpreter /bin/sh does not exist"));
  CHECK_THAT(wrong.out, Contains("caged.toml:2:9: warning: service.exec: /bin/sh below " +
                                 image.path("srv") + " does not exist"));
  CHECK_THAT(wrong.out, Contains("zinit.toml:1:16: error: socket_group: cannot find group daemon"));
}

TEST_CASE("a program in an image may be for another machine", "[verbs]") {
  const Image image;
  // The head of an ELF file for a big-endian machine of 32 bits.
  put_program(image, "srv/foreign",
              std::string("\x7f"
                          "ELF\x01\x02\x01",
                          7) +
                  std::string(64, '\0'));
  image.put("etc/zinit/services/foreign.toml",
            "[service]\nexec = ['/srv/foreign']\n[resources]\ncpu_max = '100000%'\n");
  const Outcome checked = check(image.root());
  CHECK(checked.out == "1 file checked, no faults\n");
  // As a program of this machine the same file is a fault.
  image.put("here.toml", "[service]\nexec = ['" + image.path("srv/foreign") + "']\n");
  const Outcome here = run({.argv = {"zinitctl", "check", image.path("here.toml")}});
  CHECK_THAT(here.out, Contains("cannot be executed: it is for "));
}

TEST_CASE("check --root refuses a PATH besides, and a folder that is not there", "[verbs]") {
  const Image image;
  const Outcome both = check(image.root(), {image.path("etc")});
  CHECK(both.code == 2);
  CHECK_THAT(both.err, Contains("--root looks at all files below DIR: leave out the PATH"));
  const Outcome none = check(image.path("none"));
  CHECK(none.code == 1);
  CHECK_THAT(none.err, Contains("there is no directory " + image.path("none") + "/"));
}

}  // namespace
}  // namespace zinit::test::client_check_root
