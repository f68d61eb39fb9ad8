// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The base of every service's environment.
#include "config/environment.hpp"
#include "support/test.hpp"

namespace zinit::test::config_environment {

TEST_CASE("without a file and an environment of its own a service has a PATH",
          "[init][environment]") {
  CHECK(base_environment("", {}) ==
        Environment{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
}

TEST_CASE("what is later wins, key by key", "[init][environment]") {
  const auto environment =
      base_environment("PATH=/etc-path\nLANG=etc\nTZ=etc\nTZ=second\n", {"LANG=own", "X=1"});
  CHECK(environment == Environment{"PATH=/etc-path", "LANG=own", "TZ=second", "X=1"});
}

}  // namespace zinit::test::config_environment
