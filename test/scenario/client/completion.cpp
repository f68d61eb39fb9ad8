// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Completion in bash, with a server.
#include "scenario/harness.hpp"
namespace zinit::test::client_completion {
namespace {

/// The completions of the last word of the line `NAME TYPED`, on one line. The completion is found
/// by the name, as the shell does it.
std::string completed(const Server& zinit, const std::string& typed,
                      const std::string& name = "zinitctl") {
  const std::string script =
      "ln -sf \"$PWD/etc/completion/zinitctl.bash\" \"$P/completion/$N\"; "
      "source \"$P/completion/$N\"; complete -p \"$N\" >/dev/null || exit; PATH=$P:$PATH; "
      "COMP_WORDS=(\"$P/$N\"); COMP_WORDBREAKS=' @='; "
      "COMP_LINE=\"$N $TYPED\"; COMP_POINT=${#COMP_LINE}; _zinitctl 2>/dev/null; "
      "echo \"${COMPREPLY[*]}\"";
  std::filesystem::create_directories(zinit.path("completion"));
  Launch bash{.argv = {"bash", "-c", script}, .program = "/bin/bash"};
  bash.env = {"P=" + zinit.folder(), "ZINIT_SOCKET=" + zinit.socket(), "TYPED=" + typed,
              "N=" + name};
  return run(bash).out;
}

TEST_CASE("bash completes verbs, options, values and the names that fit", "[check][ctl]") {
  Server zinit;
  zinit.add("db");
  zinit.add("off", {.service = "status = 'stop'"});
  zinit.add("worker@one");
  zinit.file("tmpl@.toml", "[service]\nexec = 'true'\n");
  zinit.boot({"db", "worker@one"});
  REQUIRE(::symlink(zinit_binary().c_str(), zinit.path("zinitctl").c_str()) == 0);
  CHECK(completed(zinit, "sto") == "stop stop-all\n");
  CHECK(completed(zinit, "start ") == "off tmpl@\n");
  CHECK(completed(zinit, "edit tm") == "tmpl@\n");
  CHECK(completed(zinit, "stop d") == "db\n");
  CHECK(completed(zinit, "stop worker@o") == "one\n");
  CHECK(completed(zinit, "stop wor") == "worker@one\n");
  CHECK(completed(zinit, "list --sta") == "--state\n");
  CHECK(completed(zinit, "list --state=fa") == "failed\n");
  CHECK(completed(zinit, "check READ") == "README.md\n");
  CHECK(completed(zinit, "check --root=et") == "etc\n");
  CHECK(completed(zinit, "ping ") == "\n");
  CHECK(completed(zinit, "rehearse sto") == "stop stop-all\n");
  CHECK(completed(zinit, "rehearse stop d") == "db\n");
  CHECK(completed(zinit, "explain lifecycle.restart_delay_m") ==
        "lifecycle.restart_delay_ms lifecycle.restart_delay_max_ms\n");
  // A key may stand without its section.
  CHECK(completed(zinit, "explain restart_delay_m") == "restart_delay_ms restart_delay_max_ms\n");
  // `server` is no verb of zinitctl.
  REQUIRE(::symlink(zinit_binary().c_str(), zinit.path("zinit").c_str()) == 0);
  CHECK(completed(zinit, "se", "zinit") == "server\n");
  CHECK(completed(zinit, "se") == "\n");
  CHECK(completed(zinit, "server --conf", "zinit") == "--config-dir --config\n");
  CHECK(completed(zinit, "server --forward=", "zinit") == "all none\n");
  CHECK(completed(zinit, "server --config=READ", "zinit") == "README.md\n");
  CHECK(completed(zinit, "run limits.nof") == "limits.nofile=\n");
  CHECK(completed(zinit, "run restart=on") == "on-failure\n");
  CHECK(completed(zinit, "run user=nobody -- zinitc") == "zinitctl\n");
  CHECK(completed(zinit, "run user=nobody -- ./READ") == "./README.md\n");
  CHECK(completed(zinit, "run user=nobody -- cat READ") == "README.md\n");
  // What is typed may be quoted, and the quotes of the last word may be open.
  CHECK(completed(zinit, "stop 'd") == "db\n");
  CHECK(completed(zinit, "stop \"db\" wor") == "worker@one\n");
  CHECK(completed(zinit, "--socket '" + zinit.socket() + "' sto\\p \"d") == "db\n");
  CHECK(completed(zinit, "--socket '/no such/file' stop d") == "\n");
}

TEST_CASE("bash completes the commands that end a machine, and runs none of them", "[check][ctl]") {
  Server zinit;
  REQUIRE(::symlink(zinit_binary().c_str(), zinit.path("zinitctl").c_str()) == 0);
  for (const char* name : {"poweroff", "reboot", "halt", "shutdown"}) {
    CAPTURE(name);
    // Another init's command of this name.
    write_file(zinit.path(name), "#!/bin/sh\n>>\"$P/ended\"\n");
    std::filesystem::permissions(zinit.path(name), std::filesystem::perms::owner_all);
    CHECK(completed(zinit, "--fo", name) == "--force\n");
    CHECK(completed(zinit, "--socket etc/zini", name) == "etc/zinit.toml\n");
  }
  CHECK(completed(zinit, "--ha", "reboot") == "--halt\n");
  CHECK(completed(zinit, "-", "shutdown").find("-c ") != std::string::npos);
  CHECK(completed(zinit, "n", "shutdown") == "now\n");
  CHECK(completed(zinit, "", "poweroff") == "\n");
  CHECK_FALSE(std::filesystem::exists(zinit.path("ended")));
}

}  // namespace
}  // namespace zinit::test::client_completion
