// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// When a critical service has ended for good, and the exit code of its container.
#include "server/critical.hpp"
#include "support/test.hpp"

namespace zinit::test::server_critical {
namespace {

Record record_in(State state, Wish wish, ReasonType reason = {}) {
  Record record;
  record.state = state;
  record.wish = wish;
  record.reason.type = reason;
  return record;
}

bool ended_for_good(const Record& record, bool failed_for_good = false) {
  ServiceView view;
  view.record = record;
  view.failed_for_good = failed_for_good;
  return zinit::ended_for_good(view);
}

/// The exit code of a container whose service has failed so, with the process that ended last.
int code(ReasonType reason, std::optional<ProcessEnd> end = {}, State state = State::failed) {
  Record record = record_in(state, Wish::up, reason);
  if (end) {
    record.end = *end;
    record.reason.number = end->value;
  }
  record.has_end = end.has_value();
  return exit_code_of(record);
}

TEST_CASE("a service has ended for good with success, or if it has failed for good",
          "[init][critical]") {
  CHECK(ended_for_good(record_in(State::exited, Wish::up)));
  CHECK(ended_for_good(record_in(State::failed, Wish::up), true));
  CHECK_FALSE(ended_for_good(record_in(State::failed, Wish::up)));
  // By request, and before another try.
  CHECK_FALSE(ended_for_good(record_in(State::exited, Wish::down)));
  CHECK_FALSE(ended_for_good(record_in(State::failed, Wish::down)));
  Record asked = record_in(State::exited, Wish::up);
  asked.try_ = Try::asked;
  CHECK_FALSE(ended_for_good(asked));
  for (const State state :
       {State::inactive, State::blocked, State::starting, State::running, State::stopping}) {
    INFO(state_name(state));
    CHECK_FALSE(ended_for_good(record_in(state, Wish::up)));
  }
}

TEST_CASE("a container's exit code is that of the process, or 128 and its signal, or a failure",
          "[init][critical]") {
  CHECK(code({}, ProcessEnd{}, State::exited) == 0);
  CHECK(code({}, ProcessEnd{false, 3, false}, State::exited) == 3);
  CHECK(code(ReasonType::exit_code, ProcessEnd{false, 7, false}) == 7);
  CHECK(code(ReasonType::signal, ProcessEnd{true, 9, false}) == 137);
  CHECK(code(ReasonType::start_timeout, ProcessEnd{true, 15, false}) == 143);
  // Without a failed process of its own it is never 0.
  CHECK(code(ReasonType::start_timeout, ProcessEnd{}) == 1);
  CHECK(code(ReasonType::spawn_error) == 127);
  CHECK(code(ReasonType::spawn_error, ProcessEnd{false, 3, false}) == 127);
  CHECK(code(ReasonType::config_error) == 1);
  CHECK(code(ReasonType::missing_dependency) == 1);
  CHECK(code(ReasonType::dependency_failed) == 1);
}

}  // namespace
}  // namespace zinit::test::server_critical
