// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl edit (control.md, "zinitctl"): what it checks, puts in place, keeps and reports, and
// where the links of an image lead it.
#include "scenario/harness.hpp"
#include "scenario/harness/image.hpp"

namespace zinit::test::client_edit {
namespace {

/// A server whose zinitctl asks it for its files, and a sed command as the editor.
struct Edited {
  Server zinit;
  std::function<void()> in_child{};

  Outcome edit(const std::string& command, Texts words) const {
    Launch what;
    what.argv = {"zinitctl", "--socket", zinit.socket(), "edit"};
    what.argv.insert(what.argv.end(), words.begin(), words.end());
    what.env = {"EDITOR=" + command, "TMPDIR=" + zinit.folder()};
    what.in_child = in_child;
    return run(what);
  }
  /// The remaining copies.
  Texts copies() const {
    Texts names = entries_of(zinit.folder());
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("zinit-edit-"); });
    return names;
  }
};

TEST_CASE("edit checks the copy, puts it in place and reloads", "[check][verbs]") {
  Edited with;
  with.zinit.add("web");
  chmod(with.zinit.config("web.toml").c_str(), 0640);
  with.zinit.boot();
  with.zinit.await_state("web", "running");
  const Outcome done = with.edit("sed -i s/100000/100001/", {"web"});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK_THAT(done.out, Contains("changed") && Contains("web"));
  CHECK(eventually([&] { return proc_cmdline(with.zinit.pid_of("web")) == "sleep 100001"; }));
  struct stat it {};
  REQUIRE(stat(with.zinit.config("web.toml").c_str(), &it) == 0);
  CHECK((it.st_mode & 07777) == 0640);
  CHECK(with.copies().empty());
  CHECK(entries_of(with.zinit.config()) == Texts{"web.toml"});
}

TEST_CASE("a file that is edited keeps its mode, its owner and its group", "[root][verbs]") {
  if (geteuid() != 0) return skip("needs root to give files away");
  Edited with;
  with.zinit.add("web");
  const std::string file = with.zinit.config("web.toml");
  REQUIRE(chown(file.c_str(), 64123, 64124) == 0);
  REQUIRE(chmod(file.c_str(), 0660) == 0);
  with.zinit.boot();
  with.in_child = [] { umask(077); };
  CHECK(with.edit("sed -i s/100000/100001/", {"web"}).code == 0);
  struct stat it {};
  REQUIRE(stat(file.c_str(), &it) == 0);
  CHECK((it.st_mode & 07777) == 0660);
  CHECK(it.st_uid == 64123);
  CHECK(it.st_gid == 64124);
}

TEST_CASE("edit refuses what breaks other services, or takes another's name", "[verbs]") {
  Edited with;
  with.zinit.add("x");
  with.zinit.add("y");
  with.zinit.add("top", {.dependencies = "requires = ['x', 'y']"});
  with.zinit.file("wrong.toml", "[service]\nexec = 1\n");  // wrong before and after: no matter
  with.zinit.boot();
  with.zinit.await_state("top", "running");
  const std::string before = read_file(with.zinit.config("x.toml"));
  const Outcome conflict = with.edit("sed -i '$a [dependencies]\\nconflicts = [\"y\"]'", {"x"});
  CHECK(conflict.code == 1);
  CHECK_THAT(conflict.out, Contains("top requires both x and y, which conflict"));
  const Outcome name = with.edit("sed -i '/exec/a name = \"y\"'", {"x"});
  CHECK(name.code == 1);
  CHECK_THAT(name.out, Contains("\"y\" is already the name in " + with.zinit.config("x.toml")));
  CHECK(read_file(with.zinit.config("x.toml")) == before);
  const Outcome done = with.edit("sed -i s/100000/100001/", {"x"});
  CHECK(done.code == 0);
  CHECK(done.err == "");
  CHECK_THAT(read_file(with.zinit.config("x.toml")), Contains("100001"));
  CHECK(with.zinit.ctl({"reload"}).code == 1);
}

TEST_CASE("what was written is told where it is, whatever becomes of editor, server or disk",
          "[verbs]") {
  Edited with;
  with.zinit.add("web");
  with.zinit.boot();
  const std::string file = with.zinit.config("web.toml");
  SECTION("the editor saves and dies") {
    const Outcome killed = with.edit("sh -c 'echo \"# mine\" >> \"$0\"; kill -9 $$'", {"web"});
    CHECK(killed.code == 1);
    REQUIRE(with.copies().size() == 1);
    const std::string copy = with.zinit.path(with.copies().front());
    CHECK_THAT(killed.err, Contains("nothing was changed") && Contains(copy));
    CHECK_THAT(read_file(copy), Contains("# mine"));
  }
  SECTION("the server is gone when the editor ends") {
    const std::string pid = std::to_string(with.zinit.pid());
    const Outcome done = with.edit(
        "sh -c 'sed -i s/100000/100001/ \"$0\"; kill " + pid + "; while kill -0 " + pid +
            " 2>/dev/null && ! grep -q \") Z\" /proc/" + pid + "/stat; do sleep 0.01; done'",
        {"web"});
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(done.out == file + " is in place; no server runs that would read it now\n");
    CHECK_THAT(read_file(file), Contains("100001"));
    CHECK(with.zinit.exit_code() == 0);
  }
  SECTION("the reload refuses the service, for a drop-in that has come meanwhile") {
    const Outcome done = with.edit("sh -c 'mkdir " + file + ".d; echo service.exec = 1 > " + file +
                                       ".d/1.toml; sed -i s/100000/100001/ \"$0\"'",
                                   {"web"});
    CHECK(done.code == 1);
    CHECK_THAT(done.err, StartsWith("zinitctl: reload: 1 file is not in force"));
    CHECK_THAT(done.err, Contains(file + " is in place nevertheless"));
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

TEST_CASE("what has a fault is refused with its place, and is not lost", "[check][verbs]") {
  Edited with;
  with.zinit.add("web");
  with.zinit.add("db", {.dependencies = "requires = ['web']"});
  with.zinit.boot();
  with.zinit.await_state("db", "running");
  const std::string before = read_file(with.zinit.config("web.toml"));
  const Outcome wrong = with.edit("sed -i s/exec/exce/", {"web"});
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.out, Contains(with.zinit.config("web.toml") + ":2:1: error: service.exce: "));
  REQUIRE(with.copies().size() == 1);
  const std::string copy = with.zinit.path(with.copies().front());
  CHECK_THAT(wrong.err, Contains("nothing was changed") && Contains(copy));
  CHECK_THAT(read_file(copy), Contains("exce"));
  unlink(copy.c_str());

  // A fault that only all files together show counts too.
  const Outcome cycle = with.edit("sed -i '$a [dependencies]\\nrequires = [\"db\"]'", {"web"});
  CHECK(cycle.code == 1);
  CHECK_THAT(cycle.out, Contains("a cycle: web -> db -> web"));
  CHECK(read_file(with.zinit.config("web.toml")) == before);
  CHECK(with.zinit.state("db") == "running");
}

TEST_CASE("an editor that fails or changes nothing leaves everything as it is", "[verbs]") {
  Edited with;
  with.zinit.add("web");
  with.zinit.boot();
  const std::string before = read_file(with.zinit.config("web.toml"));
  const Outcome failed = with.edit("false", {"web"});
  CHECK(failed.code == 1);
  CHECK_THAT(failed.err, Contains("false") && Contains("nothing was changed"));
  CHECK_THAT(with.edit("/nonexistent/editor", {"web"}).err, Contains("EDITOR names another"));
  const Outcome same = with.edit("true", {"web"});
  CHECK(same.code == 0);
  CHECK(same.out == "nothing was changed\n");
  CHECK(with.edit("true", {"none"}).code == 4);
  const Outcome visual = with.zinit.ctl({"edit", "web"}, "", {"EDITOR=false", "VISUAL=true"});
  CHECK(visual.code == 0);
  CHECK(visual.out == "nothing was changed\n");
  CHECK(read_file(with.zinit.config("web.toml")) == before);
  CHECK(with.copies().empty());
}

TEST_CASE("edit --drop-in makes one, and edits it the next time", "[check][verbs]") {
  Edited with;
  with.zinit.add("web");
  with.zinit.boot();
  with.zinit.await_state("web", "running");
  const std::string file = with.zinit.config("web.toml.d/50-local.toml");
  const Outcome made = with.edit("sed -i '$a service.description = \"one\"'", {"--drop-in", "web"});
  INFO(made.out << made.err);
  CHECK(made.code == 0);
  CHECK_THAT(read_file(file), StartsWith("# Laid over " + with.zinit.config("web.toml")));
  CHECK(with.zinit.status("web")["description"] == "one");
  CHECK(with.edit("sed -i s/one/two/", {"--drop-in", "web"}).code == 0);
  CHECK(with.zinit.status("web")["description"] == "two");
  const Outcome wrong = with.edit("sed -i s/description/descripton/", {"--drop-in", "web"});
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.out, Contains(file + ":2:9: error: service.descripton: "));
  CHECK(with.zinit.status("web")["description"] == "two");
}

TEST_CASE("edit --root works on the system below it, and never on this one", "[check][verbs]") {
  const Image image;
  image.put("usr/lib/zinit/services/web.toml", kSleep);
  image.put("outside", kSleep);
  std::filesystem::create_symlink("/outside", image.path("etc/zinit/services/linked.toml"));
  const auto edit = [&](const std::string& name, const Texts& more) {
    Launch what;
    what.argv = {"zinitctl", "edit", "--root", image.root(), name};
    what.argv.insert(what.argv.end(), more.begin(), more.end());
    what.env = {"EDITOR=sed -i s/100000/100001/", "TMPDIR=" + image.root()};
    return run(what);
  };
  CHECK(edit("web", {}).out == image.path("etc/zinit/services/web.toml") + " is in place\n");
  CHECK_THAT(read_file(image.path("etc/zinit/services/web.toml")), Contains("100001"));
  CHECK(read_file(image.path("usr/lib/zinit/services/web.toml")) == kSleep);
  CHECK(edit("linked", {}).code == 0);
  CHECK_THAT(read_file(image.path("outside")), Contains("100001"));
  std::filesystem::remove(image.path("etc/zinit/services/linked.toml"));
  const zinit::test::TempDir elsewhere;
  const std::string file = elsewhere.write("x.toml", kSleep);
  std::filesystem::create_symlink(file, image.path("etc/zinit/services/linked.toml"));
  const Outcome out = edit("linked", {});
  CHECK(out.code == 1);
  CHECK_THAT(out.err, Contains("cannot open " + image.path(file.substr(1))));
  CHECK(read_file(file) == kSleep);
}

TEST_CASE("an image whose directories are links leads no verb out of it", "[verbs]") {
  const zinit::test::TempDir elsewhere;  // with the names in the image's links
  const std::string outside = elsewhere.path();
  std::filesystem::create_directories(outside + "/x/web.toml.d");
  const Image image;
  std::filesystem::remove_all(image.path("etc/zinit/services"));
  std::filesystem::create_symlink(outside + "/x", image.path("etc/zinit/services"));
  image.put("usr/lib/zinit/services/web.toml", kSleep);
  image.put("usr/lib/zinit/services/db.toml", kSleep);
  const std::string inside = image.path(outside.substr(1)) + "/x";
  std::filesystem::create_directories(inside);
  image.put("opt/abs.toml", kSleep);
  std::filesystem::create_symlink("/opt/abs.toml", inside + "/abs.toml");

  CHECK(image.ctl("disable", "web").code == 0);
  CHECK_THAT(read_file(inside + "/web.toml.d/" + kOurs), Contains("status = \"stop\""));
  CHECK_THAT(image.ctl("disable", "web").out, Contains("already"));
  CHECK(image.ctl("mask", "db").code == 0);
  CHECK(link_text(inside + "/db.toml") == "/dev/null");
  CHECK_THAT(image.ctl("mask", "db").out, Contains("already"));
  CHECK(image.ctl("unmask", "db").code == 0);
  CHECK(link_text(inside + "/db.toml").empty());
  const Outcome linked = image.ctl("disable", "abs");  // its file is a link in the image
  INFO(linked.err);
  CHECK(linked.code == 0);
  CHECK(entries_of(inside) == Texts{"abs.toml", "abs.toml.d", "web.toml.d"});
  Launch edit;
  edit.argv = {"zinitctl", "edit", "--root", image.root(), "web"};
  edit.env = {"EDITOR=sed -i s/100000/100001/", "TMPDIR=" + image.root()};
  CHECK(run(edit).code == 0);
  CHECK_THAT(read_file(inside + "/web.toml"), Contains("100001"));
  CHECK(entries_of(outside) == Texts{"x"});
  CHECK(entries_of(outside + "/x") == Texts{"web.toml.d"});
  CHECK(entries_of(outside + "/x/web.toml.d").empty());
}

TEST_CASE("an empty --root is an error, not this machine", "[verbs]") {
  for (const char* verb : {"enable", "disable", "mask", "unmask", "edit"}) {
    Launch what;
    what.argv = {"zinitctl", verb, "--root", "", "web"};
    const Outcome outcome = run(what);
    INFO(verb);
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Contains("--root is empty"));
  }
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

TEST_CASE("edit --new makes a service, and refuses one that is there", "[verbs]") {
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  Launch edit;
  edit.argv = {"zinitctl", "edit", "--root", image.root(), "--new", "fresh"};
  edit.env = {"EDITOR=sed -i 's|\"\"\\]|\"sleep\", \"9\"]|'"};
  const Outcome made = run(edit);
  CHECK(made.code == 0);
  CHECK_THAT(read_file(image.path("etc/zinit/services/fresh.toml")),
             Contains("exec = [\"sleep\", \"9\"]"));
  for (const char* name : {"fresh", "web"}) {
    edit.argv.back() = name;
    const Outcome there = run(edit);
    CHECK(there.code == 1);
    CHECK_THAT(there.err, Contains("leave out --new"));
  }
  edit.argv.back() = "next";
  edit.env = {"EDITOR=true"};
  CHECK_THAT(run(edit).out, Contains("nothing was changed"));
  CHECK(entries_of(image.path("etc/zinit/services")) == Texts{"fresh.toml", "web.toml"});
}

}  // namespace
}  // namespace zinit::test::client_edit
