// The public class Client: each method sends a request and reads the answer into a struct.
#include "zinit/client.hpp"

#include <unistd.h>

#include <cstdlib>

#include "client/libzinit/read_answers.hpp"
#include "client/libzinit/session.hpp"
#include "client/libzinit/socket_path.hpp"

namespace zinit {
inline namespace v1 {

namespace {

using Limit = std::optional<std::chrono::milliseconds>;

JsonParams named(const std::string& name) { return std::move(JsonParams().add("name", name)); }

std::string setting(const std::string& config, bool persist, bool start) {
  JsonParams params;
  return params.add_json("config", config).add("persist", persist).add("start", start).text();
}

JsonParams proxy_params(const ProxyConfig& config) {
  const auto seconds = [](const std::optional<std::chrono::seconds>& time) {
    return time ? std::optional<std::int64_t>(time->count()) : std::nullopt;
  };
  JsonParams params = named(config.name);
  params.add("listen", config.listen).add("backend", config.backend);
  params.add("service", config.service);
  params.add_given("connect_timeout", seconds(config.connect_timeout));
  params.add_given("idle_timeout", seconds(config.idle_timeout));
  if (config.single_connection) params.add("single_connection", true);
  if (config.proxy_protocol != 0) params.add("proxy_protocol", config.proxy_protocol);
  return params;
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

struct Client::Impl {
  explicit Impl(ClientConnection connection) : session(std::move(connection)) {}

  /// Makes a call. Returns the whole answer; the result is its member `result`.
  JsonDocument call(std::string_view method, std::string_view params, const Limit& limit) {
    const TimePoint deadline = deadline_after(limit);
    const std::uint64_t id = session.request(method, params, deadline);
    try {
      return session.answer(id, deadline);
    } catch (...) {
      session.forget(id);
      throw;
    }
  }

  /// Makes a call under the general time limit and returns read(result).
  template <class Read>
  auto get(std::string_view method, const std::string& params, Read read) {
    const JsonDocument message = call(method, params, timeout);
    return read(message["result"]);
  }

  void tell(std::string_view method, const std::string& params) {
    (void)call(method, params, timeout);
  }

  /// For start, stop and restart: with `wait` the server answers when the service is settled.
  ServiceStatus settle(std::string_view method, const std::string& name, const Wait& wait) {
    JsonParams params = named(name);
    if (wait.settled) params.add("wait", true);
    if (wait.settled && wait.limit) params.add("timeout_ms", std::int64_t{wait.limit->count()});
    const auto message =
        call(method, params.text(), wait.settled ? with_grace(wait.limit) : timeout);
    return read_status(message["result"]);
  }

  void end(std::string_view method, const std::optional<std::int64_t>& at_us,
           const std::string& message) {
    tell(method, JsonParams().add_given("at_us", at_us).add_given("message", message).text());
  }

  std::uint64_t subscribe(std::string_view method, std::string_view params,
                          ClientSession::Handler handler) {
    const JsonDocument message = call(method, params, timeout);
    const std::uint64_t subscription = json_count(message["result"], "subscription");
    session.handle(subscription, std::move(handler));
    return subscription;
  }

  ClientSession session;
  Limit timeout = std::chrono::seconds(30);
};

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

std::string Client::default_socket() {
  auto path = default_socket_path(::geteuid(), ::getenv);
  if (!path) throw ClientError(ErrorCode::access_denied, path.error().text);
  return *path;
}

Client Client::connect(const std::string& socket_path, std::chrono::milliseconds limit) {
  return Client(std::make_unique<Impl>(ClientConnection(socket_path, deadline_after(limit))));
}

std::optional<unsigned> Client::server_user() const {
  const auto server = impl_->session.server();
  return server ? std::optional(server->uid) : std::nullopt;
}

std::optional<int> Client::server_pid() const {
  const auto server = impl_->session.server();
  return server ? std::optional(server->pid) : std::nullopt;
}

void Client::set_timeout(std::optional<std::chrono::milliseconds> timeout) {
  impl_->timeout = timeout;
}

void Client::set_answer_limit(std::size_t bytes) { impl_->session.set_answer_limit(bytes); }

std::string Client::call(std::string_view method, std::string_view params) {
  return json_text(impl_->call(method, params, impl_->timeout)["result"]);
}

std::uint64_t Client::request(std::string_view method, std::string_view params) {
  return impl_->session.request(method, params, deadline_after(impl_->timeout));
}

std::string Client::answer(std::uint64_t request, std::optional<std::chrono::milliseconds> limit) {
  return json_text(impl_->session.answer(request, deadline_after(limit))["result"]);
}

PingAnswer Client::ping() { return impl_->get("system.ping", "", read_ping); }
SystemInfo Client::info() { return impl_->get("system.info", "", read_info); }

void Client::shutdown(std::optional<std::int64_t> at_us, const std::string& message) {
  impl_->end("system.shutdown", at_us, message);
}

void Client::poweroff(std::optional<std::int64_t> at_us, const std::string& message) {
  impl_->end("system.poweroff", at_us, message);
}

void Client::reboot(std::optional<std::int64_t> at_us, const std::string& message) {
  impl_->end("system.reboot", at_us, message);
}

void Client::halt(std::optional<std::int64_t> at_us, const std::string& message) {
  impl_->end("system.halt", at_us, message);
}

void Client::kexec(std::optional<std::int64_t> at_us, const std::string& message) {
  impl_->end("system.kexec", at_us, message);
}

void Client::switch_root(const std::string& new_root, const std::string& init) {
  impl_->tell("system.switch_root",
              JsonParams().add("new_root", new_root).add("init", init).text());
}

void Client::reexec(bool update) {
  impl_->tell("system.reexec", update ? JsonParams().add("update", true).text() : "");
}

bool Client::cancel_shutdown() {
  return impl_->get("system.cancel_shutdown", "",
                    [](const JsonValue& value) { return json_bool(value, "cancelled"); });
}

std::vector<std::string> Client::list() {
  return impl_->get("service.list", "", [](const JsonValue& value) { return json_strings(value); });
}

std::vector<ServiceStatus> Client::list_full(const std::vector<std::string>& members) {
  std::vector<ServiceStatus> all;
  list_full(members, [&](ServiceStatus status) { all.push_back(std::move(status)); });
  return all;
}

void Client::list_full(const std::vector<std::string>& members,
                       const std::function<void(ServiceStatus)>& each) {
  const std::string params = JsonParams().add_given("members", members).text();
  const JsonDocument message = impl_->call("service.list_full", params, impl_->timeout);
  const JsonValue& list = message["result"];
  json_expect_array(list, "list");
  for (const JsonValue& element : list.GetArray()) each(read_status(element));
}

BriefStatus Client::status(const std::string& name) {
  return impl_->get("service.status", named(name).text(), read_brief_status);
}

ServiceStatus Client::status_full(const std::string& name) {
  return impl_->get("service.status_full", named(name).text(), read_status);
}

ServiceStatus Client::start(const std::string& name, const Wait& wait) {
  return impl_->settle("service.start", name, wait);
}

ServiceStatus Client::stop(const std::string& name, const Wait& wait) {
  return impl_->settle("service.stop", name, wait);
}

ServiceStatus Client::restart(const std::string& name, const Wait& wait) {
  return impl_->settle("service.restart", name, wait);
}

void Client::kill(const std::string& name, const std::string& signal, bool main_only) {
  impl_->tell("service.kill", named(name).add("signal", signal).add("main", main_only).text());
}

Isolation Client::isolate(const std::string& target) {
  return impl_->get("system.isolate", JsonParams().add("target", target).text(), read_isolation);
}

ServiceConfig Client::get(const std::string& name) {
  return impl_->get("service.get", named(name).text(), read_config);
}

SetResult Client::set(const std::string& config, bool persist, bool start) {
  return impl_->get("service.set", setting(config, persist, start), read_set);
}

SetResult Client::add(const std::string& config, bool persist, bool start) {
  return impl_->get("service.add", setting(config, persist, start), read_set);
}

void Client::remove(const std::string& name, bool persist, bool cascade,
                    std::optional<std::chrono::milliseconds> limit) {
  const JsonParams params = named(name).add("persist", persist).add("cascade", cascade);
  (void)impl_->call("service.delete", params.text(), limit);
}

BulkResult Client::start_all(std::optional<std::chrono::milliseconds> limit) {
  return read_bulk(impl_->call("service.start_all", {}, limit)["result"], "started");
}

BulkResult Client::stop_all(std::optional<std::chrono::milliseconds> limit) {
  return read_bulk(impl_->call("service.stop_all", {}, limit)["result"], "stopped");
}

BulkResult Client::delete_all(std::optional<std::chrono::milliseconds> limit) {
  return read_bulk(impl_->call("service.delete_all", {}, limit)["result"], "deleted");
}

ReloadReport Client::reload(bool dry_run) {
  return impl_->get("service.reload", JsonParams().add("dry_run", dry_run).text(), read_reload);
}

void Client::reload_service(const std::string& name) {
  impl_->tell("service.reload", named(name).text());
}

WhyReport Client::why(const std::string& name) {
  return impl_->get("service.why", named(name).text(), read_why);
}

std::vector<TreeNode> Client::tree(const std::string& name, bool reverse) {
  const std::string params = JsonParams().add_given("name", name).add("reverse", reverse).text();
  return impl_->get("service.tree", params, read_tree);
}

bool Client::is_running(const std::string& name) {
  return impl_->get("service.is_running", named(name).text(), [](const JsonValue& value) {
    if (!value.IsBool())
      throw ClientError(ErrorCode::bad_answer, "the server's answer is no boolean");
    return value.GetBool();
  });
}

ServiceStatus Client::wait(const std::string& name, WaitFor state,
                           std::optional<std::chrono::milliseconds> limit) {
  JsonParams params = named(name).add("for", word_of(state));
  if (limit) params.add("timeout_ms", std::int64_t{limit->count()});
  return read_status(impl_->call("service.wait", params.text(), with_grace(limit))["result"]);
}

ProxySetResult Client::set_proxy(const ProxyConfig& config, bool persist) {
  return impl_->get("xinet.set", proxy_params(config).add("persist", persist).text(),
                    read_proxy_set);
}

void Client::delete_proxy(const std::string& name) {
  impl_->tell("xinet.delete", named(name).text());
}

std::vector<std::string> Client::proxies() {
  return impl_->get("xinet.list", "", [](const JsonValue& value) { return json_strings(value); });
}

ProxyStatus Client::proxy(const std::string& name) {
  return impl_->get("xinet.status", named(name).text(), read_proxy);
}

std::vector<ProxyStatus> Client::all_proxies() {
  return impl_->get("xinet.status_all", "", read_proxies);
}

std::vector<LogLine> Client::logs_get(const std::string& name, std::uint32_t lines) {
  return impl_->get("logs.get", named(name).add("lines", lines).text(), read_log_lines);
}

std::vector<std::string> Client::logs_tail(const std::string& name, std::uint32_t lines) {
  return impl_->get("logs.tail", named(name).add("lines", lines).text(),
                    [](const JsonValue& value) { return json_strings(value); });
}

std::vector<LogLine> Client::logs_filter(const LogFilter& filter) {
  JsonParams params;
  params.add_given("name", filter.name)
      .add_given("pattern", filter.pattern)
      .add_given("stream", filter.stream)
      .add_given("since_us", filter.since_us)
      .add("lines", filter.lines);
  return impl_->get("logs.filter", params.text(), read_log_lines);
}

std::uint64_t Client::logs_subscribe(const std::vector<std::string>& names,
                                     std::function<void(const LogLine&)> callback,
                                     std::uint32_t lines) {
  return impl_->subscribe(
      "logs.subscribe", JsonParams().add_given("names", names).add("lines", lines).text(),
      [callback = std::move(callback)](std::string_view, const JsonValue& value) {
        callback(read_log_line(value));
      });
}

void Client::logs_unsubscribe(std::uint64_t subscription) {
  unsubscribe("logs.unsubscribe", subscription);
}

std::vector<StateEvent> Client::events_get(const std::vector<std::string>& names,
                                           std::uint32_t lines) {
  const std::string params = JsonParams().add_given("names", names).add("lines", lines).text();
  return impl_->get("events.get", params, read_events);
}

std::uint64_t Client::events_subscribe(const std::vector<std::string>& names,
                                       std::function<void(const StateEvent&)> callback) {
  return impl_->subscribe(
      "events.subscribe", JsonParams().add_given("names", names).text(),
      [callback = std::move(callback)](std::string_view, const JsonValue& value) {
        callback(read_event(value));
      });
}

void Client::events_unsubscribe(std::uint64_t subscription) {
  unsubscribe("events.unsubscribe", subscription);
}

std::uint64_t Client::subscribe(std::string_view method, std::string_view params,
                                NotificationCallback callback) {
  return impl_->subscribe(
      method, params,
      [callback = std::move(callback)](std::string_view name, const JsonValue& value) {
        callback(name, json_text(value));
      });
}

void Client::unsubscribe(std::string_view method, std::uint64_t subscription) {
  impl_->tell(method, JsonParams().add("subscription", subscription).text());
  impl_->session.unhandle(subscription);
}

bool Client::dispatch(std::optional<std::chrono::milliseconds> limit) {
  return impl_->session.dispatch(deadline_after(limit));
}

std::string Client::debug_state() { return call("debug.state"); }

ServiceStatus ServiceStatus::parse(std::string_view json) {
  return read_status(parse_json(std::string(json)));
}

}  // namespace v1
}  // namespace zinit
