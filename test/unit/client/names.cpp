// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The client library has the same names as the server.
#include "zinit/names.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"
#include "support/test.hpp"

namespace zinit::test::client_names {

TEST_CASE("libzinit has an enumerator for each state and reason, by the protocol's names",
          "[client]") {
  for (const StateInfo& info : kStates) {
    const auto state = from_name<ServiceState>(info.name);
    CHECK(static_cast<std::size_t>(state) == index_of(info.state) + 1);
    CHECK(name_of(state) == info.name);
  }
  const auto last = static_cast<int>(ReasonType::left_behind);
  CHECK(last == static_cast<int>(ReasonKind::left_behind));
  for (int i = static_cast<int>(ReasonType::none) + 1; i <= last; ++i) {
    const std::string_view name = reason_type_name(static_cast<ReasonType>(i));
    CHECK(name_of(from_name<ReasonKind>(name)) == name);
    CHECK(static_cast<int>(from_name<ReasonKind>(name)) == i);
  }
}

TEST_CASE("a name that libzinit does not know is kept as text", "[client]") {
  const StateWord word{std::string("hibernating")};
  CHECK(word.value() == ServiceState::unknown);
  CHECK(word == ServiceState::unknown);
  CHECK(word == "hibernating");
  CHECK_FALSE(word == ServiceState::running);
  const std::string text = word;
  CHECK(text == "hibernating");
  CHECK(from_name<ServiceState>("") == ServiceState::unknown);
  CHECK(from_name<ReasonKind>("unknown") == ReasonKind::unknown);
  CHECK(name_of(static_cast<ServiceState>(200)) == "unknown");
  CHECK(StateWord(ServiceState::failed) == "failed");
  CHECK(StateWord().empty());
  Texts texts;
  texts.push_back(word);
  CHECK(texts.front() == word);
}

}  // namespace zinit::test::client_names
