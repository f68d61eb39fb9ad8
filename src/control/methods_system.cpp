// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// system.*: facts about the server, shutdown and re-execution.
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/sort.hpp"
#include "config/modes.hpp"
#include "control/answers.hpp"
#include "control/power_schedule.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

RpcError not_supported(PowerAction action, std::string_view mode) {
  return RpcError(RpcCode::not_supported,
                  fmt::format("{} is not supported in {} mode", power_action_text(action), mode))
      .hint("system.shutdown stops all services and ends zinit");
}

/// The action begins only after its answer was written, because it may end the server at once.
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
    // Rounded up to seconds, so that one minute is written as one minute.
    const std::int64_t in_s = std::max<std::int64_t>((*at_us - wall_us() + 999'999) / 1'000'000, 0);
    context.daemon.tell_terminals(fmt::format("The system will {} in {}{}{}",
                                              power_action_text(action), duration_text(in_s * 1000),
                                              message.empty() ? "" : ": ", message));
    context.power.set({action, *at_us, std::move(message), call.subscriber.caller()});
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
  return object_json<protocol::PingAnswer>(protocol::PingAnswer{ZINIT_VERSION, ::getpid()});
}

protocol::ServerFiles files_of(const DaemonInfo& info, const Board& board) {
  const Places* const places = info.places;
  protocol::ServerFiles files;
  files.settings_faults = info.settings_faults;
  files.templates = board.templates();
  for (const auto& [name, link] : board.graph()->masked()) files.masked.emplace(name, link);
  if (places == nullptr) return files;
  for (const ConfigDirectory& each : places->directories)
    files.directories.push_back({each.path, each.vendor, each.system_class ? "system" : "user"});
  files.settings = places->settings_file;
  return files;
}

Outcome system_timers(Call& call) {
  std::vector<TimerView> timers = call.context.daemon.timers();
  // the earliest first
  sort_by(timers, [](const TimerView& timer) {
    return timer.next_us.value_or(std::numeric_limits<std::int64_t>::max());
  });
  return list_json<protocol::TimerStatus>(timers);
}

Outcome system_info(Call& call) {
  const DaemonInfo info = call.context.daemon.info();
  utsname host{};
  ::uname(&host);  // fails only for a bad address
  const auto ms = [](const std::optional<std::int64_t>& time) {
    return time ? std::optional(Milliseconds(*time)) : std::nullopt;
  };
  protocol::SystemInfo answer{
      .version = ZINIT_VERSION,
      .pid = ::getpid(),
      .mode = std::string(info.mode),
      .uptime = Milliseconds(info.uptime_ms),
      .services = call.context.board.graph()->order().size(),
      .hostname = host.nodename,
      .kernel = host.release,
      .boot = {ms(info.kernel_ms), ms(info.started_ms), ms(info.settled_ms)},
      .crashes = {info.crashes,
                  info.last_crash.empty() ? std::nullopt : std::optional(info.last_crash)},
      .files = files_of(info, call.context.board),
      .scheduled = {},
      .controllers = call.context.board.controllers()};
  if (const auto& power = call.context.power.entry()) {
    // The method's name: "shut down" becomes shutdown.
    std::string action(power_action_text(power->action));
    std::erase(action, ' ');
    answer.scheduled = {std::move(action), power->at_us, power->message};
  }
  return object_json<protocol::SystemInfo>(answer);
}

Outcome system_bootchart(Call& call) {
  const TimePoint from = call.context.daemon.info().boot_from;
  std::vector<Board::BootStep> steps = call.context.board.boot_steps();
  // In the order of their spawns; services without a spawn come last.
  sort_by(steps, [](const Board::BootStep& step) {
    return std::tuple(step.spawned == TimePoint{}, step.spawned, std::string_view(step.name));
  });
  struct Source {
    const Board::BootStep& of;
    TimePoint from;

    const std::string& name() const { return of.name; }
    auto wanted_us() const { return us(of.wanted); }
    auto spawned_us() const { return us(of.spawned); }
    auto ready_us() const { return us(of.ready); }
    State state() const { return of.state; }
    const std::string& waited_for() const { return of.waited_for; }

   private:
    std::optional<std::int64_t> us(TimePoint time) const {
      if (time == TimePoint{}) return std::nullopt;
      return std::chrono::duration_cast<std::chrono::microseconds>(time - from).count();
    }
  };
  std::vector<Source> sources;
  for (const Board::BootStep& step : steps) sources.push_back({step, from});
  return list_json<protocol::BootStep>(sources);
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
    {"message", ParamType::string, false, {}, "reason for the log; none: no reason"},
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

// clang-format off
constexpr Method kSystemMethods[] = {
    {"system.ping",             {}, {},               Right::read, system_ping,
     "Returns version and pid of the server", Shapes::one<protocol::PingAnswer>},
    {"system.info",             {}, {},               Right::read, system_info,
     "Returns facts about the server and its boot", Shapes::one<protocol::SystemInfo>},
    {"system.bootchart",        {}, {},               Right::read, system_bootchart,
     "Returns when each service of the boot was wanted, started and ready",
     Shapes::list<protocol::BootStep>},
    {"system.timers",           {}, {},               Right::read, system_timers,
     "Returns when each timer was last due and is next due", Shapes::list<protocol::TimerStatus>},
    {"system.shutdown",         {}, kPower,           Right::full, power<PowerAction::shut_down>,
     "Stops all services and ends the server; as PID 1 of a machine, powers it off", Shapes::ok},
    {"system.poweroff",         {}, kPower,           Right::full, power<PowerAction::power_off>,
     "Powers the machine off", Shapes::ok},
    {"system.reboot",           {}, kPower,           Right::full, power<PowerAction::reboot>,
     "Restarts the machine", Shapes::ok},
    {"system.halt",             {}, kPower,           Right::full, power<PowerAction::halt>,
     "Halts the machine", Shapes::ok},
    {"system.kexec",            {}, kPower,           Right::full, power<PowerAction::kexec>,
     "Executes the kernel that is loaded", Shapes::ok},
    {"system.switch_root",      {}, kSwitchRoot,      Right::full, system_switch_root,
     "Switches to another root and executes its init", Shapes::ok},
    {"system.reexec",           kReexecAliases, kReexec, Right::full, system_reexec,
     "Restarts the server itself; services keep running", Shapes::ok},
    {"system.cancel_shutdown",  {}, {},               Right::full, system_cancel_shutdown,
     "Cancels a scheduled shutdown", Shapes::cancelled},
};
// clang-format on

}  // namespace

std::span<const Method> system_methods() noexcept { return kSystemMethods; }

}  // namespace zinit
