// Service files that are right, wrong and hostile, at boot (zinit.toml(5), "Where files are
// read", "What a wrong file does").
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "scenario/harness.hpp"
#include "scenario/wrong_files.hpp"

using namespace zinit::test;
using Catch::Contains;
using Texts = std::vector<std::string>;

namespace {

std::string warnings_of(Server& zinit, const std::string& name) {
  return zinit.status(name)["warnings"].dump();
}

std::string messages_of(const Json& status) { return status["reason"]["messages"].dump(); }

}  // namespace

TEST_CASE("one file of each kind of wrong boots beside good ones", "[quick][files]") {
  Server zinit;
  for (const WrongFile& wrong : wrong_files()) zinit.file(wrong.file, wrong.text);
  zinit.add("0-good");
  zinit.add("zz-good");
  zinit.boot();
  zinit.await_state("0-good", "running");
  zinit.await_state("zz-good", "running");
  for (const WrongFile& wrong : wrong_files()) {
    INFO(wrong.file << ":\n" << wrong.text.substr(0, 500));
    const Json status = zinit.await_failed(wrong.service(), "config_error");
    const Json messages = status["reason"]["messages"];
    REQUIRE(messages.size() > 0);
    CHECK_THAT(messages[0].text(), Catch::StartsWith(zinit.config(wrong.file) + ":" + wrong.place));
    CHECK_THAT(messages[0].text(), Contains(": error: ") && Contains(wrong.says));
    zinit.await_message(zinit.config(wrong.file) + ":" + wrong.place);
  }
}

TEST_CASE("all faults of a file are told at once", "[quick][files]") {
  Server zinit;
  zinit.file("a.toml",
             "[service]\nexec = 5\noneshot = 'yes'\n[lifecycle]\nrestart = "
             "'often'\nstop_timeout_ms = 0\n");
  zinit.boot();
  const std::string messages = messages_of(zinit.await_failed("a", "config_error"));
  for (const char* fault :
       {":2:8: error: service.exec", ":3:11: error: service.oneshot",
        ":5:11: error: lifecycle.restart", ":6:19: error: lifecycle.stop_timeout_ms"}) {
    CHECK_THAT(messages, Contains(fault));
  }
}

TEST_CASE("an unknown section or key is a warning with the nearest known one", "[quick][files]") {
  Server zinit;
  zinit.file("a.toml",
             "[service]\nexec = 'sleep 100000'\nonshot = true\n[lifecycle]\nrestart_dely_ms = 7\n"
             "[dependancies]\nrequires = ['x']\n");
  zinit.boot();
  zinit.await_state("a", "running");
  const std::string warnings = warnings_of(zinit, "a");
  CHECK_THAT(warnings, Contains(":3:1: warning: service.onshot: ") && Contains("oneshot"));
  CHECK_THAT(warnings, Contains(":5:1: warning: lifecycle.restart_dely_ms: ") &&
                           Contains("restart_delay_ms"));
  CHECK_THAT(warnings, Contains(":6:") && Contains("dependencies"));
  zinit.await_message("onshot");
}

TEST_CASE("a cycle fails all that are on it, with its path, and nobody else", "[quick][files]") {
  Server zinit;
  zinit.add("a", {.dependencies = "requires = ['b']"});
  zinit.add("b", {.dependencies = "after = ['c']"});
  zinit.add("c", {.dependencies = "requires = ['a']"});
  zinit.add("wanting", {.dependencies = "wants = ['wanted']"});
  zinit.add("wanted", {.dependencies = "wants = ['wanting']\nrequires = ['wanting']"});
  zinit.add("behind", {.dependencies = "requires = ['a']"});
  zinit.boot();
  for (const char* name : {"a", "b", "c"}) {
    const std::string messages = messages_of(zinit.await_failed(name, "config_error"));
    for (const char* part : {"a", "b", "c"}) CHECK_THAT(messages, Contains(part));
    CHECK_THAT(messages, Contains("cycle"));
  }
  zinit.await_state("wanted", "running");
  zinit.await_state("wanting", "running");
  CHECK(zinit.await_failed("behind", "dependency_failed")["reason"]["service"] == "a");
}

TEST_CASE("what contradicts itself through its dependencies is a config error", "[quick][files]") {
  Server zinit;
  const auto with = [](const std::string& dependencies) {
    return Toml{.dependencies = dependencies};
  };
  zinit.add("self-requires", with("requires = ['self-requires']"));
  zinit.add("self-after", with("after = ['self-after']"));
  zinit.add("self-conflicts", with("conflicts = ['self-conflicts']"));
  zinit.add("base");
  zinit.add("middle", with("requires = ['base']"));
  zinit.add("against-base", with("requires = ['middle']\nconflicts = ['base']"));
  zinit.add("left", with("conflicts = ['right']"));
  zinit.add("right");
  zinit.add("needs-left", with("requires = ['left']"));
  zinit.add("needs-both", with("requires = ['needs-left', 'right']"));
  zinit.boot();
  for (const char* name :
       {"self-requires", "self-after", "self-conflicts", "against-base", "needs-both"}) {
    INFO(name);
    CHECK(zinit.await_failed(name, "config_error")["reason"]["messages"].size() > 0);
  }
  for (const char* name : {"middle", "base", "left", "needs-left"})
    zinit.await_state(name, "running");
  zinit.await_state("right", "blocked");
}

TEST_CASE("after, wants and conflicts may name nothing that exists, and why tells",
          "[quick][files]") {
  Server zinit;
  for (const std::string kind : {"after", "wants", "conflicts"}) {
    zinit.add(kind, {.dependencies = kind + " = ['absent']"});
  }
  zinit.boot();
  for (const std::string kind : {"after", "wants", "conflicts"}) {
    INFO(kind);
    zinit.await_state(kind, "running");
    CHECK_THAT(zinit.ctl({"why", kind}).out, Contains("absent"));
  }
}

TEST_CASE("the name key names a service, else the file does", "[quick][files]") {
  Server zinit;
  zinit.file("one.toml", "[service]\nname = 'other'\nexec = 'sleep 100000'\n");
  zinit.file("two.toml", "[service]\nexec = 'sleep 100000'\n");
  const std::string longest(128, 'n');
  zinit.file("three.toml", "[service]\nname = '" + longest + "'\nexec = 'sleep 100000'\n");
  zinit.file("four.toml", "[service]\nname = '0.aZ_9@x-y'\nexec = 'sleep 100000'\n");
  zinit.boot();
  CHECK(zinit.result("service.list").texts() == Texts{"0.aZ_9@x-y", longest, "other", "two"});
}

TEST_CASE("a second file with a name already taken is told, and the first stands",
          "[quick][files]") {
  Server zinit;
  // Byte order: capitals before small letters, a dash before a dot.
  zinit.file("B.toml", "[service]\nname = 'same'\nexec = 'sleep 100001'\n");
  zinit.file("a.toml", "[service]\nname = 'same'\nexec = 'sleep 100002'\n");
  zinit.boot();
  CHECK(proc_cmdline(static_cast<pid_t>(zinit.await_state("same", "running")["pid"].number())) ==
        "sleep 100001");
  CHECK(zinit.status("same")["file"] == zinit.config("B.toml"));
  CHECK_THAT(warnings_of(zinit, "same"), Contains(zinit.config("a.toml")));
  zinit.await_message(zinit.config("a.toml") + ":2:");
}

TEST_CASE("only files that end in .toml and begin with no dot are read", "[quick][files]") {
  Server zinit;
  const std::string good = "[service]\nexec = 'sleep 100000'\n";
  for (const char* name : {".hidden.toml", "other.tom", "toml", "x.toml~", "x.TOML"})
    zinit.file(name, good);
  zinit.file("real.toml", good);
  write_file(zinit.path("elsewhere"), good);
  std::filesystem::create_symlink(zinit.path("elsewhere"), zinit.config("link.toml"));
  zinit.boot();
  CHECK(zinit.result("service.list").texts() == Texts{"link", "real"});
}

TEST_CASE("a byte-order mark, CRLF and a file of 1 MiB are read", "[quick][files]") {
  Server zinit;
  zinit.file("bom.toml", "\xef\xbb\xbf[service]\nexec = 'sleep 100000'\n");
  zinit.file("crlf.toml",
             "[service]\r\nexec = 'sleep 100000'\r\n[lifecycle]\r\nrestart = 'never'\r\n");
  std::string large = "[service]\nexec = 'sleep 100000'\n";
  while (large.size() < (1 << 20) - 80)
    large += "# a comment that makes the file large, again and again\n";
  zinit.file("large.toml", large);
  zinit.boot();
  for (const char* name : {"bom", "crlf", "large"}) zinit.await_state(name, "running");
}

TEST_CASE("a file that is no file stops nobody", "[quick][files]") {
  Server zinit;
  std::filesystem::create_directory(zinit.config("folder.toml"));
  REQUIRE(mkfifo(zinit.config("fifo.toml").c_str(), 0644) == 0);
  std::filesystem::create_symlink("/nonexistent", zinit.config("dangling.toml"));
  std::filesystem::create_symlink("loop.toml", zinit.config("loop.toml"));
  std::filesystem::create_symlink("/dev/zero", zinit.config("endless.toml"));
  zinit.add("good");
  zinit.boot();
  zinit.await_state("good", "running");
  zinit.reload();
  CHECK(zinit.state("good") == "running");
}

TEST_CASE("a file that may not be read is told and stops nobody", "[root][files]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.uid = 64123});
  zinit.add("good");
  zinit.add("secret");
  chmod(zinit.config("secret.toml").c_str(), 0);
  zinit.boot();
  zinit.await_state("good", "running");
  zinit.await_message("secret.toml: Permission denied");
}

TEST_CASE("no service file or no config directory: the server stays up and answers",
          "[quick][files]") {
  for (const bool directory : {true, false}) {
    Server zinit;
    if (!directory) std::filesystem::remove(zinit.config());
    zinit.boot();
    CHECK(zinit.result("service.list").size() == 0);
    std::filesystem::create_directory(zinit.config());
    zinit.add("late");
    zinit.reload();
    zinit.await_state("late", "running");
  }
}
