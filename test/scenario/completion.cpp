// The completion for bash, in bash, against a server.
#include <unistd.h>

#include "scenario/harness.hpp"

using namespace zinit::test;

namespace {

/// What the last of `words` may become, on one line.
std::string completed(const Server& zinit, const std::string& words) {
  const std::string script =
      "source etc/completion/zinitctl.bash; zinitctl() { :; }; COMP_WORDS=(\"$P/zinitctl\" " +
      words +
      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _zinitctl 2>/dev/null; echo \"${COMPREPLY[*]}\"";
  Launch bash{.argv = {"bash", "-c", script}, .program = "/bin/bash"};
  bash.env = {"P=" + zinit.folder(), "ZINIT_SOCKET=" + zinit.socket()};
  return run(bash).out;
}

}  // namespace

TEST_CASE("bash completes verbs, options, values and the names that fit", "[quick][ctl]") {
  Server zinit;
  zinit.add("db");
  zinit.add("off", {.service = "status = 'stop'"});
  zinit.boot({"db"});
  REQUIRE(::symlink(zinit_binary().c_str(), zinit.path("zinitctl").c_str()) == 0);
  CHECK(completed(zinit, "sto") == "stop stop-all\n");
  CHECK(completed(zinit, "start ''") == "off\n");
  CHECK(completed(zinit, "stop ''") == "db\n");
  CHECK(completed(zinit, "list --sta") == "--state\n");
  CHECK(completed(zinit, "list --state = fa") == "failed\n");
  CHECK(completed(zinit, "check READ") == "README.md\n");
  CHECK(completed(zinit, "ping ''") == "\n");
}
