// zinitctl kill, isolate, ping, shutdown, poweroff, reboot, halt, kexec, switch-root, reexec and
// debug-state: one call each.
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

int end_system(VerbContext& context, const char* method, std::string_view what) {
  return context.print_result(context.client().call(method), fmt::format("{} has begun\n", what));
}

}  // namespace

int run_kill(VerbContext& context) {
  const std::string& name = context.arguments.rest[0];
  const std::string signal =
      context.arguments.rest.size() > 1 ? context.arguments.rest[1] : "SIGTERM";
  if (signal_number(signal) == 0) {
    throw VerbFailure{
        ExitStatus::usage,
        fmt::format("{} is no signal: a name such as HUP or SIGHUP, or 1 to 64", signal)};
  }
  JsonParams params;
  params.add("name", name).add("signal", signal).add("main", context.arguments.has("main"));
  return context.print_result(context.client().call("service.kill", params.text()), "");
}

int run_isolate(VerbContext& context) {
  const std::string& target = context.arguments.rest.front();
  const std::string json =
      context.client().call("system.isolate", JsonParams().add("target", target).text());
  const Isolation isolation = read_isolation(parse_json(json));
  std::string text;
  const auto add = [&](std::string_view word, const std::vector<std::string>& names) {
    if (!names.empty()) text += fmt::format("{} {}\n", word, printable(join(names, ", ")));
  };
  add("stopping", isolation.stopped);
  add("starting", isolation.started);
  if (text.empty()) text = fmt::format("{} is all there is already\n", printable(target));
  return context.print_result(json, text);
}

int run_ping(VerbContext& context) {
  const std::string json = context.client().call("system.ping");
  const PingAnswer answer = read_ping(parse_json(json));
  return context.print_result(
      json, fmt::format("zinit {}, pid {}\n", printable(answer.version), answer.pid));
}

int run_shutdown(VerbContext& context) {
  return end_system(context, "system.shutdown", "the shutdown");
}
int run_poweroff(VerbContext& context) {
  return end_system(context, "system.poweroff", "the power off");
}
int run_reboot(VerbContext& context) { return end_system(context, "system.reboot", "the restart"); }
int run_halt(VerbContext& context) { return end_system(context, "system.halt", "the halt"); }

int run_kexec(VerbContext& context) { return end_system(context, "system.kexec", "the kexec"); }

int run_switch_root(VerbContext& context) {
  const auto& words = context.arguments.rest;
  JsonParams params;
  params.add("new_root", words[0]);
  if (words.size() > 1) params.add("init", words[1]);
  return context.print_result(context.client().call("system.switch_root", params.text()),
                              "the switch to the new root has begun\n");
}

int run_reexec(VerbContext& context) {
  const bool update = context.arguments.has("update");
  const std::string json =
      context.client().call("system.reexec", JsonParams().add("update", update).text());
  // The answer comes before the execve(2). When this verb is over, the next image answers.
  int connections = 0;
  context.over_reexecutions([&] {
    ++connections;
    (void)context.client().ping();
  });
  if (connections == 1)
    throw VerbFailure{ExitStatus::failed, "zinit could not execute itself; its log says why"};
  return context.print_result(json, "");
}

int run_debug_state(VerbContext& context) {
  const std::string json = context.client().debug_state();
  return context.print_result(json, printable_json(json_text(parse_json(json), 2)) + "\n");
}

}  // namespace zinit
