// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Completion in bash, with a server.
#include <unistd.h>

#include "scenario/harness.hpp"

namespace client_completion_test {

using namespace zinit::test;

namespace {

/// The completions of the last word of the line `zinitctl TYPED`, on one line.
std::string completed(const Server& zinit, const std::string& typed) {
  const std::string script =
      "source etc/completion/zinitctl.bash; COMP_WORDS=(\"$P/zinitctl\"); COMP_WORDBREAKS=' @='; "
      "COMP_LINE=\"zinitctl $TYPED\"; COMP_POINT=${#COMP_LINE}; _zinitctl 2>/dev/null; "
      "echo \"${COMPREPLY[*]}\"";
  Launch bash{.argv = {"bash", "-c", script}, .program = "/bin/bash"};
  bash.env = {"P=" + zinit.folder(), "ZINIT_SOCKET=" + zinit.socket(), "TYPED=" + typed};
  return run(bash).out;
}

}  // namespace

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
  CHECK(completed(zinit, "ping ") == "\n");
}

}  // namespace client_completion_test
