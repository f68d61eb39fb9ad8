// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// ready_exec: it runs each time that a service is ready, before the service counts as running
// (zinit.toml(5), [service]).
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::readiness_ready_exec {
namespace {

TEST_CASE("ready_exec runs before a service counts as running, and may fail its start",
          "[ready_exec][reexec][crash]") {
  CHECK_DIALOGS("ready_exec");
}

}  // namespace
}  // namespace zinit::test::readiness_ready_exec
