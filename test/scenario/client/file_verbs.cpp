// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl enable, disable, mask and unmask (control.md, "zinitctl"): with a server, and with
// --root without a server.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/image.hpp"

namespace zinit::test::client_file_verbs {

TEST_CASE("dialogs of enable, disable, mask and unmask", "[check][verbs]") {
  CHECK_DIALOGS("file_verbs");
}

TEST_CASE("a server of another user's may not say which file root writes", "[root][verbs]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.uid = 64123});
  zinit.add("a");
  zinit.boot();
  const auto before = entries_of(zinit.config());
  for (const char* verb : {"disable", "mask", "edit"}) {
    INFO(verb);
    const Outcome refused = zinit.ctl({verb, "a"});
    CHECK(refused.code == 1);
    CHECK_THAT(refused.err, Contains("the server belongs to user 64123"));
  }
  CHECK(entries_of(zinit.config()) == before);
  CHECK(zinit.ctl({"list"}).code == 0);
}

TEST_CASE("a full disk leaves a drop-in as it was, or absent, and nothing beside it",
          "[root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  const Image image;
  Launch what = image.script(
      "set -e; cd $R/etc/zinit; mount -t tmpfs -o size=16k none services; cd services;"
      "mkdir web.toml.d; printf \"[service]\\nexec = 'x'\\n\" | tee web.toml > db.toml;"
      "echo \"service.status = 'start'\" > web.toml.d/" +
      kOurs +
      ";"
      "cat /dev/zero > fill 2>/dev/null || true; sync;"
      "set +e; $Z disable --root $R web; echo \"code $?\"; ls web.toml.d;"
      "cat web.toml.d/" +
      kOurs + "; $Z disable --root $R db; echo \"code $?\"; ls -d db*");
  what.in_child = have_own_mounts;
  const Outcome outcome = run(what);
  INFO(outcome.err);
  CHECK(outcome.out == "code 1\n" + kOurs + "\nservice.status = 'start'\ncode 1\ndb.toml\n");
  CHECK_THAT(outcome.err, Contains("No space left on device") && Contains("nothing was changed"));
}

TEST_CASE("who may not write is told so, and who may not read a folder what is done in it",
          "[root][verbs]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  REQUIRE(chmod(image.root().c_str(), 0755) == 0);
  const Launch what{.argv = {"zinitctl", "disable", "--root", image.root(), "web"}, .uid = 64123};
  const Outcome refused = run(what);
  CHECK(refused.code == 7);
  CHECK_THAT(refused.err, Contains("Permission denied"));

  const std::string folder = image.path("etc/zinit/services/web.toml.d");
  std::filesystem::create_directories(folder);
  REQUIRE(chown(folder.c_str(), 64123, 64123) == 0);
  REQUIRE(chmod(folder.c_str(), 0311) == 0);
  CHECK_THAT(run(what).err, !Contains("nothing was changed"));
  CHECK(entries_of(folder) == Texts{kOurs});
}

TEST_CASE("the server's directories are the ones that verbs work on, not the machine's",
          "[root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit;
  zinit.add("web");
  zinit.boot();
  const Image image;  // of the machine that zinitctl runs on
  image.put("usr/lib/zinit/services/sshd.toml", kSleep);
  for (const char* verb : {"mask", "disable", "enable", "unmask", "edit"}) {
    Launch what;
    what.argv = {"zinitctl", "--socket", zinit.socket(), verb, "sshd"};
    what.env = {"EDITOR=false"};
    what.in_child = [&] {
      have_own_mounts();
      mount(image.path("etc").c_str(), "/etc", nullptr, MS_BIND, nullptr);
      mount(image.path("usr/lib").c_str(), "/usr/lib", nullptr, MS_BIND, nullptr);
    };
    const Outcome outcome = run(what);
    INFO(verb << ": " << outcome.out << outcome.err);
    CHECK(outcome.code == 4);
  }
  CHECK(entries_of(image.path("etc/zinit/services")).empty());
  CHECK(entries_of(zinit.config()) == Texts{"web.toml"});
}

TEST_CASE("a masked service does not exist after a reload, until it is unmasked", "[root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit({.own_root = true});
  zinit.put("usr/lib/zinit/services/web.toml", kSleep);
  zinit.boot({"web"});
  CHECK_THAT(zinit.ctl({"mask", "web"}).out, Contains("zinitctl reload"));
  CHECK(zinit.reload()["removed"].texts() == Texts{"web"});
  REQUIRE(eventually([&] { return zinit.result("service.list").size() == 0; }));
  CHECK_THAT(zinit.ctl({"why", "web"}).err, Contains("/etc/zinit/services/web.toml"));
  CHECK(zinit.ctl({"unmask", "web"}).code == 0);
  CHECK(zinit.reload()["added"].texts() == Texts{"web"});
  zinit.await_state("web", "running");
}

}  // namespace zinit::test::client_file_verbs
