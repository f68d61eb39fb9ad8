// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl run, explain and graph: services made from the command line, their keys, and drawings.
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::client_run {

TEST_CASE("dialogs of run, explain and graph", "[check][run][graph]") { CHECK_DIALOGS("run"); }

TEST_CASE("dialogs with many lines and with many commands at once", "[run][verbs]") {
  CHECK_DIALOGS("load");
}

TEST_CASE("run --wait shows each line once over a re-execution", "[check][run][reexec]") {
  Server zinit;
  zinit.boot();
  const std::string go = zinit.path("go");
  Background waiting(zinit, {"run", "--name", "job", "--wait", "--", "sh", "-c",
                             "for i in 1 2 3; do echo line $i; done; until [ -e " + go +
                                 " ]; do sleep 0.05; done; echo last"});
  CHECK(waiting.shows("line 3"));
  CHECK(zinit.ctl({"reexec"}).code == 0);
  write_file(go, "");
  CHECK(waiting.exit_code() == 0);
  CHECK(waiting.output() == "line 1\nline 2\nline 3\nlast\n");
}

TEST_CASE("run --wait reports that another request removed its service", "[run]") {
  Server zinit;
  zinit.boot();
  Background waiting(
      zinit, {"run", "--name", "job", "--wait", "--", "sh", "-c", "echo up; exec sleep infinity"});
  CHECK(waiting.shows("up"));
  CHECK(zinit.ctl({"remove-service", "job"}).code == 0);
  CHECK(waiting.exit_code() == 1);
  CHECK_THAT(waiting.errors(), Contains("run job: another request removed it while it ran"));
}

}  // namespace zinit::test::client_run
