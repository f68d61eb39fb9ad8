// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl edit (control.md, "zinitctl"): what it checks, puts in place, keeps and reports, and
// where the links of an image lead it.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/image.hpp"

namespace zinit::test::client_edit {
namespace {

/// Runs zinitctl edit with a command as the editor.
Outcome edit(const Server& zinit, const std::string& command,
             std::function<void()> in_child = nullptr) {
  return run({.argv = {"zinitctl", "--socket", zinit.socket(), "edit", "web"},
              .env = {"EDITOR=" + command, "TMPDIR=" + zinit.folder()},
              .in_child = std::move(in_child)});
}

TEST_CASE("dialogs of edit", "[check][verbs]") { CHECK_DIALOGS("edit"); }

TEST_CASE("a file that is edited keeps its mode, its owner and its group", "[root][verbs]") {
  if (geteuid() != 0) return skip("needs root to give files away");
  Server zinit;
  zinit.add("web");
  const std::string file = zinit.config("web.toml");
  REQUIRE(chown(file.c_str(), 64123, 64124) == 0);
  REQUIRE(chmod(file.c_str(), 0660) == 0);
  zinit.boot();
  CHECK(edit(zinit, "sed -i s/100000/100001/", [] { umask(077); }).code == 0);
  struct stat it {};
  REQUIRE(stat(file.c_str(), &it) == 0);
  CHECK((it.st_mode & 07777) == 0660);
  CHECK(it.st_uid == 64123);
  CHECK(it.st_gid == 64124);
}

TEST_CASE("what was edited is in place, although the server is gone when the editor ends",
          "[verbs]") {
  Server zinit;
  zinit.add("web");
  zinit.boot();
  const std::string file = zinit.config("web.toml");
  const std::string pid = std::to_string(zinit.pid());
  const Outcome done = edit(
      zinit, "sh -c 'sed -i s/100000/100001/ \"$0\"; kill " + pid + "; while kill -0 " + pid +
                 " 2>/dev/null && ! grep -q \") Z\" /proc/" + pid + "/stat; do sleep 0.01; done'");
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(done.out == file + " is in place; no server runs that would read it now\n");
  CHECK_THAT(read_file(file), Contains("100001"));
  CHECK(zinit.exit_code() == 0);
}

TEST_CASE("the editor is not opened on a file that may not be saved", "[root][verbs]") {
  if (geteuid() != 0) return skip("needs root to become another user");
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  for (const Texts& words : {Texts{"web"}, {"--drop-in", "web"}, {"--new", "fresh"}}) {
    Launch what{.env = {"EDITOR=echo opened; touch"}, .uid = 65534};
    what.argv = {"zinitctl", "edit", "--root", image.root()};
    what.argv.insert(what.argv.end(), words.begin(), words.end());
    REQUIRE(chmod(image.root().c_str(), 0755) == 0);
    const Outcome outcome = run(what);
    INFO(words.front() << outcome.err);
    CHECK(outcome.code == 7);
    CHECK(outcome.out == "");
    CHECK_THAT(outcome.err, Contains("cannot write " + image.path("etc/zinit/services/")) &&
                                Contains("Permission denied; nothing was changed"));
  }
}

TEST_CASE("a full disk for the copy is told, and leaves no copy", "[root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  image.put("full/none", "");
  Launch what = image.script(
      "mount -t tmpfs -o size=16k none $R/full; cat /dev/zero > $R/full/fill 2>/dev/null;"
      "TMPDIR=$R/full EDITOR=true $Z edit --root $R web; echo \"code $?\"; ls $R/full");
  what.in_child = have_own_mounts;
  const Outcome outcome = run(what);
  CHECK(outcome.out == "code 1\nfill\n");
  CHECK_THAT(outcome.err, Contains("No space left on device"));
}

TEST_CASE("a vendor's file is edited in its place in /etc/zinit, a link where it leads",
          "[root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit({.own_root = true});
  zinit.put("usr/lib/zinit/services/web.toml", kSleep);
  const std::string vendors = zinit.path("usr/lib/zinit/services/web.toml");
  write_file(zinit.path("etc/real"), kSleep);
  std::filesystem::create_symlink("/etc/real", zinit.config("linked.toml"));
  write_file(zinit.path("etc/editor"), "sed -i s/100000/100002/ \"$1\"\n");
  zinit.boot({"web"});
  CHECK(zinit.ctl({"edit", "web"}, "", {"EDITOR=sh /etc/editor"}).code == 0);
  CHECK_THAT(read_file(zinit.config("web.toml")), Contains("100002"));
  CHECK(read_file(vendors) == kSleep);
  CHECK(zinit.status("web")["file"] == "/etc/zinit/services/web.toml");
  zinit.put("usr/lib/zinit/services/dropped.toml", kSleep);
  zinit.put("usr/lib/zinit/services/dropped.toml.d/1.toml", "service.umask = '077'\n");
  zinit.reload();
  const Outcome dropped = zinit.ctl({"edit", "dropped"}, "", {"EDITOR=sh /etc/editor"});
  CHECK(dropped.code == 0);
  CHECK_THAT(dropped.err, Contains("/usr/lib/zinit/services/dropped.toml.d/1.toml applies to the "
                                   "vendor's file only") &&
                              Contains("into /etc/zinit/services/dropped.toml.d"));
  CHECK(zinit.ctl({"edit", "linked"}, "", {"EDITOR=sh /etc/editor"}).code == 0);
  CHECK(link_text(zinit.config("linked.toml")) == "/etc/real");
  CHECK_THAT(read_file(zinit.path("etc/real")), Contains("100002"));
}

}  // namespace
}  // namespace zinit::test::client_edit
