// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Things that a service names and this machine lacks, as zinitctl check finds them.
#include "files/absences.hpp"
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::files_absences {
namespace {

/// "SECTION.KEY: TEXT" for each missing thing; with the element's number if it is not 0.
Texts absent(const std::string& text, const std::optional<Controllers>& controllers = {}) {
  const ParsedSpec parsed = parse_spec(text, "f.toml");
  REQUIRE(parsed.diagnostics.empty());
  Texts lines;
  for (const Absence& one : absences_in({}, controllers)(*parsed.spec)) {
    const std::string number = one.index > 0 ? fmt::format("[{}]", one.index) : "";
    lines.push_back(fmt::format("{}.{}{}: {}", one.section, one.key, number, one.text));
  }
  return lines;
}

TEST_CASE("what a service names and this machine lacks is told", "[client][check]") {
  const TempDir dir;
  for (const char* folder : {"own", "bin", "srv"}) std::filesystem::create_directory(dir / folder);
  dir.write("plain", "");
  dir.write("env", "");
  dir.write("wrong", "A=1\nB='open\nC\n");
  dir.write("run", "#!/bin/sh\n", 0755);
  dir.write("script", "#!" + (dir / "none") + " -x\n", 0755);
  dir.write("own/zinit-own-program", "#!/bin/sh\n", 0755);
  dir.write("bin/run", "", 0755);
  CHECK_GOLDEN_CASES("absences", [&](const std::string& text) {
    std::string all;
    for (const std::string& line :
         absent(std::regex_replace(text, std::regex("<dir>"), dir.path())))
      all += line + "\n";
    return std::regex_replace(all, std::regex(dir.path()), "<dir>");
  });
}

TEST_CASE("more cores than the machine has are told, with what may be meant", "[client][check]") {
  CHECK(absent("[service]\nexec = 'true'\n[resources]\ncpu_max = '8000'\n") ==
        Texts{fmt::format("resources.cpu_max: allows 8000 cores, and this machine has {}; half of "
                          "one core is \"50%\"",
                          ::sysconf(_SC_NPROCESSORS_CONF))});
}

TEST_CASE("limits without their controller are told, if the controllers are known",
          "[client][check]") {
  const std::string head = "[service]\nexec = 'true'\n[resources]\n";
  const std::string all = head +
                          "memory_high = '1M'\nmemory_max = '2M'\nswap_max = 0\ncpu_max = '1'\n"
                          "cpu_weight = 10\nio_weight = 10\npids_max = 5\n";
  CHECK(absent(all).empty());
  CHECK(absent(all, Controllers{{"cpu", "io", "memory", "pids"}, "it has"}).empty());
  CHECK(absent(all, Controllers{{"cpu", "pids"}, "it has"}) ==
        Texts{"resources.memory_high: is not enforced: it has no controller memory",
              "resources.memory_max: is not enforced: it has no controller memory",
              "resources.swap_max: is not enforced: it has no controller memory",
              "resources.io_weight: is not enforced: it has no controller io"});
  CHECK(absent(head + "cpu_max = '1'\n", Controllers{{}, "it has"}) ==
        Texts{"resources.cpu_max: is not enforced: it has no controller cpu"});
  CHECK(absent("[service]\nexec = 'true'\n", Controllers{{}, "it has"}).empty());
}

}  // namespace
}  // namespace zinit::test::files_absences
