// The table of methods, and how a call finds its row: see methods.hpp.
#include "control/methods.hpp"

#include "base/format.hpp"
#include "base/text.hpp"
#include "control/handlers.hpp"

namespace zinit {

namespace {

// --- parameters ---

constexpr Param kName{"name", ParamType::string, true, {}, "the service or target"};
constexpr Param kNameOptional{"name", ParamType::string, false, {}, "the service or target"};
constexpr Param kTimeout{
    "timeout_ms",
    ParamType::count,
    false,
    {},
    "after so long the answer is the error timeout; none: as long as it takes"};
constexpr Param kLines{"lines", ParamType::count, false, "100", "the last so many"};
constexpr Param kNames{"names", ParamType::strings, false, {}, "of these services; none: of all"};

constexpr Param kJustName[] = {kName};
constexpr Param kListFull[] = {{"members", ParamType::strings, false, {},
                                "these alone of each; none given: all"}};
constexpr Param kIsolate[] = {
    {"target", ParamType::string, true, {}, "the target that is to be all there is"}};
constexpr Param kConfig{"config", ParamType::object, true, {}, "the sections of a service file"};
constexpr Param kStart{"start", ParamType::boolean, false, "true",
                       "start it, if it is new or its wish is down"};
constexpr Param kSet[] = {
    kConfig,
    {"persist", ParamType::boolean, false, "true", "write its file too"},
    kStart,
};
constexpr Param kAdd[] = {
    kConfig,
    {"persist", ParamType::boolean, false, "false", "write its file too"},
    kStart,
};
constexpr Param kDelete[] = {
    kName,
    {"persist", ParamType::boolean, false, "true", "remove its file too; a vendor's is masked"},
    {"cascade", ParamType::boolean, false, "false",
     "stop what requires it, and remove those edges, where else the call is refused"},
};
constexpr std::string_view kSetAliases[] = {"service.create", "service.update", "service.register"};
constexpr std::string_view kAddAliases[] = {"service.monitor"};
constexpr std::string_view kDeleteAliases[] = {"service.remove"};
constexpr Param kPower[] = {
    {"at_us", ParamType::count, false, {}, "when, in microseconds since 1970; none: now"},
    {"message", ParamType::string, false, {}, "why, for the log"},
};
constexpr Param kRequest[] = {
    kName,
    {"wait", ParamType::boolean, false, "false", "answer once it is settled"},
    kTimeout,
};
constexpr Param kKill[] = {
    kName,
    {"signal", ParamType::signal, false, R"("SIGTERM")", "the signal"},
    {"main", ParamType::boolean, false, "false", "to the main process alone, not to its group"},
};
constexpr Param kReload[] = {
    kNameOptional,
    {"dry_run", ParamType::boolean, false, "false", "only tell what would be done"},
};
constexpr Param kTree[] = {
    kNameOptional,
    {"reverse", ParamType::boolean, false, "false", "what depends on it, not what it depends on"},
};
constexpr Param kWait[] = {
    kName,
    {"for", ParamType::string, false, R"("running")",
     "running (or a oneshot that is done), exited, failed, or stopped: no process and none coming"},
    kTimeout,
};
constexpr Param kLogs[] = {
    {"name", ParamType::string, true, {}, "the service, or zinit, or syslog"},
    kLines,
};
constexpr Param kLogsFilter[] = {
    {"name", ParamType::string, false, {}, "the service, or zinit, or syslog; none: all logs"},
    {"pattern", ParamType::string, false, R"("")", "only lines that contain this"},
    {"stream", ParamType::string, false, {}, "stdout, stderr, zinit or syslog: of this one alone"},
    {"since_us", ParamType::count, false, {}, "from then on, in microseconds since 1970"},
    {"lines", ParamType::count, false, "100", "the last so many of those"},
    {"before_seq", ParamType::count, false, {}, "of the log that is named, those before this one"},
};
constexpr Param kLogsSubscribe[] = {
    {"names", ParamType::strings, false, {}, "of these logs; none: of all, also of those to come"},
    {"lines", ParamType::count, false, "0", "beginning with the last so many of each"},
};
constexpr Param kEventsGet[] = {kNames, kLines};
constexpr Param kEventsSubscribe[] = {kNames};
constexpr Param kUnsubscribe[] = {
    {"subscription", ParamType::count, true, {}, "as it was answered"},
};

// --- results ---

constexpr std::string_view kOk =
    R"({"type":"object","properties":{"ok":{"const":true}},"required":["ok"]})";
constexpr std::string_view kNamesResult = R"({"type":"array","items":{"type":"string"}})";
constexpr std::string_view kStatusFull = R"({"$ref":"#/components/schemas/status_full"})";
constexpr std::string_view kFlag = R"({"type":"boolean"})";
constexpr std::string_view kObject = R"({"type":"object"})";
constexpr std::string_view kPing =
    R"({"type":"object","properties":{"version":{"type":"string"},"pid":{"type":"integer"}}})";
constexpr std::string_view kInfo =
    R"({"type":"object","properties":{"version":{"type":"string"},"pid":{"type":"integer"},)"
    R"("mode":{"enum":["system","container","standalone"]},"uptime_ms":{"type":"integer"},)"
    R"("services":{"type":"integer"},"hostname":{"type":"string"},"kernel":{"type":"string"},)"
    R"("boot":{"type":"object","properties":{"kernel_ms":{"type":["integer","null"]},)"
    R"("started_ms":{"type":["integer","null"]},"settled_ms":{"type":["integer","null"]}}},)"
    R"("config":{"type":"object","properties":{"directories":{"type":"array","items":)"
    R"({"type":"object","properties":{"path":{"type":"string"},"vendor":{"type":"string"},)"
    R"("class":{"enum":["user","system"]}}}},"settings":{"type":"string"}}}}})";
constexpr std::string_view kCancelled =
    R"({"type":"object","properties":{"ok":{"const":true},"cancelled":{"type":"boolean"}}})";
constexpr std::string_view kStatusesFull =
    R"({"type":"array","items":{"$ref":"#/components/schemas/status_full"}})";
constexpr std::string_view kStatus =
    R"({"type":"object","properties":{"name":{"type":"string"},)"
    R"("state":{"$ref":"#/components/schemas/state"},"summary":{"type":"string"},)"
    R"("pid":{"type":["integer","null"]},"exit_code":{"type":["integer","null"]},)"
    R"("error":{"type":["string","null"]}}})";
constexpr std::string_view kReloadResult =
    R"({"type":"object","properties":{"added":{"$ref":"#/components/schemas/names"},)"
    R"("changed":{"$ref":"#/components/schemas/names"},)"
    R"("removed":{"$ref":"#/components/schemas/names"},)"
    R"("unchanged":{"$ref":"#/components/schemas/names"},)"
    R"("failed":{"$ref":"#/components/schemas/names"},)"
    R"("restarted":{"$ref":"#/components/schemas/names"},)"
    R"("stopped":{"$ref":"#/components/schemas/names"},)"
    R"("failed_before":{"$ref":"#/components/schemas/names"},)"
    R"("why":{"type":"object","additionalProperties":{"$ref":"#/components/schemas/names"}}}})";
constexpr std::string_view kIsolated =
    R"({"type":"object","properties":{"started":{"$ref":"#/components/schemas/names"},)"
    R"("stopped":{"$ref":"#/components/schemas/names"}}})";
constexpr std::string_view kGetResult =
    R"({"type":"object","properties":{"config":{"type":"object"},)"
    R"("file":{"type":["string","null"]},"runtime":{"type":"boolean"}}})";
constexpr std::string_view kSetResult =
    R"({"type":"object","properties":{"name":{"type":"string"},"created":{"type":"boolean"},)"
    R"("warnings":{"type":"array","items":{"type":"string"}}}})";
constexpr std::string_view kStartedAll =
    R"({"type":"object","properties":{"started":{"$ref":"#/components/schemas/names"},)"
    R"("skipped":{"$ref":"#/components/schemas/left"},)"
    R"("failed":{"$ref":"#/components/schemas/left"}}})";
constexpr std::string_view kStoppedAll =
    R"({"type":"object","properties":{"stopped":{"$ref":"#/components/schemas/names"},)"
    R"("skipped":{"$ref":"#/components/schemas/left"},)"
    R"("failed":{"$ref":"#/components/schemas/left"}}})";
constexpr std::string_view kDeletedAll =
    R"({"type":"object","properties":{"deleted":{"$ref":"#/components/schemas/names"},)"
    R"("skipped":{"$ref":"#/components/schemas/left"},)"
    R"("failed":{"$ref":"#/components/schemas/left"}}})";
constexpr std::string_view kWhy =
    R"({"type":"object","properties":{"name":{"type":"string"},)"
    R"("state":{"$ref":"#/components/schemas/state"},"reasons":{"type":"array","items":)"
    R"({"type":"object","properties":{"kind":{"type":"string"},"service":{"type":"string"},)"
    R"("state":{"$ref":"#/components/schemas/state"},"detail":{"type":"string"},)"
    R"("root_cause":{"type":"string"},"depth":{"type":"integer"}}}}}})";
constexpr std::string_view kTreeResult =
    R"({"oneOf":[{"$ref":"#/components/schemas/tree"},)"
    R"({"type":"array","items":{"$ref":"#/components/schemas/tree"}}]})";
constexpr std::string_view kLogLines =
    R"({"type":"array","items":{"$ref":"#/components/schemas/log_line"}})";
constexpr std::string_view kEvents =
    R"({"type":"array","items":{"$ref":"#/components/schemas/event"}})";
constexpr std::string_view kSubscription =
    R"({"type":"object","properties":{"subscription":{"type":"integer"}}})";

using enum Right;

// clang-format off
constexpr Method kMethods[] = {
    // name, aliases, parameters, right, handler
    // summary, result
    {"rpc.discover",            {}, {},               read, rpc_discover,
     "This document", kObject},
    {"system.ping",             {}, {},               read, system_ping,
     "Version and pid of the server", kPing},
    {"system.info",             {}, {},               read, system_info,
     "The server and its boot", kInfo},
    {"system.shutdown",         {}, kPower,           full, system_shutdown,
     "Stops all services and ends the server; as PID 1 of a machine: powers it off", kOk},
    {"system.poweroff",         {}, kPower,           full, system_poweroff,
     "Powers the machine off", kOk},
    {"system.reboot",           {}, kPower,           full, system_reboot,
     "Restarts the machine", kOk},
    {"system.halt",             {}, kPower,           full, system_halt,
     "Halts the machine", kOk},
    {"system.cancel_shutdown",  {}, {},               full, system_cancel_shutdown,
     "Takes back a shutdown whose time has not come", kCancelled},
    {"system.isolate",          {}, kIsolate,         full, system_isolate,
     "Starts a target with what it pulls in, stops every other service of class user", kIsolated},
    {"service.list",            {}, {},               read, service_list,
     "Names of all services and targets, sorted", kNamesResult},
    {"service.list_full",       {}, kListFull,        read, service_list_full,
     "Everything about all", kStatusesFull},
    {"service.status",          {}, kJustName,        read, service_status,
     "State of one", kStatus},
    {"service.status_full",     {}, kJustName,        read, service_status_full,
     "Everything about one", kStatusFull},
    {"service.get",             {}, kJustName,        read, service_get,
     "Its sections as they were read", kGetResult},
    {"service.set",             kSetAliases, kSet,    full, service_set,
     "Adds or replaces it", kSetResult},
    {"service.add",             kAddAliases, kAdd,    full, service_set,
     "The same, at runtime only", kSetResult},
    {"service.delete",          kDeleteAliases, kDelete, full, service_delete,
     "Stops it and removes it", kOk},
    {"service.start",           {}, kRequest,         full, service_start,
     "Starts it, with what it requires and wants", kStatusFull},
    {"service.stop",            {}, kRequest,         full, service_stop,
     "Stops it, what requires it first", kStatusFull},
    {"service.restart",         {}, kRequest,         full, service_restart,
     "Stops and starts it, with what requires it", kStatusFull},
    {"service.kill",            {}, kKill,            full, service_kill,
     "Sends its processes a signal", kOk},
    {"service.reload",          {}, kReload,          full, service_reload,
     "Reads the service files again", kReloadResult},
    {"service.why",             {}, kJustName,        read, service_why,
     "Why it is not running, down to the root cause", kWhy},
    {"service.tree",            {}, kTree,            read, service_tree,
     "What it depends on; without a name all trees", kTreeResult},
    {"service.is_running",      {}, kJustName,        read, service_is_running,
     "Whether it runs, or is a oneshot that is done", kFlag},
    {"service.wait",            {}, kWait,            read, service_wait,
     "Answers once it is so", kStatusFull},
    {"service.start_all",       {}, {},               full, service_start_all,
     "Starts all of class user but those with status \"ignore\"", kStartedAll},
    {"service.stop_all",        {}, {},               full, service_stop_all,
     "Stops all of class user but those that class system stands on", kStoppedAll},
    {"service.delete_all",      {}, {},               full, service_delete_all,
     "Stops and removes these, and none of their files", kDeletedAll},
    {"logs.get",                {}, kLogs,            read, logs_get,
     "The last lines of its output", kLogLines},
    {"logs.tail",               {}, kLogs,            read, logs_tail,
     "The same as text alone", kNamesResult},
    {"logs.filter",             {}, kLogsFilter,      read, logs_filter,
     "Lines of its output, or of all, that have something in them", kLogLines},
    {"logs.subscribe",          {}, kLogsSubscribe,   read, logs_subscribe,
     "From now on tells lines as they come as notifications logs.line", kSubscription},
    {"logs.unsubscribe",        {}, kUnsubscribe,     read, logs_unsubscribe,
     "Ends that", kOk},
    {"events.get",              {}, kEventsGet,       read, events_get,
     "The last changes of state, of 1,000 kept", kEvents},
    {"events.subscribe",        {}, kEventsSubscribe, read, events_subscribe,
     "From now on tells changes of state as notifications events.state", kSubscription},
    {"events.unsubscribe",      {}, kUnsubscribe,     read, events_unsubscribe,
     "Ends that", kOk},
    {"debug.state",             {}, {},               read, debug_state,
     "The whole graph, with zinit's own threads and descriptors", kObject},
};
// clang-format on

constexpr bool params_fit() {
  for (const Method& method : kMethods)
    if (method.params.size() > kMaxParams) return false;
  return true;
}
static_assert(params_fit());

const Method* find_method(std::span<const Method> methods, std::string_view name) {
  for (const Method& method : methods) {
    if (method.name == name) return &method;
    for (const std::string_view alias : method.aliases)
      if (alias == name) return &method;
  }
  return nullptr;
}

RpcError method_not_found(std::span<const Method> methods, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Method& method : methods) known.push_back(method.name);
  RpcError error(RpcCode::method_not_found, "Method not found");
  const auto near = nearest(name, known);
  return near ? std::move(error).hint(fmt::format("did you mean {}?", *near)) : std::move(error);
}

}  // namespace

std::span<const Method> all_methods() noexcept { return kMethods; }

Outcome dispatch(std::span<const Method> methods, const RpcCall& request, Right right,
                 RpcContext& context, Subscriber& subscriber) {
  const Method* method = find_method(methods, request.method);
  if (method == nullptr) return method_not_found(methods, request.method);
  if (right < method->right) {
    return RpcError(RpcCode::not_permitted, fmt::format("{} is not permitted", method->name))
        .hint(
            "members of socket_group may only ask; root and the server's own user may call it, "
            "and members too with socket_group_access = \"full\" in zinit.toml");
  }
  const tl::expected<Params, RpcError> params = Params::bind(method->params, request.params);
  if (!params) return params.error();
  Call call{context, subscriber, *params, right};
  return method->handler(call);
}

}  // namespace zinit
