// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What an administrator types and sees while services start, fail, wait and end.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::lifecycle_dialogs {

TEST_CASE("dialogs of services that fail and wait", "[why][deps]") { CHECK_DIALOGS("dialogs"); }
TEST_CASE("dialogs of bound services", "[bound][unneeded][reexec]") { CHECK_DIALOGS("bound"); }
TEST_CASE("dialogs of causes", "[why][readiness][reexec]") { CHECK_DIALOGS("causes"); }
TEST_CASE("dialogs of check_exec", "[check][check_exec]") { CHECK_DIALOGS("check_exec"); }
TEST_CASE("dialogs of conditions", "[check][conditions]") { CHECK_DIALOGS("conditions_dialogs"); }
TEST_CASE("dialogs of conflicts", "[conflicts][target]") { CHECK_DIALOGS("conflicts"); }
TEST_CASE("dialogs of dependencies", "[check][deps][after]") { CHECK_DIALOGS("dependencies"); }
TEST_CASE("dialogs of on_failure", "[on_failure][reexec]") { CHECK_DIALOGS("failures"); }
TEST_CASE("dialogs of oneshots", "[check][oneshot]") { CHECK_DIALOGS("oneshots"); }
TEST_CASE("dialogs of processes", "[check][process]") { CHECK_DIALOGS("processes"); }
TEST_CASE("dialogs of restarts", "[restart]") { CHECK_DIALOGS("restart_dialogs"); }
TEST_CASE("dialogs of spawn errors", "[spawn]") { CHECK_DIALOGS("spawn_dialogs"); }
TEST_CASE("dialogs of states", "[states][target]") { CHECK_DIALOGS("states"); }
TEST_CASE("dialogs of commands beside a process", "[check][steps]") { CHECK_DIALOGS("steps"); }
TEST_CASE("dialogs of commands that fail or take too long", "[steps]") {
  CHECK_DIALOGS("steps_that_fail");
}
TEST_CASE("dialogs of stops", "[stop]") { CHECK_DIALOGS("stop"); }

}  // namespace zinit::test::lifecycle_dialogs
