// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Every key of the table with a wrong value: keys_wrong.golden has the message about each, at its
// place. A key without a row fails.
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/config/one_key.hpp"

namespace zinit::test::config_keys_wrong {

TEST_CASE("each key set wrong says what is wrong, what is allowed, and where", "[config][keys]") {
  std::set<std::string> tested;
  CHECK_GOLDEN_ROWS("keys_wrong", [&](const std::string& row) {
    const std::string name = row.substr(0, row.find(" = "));
    const auto dot = name.find('.');
    tested.insert(dot == name.npos ? "." + name : name);
    std::string all;
    for (const std::string& message :
         read_with(dot == name.npos ? "" : name.substr(0, dot),
                   dot == name.npos ? name : name.substr(dot + 1), row.substr(name.size() + 3))
             .messages)
      all += (all.empty() ? "" : " / ") + message;
    return all;
  });
  for (const Key& key : all_keys()) {
    const std::string name = std::string(key.section) + "." + std::string(key.name);
    INFO(name);
    CHECK(tested.count(name) == 1);
  }
}

}  // namespace zinit::test::config_keys_wrong
