// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reasons in words, and the names of signals.
#include "model/reason.hpp"
#include "support/test.hpp"

namespace zinit::test::model_reason {

TEST_CASE("the end of a process becomes its reason, and a reason the end of a sentence",
          "[model][reason]") {
  using enum ReasonType;
  const struct {
    Reason reason;
    Reason same;
    const char* text;
  } rows[] = {
      {reason_of_end({false, 1, false}), {exit_code, 1, {}, {}}, "exit code 1"},
      {reason_of_end({true, SIGSEGV, true}), {signal, SIGSEGV, {}, {}}, "killed by SIGSEGV"},
      {reason_of_end({true, SIGKILL, false, OutOfMemory::machine}),
       {},
       "killed by the kernel because of a lack of memory (SIGKILL)"},
      {reason_of_end({true, SIGKILL, false, OutOfMemory::limit}),
       {},
       "killed by the kernel because of a lack of memory within its memory_max (SIGKILL)"},
      {{dependency_failed, 0, "db", {}}, {}, "requires db, which failed"},
      {{missing_dependency, 0, "db", {}}, {}, "requires db, which does not exist"},
      {{spawn_error, 0, "cannot execute x: y", {}}, {}, "cannot execute x: y"},
      {{port_in_use, 80, {}, {}}, {}, "port 80 is in use"},
      {{port_in_use, 80, "nginx", {}}, {}, "port 80 is in use by nginx"},
      {{health_check_failed, 1, {}, {}}, {}, "health check failed 1 time"},
      {{health_check_failed, 3, {}, {}}, {}, "health check failed 3 times"},
      {{config_error, 0, {}, {"a", "b"}}, {}, "a; b"},
      {{condition, 0, "path_exists=/x", {}}, {}, "condition path_exists=/x does not hold"},
      {{}, {}, ""},
  };
  for (const auto& row : rows) {
    CHECK(reason_text(row.reason) == row.text);
    if (row.same) CHECK(row.reason == row.same);
  }
  const Reason of_memory = reason_of_end({true, SIGKILL, false, OutOfMemory::limit});
  CHECK(of_memory.type == signal);
  CHECK(of_memory.number == SIGKILL);
}

TEST_CASE("every type of reason has its own word and, but for none, a text", "[model][reason]") {
  std::set<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(ReasonType::left_behind); ++i) {
    const auto type = static_cast<ReasonType>(i);
    INFO(reason_type_name(type));
    CHECK(seen.insert(reason_type_name(type)).second);
    CHECK(reason_text({type, 1, "text", {"message"}}).empty() == (type == ReasonType::none));
  }
  CHECK(reason_type_name(ReasonType::health_check_failed) == "health_check_failed");
}

TEST_CASE("a signal is understood as people write it, and its own name leads to it",
          "[model][reason]") {
  for (int number = 1; number <= 64; ++number) {
    INFO(number);
    CHECK(signal_number(signal_name(number)) == number);
  }
  CHECK(signal_name(15) == "SIGTERM");
  CHECK(signal_name(34) == "SIGRTMIN");  // with any C library
  CHECK(signal_name(36) == "SIGRTMIN+2");
  CHECK(signal_name(64) == "SIGRTMAX");
  CHECK(signal_name(32) == "32");  // libc reserves it
  const std::pair<const char*, int> right[] = {
      {"term", SIGTERM},  {"SigHup", SIGHUP}, {"9", SIGKILL},  {"RTMIN+2", 36},
      {"SIGRTMAX-1", 63}, {"poll", SIGIO},    {"IOT", SIGABRT}};
  for (const auto& [name, number] : right) CHECK(signal_number(name) == number);
  for (const auto* wrong :
       {"", "SIG", "SIGSIGTERM", "TERMX", "0", "65", "-1", "99999999999999999999", "RTMIN-1",
        "RTMAX+1", "RTMIN+99", "RTMIN+", "RTMIN2", "SIG15", " TERM"}) {
    INFO(wrong);
    CHECK(signal_number(wrong) == 0);
  }
}

}  // namespace zinit::test::model_reason
