// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Facts about services, by slot: none counts for another process or service.
#include "state/slot_facts.hpp"
#include "support/test.hpp"

namespace zinit::test::state_slot_facts {
namespace {

/// The facts that `write` leaves, after `before`. In a process that has a list of kept descriptors.
FactMap left_by(const FactMap& before, const std::function<void(ProcessFacts&)>& write) {
  const auto copy = make_memory_file("copy");
  REQUIRE(copy);
  const pid_t child = ::fork();
  if (child == 0) {
    StateFacts facts;
    if (!make_kept_list() || !facts.set(before)) ::_exit(1);
    ProcessFacts processes(facts);
    processes.take_over(before);
    write(processes);
    auto inherited = Inheritance::take_over(::dup(kept_list_fd()));
    const auto bytes = read_memory_file(inherited->take(KeptKind::facts).get());
    ::_exit(bytes && write_all(copy->get(), *bytes, "a copy") ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  return *read_facts(copy->get());
}

TEST_CASE("slot facts: what is kept about a process ends with it, even what comes late", "[kept]") {
  const auto said = [](ProcessFacts& facts, ProcessFacts::Number process, std::string_view text) {
    facts.keep(SlotFact::said, 3, process, text);
  };
  const FactMap before{{"boot/3", "a fact about the service"}, {"watch/4", "of another service"}};
  const auto with = [&](std::string_view text) {
    FactMap facts = before;
    if (!text.empty()) facts["watch/3"] = text;
    return facts;
  };
  CHECK(left_by(before, [&](auto& facts) { said(facts, facts.present(3), "a"); }) == with("a"));
  CHECK(left_by(before, [&](auto& facts) {
          const auto first = facts.present(3);
          said(facts, first, "a");
          facts.end(3);
          said(facts, first, "late");
        }) == with(""));
  CHECK(left_by(before, [&](auto& facts) {
          const auto first = facts.present(3);
          facts.end(3);
          const auto second = facts.present(3);
          said(facts, first, "late");
          said(facts, second, "b");
          said(facts, first, "late");
        }) == with("b"));
}

TEST_CASE("slot facts: a process of the previous image goes on, and ends with its facts",
          "[kept]") {
  const FactMap before{{"watch/3", "a"}, {"pidfile/3", "b"}, {"pidfile_of/3", "c"}};
  CHECK(left_by(before, [](ProcessFacts& facts) { (void)facts.present(3); }) == before);
  CHECK(left_by(before, [](ProcessFacts& facts) { facts.end(3); }) ==
        FactMap{{"pidfile_of/3", "c"}});
}

TEST_CASE("slot facts: each kind has its key, and is forgotten with the service", "[kept]") {
  FactMap changes;
  forget_slot(12, changes);
  CHECK(changes.size() == kSlotFacts.size());
  CHECK(key_of(SlotFact::left_out, 12) == "left_out/12");
  FactMap facts{{"pidfile/12", "a"}, {"pidfile/1", "b"}, {"pidfile/x", "c"}, {"pidfile_of/2", "d"}};
  CHECK(slot_fact(facts, SlotFact::pidfile, 12) == "a");
  CHECK(slot_fact(facts, SlotFact::pidfile, 2).empty());
  std::map<Slot, std::string> found;
  each_slot(facts, SlotFact::pidfile, [&](Slot slot, const auto& value) { found[slot] = value; });
  CHECK(found == std::map<Slot, std::string>{{12, "a"}, {1, "b"}});
}

}  // namespace
}  // namespace zinit::test::state_slot_facts
