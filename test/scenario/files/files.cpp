// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Service files that are right, wrong and hostile, at boot (zinit.toml(5), "Where files are
// read", "What a wrong file does").
#include "scenario/harness.hpp"
#include "scenario/harness/wrong_files.hpp"

namespace zinit::test::files_files {
namespace {

std::string messages_of(const Json& status) { return status["reason"]["messages"].dump(); }

TEST_CASE("one file of each kind of wrong boots beside good ones", "[check][files]") {
  Server zinit;
  for (const WrongFile& wrong : wrong_files()) zinit.file(wrong.file, wrong.text);
  zinit.add("0-good");
  zinit.add("zz-good");
  zinit.boot({"0-good", "zz-good"});
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

TEST_CASE("a cycle fails all that are on it, and a name of nothing holds up nobody",
          "[check][files]") {
  Server zinit;
  zinit.add("a", {.dependencies = "requires = ['b']"});
  zinit.add("b", {.dependencies = "after = ['c']"});
  zinit.add("c", {.dependencies = "requires = ['a']"});
  zinit.add("wanting", {.dependencies = "wants = ['wanted']"});
  zinit.add("wanted", {.dependencies = "wants = ['wanting']\nrequires = ['wanting']"});
  zinit.add("behind", {.dependencies = "requires = ['a']"});
  for (const std::string kind : {"after", "wants", "conflicts"}) {
    zinit.add(kind, {.dependencies = kind + " = ['absent']"});
  }
  zinit.boot();
  for (const char* name : {"a", "b", "c"}) {
    const std::string messages = messages_of(zinit.await_failed(name, "config_error"));
    for (const char* part : {"a", "b", "c"}) CHECK_THAT(messages, Contains(part));
    CHECK_THAT(messages, Contains("cycle"));
  }
  zinit.await_state("wanted", "running");
  zinit.await_state("wanting", "running");
  CHECK(zinit.await_failed("behind", "dependency_failed")["reason"]["service"] == "a");

  for (const std::string kind : {"after", "wants", "conflicts"}) {
    INFO(kind);
    zinit.await_state(kind, "running");
    CHECK_THAT(zinit.ctl({"why", kind}).out, Contains("absent"));
  }
}

TEST_CASE("a file that may not be read is told and stops nobody", "[root][files]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.uid = 64123});
  zinit.add("good");
  zinit.add("secret");
  chmod(zinit.config("secret.toml").c_str(), 0);
  zinit.boot({"good"});
  zinit.await_message("secret.toml: Permission denied");
}

TEST_CASE("a file of settings that was named must exist, and /dev/null has no settings",
          "[check][files]") {
  Server zinit({.settings = true});
  const Outcome refused =
      run({.argv = {"zinit", "server", "--config-dir", zinit.config(), "--socket", zinit.socket(),
                    "--config", zinit.path("zinit.toml")}});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err,
             Contains(zinit.path("zinit.toml") + ": this file of global settings does not exist"));
  REQUIRE(::symlink("/dev/null", zinit.path("zinit.toml").c_str()) == 0);
  zinit.add("a");
  zinit.boot({"a"});
  CHECK_THAT(zinit.messages(), !Contains("zinit.toml"));
  CHECK(zinit.ctl({"reload"}).code == 0);
  CHECK(zinit.ctl({"check", "--strict", zinit.path("zinit.toml")}).code == 0);
}

TEST_CASE("without a service file the server stays up and answers, without its directory it ends",
          "[check][files]") {
  Server zinit;
  std::filesystem::remove(zinit.config());
  const Texts argv{"zinit", "server", "--config-dir", zinit.config(), "--socket", zinit.socket()};
  const Outcome refused = run({.argv = argv});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains(zinit.config() + ": this directory of services does not exist"));
  std::filesystem::create_directory(zinit.config());
  zinit.boot();
  CHECK(zinit.result("service.list").size() == 0);
  zinit.add("late");
  zinit.reload();
  zinit.await_state("late", "running");
}

}  // namespace
}  // namespace zinit::test::files_files
