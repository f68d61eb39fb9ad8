// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Asks file systems, which may hang, whether files have changed (control/file_changes.hpp).
#include "control/file_changes.hpp"
#include "support/test.hpp"

namespace zinit::test::control_file_changes {
namespace {

using Answers = std::vector<std::optional<std::string>>;

std::atomic<bool> hangs{false};

/// A service counts as changed if its name says so; hangs while `hangs` is set.
std::string look(const ServiceSpec& spec) {
  while (hangs) std::this_thread::yield();
  return spec.name == "changed" ? "file" : "";
}

SpecPtr named(const std::string& name) {
  auto spec = std::make_shared<ServiceSpec>();
  spec->name = name;
  return spec;
}

struct Rig {
  /// Asks and waits for the answer.
  Answers ask(std::vector<SpecPtr> specs) {
    const auto ticket = changes.ask(std::move(specs));
    std::optional<Answers> answers;
    CHECK(test::becomes_true([&] { return (answers = changes.answer(ticket)).has_value(); }));
    return answers.value_or(Answers());
  }

  std::unique_ptr<EventLoop> loop = EventLoop::create().value();
  FileChanges changes{*loop, look, [] {}};
};

TEST_CASE("each of several services has its own answer", "[threads][control]") {
  Rig rig;
  CHECK(rig.ask({}).empty());
  CHECK(rig.ask({named("same"), named("changed")}) == Answers{"", "file"});
}

TEST_CASE("a file system that hangs is waited for once, and answers again later",
          "[threads][control]") {
  const auto spec = named("changed");
  Rig rig;
  hangs = true;
  const auto first = rig.changes.ask({spec}), second = rig.changes.ask({spec});
  CHECK_FALSE(rig.changes.answer(second));
  CHECK(rig.changes.answer(second, true) == Answers{std::nullopt});
  CHECK(test::becomes_true([&] { return rig.changes.answer(first).has_value(); }));
  const Answers unknown{std::nullopt};
  CHECK(test::becomes_true([&] { return rig.changes.answer(second) == unknown; }));
  CHECK(test::becomes_true([&] { return rig.changes.answer(rig.changes.ask({spec})) == unknown; }));
  hangs = false;
  CHECK(test::becomes_true([&] { return rig.ask({spec}) == Answers{"file"}; }));
}

TEST_CASE("what hangs does not hold up the end", "[threads][control]") {
  hangs = true;
  {
    Rig rig;
    const auto ticket = rig.changes.ask({named("changed")});
    CHECK_FALSE(rig.changes.answer(ticket));
    rig.changes.give_up();
    CHECK(rig.changes.answer(ticket) == Answers{std::nullopt});
  }
  hangs = false;
}

}  // namespace
}  // namespace zinit::test::control_file_changes
