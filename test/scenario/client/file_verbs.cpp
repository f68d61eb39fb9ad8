// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl enable, disable, mask and unmask (control.md, "zinitctl"): with a server, and with
// --root without a server.
#include "scenario/harness.hpp"
#include "scenario/harness/image.hpp"

namespace zinit::test::client_file_verbs {

// --- enable and disable --------------------------------------------------------------------------

TEST_CASE("disable and enable write a drop-in at the vendor's file's place in /etc/zinit",
          "[check][verbs]") {
  const Image image;
  image.put("usr/lib/zinit/services/web.toml", kSleep);
  const std::string drop_in = image.path("etc/zinit/services/web.toml.d/" + kOurs);
  const Outcome disabled = image.ctl("disable", "web");
  CHECK(disabled.code == 0);
  CHECK_THAT(disabled.out, StartsWith("web does not start at boot") && Contains(drop_in));
  CHECK_THAT(read_file(drop_in), Contains("[service]\nstatus = \"stop\"\n"));
  CHECK(entries_of(image.path("etc/zinit/services/web.toml.d")) == Texts{kOurs});
  CHECK_THAT(image.ctl("disable", "web").out, Contains("already"));
  CHECK(image.ctl("enable", "web").code == 0);
  CHECK_THAT(read_file(drop_in), Contains("status = \"start\""));
  CHECK_THAT(image.ctl("enable", "web").out, Contains("already"));
  CHECK(entries_of(image.path("usr/lib/zinit/services")) == Texts{"web.toml"});
}

TEST_CASE("enable of what is started anyway writes nothing", "[verbs]") {
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  CHECK(image.ctl("enable", "web").code == 0);
  CHECK(entries_of(image.path("etc/zinit/services")) == Texts{"web.toml"});
  image.put("etc/zinit/services/odd.toml", kSleep + "status = 'ignore'\n");
  CHECK_THAT(image.ctl("disable", "odd").out, Contains("already"));  // "stop" would add starts
  CHECK(image.ctl("enable", "odd").code == 0);
  CHECK_THAT(read_file(image.path("etc/zinit/services/odd.toml.d/" + kOurs)), Contains("start"));
}

TEST_CASE("targets are enabled and disabled as targets, and by their own names", "[verbs]") {
  const Image image;
  image.put("usr/lib/zinit/targets/10-t.toml", "[target]\nname = 'multi'\n");
  const Outcome done = image.ctl("disable", "multi", {"--json"});
  CHECK(done.code == 0);
  const std::string drop_in = image.path("etc/zinit/targets/10-t.toml.d/" + kOurs);
  CHECK(Json::parse(done.out).value()["file"] == drop_in);
  CHECK(Json::parse(done.out).value()["status"] == "stop");
  CHECK_THAT(read_file(drop_in), Contains("[target]\nstatus = \"stop\""));
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

TEST_CASE("enable says what keeps it from being done, and changes nothing", "[verbs]") {
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep + "status = 'stop'\n");
  image.put("etc/zinit/services/web.toml.d/95-last.toml", "service.status = 'stop'\n");
  const Outcome decided = image.ctl("enable", "web");
  CHECK(decided.code == 1);
  CHECK_THAT(decided.err, Contains("web.toml.d/95-last.toml comes after " + kOurs));
  image.put("etc/zinit/services/wrong.toml", "[service\n");
  const Outcome wrong = image.ctl("disable", "wrong");
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.err, Contains("wrong.toml:1:9: error: "));
  const Outcome near = image.ctl("enable", "wbe");
  CHECK(near.code == 4);
  CHECK_THAT(near.err, Contains("did you mean web?"));
  CHECK(image.ctl("enable", "web", {"--now"}).code == 2);
  CHECK(entries_of(image.path("etc/zinit/services")) ==
        Texts{"web.toml", "web.toml.d", "wrong.toml"});
  Launch nowhere;
  nowhere.argv = {"zinitctl", "enable", "--root", image.path("none"), "web"};
  const Outcome no_root = run(nowhere);
  CHECK(no_root.code == 1);
  CHECK_THAT(no_root.err, Contains("there is no directory " + image.path("none")));
}

TEST_CASE("enable and disable --now start and stop, and what they wrote holds at the next boot",
          "[verbs]") {
  Server zinit;
  zinit.add("web");
  zinit.add("other");
  zinit.boot({"web"});
  CHECK(zinit.ctl({"disable", "--now", "web"}).code == 0);
  CHECK(zinit.status("web")["wish"] == "down");
  CHECK(zinit.ctl({"disable", "other"}).code == 0);
  CHECK(zinit.state("other") == "running");  // until then
  CHECK_THAT(zinit.ctl({"status", "web"}).out, Contains("changed on disk"));
  zinit.shut_down();
  zinit.boot();
  CHECK(zinit.state("web") == "inactive");
  CHECK(zinit.state("other") == "inactive");
  CHECK_THAT(zinit.ctl({"status", "web"}).out, Contains(zinit.config("web.toml.d/" + kOurs)));
  CHECK(zinit.ctl({"enable", "--now", "web"}).code == 0);
  CHECK(zinit.state("web") == "running");
}

TEST_CASE("an image with more links than are followed has nothing written outside of it",
          "[check][verbs]") {
  const Image image, outside;
  image.put("usr/lib/zinit/services/web.toml", kSleep);
  std::filesystem::create_directories(outside.path("victim"));
  std::filesystem::create_symlink("/dev/null", outside.path("victim/masked.toml"));
  // With the link at etc/zinit/services these are 41. The last one names a folder of the image.
  const int links = 40;
  for (int i = 0; i < links; ++i) {
    const std::string to = i == 0 ? outside.path("victim") : "/link" + std::to_string(i - 1);
    std::filesystem::create_symlink(to, image.path("link" + std::to_string(i)));
  }
  std::filesystem::remove(image.path("etc/zinit/services"));
  std::filesystem::create_symlink("/link" + std::to_string(links - 1),
                                  image.path("etc/zinit/services"));
  for (const char* verb : {"disable", "mask"}) {
    INFO(verb);
    const Outcome outcome = image.ctl(verb, "web");
    CHECK(outcome.code == 1);
    CHECK_THAT(outcome.err, Contains(image.path("etc/zinit/services/web.toml")) &&
                                Contains("Too many levels of symbolic links") &&
                                Contains("nothing was changed"));
  }
  Launch edit;
  edit.argv = {"zinitctl", "edit", "--root", image.root(), "web"};
  edit.env = {"EDITOR=echo '[service]' >"};
  CHECK_THAT(run(edit).err, Contains("Too many levels of symbolic links"));
  CHECK(image.ctl("unmask", "masked").code != 0);
  CHECK(entries_of(outside.path("victim")) == Texts{"masked.toml"});
  CHECK(entries_of(image.root()).size() == std::size_t(links) + 2);  // and etc, usr
}

TEST_CASE("a full disk leaves the drop-in as it was, and nothing beside it", "[root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  const Image image;
  Launch what = image.script(
      "set -e; cd $R/etc/zinit; mount -t tmpfs -o size=16k none services; cd services;"
      "mkdir web.toml.d; printf \"[service]\\nexec = 'x'\\n\" > web.toml;"
      "echo \"service.status = 'start'\" > web.toml.d/" +
      kOurs +
      ";"
      "cat /dev/zero > fill 2>/dev/null || true; sync;"
      "set +e; $Z disable --root $R web; echo \"code $?\"; ls web.toml.d;"
      "cat web.toml.d/" +
      kOurs);
  what.in_child = have_own_mounts;
  const Outcome outcome = run(what);
  INFO(outcome.err);
  CHECK(outcome.out == "code 1\n" + kOurs + "\nservice.status = 'start'\n");
  CHECK_THAT(outcome.err, Contains("No space left on device") && Contains("nothing was changed"));
}

TEST_CASE("who may not write is told so, with exit status 7", "[root][verbs]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  REQUIRE(chmod(image.root().c_str(), 0755) == 0);
  Launch what;
  what.argv = {"zinitctl", "disable", "--root", image.root(), "web"};
  what.uid = 64123;
  const Outcome outcome = run(what);
  CHECK(outcome.code == 7);
  CHECK_THAT(outcome.err, Contains("Permission denied"));
}

// --- mask and unmask -----------------------------------------------------------------------------

TEST_CASE("mask puts a link to /dev/null in the place of the vendor's file, unmask takes it away",
          "[check][verbs]") {
  const Image image;
  image.put("usr/lib/zinit/services/10-web.toml", kSleep + "name = 'web'\n");
  const std::string link = image.path("etc/zinit/services/10-web.toml");
  const Outcome masked = image.ctl("mask", "web");
  CHECK(masked.code == 0);
  CHECK_THAT(masked.out, StartsWith("web masked by " + link));
  CHECK(link_text(link) == "/dev/null");
  CHECK_THAT(image.ctl("mask", "web").out, Contains("already"));
  const Outcome enabled = image.ctl("enable", "web");
  CHECK(enabled.code == 4);
  CHECK_THAT(enabled.err, Contains("masked by " + link) && Contains("zinitctl unmask web"));
  const Outcome unmasked = image.ctl("unmask", "web", {"--json"});
  CHECK(unmasked.code == 0);
  CHECK(Json::parse(unmasked.out).value()["changed"] == true);
  CHECK(entries_of(image.path("etc/zinit/services")).empty());
  CHECK(Json::parse(image.ctl("unmask", "web", {"--json"}).out).value()["changed"] == false);
  CHECK(image.ctl("unmask", "web").out == "web is not masked\n");
  CHECK(image.ctl("unmask", "none").code == 4);
}

TEST_CASE("one's own file is never lost to a mask", "[verbs]") {
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  image.put("usr/lib/zinit/services/web.toml", kSleep);
  const Outcome refused = image.ctl("mask", "web");
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains(image.path("etc/zinit/services/web.toml")) &&
                              Contains("in the place of the vendor's " +
                                       image.path("usr/lib/zinit/services/web.toml")) &&
                              Contains("zinitctl disable web"));
  CHECK(read_file(image.path("etc/zinit/services/web.toml")) == kSleep);
  image.put("etc/zinit/services/own.toml", kSleep);
  CHECK_THAT(image.ctl("mask", "own").err, Contains("only a vendor's can be masked"));
}

TEST_CASE("unmask leaves the vendor's own mask alone, and takes each of ours", "[verbs]") {
  const Image image;
  const std::string vendors = image.path("usr/lib/zinit/services/web.toml");
  const std::string ours = image.path("etc/zinit/services/web.toml");
  std::filesystem::create_symlink("/dev/null", vendors);
  const Outcome refused = image.ctl("unmask", "web");
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("the vendor's " + vendors) && Contains("put at " + ours));
  CHECK(link_text(vendors) == "/dev/null");

  image.put("usr/lib/zinit/services/db.toml", kSleep);
  for (const char* folder : {"etc/zinit/services", "etc/zinit/system"}) {
    std::filesystem::create_directories(image.path(folder));
    std::filesystem::create_symlink("/dev/null", image.path(std::string(folder) + "/db.toml"));
  }
  CHECK(image.ctl("unmask", "db").code == 0);
  CHECK(entries_of(image.path("etc/zinit/services")).empty());
  CHECK(entries_of(image.path("etc/zinit/system")).empty());
  CHECK(image.ctl("disable", "db").code == 0);
}

TEST_CASE("who may not read a folder is told what is done in it", "[root][verbs]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  const std::string folder = image.path("etc/zinit/services/web.toml.d");
  std::filesystem::create_directories(folder);
  REQUIRE(chmod(image.root().c_str(), 0755) == 0);
  REQUIRE(chown(folder.c_str(), 64123, 64123) == 0);
  REQUIRE(chmod(folder.c_str(), 0311) == 0);
  Launch what;
  what.argv = {"zinitctl", "disable", "--root", image.root(), "web"};
  what.uid = 64123;
  const Outcome outcome = run(what);
  CHECK_THAT(outcome.err, !Contains("nothing was changed"));
  CHECK(entries_of(folder) == Texts{kOurs});
}

TEST_CASE("two who change one service at once both say what they have done", "[verbs]") {
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  const Outcome outcome =
      run(image.script("for i in $(seq 40); do for v in enable disable disable; do "
                       "( $Z $v --root $R web >/dev/null || echo failed ) & done; wait; done"));
  CHECK(outcome.out.empty());
  CHECK(outcome.err.empty());
  CHECK(entries_of(image.path("etc/zinit/services/web.toml.d")) == Texts{kOurs});
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
