// What zinit shows as the cause of something is the first one, and not what followed on it.
#include <csignal>

#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/left_processes.hpp"
#include "scenario/harness/notifier.hpp"

namespace lifecycle_causes_test {

using namespace zinit::test;
using Catch::Contains;

namespace {

const std::string kOnRequest = "status = 'stop'";
const std::string kNever = "restart = 'never'\n";

std::string why(const Server& zinit, const std::string& name) {
  return zinit.ctl({"why", name}).out;
}

}  // namespace

TEST_CASE("a main process that ends within after_ms has no successor", "[readiness]") {
  Server zinit;
  const std::string file = zinit.path("a.pid");
  zinit.add("web", {.exec = "sleep 100000 & echo $$ > " + file +
                            "; while ! [ -e $D/go ]; do sleep 0.01; done",
                    .lifecycle = "restart = 'never'",
                    .more = "[readiness]\nafter_ms = 25000\npidfile = '" + file + "'\n"});
  zinit.boot();
  zinit.await_state("web", "starting");
  const auto named = [&] {
    return why(zinit, "web").find("to name its process") == std::string::npos;
  };
  REQUIRE(eventually(named));
  zinit.mark("go");
  zinit.await_failed("web", "exit_code");
}

}  // namespace lifecycle_causes_test
