// system.*: the server itself, and its end.
#include <sys/utsname.h>
#include <unistd.h>

#include "base/format.hpp"
#include "config/modes.hpp"
#include "control/answers.hpp"
#include "control/handlers.hpp"
#include "control/power_schedule.hpp"

namespace zinit {

namespace {

RpcError not_supported(PowerAction action, std::string_view mode) {
  return RpcError(RpcCode::not_supported,
                  fmt::format("{} is not supported in {} mode", power_action_text(action), mode))
      .hint("system.shutdown stops all services and ends zinit");
}

/// The action is begun when its answer has been written, for it may end the server at once.
Outcome power(Call& call, PowerAction action) {
  RpcContext& context = call.context;
  if (!context.daemon.supports(action)) return not_supported(action, context.daemon.info().mode);
  if (context.board.shutting_down()) {
    return RpcError(RpcCode::shutting_down, "a shutdown has begun already");
  }
  std::string message(call.params.string("message").value_or(""));
  if (const auto at_us = call.params.count("at_us")) {
    context.power.set({action, *at_us, std::move(message)});
    return ok_json();
  }
  return Then{ok_json(), [&context, action, message = std::move(message)] {
                context.power.cancel();
                context.daemon.power(action, message);
              }};
}

}  // namespace

Outcome system_ping(Call& /*call*/) {
  JsonWriter writer;
  writer.begin_object().member("version", ZINIT_VERSION).member("pid", ::getpid());
  return writer.end_object().take();
}

void put_places(JsonWriter& writer, const Places* places) {
  writer.key("config").begin_object().key("directories").begin_array();
  const std::vector<ConfigDirectory> none;
  for (const ConfigDirectory& each : places ? places->directories : none) {
    writer.begin_object().member("path", each.path).member("vendor", each.vendor);
    writer.member("class", each.system_class ? "system" : "user").end_object();
  }
  writer.end_array().member("settings", places ? places->settings_file : std::string());
  writer.end_object();
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
  put_places(writer, info.places);
  return writer.end_object().take();
}

Outcome system_shutdown(Call& call) { return power(call, PowerAction::shutdown); }
Outcome system_poweroff(Call& call) { return power(call, PowerAction::poweroff); }
Outcome system_reboot(Call& call) { return power(call, PowerAction::reboot); }
Outcome system_halt(Call& call) { return power(call, PowerAction::halt); }

Outcome system_cancel_shutdown(Call& call) {
  const bool cancelled = call.context.power.cancel();
  JsonWriter writer;
  return writer.begin_object()
      .member("ok", true)
      .member("cancelled", cancelled)
      .end_object()
      .take();
}

}  // namespace zinit
