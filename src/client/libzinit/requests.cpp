// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The requests of the public header zinit/request.hpp: the method and parameters of each, and the
// function that reads its answer.
#include "zinit/request.hpp"

#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"

namespace zinit {
inline namespace v1 {

namespace {

using Limit = std::optional<std::chrono::milliseconds>;

/// A request. Read turns the result, a JsonValue, into a T.
template <class T, auto Read = read_as<T>>
Request<T> make(std::string_view method, std::string params = {}) {
  Request<T> request;
  request.method = method;
  request.params = std::move(params);
  request.read = [](const JsonAnswer& answer) -> T { return Read(answer.result()); };
  return request;
}

/// The same for a request that waits for services.
template <class T, auto Read = read_as<T>>
Request<T> make_waiting(std::string_view method, std::string params, const Limit& limit) {
  auto request = make<T, Read>(method, std::move(params));
  request.waits = true;
  request.limit = limit;
  return request;
}

Done nothing(const JsonValue&) { return {}; }
std::string as_text(const JsonValue& value) { return json_text(value); }
std::vector<std::string> strings(const JsonValue& value) { return json_strings(value); }
bool is_cancelled(const JsonValue& value) { return json_bool(value, "cancelled"); }
BulkResult started(const JsonValue& value) { return read_bulk(value, "started"); }
BulkResult stopped(const JsonValue& value) { return read_bulk(value, "stopped"); }
BulkResult deleted(const JsonValue& value) { return read_bulk(value, "deleted"); }

bool boolean(const JsonValue& value) {
  if (!value.IsBool())
    throw ClientError(ErrorCode::bad_answer, "the server's answer is no boolean");
  return value.GetBool();
}

std::string plain_text(const JsonValue& value) {
  if (!value.IsString()) throw ClientError(ErrorCode::bad_answer, "the server's answer is no text");
  return {value.GetString(), value.GetStringLength()};
}

/// Adds `check` only if it is false: true is the default, and older servers do not know `check`.
JsonParams& checked(JsonParams& params, bool check) {
  if (!check) params.add("check", false);
  return params;
}

/// For start, stop and restart. With `wait` the server answers when the service is settled. If
/// checks may run first, the answer takes as long as they do.
Request<ServiceStatus> settle(std::string_view method, const std::string& name, const Wait& wait,
                              bool may_check = false) {
  JsonParams params = named(name);
  if (may_check) checked(params, wait.check);
  if (!wait.settled && may_check) return make_waiting<ServiceStatus>(method, params.text(), {});
  if (!wait.settled) return make<ServiceStatus>(method, params.text());
  params.add("wait", true);
  if (wait.limit) params.add("timeout_ms", std::int64_t{wait.limit->count()});
  return make_waiting<ServiceStatus>(method, params.text(), with_grace(wait.limit));
}

/// Microseconds since 1970.
std::optional<std::int64_t> us_of(const std::optional<std::chrono::system_clock::time_point>& at) {
  if (!at) return std::nullopt;
  return std::chrono::floor<std::chrono::microseconds>(*at).time_since_epoch().count();
}

Request<Done> end(std::string_view method, const ShutdownTime& at, const std::string& message) {
  JsonParams params;
  params.add_given("at_us", us_of(at)).add_given("message", message);
  return make<Done, nothing>(method, params.text());
}

std::string setting(const std::string& config, bool persist, bool start) {
  JsonParams params;
  return params.add_json("config", config).add("persist", persist).add("start", start).text();
}

JsonParams proxy_params(const ProxyConfig& config) {
  JsonParams params = named(config.name);
  params.add("listen", config.listen).add("backend", config.backend);
  params.add("service", config.service);
#define ZINIT_OPTION(type, field, name, shape) params.add_given(name, config.field);
#include "zinit/objects.inc"
  return params;
}

std::string lines_of(const std::string& name, std::uint32_t lines) {
  return named(name).add("lines", lines).text();
}

const char* word_of(WaitFor state) {
  switch (state) {
    case WaitFor::running: return "running";
    case WaitFor::exited: return "exited";
    case WaitFor::failed: return "failed";
    case WaitFor::stopped: return "stopped";
  }
  return "running";
}

}  // namespace

Request<std::string> any_request(std::string_view method, std::string_view params) {
  return make<std::string, as_text>(method, std::string(params));
}

namespace request {

Request<PingAnswer> ping() { return make<PingAnswer>("system.ping"); }
Request<SystemInfo> info() { return make<SystemInfo>("system.info"); }

Request<Done> shutdown(ShutdownTime at, const std::string& message) {
  return end("system.shutdown", at, message);
}

Request<Done> poweroff(ShutdownTime at, const std::string& message) {
  return end("system.poweroff", at, message);
}

Request<Done> reboot(ShutdownTime at, const std::string& message) {
  return end("system.reboot", at, message);
}

Request<Done> halt(ShutdownTime at, const std::string& message) {
  return end("system.halt", at, message);
}

Request<Done> kexec(ShutdownTime at, const std::string& message) {
  return end("system.kexec", at, message);
}

Request<Done> switch_root(const std::string& new_root, const std::string& init) {
  return make<Done, nothing>("system.switch_root",
                             JsonParams().add("new_root", new_root).add("init", init).text());
}

Request<bool> cancel_shutdown() { return make<bool, is_cancelled>("system.cancel_shutdown"); }

Request<Done> reexec(bool update) {
  return make<Done, nothing>("system.reexec",
                             update ? JsonParams().add("update", true).text() : "");
}

Request<std::vector<std::string>> list() {
  return make<std::vector<std::string>, strings>("service.list");
}

Request<std::vector<ServiceStatus>> list_full(const std::vector<std::string>& members) {
  return make<std::vector<ServiceStatus>>("service.list_full",
                                          JsonParams().add_given("members", members).text());
}

Request<BriefStatus> status(const std::string& name) {
  return make<BriefStatus>("service.status", named(name).text());
}

Request<ServiceStatus> status_full(const std::string& name) {
  return make<ServiceStatus>("service.status_full", named(name).text());
}

Request<ServiceStatus> start(const std::string& name, const Wait& wait) {
  return settle("service.start", name, wait);
}

Request<ServiceStatus> stop(const std::string& name, const Wait& wait) {
  return settle("service.stop", name, wait);
}

Request<ServiceStatus> restart(const std::string& name, const Wait& wait) {
  return settle("service.restart", name, wait, true);
}

Request<Done> kill(const std::string& name, const std::string& signal, bool main_only) {
  return make<Done, nothing>("service.kill",
                             named(name).add("signal", signal).add("main", main_only).text());
}

Request<Isolation> isolate(const std::string& target) {
  return make<Isolation>("system.isolate", JsonParams().add("target", target).text());
}

Request<ServiceConfig> get(const std::string& name) {
  return make<ServiceConfig>("service.get", named(name).text());
}

Request<SetResult> set(const std::string& config, bool persist, bool start) {
  return make<SetResult>("service.set", setting(config, persist, start));
}

Request<SetResult> add(const std::string& config, bool persist, bool start) {
  return set(config, persist, start);
}

Request<Done> remove(const std::string& name, bool persist, bool cascade, Limit limit) {
  const JsonParams params = named(name).add("persist", persist).add("cascade", cascade);
  return make_waiting<Done, nothing>("service.delete", params.text(), limit);
}

Request<BulkResult> start_all(Limit limit) {
  return make_waiting<BulkResult, started>("service.start_all", {}, limit);
}

Request<BulkResult> stop_all(Limit limit) {
  return make_waiting<BulkResult, stopped>("service.stop_all", {}, limit);
}

Request<BulkResult> delete_all(Limit limit) {
  return make_waiting<BulkResult, deleted>("service.delete_all", {}, limit);
}

Request<ReloadReport> reload(bool dry_run, bool check, const std::vector<std::string>& only,
                             bool no_restart) {
  JsonParams params;
  params.add("dry_run", dry_run).add_given("only", only);
  if (no_restart) params.add("no_restart", true);
  return make_waiting<ReloadReport>("service.reload", checked(params, check).text(), {});
}

Request<Done> reload_service(const std::string& name, bool check) {
  JsonParams params = named(name);
  return make_waiting<Done, nothing>("service.reload", checked(params, check).text(), {});
}

Request<WhyReport> why(const std::string& name) {
  return make<WhyReport>("service.why", named(name).text());
}

Request<std::vector<TreeNode>> tree(const std::string& name, bool reverse) {
  const std::string params = JsonParams().add_given("name", name).add("reverse", reverse).text();
  return make<std::vector<TreeNode>>("service.tree", params);
}

Request<bool> is_running(const std::string& name) {
  return make<bool, boolean>("service.is_running", named(name).text());
}

Request<ServiceStatus> wait(const std::string& name, WaitFor state, Limit limit) {
  JsonParams params = named(name).add("for", word_of(state));
  if (limit) params.add("timeout_ms", std::int64_t{limit->count()});
  return make_waiting<ServiceStatus>("service.wait", params.text(), with_grace(limit));
}

Request<ProxySetResult> set_proxy(const ProxyConfig& config, bool persist) {
  return make<ProxySetResult>("xinet.set", proxy_params(config).add("persist", persist).text());
}

Request<Done> delete_proxy(const std::string& name, bool persist) {
  return make<Done, nothing>("xinet.delete", named(name).add("persist", persist).text());
}

Request<std::vector<std::string>> proxies() {
  return make<std::vector<std::string>, strings>("xinet.list");
}

Request<ProxyStatus> proxy(const std::string& name) {
  return make<ProxyStatus>("xinet.status", named(name).text());
}

Request<std::vector<ProxyStatus>> all_proxies() {
  return make<std::vector<ProxyStatus>>("xinet.status_all");
}

Request<std::vector<LogLine>> logs_get(const std::string& name, std::uint32_t lines) {
  return make<std::vector<LogLine>>("logs.get", lines_of(name, lines));
}

Request<std::vector<std::string>> logs_tail(const std::string& name, std::uint32_t lines) {
  return make<std::vector<std::string>, strings>("logs.tail", lines_of(name, lines));
}

Request<std::vector<LogLine>> logs_filter(const LogFilter& filter) {
  JsonParams params;
  params.add_given("name", filter.name)
      .add_given("pattern", filter.pattern)
      .add_given("stream", filter.stream)
      .add_given("since_us", us_of(filter.since))
      .add("lines", filter.lines);
  return make<std::vector<LogLine>>("logs.filter", params.text());
}

Request<std::vector<StateEvent>> events_get(const std::vector<std::string>& names,
                                            std::uint32_t lines) {
  return make<std::vector<StateEvent>>(
      "events.get", JsonParams().add_given("names", names).add("lines", lines).text());
}

Request<ServiceStats> stats(const std::string& name) {
  return make<ServiceStats>("service.stats", named(name).text());
}

Request<std::vector<ProcessInfo>> children(const std::string& name) {
  return make<std::vector<ProcessInfo>>("service.children", named(name).text());
}

Request<std::vector<ProcessNode>> process_tree(const std::string& name) {
  return make<std::vector<ProcessNode>>("debug.process_tree", named(name).text());
}

Request<Rehearsal> rehearse(const std::string& request, const std::vector<std::string>& names,
                            const std::vector<std::string>& failing) {
  return make<Rehearsal>("system.rehearse", JsonParams()
                                                .add("request", request)
                                                .add_given("names", names)
                                                .add_given("failing", failing)
                                                .text());
}

Request<std::vector<BootStep>> bootchart() {
  return make<std::vector<BootStep>>("system.bootchart");
}

Request<std::vector<TimerStatus>> timers() {
  return make<std::vector<TimerStatus>>("system.timers");
}

Request<std::string> metrics() { return make<std::string, plain_text>("metrics.get"); }

Request<std::string> debug_state() { return any_request("debug.state"); }

Request<Done> debug_settle(std::chrono::milliseconds limit) {
  return make_waiting<Done, nothing>(
      "debug.settle", JsonParams().add("timeout_ms", std::int64_t{limit.count()}).text(),
      with_grace(limit));
}

}  // namespace request

}  // namespace v1
}  // namespace zinit
