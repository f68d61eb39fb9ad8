// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl rehearse and check --deep: what would happen, on a simulation.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::client_rehearse {

TEST_CASE("dialogs of rehearsals", "[check][rehearse]") { CHECK_DIALOGS("rehearse"); }

}  // namespace zinit::test::client_rehearse
