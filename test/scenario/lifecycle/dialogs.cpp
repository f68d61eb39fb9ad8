// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What an administrator types and sees while services fail, wait and end.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::lifecycle_dialogs {

TEST_CASE("dialogs of services that fail and wait", "[why][deps]") { CHECK_DIALOGS("dialogs"); }

}  // namespace zinit::test::lifecycle_dialogs
