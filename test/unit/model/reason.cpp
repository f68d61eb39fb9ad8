// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reasons in words, and the names of signals.
#include "model/reason.hpp"
#include "support/test.hpp"

namespace zinit::test::model_reason {

TEST_CASE("the end of a process becomes its reason", "[model][reason]") {
  const Reason code = reason_of_end({false, 3, false});
  CHECK(code.type == ReasonType::exit_code);
  CHECK(code.number == 3);
  const Reason killed = reason_of_end({true, SIGSEGV, true});
  CHECK(killed.type == ReasonType::signal);
  CHECK(killed.number == SIGSEGV);
  CHECK(killed.text.empty());
}

TEST_CASE("want of memory is told with the signal, and whose it was", "[model][reason]") {
  const Reason own = reason_of_end({true, SIGKILL, false, OutOfMemory::limit});
  CHECK(own.type == ReasonType::signal);
  CHECK(own.number == SIGKILL);
  CHECK(reason_text(own) ==
        "killed by the kernel because of a lack of memory within its memory_max (SIGKILL)");
  CHECK(reason_text(reason_of_end({true, SIGKILL, false, OutOfMemory::machine})) ==
        "killed by the kernel because of a lack of memory (SIGKILL)");
}

TEST_CASE("a reason reads as the end of a sentence", "[model][reason]") {
  CHECK(reason_text({ReasonType::exit_code, 1, {}, {}}) == "exit code 1");
  CHECK(reason_text({ReasonType::signal, SIGKILL, {}, {}}) == "killed by SIGKILL");
  CHECK(reason_text({ReasonType::dependency_failed, 0, "db", {}}) == "requires db, which failed");
  CHECK(reason_text({ReasonType::missing_dependency, 0, "db", {}}) ==
        "requires db, which does not exist");
  CHECK(reason_text({ReasonType::spawn_error, 0, "cannot execute x: y", {}}) ==
        "cannot execute x: y");
  CHECK(reason_text({ReasonType::port_in_use, 80, {}, {}}) == "port 80 is in use");
  CHECK(reason_text({ReasonType::port_in_use, 80, "nginx", {}}) == "port 80 is in use by nginx");
  CHECK(reason_text({ReasonType::health_check_failed, 1, {}, {}}) == "health check failed 1 time");
  CHECK(reason_text({ReasonType::health_check_failed, 3, {}, {}}) == "health check failed 3 times");
  CHECK(reason_text({ReasonType::config_error, 0, {}, {"a", "b"}}) == "a; b");
  CHECK(reason_text({ReasonType::condition, 0, "path_exists=/x", {}}) ==
        "condition path_exists=/x does not hold");
  CHECK(reason_text({}).empty());
}

TEST_CASE("every type of reason has its own word and, but for none, a text", "[model][reason]") {
  std::vector<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(ReasonType::left_behind); ++i) {
    const auto type = static_cast<ReasonType>(i);
    CHECK(std::find(seen.begin(), seen.end(), reason_type_name(type)) == seen.end());
    seen.push_back(reason_type_name(type));
    INFO(reason_type_name(type));
    CHECK(reason_text({type, 1, "text", {"message"}}).empty() == (type == ReasonType::none));
  }
  CHECK(reason_type_name(ReasonType::health_check_failed) == "health_check_failed");
}

TEST_CASE("a signal's name and number lead to each other", "[model][reason]") {
  for (int number = 1; number <= 64; ++number) {
    INFO(number);
    CHECK(signal_number(signal_name(number)) == number);
  }
  CHECK(signal_name(15) == "SIGTERM");
  CHECK(signal_name(SIGRTMIN) == "SIGRTMIN");
  CHECK(signal_name(SIGRTMIN + 2) == "SIGRTMIN+2");
  CHECK(signal_name(SIGRTMAX) == "SIGRTMAX");
  CHECK(signal_name(32) == "32");  // libc reserves it
}

TEST_CASE("signals are understood as people write them", "[model][reason]") {
  CHECK(signal_number("SIGTERM") == SIGTERM);
  CHECK(signal_number("term") == SIGTERM);
  CHECK(signal_number("SigHup") == SIGHUP);
  CHECK(signal_number("9") == SIGKILL);
  CHECK(signal_number("RTMIN+2") == SIGRTMIN + 2);
  CHECK(signal_number("SIGRTMAX-1") == SIGRTMAX - 1);
  CHECK(signal_number("poll") == SIGIO);
  CHECK(signal_number("IOT") == SIGABRT);
  for (const auto* wrong :
       {"", "SIG", "SIGSIGTERM", "TERMX", "0", "65", "-1", "99999999999999999999", "RTMIN-1",
        "RTMAX+1", "RTMIN+99", "RTMIN+", "RTMIN2", "SIG15", " TERM"}) {
    INFO(wrong);
    CHECK(signal_number(wrong) == 0);
  }
}

}  // namespace zinit::test::model_reason
