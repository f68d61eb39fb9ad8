// zinitctl enable, disable, mask, unmask and edit (control.md, "zinitctl"): with a server, and
// below --root without one.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "scenario/harness.hpp"

using namespace zinit::test;
using Catch::Contains;
using Catch::StartsWith;
using Texts = std::vector<std::string>;

namespace {

const std::string kSleep = "[service]\nexec = 'sleep 100000'\n";
const std::string kOurs = "90-zinitctl.toml";

/// A system that does not run, in a folder of its own.
class Image {
 public:
  Image() {
    for (const char* made : {"etc/zinit/services", "usr/lib/zinit/services"}) {
      std::filesystem::create_directories(path(made));
    }
  }
  ~Image() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;

  const std::string& root() const { return root_; }
  std::string path(const std::string& file) const { return root_ + "/" + file; }
  void put(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(file)).parent_path());
    write_file(path(file), text);
  }
  Outcome ctl(const std::string& verb, const std::string& name, const Texts& more = {}) const {
    Launch what;
    what.argv = {"zinitctl", verb, "--root", root_, name};
    what.argv.insert(what.argv.end(), more.begin(), more.end());
    return run(what);
  }

 private:
  static std::string make() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base != nullptr ? base : "/tmp") + "/zinit-image.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    return name;
  }
  const std::string root_ = make();
};

/// A server whose files its zinitctl finds by asking it, and an editor that is a command of sed.
struct Edited {
  Server zinit;

  Outcome edit(const std::string& command, Texts words) const {
    Launch what;
    what.argv = {"zinitctl", "--socket", zinit.socket(), "edit"};
    what.argv.insert(what.argv.end(), words.begin(), words.end());
    what.env = {"EDITOR=" + command, "TMPDIR=" + zinit.folder(),
                "ZINIT_CONFIG_DIR=" + zinit.config()};
    return run(what);
  }
  /// What is left of copies.
  Texts copies() const {
    Texts names = entries_of(zinit.folder());
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("zinit-edit-"); });
    return names;
  }
};

std::string link_text(const std::string& path) {
  std::error_code none;
  return std::filesystem::read_symlink(path, none).string();
}

}  // namespace

// --- enable and disable --------------------------------------------------------------------------

TEST_CASE("disable and enable write a drop-in at the vendor's file's place in /etc/zinit",
          "[quick][verbs]") {
  const Image image;
  image.put("usr/lib/zinit/services/web.toml", kSleep);
  const std::string drop_in = image.path("etc/zinit/services/web.toml.d/" + kOurs);
  const Outcome disabled = image.ctl("disable", "web");
  CHECK(disabled.code == 0);
  CHECK_THAT(disabled.out,
             StartsWith("web is not started from the next boot on") && Contains(drop_in));
  CHECK_THAT(read_file(drop_in), Contains("[service]\nstatus = \"stop\"\n"));
  CHECK(entries_of(image.path("etc/zinit/services/web.toml.d")) == Texts{kOurs});
  CHECK_THAT(image.ctl("disable", "web").out, Contains("already"));
  CHECK(image.ctl("enable", "web").code == 0);
  CHECK_THAT(read_file(drop_in), Contains("status = \"start\""));
  CHECK_THAT(image.ctl("enable", "web").out, Contains("already"));
  CHECK(entries_of(image.path("usr/lib/zinit/services")) == Texts{"web.toml"});
}

TEST_CASE("enable of what is started anyway writes nothing", "[quick][verbs]") {
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  CHECK(image.ctl("enable", "web").code == 0);
  CHECK(entries_of(image.path("etc/zinit/services")) == Texts{"web.toml"});
  image.put("etc/zinit/services/odd.toml", kSleep + "status = 'ignore'\n");
  CHECK_THAT(image.ctl("disable", "odd").out, Contains("already"));  // "stop" would start it more
  CHECK(image.ctl("enable", "odd").code == 0);
  CHECK_THAT(read_file(image.path("etc/zinit/services/odd.toml.d/" + kOurs)), Contains("start"));
}

TEST_CASE("targets are enabled and disabled as targets, and by their own names", "[quick][verbs]") {
  const Image image;
  image.put("usr/lib/zinit/targets/10-t.toml", "[target]\nname = 'multi'\n");
  const Outcome done = image.ctl("disable", "multi", {"--json"});
  CHECK(done.code == 0);
  const std::string drop_in = image.path("etc/zinit/targets/10-t.toml.d/" + kOurs);
  CHECK(Json::parse(done.out).value()["file"] == drop_in);
  CHECK(Json::parse(done.out).value()["status"] == "stop");
  CHECK_THAT(read_file(drop_in), Contains("[target]\nstatus = \"stop\""));
}

TEST_CASE("enable says what keeps it from being done, and changes nothing", "[quick][verbs]") {
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
          "[quick][verbs]") {
  Server zinit;
  zinit.add("web");
  zinit.add("other");
  zinit.boot();
  zinit.await_state("web", "running");
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

TEST_CASE("a full disk leaves the drop-in as it was, and nothing beside it",
          "[quick][root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  const Image image;
  Launch what;
  what.program = "/bin/sh";
  what.argv = {"sh", "-c",
               "set -e; cd $R/etc/zinit; mount -t tmpfs -o size=16k none services; cd services;"
               "mkdir web.toml.d; printf \"[service]\\nexec = 'x'\\n\" > web.toml;"
               "echo \"service.status = 'start'\" > web.toml.d/" +
                   kOurs +
                   ";"
                   "cat /dev/zero > fill 2>/dev/null || true; sync;"
                   "set +e; $Z disable --root $R web; echo \"code $?\"; ls web.toml.d;"
                   "cat web.toml.d/" +
                   kOurs};
  what.env = {"R=" + image.root(), "Z=" + image.path("zinitctl")};
  std::filesystem::create_symlink(zinit_binary(), image.path("zinitctl"));
  what.in_child = [] {
    if (unshare(CLONE_NEWNS) != 0) _exit(125);
    mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  };
  const Outcome outcome = run(what);
  INFO(outcome.err);
  CHECK(outcome.out == "code 1\n" + kOurs + "\nservice.status = 'start'\n");
  CHECK_THAT(outcome.err, Contains("No space left on device") && Contains("nothing is changed"));
}

TEST_CASE("who may not write is told so, with exit status 7", "[quick][root][verbs]") {
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
          "[quick][verbs]") {
  const Image image;
  image.put("usr/lib/zinit/services/10-web.toml", kSleep + "name = 'web'\n");
  const std::string link = image.path("etc/zinit/services/10-web.toml");
  const Outcome masked = image.ctl("mask", "web");
  CHECK(masked.code == 0);
  CHECK_THAT(masked.out, StartsWith("web is masked by " + link));
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
  CHECK(image.ctl("unmask", "none").code == 4);
}

TEST_CASE("one's own file is never lost to a mask", "[quick][verbs]") {
  const Image image;
  image.put("etc/zinit/services/web.toml", kSleep);
  image.put("usr/lib/zinit/services/web.toml", kSleep);
  const Outcome refused = image.ctl("mask", "web");
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains(image.path("etc/zinit/services/web.toml")) &&
                              Contains("zinitctl disable web"));
  CHECK(read_file(image.path("etc/zinit/services/web.toml")) == kSleep);
}

TEST_CASE("a masked service does not exist after a reload, until it is unmasked",
          "[quick][root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server::Options options;
  options.own_root = true;
  Server zinit(options);
  for (const char* made : {"run", "usr/lib/zinit/services"}) {
    std::filesystem::create_directories(zinit.path(made));
  }
  write_file(zinit.path("usr/lib/zinit/services/web.toml"), kSleep);
  zinit.boot();
  zinit.await_state("web", "running");
  CHECK_THAT(zinit.ctl({"mask", "web"}).out, Contains("zinitctl reload"));
  CHECK(zinit.reload()["removed"].texts() == Texts{"web"});
  REQUIRE(eventually([&] { return zinit.result("service.list").size() == 0; }));
  CHECK_THAT(zinit.ctl({"why", "web"}).err, Contains("/etc/zinit/services/web.toml"));
  CHECK(zinit.ctl({"unmask", "web"}).code == 0);
  CHECK(zinit.reload()["added"].texts() == Texts{"web"});
  zinit.await_state("web", "running");
}

// --- edit ----------------------------------------------------------------------------------------

TEST_CASE("edit checks the copy, puts it in place and reloads", "[quick][verbs]") {
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

TEST_CASE("what has a fault is refused with its place, and is not lost", "[quick][verbs]") {
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
  CHECK_THAT(wrong.err, Contains("nothing is changed") && Contains(copy));
  CHECK_THAT(read_file(copy), Contains("exce"));
  unlink(copy.c_str());

  // Faults that only all files together show count too.
  const Outcome cycle = with.edit("sed -i '$a [dependencies]\\nrequires = [\"db\"]'", {"web"});
  CHECK(cycle.code == 1);
  CHECK_THAT(cycle.out, Contains("a cycle: web -> db -> web"));
  CHECK(read_file(with.zinit.config("web.toml")) == before);
  CHECK(with.zinit.state("db") == "running");
}

TEST_CASE("an editor that fails or changes nothing leaves everything as it is", "[quick][verbs]") {
  Edited with;
  with.zinit.add("web");
  with.zinit.boot();
  const std::string before = read_file(with.zinit.config("web.toml"));
  const Outcome failed = with.edit("false", {"web"});
  CHECK(failed.code == 1);
  CHECK_THAT(failed.err, Contains("false") && Contains("nothing is changed"));
  CHECK_THAT(with.edit("/nonexistent/editor", {"web"}).err, Contains("EDITOR names another"));
  const Outcome same = with.edit("true", {"web"});
  CHECK(same.code == 0);
  CHECK(same.out == "nothing is changed\n");
  CHECK(with.edit("true", {"none"}).code == 4);
  CHECK(read_file(with.zinit.config("web.toml")) == before);
  CHECK(with.copies().empty());
}

TEST_CASE("edit --drop-in makes one, and edits it the next time", "[quick][verbs]") {
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

TEST_CASE("a vendor's file is edited in its place in /etc/zinit, a link where it leads",
          "[quick][root][verbs]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server::Options options;
  options.own_root = true;
  Server zinit(options);
  for (const char* made : {"run", "usr/lib/zinit/services"}) {
    std::filesystem::create_directories(zinit.path(made));
  }
  const std::string vendors = zinit.path("usr/lib/zinit/services/web.toml");
  write_file(vendors, kSleep);
  write_file(zinit.path("etc/real"), kSleep);
  std::filesystem::create_symlink("/etc/real", zinit.config("linked.toml"));
  write_file(zinit.path("etc/editor"), "sed -i s/100000/100002/ \"$1\"\n");
  zinit.boot();
  zinit.await_state("web", "running");
  CHECK(zinit.ctl({"edit", "web"}, "", {"EDITOR=sh /etc/editor"}).code == 0);
  CHECK_THAT(read_file(zinit.config("web.toml")), Contains("100002"));
  CHECK(read_file(vendors) == kSleep);
  CHECK(zinit.status("web")["file"] == "/etc/zinit/services/web.toml");
  CHECK(zinit.ctl({"edit", "linked"}, "", {"EDITOR=sh /etc/editor"}).code == 0);
  CHECK(link_text(zinit.config("linked.toml")) == "/etc/real");
  CHECK_THAT(read_file(zinit.path("etc/real")), Contains("100002"));
}
