// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The places of files: the vendor's and the administrator's directories, masks and drop-ins
// (zinit.toml(5), "Where files are read").
#include "scenario/harness.hpp"
namespace zinit::test::files_places {
namespace {

const std::string kSleep = "[service]\nexec = 'sleep 100000'\n";

Server::Options with_own_root() {
  return {.argv = {"zinit", "server", "--pid1-mode"}, .own_root = true};
}

/// The output of a shell script with zinit as $Z and zinitctl as $C, in the folder $D.
Outcome run_script(const zinit::test::TempDir& dir, const std::string& script, Texts env = {},
                   std::optional<uid_t> uid = {}) {
  std::filesystem::create_symlink(zinit_binary(), dir / "zinitctl");
  Launch what;
  what.program = "/bin/sh";
  what.argv = {"sh", "-c", script};
  what.env = std::move(env);
  what.env.insert(what.env.end(),
                  {"D=" + dir.path(), "Z=" + zinit_binary(), "C=" + dir / "zinitctl"});
  what.uid = uid;
  return run(what);
}

bool can_have_root() { return geteuid() == 0 && can_make_namespaces(); }

TEST_CASE("reload --only with a directory takes what a package has brought, and no edit in /etc",
          "[check][root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  const std::string changed = "[service]\nexec = 'sleep 200000'\n";
  const auto to_port = [](const std::string& name, const std::string& port) {
    return "[proxy]\nlisten = ['unix:/run/" + name + "']\nservice = 'own'\n" +
           "backend = '127.0.0.1:" + port + "'\n";
  };
  Server zinit(with_own_root());
  const std::string vendors = "usr/lib/zinit/services/", own = "etc/zinit/services/";
  for (const char* name : {"package", "masked", "replaced", "goes", "at@"})
    zinit.put(vendors + name + ".toml", kSleep);
  zinit.put(own + "own.toml", kSleep);
  zinit.put(own + "back.toml", kSleep);
  zinit.put(vendors + "relay.toml", to_port("relay", "1"));
  zinit.put(own + "own-relay.toml", to_port("own-relay", "2"));
  zinit.boot({"package", "masked", "replaced", "goes", "own", "back"});
  (void)zinit.start("at@1");

  // A package is updated while the administrator edits.
  zinit.put(vendors + "package.toml", changed);
  zinit.put(vendors + "comes.toml", kSleep);
  zinit.put(vendors + "at@.toml", changed);
  std::filesystem::remove(zinit.path(vendors + "goes.toml"));
  zinit.put(vendors + "relay.toml", to_port("relay", "3"));
  zinit.put(vendors + "new-relay.toml", to_port("new-relay", "4"));
  std::filesystem::create_symlink("/dev/null", zinit.config("masked.toml"));
  zinit.put(own + "replaced.toml", changed);
  zinit.put(own + "own.toml", changed);
  zinit.put(own + "own-comes.toml", kSleep);
  zinit.put(vendors + "back.toml", kSleep);
  std::filesystem::remove(zinit.path(own + "back.toml"));
  zinit.put(own + "own-relay.toml", to_port("own-relay", "5"));

  const Json report = zinit.result("service.reload", R"({"only":["/usr/lib/zinit"]})");
  CHECK(report["added"].texts() == Texts{"comes"});
  CHECK(report["changed"].texts() == Texts{"at@1", "package"});
  CHECK(report["removed"].texts() == Texts{"goes"});
  CHECK(report["failed"].texts().empty());
  CHECK(report["proxies"]["added"].texts() == Texts{"new-relay"});
  CHECK(report["proxies"]["changed"].texts() == Texts{"relay"});
  CHECK(report["proxies"]["removed"].texts().empty());
  CHECK(report["proxies"]["unchanged"].texts().empty());
  zinit.await_settled();  // `goes` is listed until it is down
  const Json rest = zinit.result("service.reload");
  CHECK(rest["added"].texts() == Texts{"own-comes"});
  CHECK(rest["changed"].texts() == Texts{"own", "replaced"});
  CHECK(rest["removed"].texts() == Texts{"masked"});
  CHECK(rest["proxies"]["changed"].texts() == Texts{"own-relay"});
}

TEST_CASE("reload --only with a directory takes no service whose files in /etc have changed",
          "[check][root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  const std::string changed = "[service]\nexec = 'sleep 200000'\n";
  const std::string drop_in = "service.umask = '0027'\n";
  for (const bool reexecute : {false, true}) {
    INFO("after a re-execution: " << reexecute);
    Server zinit(with_own_root());
    const std::string vendors = "usr/lib/zinit/services/", own = "etc/zinit/services/";
    for (const char* name : {"package", "same", "fresh", "edited", "at@", "for-one@", "linked@",
                             "owned@", "hidden@", "goes"})
      zinit.put(vendors + name + ".toml", kSleep);
    for (const char* name : {"package", "edited", "goes"})
      zinit.put(own + name + ".toml.d/50.toml", "service.umask = '0077'\n");
    zinit.put(own + "at@1.toml.d/50.toml", "service.umask = '0077'\n");
    zinit.boot({"package", "same", "fresh", "edited", "goes"});
    for (const char* name : {"at@1", "for-one@1", "linked@1", "owned@1", "hidden@1"})
      (void)zinit.start(name);
    // A drop-in that a reload has found without effect is in force too.
    zinit.put(own + "package.toml.d/60.toml", "service.umask = '0077'\n");
    zinit.reload();
    if (reexecute) zinit.reexecute();

    // An administrator edits, and a package changes all except `same`.
    zinit.put(own + "same.toml.d/50.toml", drop_in);
    zinit.put(own + "fresh.toml.d/50.toml", drop_in);
    zinit.put(own + "edited.toml.d/50.toml", drop_in);
    zinit.put(own + "for-one@1.toml.d/50.toml", drop_in);
    zinit.put(own + "owned@1.toml", kSleep + "umask = '0027'\n");
    zinit.put(own + "comes.toml.d/50.toml", drop_in);
    const std::string linked = vendors + "linked@.toml";
    std::filesystem::create_symlink("/" + linked, zinit.config("linked@2.toml"));
    std::filesystem::create_symlink("/dev/null", zinit.config("hidden@1.toml"));
    for (const char* name :
         {"package", "fresh", "edited", "at@", "for-one@", "linked@", "owned@", "hidden@", "comes"})
      zinit.put(vendors + name + ".toml", changed);
    std::filesystem::remove(zinit.path(vendors + "goes.toml"));

    const Json report = zinit.result("service.reload", R"({"only":["/usr/lib/zinit"]})");
    CHECK(report["added"].texts() == Texts{"comes"});
    CHECK(report["changed"].texts() == Texts{"at@1", "package"});
    CHECK(report["removed"].texts() == Texts{"goes"});
    CHECK(report["failed"].texts().empty());
    zinit.await_settled();
    const Json rest = zinit.result("service.reload");
    CHECK(rest["added"].texts() == Texts{"linked@2"});
    CHECK(rest["changed"].texts() ==
          Texts{"edited", "for-one@1", "fresh", "linked@1", "owned@1", "same"});
    CHECK(rest["removed"].texts() == Texts{"hidden@1"});
  }
}

TEST_CASE("reload --only with a directory goes by places of files, whatever these describe",
          "[check][root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  const auto proxy = [](const std::string& name, const std::string& port) {
    return "[proxy]\nlisten = ['unix:/run/" + name + "']\nservice = 'package'\n" +
           "backend = '127.0.0.1:" + port + "'\n";
  };
  for (const bool reexecute : {false, true}) {
    INFO("after a re-execution: " << reexecute);
    Server zinit(with_own_root());
    const std::string vendors = "usr/lib/zinit/services/", own = "etc/zinit/services/";
    for (const char* name : {"package", "renamed", "to-proxy", "back"})
      zinit.put(vendors + name + ".toml", kSleep);
    zinit.put(own + "back.toml", kSleep + "name = 'other'\n");
    for (const char* name : {"relay", "masked", "unmasked", "to-service", "edited"})
      zinit.put(vendors + name + ".toml", proxy(name, "1"));
    std::filesystem::create_symlink("/dev/null", zinit.config("unmasked.toml"));
    zinit.put(own + "relay.toml.d/50.toml", "proxy.connect_timeout = '7s'\n");
    zinit.put(own + "edited.toml.d/50.toml", "proxy.connect_timeout = '7s'\n");
    zinit.boot({"package", "renamed", "to-proxy", "other"});
    if (reexecute) zinit.reexecute();

    zinit.put(vendors + "package.toml", "[service]\nexec = 'sleep 200000'\n");
    for (const char* name : {"relay", "masked", "unmasked", "to-service", "edited"})
      zinit.put(vendors + name + ".toml", proxy(name, "2"));
    zinit.put(own + "renamed.toml", kSleep + "name = 'new-name'\n");
    zinit.put(own + "to-proxy.toml", proxy("to-proxy", "3"));
    zinit.put(own + "to-service.toml", kSleep);
    zinit.put(own + "edited.toml.d/50.toml", "proxy.connect_timeout = '8s'\n");
    std::filesystem::remove(zinit.path(own + "back.toml"));
    std::filesystem::remove(zinit.path(own + "unmasked.toml"));
    std::filesystem::create_symlink("/dev/null", zinit.config("masked.toml"));

    const Json report = zinit.result("service.reload", R"({"only":["/usr/lib/zinit"]})");
    CHECK(report["added"].texts().empty());
    CHECK(report["changed"].texts() == Texts{"package"});
    CHECK(report["removed"].texts().empty());
    CHECK(report["proxies"]["added"].texts().empty());
    CHECK(report["proxies"]["changed"].texts() == Texts{"relay"});
    CHECK(report["proxies"]["removed"].texts().empty());
    const Json rest = zinit.result("service.reload");
    CHECK(rest["added"].texts() == Texts{"back", "new-name", "to-service"});
    CHECK(rest["removed"].texts() == Texts{"other", "renamed", "to-proxy"});
    CHECK(rest["proxies"]["added"].texts() == Texts{"to-proxy", "unmasked"});
    CHECK(rest["proxies"]["changed"].texts() == Texts{"edited"});
    CHECK(rest["proxies"]["removed"].texts() == Texts{"masked", "to-service"});
  }
}

TEST_CASE("reload --only lists no failed proxy that is not asked for",
          "[check][root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  const auto proxy = [](const std::string& socket) {
    return "[proxy]\nlisten = ['unix:/run/" + socket + "']\nbackend = '127.0.0.1:1'\n" +
           "service = 'package'\n";
  };
  Server zinit(with_own_root());
  const std::string vendors = "usr/lib/zinit/services/", own = "etc/zinit/services/";
  zinit.put(vendors + "package.toml", kSleep);
  zinit.put(own + "a.toml", proxy("a"));
  zinit.put(own + "b.toml", proxy("a"));
  zinit.put(own + "c.toml", proxy("c"));
  zinit.boot({"package"});
  zinit.put(own + "c.toml", proxy("a"));
  CHECK(zinit.reload()["proxies"]["failed"].texts() == Texts{"b", "c"});

  zinit.put(vendors + "d.toml", proxy("a"));
  const Json report = zinit.result("service.reload", R"({"only":["/usr/lib/zinit"]})");
  CHECK(report["proxies"]["failed"].texts() == Texts{"d"});
  CHECK(report["proxies"]["messages"].texts().size() == 1);
  for (const char* list : {"added", "changed", "removed", "unchanged"}) {
    INFO(list);
    CHECK(report["proxies"][list].texts().empty());
  }
  const Json named = zinit.result("service.reload", R"({"only":["package"]})");
  CHECK(named["proxies"]["failed"].texts().empty());
}

TEST_CASE("reload --only refuses a directory in which no file is read", "[root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  Server zinit(with_own_root());
  zinit.put("usr/lib/zinit/services/package.toml", kSleep);
  zinit.boot({"package"});
  const Outcome wrong = zinit.ctl({"reload", "--yes", "--only", "/usr/lib/zinitt"});
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.err, Contains("no service file is read in /usr/lib/zinitt"));
  for (const char* path : {"/usr/lib/zinit", "/usr/lib/zinit/", "/usr/lib/zinit/services/",
                           "/usr/lib/zinit/targets", "/etc/zinit/services/below", "/usr"}) {
    INFO(path);
    CHECK(zinit.ctl({"reload", "--yes", "--only", path}).code == 0);
  }
}

TEST_CASE("a file in /etc/zinit replaces the vendor's, a link to /dev/null masks it",
          "[check][root][places]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  Server zinit(with_own_root());
  zinit.put("usr/lib/zinit/services/both.toml", kSleep + "description = 'the vendor'\n");
  zinit.put("etc/zinit/services/both.toml", kSleep);
  zinit.put("usr/lib/zinit/services/vendors.toml", kSleep);
  zinit.put("usr/lib/zinit/services/masked.toml", kSleep + "name = 'hidden'\n");
  std::filesystem::create_symlink("/dev/null", zinit.config("masked.toml"));
  zinit.put("usr/lib/zinit/system/base.toml", kSleep);
  zinit.put("usr/lib/zinit/targets/all.toml", "[target]\n");
  zinit.put("etc/zinit/services/needs.toml", kSleep + "[dependencies]\nrequires = ['hidden']\n");
  zinit.boot({"vendors"});
  CHECK(zinit.result("service.list").texts() == Texts{"all", "base", "both", "needs", "vendors"});
  CHECK(zinit.status("both")["file"] == "/etc/zinit/services/both.toml");
  CHECK(zinit.status("both")["description"] == "");
  CHECK(zinit.status("vendors")["file"] == "/usr/lib/zinit/services/vendors.toml");
  CHECK(zinit.status("base")["class"] == "system");

  const std::string link = "/etc/zinit/services/masked.toml";
  const Json needs = zinit.await_failed("needs", "missing_dependency");
  CHECK(needs["reason"]["dependency"] == "hidden");
  CHECK(needs["reason"]["masked_by"] == link);
  CHECK_THAT(zinit.ctl({"status", "needs"}).out, Contains("which is masked by " + link));
  CHECK_THAT(zinit.ctl({"why", "needs"}).out,
             Contains("masked by " + link) && Contains("zinitctl unmask hidden"));
  for (const char* verb : {"status", "why", "start"}) {
    const Outcome asked = zinit.ctl({verb, "hidden"});
    CHECK(asked.code == 4);
    CHECK_THAT(asked.err, Contains("masked by " + link));
  }

  std::filesystem::remove(zinit.path("etc/zinit/services/masked.toml"));
  zinit.reload();
  zinit.await_state("hidden", "running");
  zinit.await_state("needs", "running");
}

TEST_CASE("the mask of a template hides its instances, whatever makes them",
          "[root][places][templates]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  Server zinit(with_own_root());
  zinit.put("usr/lib/zinit/services/e@.toml", kSleep);
  zinit.put("etc/zinit/services/own@.toml", kSleep);
  zinit.put("etc/zinit/services/needs.toml", kSleep + "[dependencies]\nrequires = ['e@1']\n");
  std::filesystem::create_symlink("/usr/lib/zinit/services/e@.toml", zinit.config("e@2.toml"));
  zinit.boot({"needs", "e@1", "e@2"});
  CHECK(zinit.start("e@3")["state"] == "running");
  const std::string link = "/etc/zinit/services/e@.toml";
  std::filesystem::create_symlink("/dev/null", zinit.config("e@.toml"));
  CHECK(zinit.reload()["removed"].texts() == Texts{"e@1", "e@2", "e@3"});
  CHECK(zinit.await_failed("needs", "missing_dependency")["reason"]["masked_by"] == link);
  CHECK_THAT(zinit.ctl({"why", "needs"}).out,
             Contains("masked by " + link) && Contains("zinitctl unmask e@`"));
  for (const char* verb : {"status", "why", "start"}) {
    const Outcome asked = zinit.ctl({verb, "e@9"});
    CHECK(asked.code == 4);
    CHECK_THAT(asked.err, Contains("masked by " + link + "; `zinitctl unmask e@`"));
  }
  std::filesystem::remove(zinit.path("etc/zinit/services/e@.toml"));
  CHECK(zinit.reload()["added"].texts() == Texts{"e@1", "e@2"});
  zinit.await_state("needs", "running");
}

TEST_CASE("drop-ins are laid over a file, and status shows them and what changed",
          "[check][root][places]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  Server zinit(with_own_root());
  const std::string file = "usr/lib/zinit/services/web.toml";
  zinit.put(file, "[service]\nexec = 'sleep 100001'\nenv = { A = 'vendor', B = 'vendor' }\n");
  zinit.put(file + ".d/50.toml", "[service.env]\nB = 'drop-in'\n");
  zinit.put("etc/zinit/services/web.toml.d/10.toml",
            "[service]\nexec = 'sleep 100002'\nenv.B = 'first'\nenv.C = 'own'\n");
  zinit.boot();
  const Json web = zinit.await_state("web", "running");
  const pid_t pid = static_cast<pid_t>(web["pid"].number());
  CHECK(proc_cmdline(pid) == "sleep 100002");
  const Texts environment = proc_environment(pid);
  for (const char* line : {"A=vendor", "B=drop-in", "C=own"}) {
    INFO(line);
    CHECK(std::find(environment.begin(), environment.end(), line) != environment.end());
  }
  const std::string own = "/etc/zinit/services/web.toml.d/10.toml";
  const std::string changed = "changed on disk";
  const std::string before = zinit.ctl({"status", "web"}).out;
  CHECK_THAT(before, Contains(own) && !Contains(changed));

  zinit.put("etc/zinit/services/web.toml.d/90.toml", "service.description = 'new'\n");
  CHECK_THAT(zinit.ctl({"status", "web"}).out, Contains(changed));
  CHECK(zinit.reload()["changed"].texts() == Texts{"web"});
  CHECK_THAT(zinit.ctl({"status", "web"}).out, Contains("web - new") && !Contains(changed));

  zinit.put("etc/zinit/services/web.toml.d/10.toml", "[service]\numask = 5\n");
  const Json kept = zinit.reload();
  CHECK(kept["failed"].texts() == Texts{"web"});
  CHECK(zinit.pid_of("web") == pid);
  CHECK(zinit.status("web")["warnings"].mentions(own + ":2:9: error: service.umask: 5"));
}

TEST_CASE("drop-ins lie beside the files of --config-dir, too, and status sees them go",
          "[places][check]") {
  Server zinit;
  zinit.add("a");
  std::filesystem::create_directory(zinit.config("a.toml.d"));
  zinit.file("a.toml.d/b.toml", "service.description = 'over it'\n");
  zinit.add("c");
  std::filesystem::create_directory(zinit.config("c.toml.d"));
  zinit.file("c.toml.d/b.toml", "service.exec = 'sleep 100003'\n");
  zinit.file("c.toml.d/a.toml", "service.exec = 'wrong'\n");
  zinit.boot();
  CHECK_THAT(zinit.ctl({"status", "a"}).out, !Contains("changed on disk"));
  std::filesystem::remove_all(zinit.config("a.toml.d"));
  CHECK_THAT(zinit.ctl({"status", "a"}).out, Contains("changed on disk"));

  const Json c = zinit.await_state("c", "running");
  CHECK(proc_cmdline(static_cast<pid_t>(c["pid"].number())) == "sleep 100003");
}

TEST_CASE("--config-dir takes the place of the vendor's services too", "[root][places]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  Server::Options options = with_own_root();
  options.arguments = {"--config-dir", "/etc/elsewhere"};
  Server zinit(options);
  zinit.put("usr/lib/zinit/services/vendors.toml", kSleep);
  zinit.put("etc/zinit/services/usual.toml", kSleep);
  zinit.put("usr/lib/zinit/targets/all.toml", "[target]\n");
  zinit.put("etc/elsewhere/mine.toml", kSleep);
  zinit.boot({"mine"});
  CHECK(zinit.result("service.list").texts() == Texts{"all", "mine"});
}

TEST_CASE("a relative --config-dir is one of the server's folder, wherever zinitctl is used",
          "[places]") {
  const zinit::test::TempDir dir;
  std::filesystem::create_directory(dir / "s");
  dir.write("s/web.toml", kSleep);
  const Outcome outcome = run_script(dir, R"(
      cd $D; $Z server --config-dir s --socket $D/z 2>$D/log & pid=$!
      until $C --socket $D/z ping >/dev/null 2>&1; do sleep 0.01; done
      cd /; $C --socket $D/z disable web; echo "code $?"; kill $pid; wait $pid)");
  INFO(outcome.err);
  CHECK_THAT(outcome.out, Contains("code 0"));
  CHECK(entries_of(dir / "s/web.toml.d") == Texts{"90-zinitctl.toml"});
}

TEST_CASE("a user's server without a home says that it knows no directory", "[places]") {
  const zinit::test::TempDir dir;
  const uid_t user = geteuid() == 0 ? 64123 : geteuid();
  REQUIRE(chown(dir.path().c_str(), user, user) == 0);
  const Outcome outcome = run_script(dir, R"(
      $Z server --socket $D/z 2>$D/log & pid=$!
      until grep -q 'no service is started' $D/log; do sleep 0.01; done
      kill $pid; wait $pid; cat $D/log)",
                                     {"HOME=", "XDG_CONFIG_HOME="}, user);
  CHECK_THAT(outcome.out, Contains("there is no directory of service files") && Contains("HOME") &&
                              !Contains("no service file in"));
}

TEST_CASE("two files of one name in two directories: the second is the error", "[root][places]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  Server zinit(with_own_root());
  zinit.put("usr/lib/zinit/services/a.toml", kSleep + "name = 'web'\n");
  zinit.put("etc/zinit/services/b.toml", kSleep + "name = 'web'\n");
  zinit.boot();
  const Json web = zinit.await_state("web", "running");
  CHECK(web["file"] == "/usr/lib/zinit/services/a.toml");  // by file name, both together
  CHECK(web["warnings"].mentions("/etc/zinit/services/b.toml"));
  const std::string fault = "/etc/zinit/services/b.toml:3:8: error: service.name: \"web\" is";
  zinit.await_message(fault);
  const Outcome check = zinit.ctl({"check"});
  CHECK(check.code == 1);
  CHECK_THAT(check.out, Contains(fault));
}

TEST_CASE("a changed /etc/environment reaches what is spawned after a reload",
          "[check][root][places][reload]") {
  if (!can_have_root()) return skip("needs root and namespaces");
  Server zinit(with_own_root());
  zinit.put("etc/environment", "COLOUR=red\n");
  zinit.add("a", {.exec = "echo start $COLOUR >> $T; exec sleep 100000"});
  zinit.boot();
  zinit.await_trace("start red");
  zinit.put("etc/environment", "COLOUR=blue\n");
  CHECK(zinit.reload()["unchanged"].texts() == Texts{"a"});
  zinit.restart("a");
  zinit.await_trace("start blue");
  // If the file cannot be read, the old environment stays.
  std::filesystem::remove(zinit.path("etc/environment"));
  std::filesystem::create_directory(zinit.path("etc/environment"));
  zinit.reload();
  zinit.restart("a");
  zinit.await_trace("start blue", 2);
  std::filesystem::remove(zinit.path("etc/environment"));
  zinit.reload();
  zinit.restart("a");
  zinit.await_trace("start");
}

TEST_CASE("a $ in /etc/environment, which nobody expands, is warned of", "[root][keys]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  Server zinit(with_own_root());
  zinit.put("etc/environment", "LANG=C\nPATH=\"$PATH:/x\"\nPRICE=5$\n");
  zinit.add("a");
  zinit.boot({"a"});
  zinit.await_message("/etc/environment: warning: PATH contains $PATH, which zinit uses literally");
  CHECK_THAT(zinit.messages(), !Catch::Contains("PRICE"));
}

}  // namespace
}  // namespace zinit::test::files_places
