// system.*: information about the server, and shutdown.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/modes.hpp"
#include "control/answers.hpp"
#include "control/power_schedule.hpp"

namespace zinit {

namespace {

RpcError not_supported(PowerAction action, std::string_view mode) {
  return RpcError(RpcCode::not_supported,
                  fmt::format("{} is not supported in {} mode", power_action_text(action), mode))
      .hint("system.shutdown stops all services and ends zinit");
}

/// The action begins only after its answer has been written, because it may end the server at once.
template <PowerAction action>
Outcome power(Call& call) {
  RpcContext& context = call.context;
  if (!context.daemon.supports(action)) return not_supported(action, context.daemon.info().mode);
  if (context.board.shutting_down()) {
    return RpcError(RpcCode::shutting_down, "a shutdown has begun already");
  }
  if (action == PowerAction::kexec && !kernel_is_loaded()) {
    return RpcError(RpcCode::invalid_state, "no kernel is loaded that could be executed")
        .hint("kexec -l loads one");
  }
  std::string message(call.params.string("message").value_or(""));
  if (const auto at_us = call.params.count("at_us")) {
    // Rounded up to seconds, so that a minute is told as one.
    const std::int64_t in_s = std::max<std::int64_t>((*at_us - wall_us() + 999'999) / 1'000'000, 0);
    context.daemon.tell_terminals(fmt::format("The system will {} in {}{}{}",
                                              power_action_text(action), duration_text(in_s * 1000),
                                              message.empty() ? "" : ": ", message));
    context.power.set({action, *at_us, std::move(message)}, call.subscriber.caller());
    return ok_json();
  }
  return Then{ok_json(),
              [&context, message = std::move(message), asker = call.subscriber.caller()] {
                context.power.cancel();
                context.daemon.power(action, message, asker);
              }};
}

Outcome system_switch_root(Call& call) {
  RpcContext& context = call.context;
  constexpr PowerAction action = PowerAction::switch_root;
  if (!context.daemon.supports(action)) return not_supported(action, context.daemon.info().mode);
  const Awaited<void> awaited;
  context.daemon.switch_root(
      {std::string(*call.params.string("new_root")), std::string(*call.params.string("init"))},
      awaited.as(context, "", [](const RequestResult<void>&) { return ok_json(); }));
  return awaited.later();
}

Outcome system_reexec(Call& call) {
  const Awaited<void> awaited;
  call.context.daemon.reexecute(
      call.params.boolean("update"),
      awaited.as(call.context, "", [](const RequestResult<void>&) { return ok_json(); }));
  return awaited.later();
}

Outcome system_ping(Call& /*call*/) {
  JsonWriter writer;
  writer.begin_object().member("version", ZINIT_VERSION).member("pid", ::getpid());
  return writer.end_object().take();
}

void put_config(JsonWriter& writer, const Places* places, const Board& board) {
  writer.key("config").begin_object().key("directories").begin_array();
  const std::vector<ConfigDirectory> none;
  for (const ConfigDirectory& each : places ? places->directories : none) {
    writer.begin_object().member("path", each.path).member("vendor", each.vendor);
    writer.member("class", each.system_class ? "system" : "user").end_object();
  }
  writer.end_array().member("settings", places ? places->settings_file : std::string());
  writer.member("templates", board.templates()).key("masked").begin_object();
  for (const auto& [name, link] : board.graph()->masked()) writer.member(name, link);
  writer.end_object().end_object();
}

Outcome system_timers(Call& call) {
  std::vector<TimerView> timers = call.context.daemon.timers();
  // What is due first comes first.
  std::ranges::stable_sort(timers, {}, [](const TimerView& timer) {
    return timer.next_us.value_or(std::numeric_limits<std::int64_t>::max());
  });
  JsonWriter writer;
  writer.begin_array();
  for (const TimerView& timer : timers) {
    const auto last = timer.last_us == 0 ? std::nullopt : std::optional(timer.last_us);
    writer.begin_object().member("service", timer.service).member("last_us", last);
    writer.member("next_us", timer.next_us).member("expression", timer.expression).end_object();
  }
  return writer.end_array().take();
}

Outcome system_info(Call& call) {
  const DaemonInfo info = call.context.daemon.info();
  utsname host{};
  ::uname(&host);  // fails on a bad address only
  JsonWriter writer;
  writer.begin_object();
  writer.member("version", ZINIT_VERSION).member("pid", ::getpid()).member("mode", info.mode);
  writer.member("uptime_ms", info.uptime_ms);
  writer.member("services", call.context.board.graph()->order().size());
  writer.member("hostname", host.nodename).member("kernel", host.release);
  writer.key("boot").begin_object().member("kernel_ms", info.kernel_ms);
  writer.member("started_ms", info.started_ms).member("settled_ms", info.settled_ms).end_object();
  writer.key("crashes").begin_object().member("count", info.crashes);
  writer.member("last", info.last_crash.empty() ? std::nullopt : std::optional(info.last_crash));
  writer.end_object();
  put_config(writer, info.places, call.context.board);
  writer.key("scheduled");
  if (const auto& power = call.context.power.entry()) {
    // As its method is called: "shut down" is shutdown.
    std::string action(power_action_text(power->action));
    std::erase(action, ' ');
    writer.begin_object().member("action", action);
    writer.member("at_us", power->at_us).member("message", power->message).end_object();
  } else {
    writer.put(nullptr);
  }
  return writer.end_object().take();
}

Outcome system_bootchart(Call& call) {
  const TimePoint from = call.context.daemon.info().boot_from;
  std::vector<Board::BootStep> steps = call.context.board.boot_steps();
  // In the order in which they were spawned; those that were not come last.
  std::ranges::sort(steps, [](const Board::BootStep& a, const Board::BootStep& b) {
    const bool spawned = a.spawned != TimePoint{};
    if (spawned != (b.spawned != TimePoint{})) return spawned;
    return std::tie(a.spawned, a.name) < std::tie(b.spawned, b.name);
  });
  JsonWriter writer;
  const auto put_time = [&](std::string_view name, TimePoint time) {
    std::optional<std::int64_t> us;
    if (time != TimePoint{})
      us = std::chrono::duration_cast<std::chrono::microseconds>(time - from).count();
    writer.member(name, us);
  };
  writer.begin_array();
  for (const Board::BootStep& step : steps) {
    writer.begin_object().member("name", step.name);
    put_time("wanted_us", step.wanted);
    put_time("spawned_us", step.spawned);
    put_time("ready_us", step.ready);
    writer.member("state", state_name(step.state));
    writer.member("waited_for",
                  step.waited_for.empty() ? std::nullopt : std::optional(step.waited_for));
    writer.end_object();
  }
  return writer.end_array().take();
}

Outcome system_cancel_shutdown(Call& call) {
  const bool cancelled = call.context.power.cancel();
  if (cancelled) {
    log_warn("the scheduled shutdown is cancelled by {}", call.subscriber.caller());
    call.context.daemon.tell_terminals("The shutdown is cancelled");
  }
  JsonWriter writer;
  writer.begin_object().member("ok", true).member("cancelled", cancelled);
  return writer.end_object().take();
}

// --- the rows ---

constexpr Param kPower[] = {
    {"at_us", ParamType::count, false, {}, "time in microseconds since 1970; none: now"},
    {"message", ParamType::string, false, {}, "reason for the log"},
};
constexpr Param kSwitchRoot[] = {
    {"new_root", ParamType::string, true, {}, "directory at which the new root is mounted"},
    {"init", ParamType::string, false, "\"/sbin/init\"",
     "program in the new root that becomes PID 1"},
};
constexpr Param kReexec[] = {
    {"update", ParamType::boolean, false, "false", "execute the program that is installed now"},
};
constexpr std::string_view kReexecAliases[] = {"system.prepare_restart"};
constexpr std::string_view kPing =
    R"({"type":"object","properties":{"version":{"type":"string"},"pid":{"type":"integer"}}})";
constexpr std::string_view kInfo =
    R"({"type":"object","properties":{"version":{"type":"string"},"pid":{"type":"integer"},)"
    R"("mode":{"enum":["system","container","standalone"]},"uptime_ms":{"type":"integer"},)"
    R"("services":{"type":"integer"},"hostname":{"type":"string"},"kernel":{"type":"string"},)"
    R"("boot":{"type":"object","properties":{"kernel_ms":{"type":["integer","null"]},)"
    R"("started_ms":{"type":["integer","null"]},"settled_ms":{"type":["integer","null"]}}},)"
    R"("crashes":{"type":"object","properties":{"count":{"type":"integer"},)"
    R"("last":{"type":["string","null"]}}},)"
    R"("config":{"type":"object","properties":{"directories":{"type":"array","items":)"
    R"({"type":"object","properties":{"path":{"type":"string"},"vendor":{"type":"string"},)"
    R"("class":{"enum":["user","system"]}}}},"settings":{"type":"string"},)"
    R"("templates":{"type":"array","items":{"type":"string"}},)"
    R"("masked":{"type":"object","additionalProperties":{"type":"string"}}}},)"
    R"("scheduled":{"type":["object","null"],"properties":{)"
    R"("action":{"enum":["shutdown","poweroff","reboot","halt","kexec"]},)"
    R"("at_us":{"type":"integer"},"message":{"type":"string"}}}}})";
constexpr std::string_view kTimers =
    R"({"type":"array","items":{"type":"object","properties":{"service":{"type":"string"},)"
    R"("last_us":{"type":["integer","null"]},"next_us":{"type":["integer","null"]},)"
    R"("expression":{"type":"string"}}}})";
constexpr std::string_view kBootchart =
    R"({"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},)"
    R"("wanted_us":{"type":"integer"},"spawned_us":{"type":["integer","null"]},)"
    R"("ready_us":{"type":["integer","null"]},"state":{"$ref":"#/components/schemas/state"},)"
    R"("waited_for":{"type":["string","null"]}}}})";
constexpr std::string_view kCancelled =
    R"({"type":"object","properties":{"ok":{"const":true},"cancelled":{"type":"boolean"}}})";

// clang-format off
constexpr Method kSystemMethods[] = {
    {"system.ping",             {}, {},               Right::read, system_ping,
     "Returns version and pid of the server", kPing},
    {"system.info",             {}, {},               Right::read, system_info,
     "Returns facts about the server and its boot", kInfo},
    {"system.bootchart",        {}, {},               Right::read, system_bootchart,
     "Returns when each service of the boot was wanted, started and ready", kBootchart},
    {"system.timers",           {}, {},               Right::read, system_timers,
     "Returns when each timer was last due and is next due", kTimers},
    {"system.shutdown",         {}, kPower,           Right::full, power<PowerAction::shut_down>,
     "Stops all services and ends the server; as PID 1 of a machine, powers it off", kOk},
    {"system.poweroff",         {}, kPower,           Right::full, power<PowerAction::power_off>,
     "Powers the machine off", kOk},
    {"system.reboot",           {}, kPower,           Right::full, power<PowerAction::reboot>,
     "Restarts the machine", kOk},
    {"system.halt",             {}, kPower,           Right::full, power<PowerAction::halt>,
     "Halts the machine", kOk},
    {"system.kexec",            {}, kPower,           Right::full, power<PowerAction::kexec>,
     "Executes the kernel that is loaded", kOk},
    {"system.switch_root",      {}, kSwitchRoot,      Right::full, system_switch_root,
     "Switches to another root and executes its init", kOk},
    {"system.reexec",           kReexecAliases, kReexec, Right::full, system_reexec,
     "Restarts the server itself; services keep running", kOk},
    {"system.cancel_shutdown",  {}, {},               Right::full, system_cancel_shutdown,
     "Cancels a scheduled shutdown", kCancelled},
};
// clang-format on

}  // namespace

std::span<const Method> system_methods() noexcept { return kSystemMethods; }

}  // namespace zinit
