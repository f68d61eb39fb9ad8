// The service files that are given away as examples are ones that zinit takes as they are.
#include <filesystem>

#include "scenario/harness.hpp"

using namespace zinit::test;

TEST_CASE("the service files for Debian's daemons are without faults", "[examples]") {
  const std::filesystem::path folder = "etc/zinit/examples/debian";
  const auto files = std::distance(std::filesystem::directory_iterator(folder), {});
  const Outcome checked = run({.argv = {"zinitctl", "check", folder.string()}});
  INFO(checked.out << checked.err);
  CHECK(checked.code == 0);
  CHECK(checked.out == std::to_string(files) + " files checked, no faults\n");
}
