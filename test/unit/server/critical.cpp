// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// When a critical service has ended for good, and the exit code of its container.
#include "server/critical.hpp"
#include "support/test.hpp"

namespace zinit::test::server_critical {
namespace {

Reason because(ReasonType type, int number = 0) { return {type, number, {}, {}}; }

Record record_in(State state, Wish wish, Reason reason = {}) {
  Record record;
  record.state = state;
  record.wish = wish;
  record.reason = std::move(reason);
  return record;
}

ServiceView view_of(const Record& record) {
  ServiceView view;
  view.record = record;
  return view;
}

Record ended_with(State state, ProcessEnd end, Reason reason = {}) {
  Record record = record_in(state, Wish::up, std::move(reason));
  record.end = end;
  record.has_end = true;
  return record;
}

TEST_CASE("what has failed for good has ended for good, and what failed otherwise has not",
          "[init][critical]") {
  ServiceView view = view_of(record_in(State::failed, Wish::up));
  CHECK_FALSE(ended_for_good(view));
  view.failed_for_good = true;
  CHECK(ended_for_good(view));
}

TEST_CASE("an end with success is an end for good", "[init][critical]") {
  CHECK(ended_for_good(view_of(record_in(State::exited, Wish::up))));
}

TEST_CASE("an end by request, or before another try, is none for good", "[init][critical]") {
  CHECK_FALSE(ended_for_good(view_of(record_in(State::exited, Wish::down))));
  CHECK_FALSE(ended_for_good(view_of(record_in(State::failed, Wish::down))));
  Record asked = record_in(State::exited, Wish::up);
  asked.try_ = Try::asked;
  CHECK_FALSE(ended_for_good(view_of(asked)));
}

TEST_CASE("a service that is not at rest has not ended", "[init][critical]") {
  for (const State state :
       {State::inactive, State::blocked, State::starting, State::running, State::stopping}) {
    INFO(state_name(state));
    CHECK_FALSE(ended_for_good(view_of(record_in(state, Wish::up))));
  }
}

TEST_CASE("a container's exit code is that of the process, or 128 and its signal",
          "[init][critical]") {
  CHECK(exit_code_of(ended_with(State::exited, {})) == 0);
  CHECK(exit_code_of(ended_with(State::exited, {false, 3, false})) == 3);
  CHECK(exit_code_of(
            ended_with(State::failed, {false, 7, false}, because(ReasonType::exit_code, 7))) == 7);
  CHECK(exit_code_of(ended_with(State::failed, {true, 9, false}, because(ReasonType::signal, 9))) ==
        137);
}

TEST_CASE("a failure without a process of its own never exits with 0", "[init][critical]") {
  const auto code = [](ReasonType type) {
    return exit_code_of(record_in(State::failed, Wish::up, because(type)));
  };
  CHECK(code(ReasonType::spawn_error) == 127);
  CHECK(code(ReasonType::config_error) == 1);
  CHECK(code(ReasonType::missing_dependency) == 1);
  CHECK(code(ReasonType::dependency_failed) == 1);
  const Reason late = because(ReasonType::start_timeout);
  CHECK(exit_code_of(ended_with(State::failed, {true, 15, false}, late)) == 143);
  CHECK(exit_code_of(ended_with(State::failed, {}, late)) == 1);
}

TEST_CASE("a spawn that fails after an earlier process reports the spawn", "[init][critical]") {
  CHECK(exit_code_of(
            ended_with(State::failed, {false, 3, false}, because(ReasonType::spawn_error))) == 127);
}

}  // namespace
}  // namespace zinit::test::server_critical
