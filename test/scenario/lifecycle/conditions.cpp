// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [condition] (zinit.toml(5)): conditions for the start of a service.
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_conditions {
namespace {

/// A service with these lines of [condition] that traces its starts.
Toml under(const std::string& name, const std::string& conditions, Toml toml = {}) {
  toml.exec = tracing(name);
  toml.more += "[condition]\n" + conditions + "\n";
  return toml;
}

/// The exec of a condition that writes a line and waits for the test's mark.
std::string gated(const std::string& name) {
  return "exec = " + toml_string("echo check " + name + " >> $T; while ! [ -e $D/go-" + name +
                                 " ]; do sleep 0.01; done");
}

/// Waits until a condition has kept the service from starting. @return  the condition
std::string await_skipped(Server& zinit, const std::string& name) {
  const Json status = zinit.await(
      name,
      [](const Json& now) {
        return now["state"] == "inactive" && now["reason"]["type"] == "condition";
      },
      "inactive by a condition");
  return status["reason"]["which"].text();
}

/// The conditions in a status, as "+ path_exists = /x".
Texts stood(const Json& status) {
  Texts texts;
  const Json conditions = status["conditions"];
  for (std::size_t i = 0; i < conditions.size(); ++i)
    texts.push_back((conditions[i]["held"] == true ? "+ " : "- ") +
                    conditions[i]["condition"].text());
  return texts;
}

TEST_CASE("a service starts if its conditions hold, and stays inactive if one does not",
          "[conditions]") {
  Server zinit;
  zinit.boot();
  const std::regex folder("\\$D");
  int number = 0;
  std::string last;
  const auto answered = [&](const std::string& row) {
    last = "s" + std::to_string(++number);
    zinit.add(last, under(last, std::regex_replace(row, folder, zinit.folder())));
    zinit.reload();
    const Json status = zinit.await(
        last,
        [](const Json& now) {
          return now["state"] == "running" || now["reason"]["type"] == "condition";
        },
        "running, or not by a condition");
    if (status["state"] == "running") return "running"s;
    CHECK(status["state"] == "inactive");
    CHECK(status["wish"] == "up");
    CHECK(status["summary"] == "stopped");
    CHECK_FALSE(zinit.traced("start " + last));
    return std::regex_replace(status["reason"]["which"].text(), std::regex(zinit.folder()), "$$D");
  };
  CHECK_GOLDEN_ROWS("conditions", answered);
  CHECK(stood(zinit.status(last)) ==
        Texts{"+ path_exists = /", "+ path_exists = !/no/such", "- path_exists = /no/such"});
  zinit.await_message(last + ": not started: condition path_exists = /no/such does not hold");
}

TEST_CASE("either first_boot or its opposite holds, and of each kind of machine", "[conditions]") {
  Server zinit;
  for (const auto& [name, condition] :
       {std::pair{"first", "first_boot = true"}, std::pair{"later", "first_boot = false"},
        std::pair{"virtual", "virtualization = 'yes'"},
        std::pair{"real", "virtualization = ['no', '!vm', '!container']"}})
    zinit.add(name, under(name, condition));
  zinit.boot();
  zinit.await_settled();
  const auto ran = [&](const std::string& name) { return zinit.state(name) == "running"; };
  CHECK(ran("first") != ran("later"));
  CHECK(ran("virtual") != ran("real"));
}

TEST_CASE("a stop ends exec of a condition at once, and so does a shutdown",
          "[threads][conditions]") {
  Server zinit;
  for (const char* name : {"a", "b", "c"})
    zinit.add(name, under(name, gated(name), {.service = "status = 'stop'"}));
  zinit.boot();
  zinit.begin_start("a");
  zinit.await_trace("check a");
  CHECK(zinit.stop("a")["state"] == "inactive");
  CHECK(zinit.status("a")["reason"].is_null());
  CHECK(stood(zinit.status("a")).empty());
  zinit.mark("go-a");
  CHECK(zinit.start("a")["state"] == "running");
  // Another start while it runs does not repeat anything; a restart begins again.
  zinit.begin_start("b");
  zinit.await_trace("check b");
  zinit.begin_start("b");
  zinit.mark("go-b");
  zinit.await_state("b", "running");
  CHECK(zinit.count("check b") == 1);
  zinit.begin_start("c");
  zinit.await_trace("check c");
  zinit.begin_restart("c");
  zinit.await_trace("check c", 2);
  CHECK(zinit.shut_down() == 0);
  CHECK_FALSE(zinit.traced("start c"));
  CHECK_THAT(zinit.messages(), !Contains("cannot execute"));
}

TEST_CASE("exec of a condition has ten seconds, and what it leaves is killed with its group",
          "[conditions]") {
  Server zinit;
  zinit.add("late", under("late", "exec = '!sleep 100000 & echo $! > $D/late; wait'"));
  zinit.add("a", under("a", "exec = 'sleep 100000 & echo $! > $D/child'"));
  zinit.boot({"a"});
  CHECK_THAT(await_skipped(zinit, "late"), Contains("(took longer than 10"));
  const pid_t late = std::stoi(read_file(zinit.path("late")));
  CHECK(eventually([&] { return proc_cmdline(late).empty(); }));

  const pid_t child = std::stoi(read_file(zinit.path("child")));
  CHECK(eventually([&] { return proc_cmdline(child).empty(); }));
  CHECK(zinit.stop("a")["state"] == "exited");
}

TEST_CASE("a re-execution keeps how conditions stood, and looks at those again that it cut off",
          "[check][reexec][conditions]") {
  Server zinit;
  zinit.add("a", under("a", "path_exists = ['/', '/no/such']"));
  zinit.add("b", {.exec = tracing("b"), .dependencies = "requires = ['a']"});
  // There is no delay in between, because delays are for failures.
  zinit.add("c", under("c", gated("c"), {.lifecycle = "restart_delay_ms = 600000"}));
  zinit.boot({"b"});
  zinit.await_trace("check c");
  const Texts before = stood(zinit.status("a"));
  zinit.reexecute();
  CHECK(zinit.status("a")["reason"]["which"] == "path_exists = /no/such");
  CHECK(stood(zinit.status("a")) == before);
  CHECK(zinit.state("b") == "running");
  zinit.await_trace("check c", 2);
  zinit.fault();
  zinit.await_trace("check c", 3);
  zinit.reconnect();
  CHECK(zinit.state("b") == "running");
  zinit.mark("go-c");
  zinit.await_state("c", "running");
  zinit.await_started({"c"});
  CHECK(zinit.count("start c") == 1);
  CHECK(zinit.count("start b") == 1);
}

}  // namespace
}  // namespace zinit::test::lifecycle_conditions
