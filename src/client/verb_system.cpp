// zinitctl kill, isolate, ping, shutdown, poweroff, reboot, halt and debug-state: one call each.
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

int end_system(VerbContext& context, const char* method, std::string_view what) {
  const std::string json = context.client().call(method);
  context.json() ? context.print_json(json) : context.print(fmt::format("{} has begun\n", what));
  return ExitStatus::done;
}

}  // namespace

int run_kill(VerbContext& context) {
  const std::string& name = context.arguments.rest[0];
  const std::string signal =
      context.arguments.rest.size() > 1 ? context.arguments.rest[1] : "SIGTERM";
  if (signal_number(signal) == 0) {
    throw VerbFailure{ExitStatus::usage, "kill",
                      fmt::format("{} is no signal: a name such as HUP or SIGHUP, or 1 to 64",
                                  printable(signal))};
  }
  JsonParams params;
  params.add("name", name).add("signal", signal).add("main", context.arguments.has("main"));
  try {
    const std::string json = context.client().call("service.kill", params.text());
    if (context.json()) context.print_json(json);
    return ExitStatus::done;
  } catch (const ClientError& error) {
    return context.fail(error, name);
  }
}

int run_isolate(VerbContext& context) {
  const std::string& target = context.arguments.rest.front();
  try {
    const std::string json =
        context.client().call("system.isolate", JsonParams().add("target", target).text());
    const Isolation isolation = read_isolation(parse_json(json));
    if (context.json()) {
      context.print_json(json);
      return ExitStatus::done;
    }
    const auto line = [&](std::string_view word, const std::vector<std::string>& names) {
      if (!names.empty()) context.print(fmt::format("{} {}\n", word, printable(join(names, ", "))));
    };
    line("stopping", isolation.stopped);
    line("starting", isolation.started);
    if (isolation.stopped.empty() && isolation.started.empty())
      context.print(fmt::format("{} is all there is already\n", printable(target)));
    return ExitStatus::done;
  } catch (const ClientError& error) {
    return context.fail(error, target);
  }
}

int run_ping(VerbContext& context) {
  const std::string json = context.client().call("system.ping");
  const PingAnswer answer = read_ping(parse_json(json));
  if (context.json()) {
    context.print_json(json);
  } else {
    context.print(fmt::format("zinit {}, pid {}\n", printable(answer.version), answer.pid));
  }
  return ExitStatus::done;
}

int run_shutdown(VerbContext& context) {
  return end_system(context, "system.shutdown", "the shutdown");
}
int run_poweroff(VerbContext& context) {
  return end_system(context, "system.poweroff", "the power off");
}
int run_reboot(VerbContext& context) { return end_system(context, "system.reboot", "the restart"); }
int run_halt(VerbContext& context) { return end_system(context, "system.halt", "the halt"); }

int run_debug_state(VerbContext& context) {
  const std::string json = context.client().debug_state();
  context.print_json(context.json() ? json : json_text(parse_json(json), 2));
  return ExitStatus::done;
}

}  // namespace zinit
