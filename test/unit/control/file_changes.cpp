// Asking file systems that may hang whether files have changed (control/file_changes.hpp).
#include "control/file_changes.hpp"

#include <atomic>
#include <memory>
#include <string>

#include "support/catch.hpp"
#include "support/deadline.hpp"

namespace control_file_changes_test {

using namespace zinit;

namespace {

using Answers = std::vector<std::optional<bool>>;

std::atomic<bool> hangs{false};

/// Has changed where its name says so; hangs as long as `hangs` says.
bool look(const ServiceSpec& spec) {
  while (hangs) std::this_thread::yield();
  return spec.name == "changed";
}

SpecPtr named(const std::string& name) {
  auto spec = std::make_shared<ServiceSpec>();
  spec->name = name;
  return spec;
}

}  // namespace

TEST_CASE("each of several services has its own answer", "[threads][control]") {
  FileChanges changes(look);
  CHECK(changes.ask({}).empty());
  const std::vector<SpecPtr> specs{named("same"), named("changed")};
  CHECK(test::becomes_true([&] { return changes.ask(specs) == Answers{false, true}; }));
}

TEST_CASE("a file system that hangs is waited for once, and answers again later",
          "[threads][control]") {
  const auto spec = named("changed");
  const auto changes = std::make_unique<FileChanges>(look);
  hangs = true;
  CHECK(changes->ask({spec}) == Answers{std::nullopt});
  CHECK(changes->ask({spec}) == Answers{std::nullopt});
  hangs = false;
  CHECK(test::becomes_true([&] { return changes->ask({spec}) == Answers{true}; }));
}

TEST_CASE("what hangs does not hold up the end", "[threads][control]") {
  hangs = true;
  { CHECK(FileChanges(look).ask({named("changed")}) == Answers{std::nullopt}); }
  hangs = false;
}

}  // namespace control_file_changes_test
