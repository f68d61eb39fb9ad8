// The public class Client: each method makes a request of zinit/request.hpp and waits for the
// answer.
#include "zinit/client.hpp"

#include <unistd.h>

#include <cstdlib>

#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/libzinit/session.hpp"
#include "client/libzinit/socket_path.hpp"
#include "zinit/request.hpp"

namespace zinit {
inline namespace v1 {

namespace {

using Limit = std::optional<std::chrono::milliseconds>;

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

int Client::fd() const noexcept { return impl_->session.fd(); }

void Client::set_timeout(std::optional<std::chrono::milliseconds> timeout) {
  impl_->timeout = timeout;
}

void Client::set_answer_limit(std::size_t bytes) { impl_->session.set_answer_limit(bytes); }

std::shared_ptr<const JsonAnswer> Client::exchange(const RequestText& request) {
  const Limit& limit = request.waits ? request.limit : impl_->timeout;
  return std::make_shared<const JsonAnswer>(impl_->call(request.method, request.params, limit));
}

std::string Client::call(std::string_view method, std::string_view params) {
  return call(any_request(method, params));
}

std::uint64_t Client::request(std::string_view method, std::string_view params) {
  return impl_->session.request(method, params, deadline_after(impl_->timeout));
}

std::string Client::answer(std::uint64_t request, std::optional<std::chrono::milliseconds> limit) {
  return json_text(impl_->session.answer(request, deadline_after(limit))["result"]);
}

std::uint64_t Client::first_answered(std::optional<std::chrono::milliseconds> limit) {
  return impl_->session.first_answered(deadline_after(limit));
}

PingAnswer Client::ping() { return call(request::ping()); }
SystemInfo Client::info() { return call(request::info()); }

std::vector<BootStep> Client::bootchart() { return call(request::bootchart()); }
std::vector<TimerStatus> Client::timers() { return call(request::timers()); }

void Client::shutdown(ShutdownTime at, const std::string& message) {
  call(request::shutdown(at, message));
}

void Client::poweroff(ShutdownTime at, const std::string& message) {
  call(request::poweroff(at, message));
}

void Client::reboot(ShutdownTime at, const std::string& message) {
  call(request::reboot(at, message));
}

void Client::halt(ShutdownTime at, const std::string& message) { call(request::halt(at, message)); }

void Client::kexec(ShutdownTime at, const std::string& message) {
  call(request::kexec(at, message));
}

void Client::switch_root(const std::string& new_root, const std::string& init) {
  call(request::switch_root(new_root, init));
}

void Client::reexec(bool update) { call(request::reexec(update)); }

bool Client::cancel_shutdown() { return call(request::cancel_shutdown()); }

std::vector<std::string> Client::list() { return call(request::list()); }

std::vector<ServiceStatus> Client::list_full(const std::vector<std::string>& members) {
  return call(request::list_full(members));
}

void Client::list_full(const std::vector<std::string>& members,
                       const std::function<void(ServiceStatus)>& each) {
  const auto answer = exchange(request::list_full(members));
  const JsonValue& list = answer->result();
  json_expect_array(list, "list");
  for (const JsonValue& element : list.GetArray()) each(read_status(element));
}

BriefStatus Client::status(const std::string& name) { return call(request::status(name)); }

ServiceStatus Client::status_full(const std::string& name) {
  return call(request::status_full(name));
}

ServiceStatus Client::start(const std::string& name, const Wait& wait) {
  return call(request::start(name, wait));
}

ServiceStatus Client::stop(const std::string& name, const Wait& wait) {
  return call(request::stop(name, wait));
}

ServiceStatus Client::restart(const std::string& name, const Wait& wait) {
  return call(request::restart(name, wait));
}

void Client::kill(const std::string& name, const std::string& signal, bool main_only) {
  call(request::kill(name, signal, main_only));
}

Isolation Client::isolate(const std::string& target) { return call(request::isolate(target)); }

ServiceConfig Client::get(const std::string& name) { return call(request::get(name)); }

SetResult Client::set(const std::string& config, bool persist, bool start) {
  return call(request::set(config, persist, start));
}

SetResult Client::add(const std::string& config, bool persist, bool start) {
  return call(request::add(config, persist, start));
}

void Client::remove(const std::string& name, bool persist, bool cascade,
                    std::optional<std::chrono::milliseconds> limit) {
  call(request::remove(name, persist, cascade, limit));
}

BulkResult Client::start_all(std::optional<std::chrono::milliseconds> limit) {
  return call(request::start_all(limit));
}

BulkResult Client::stop_all(std::optional<std::chrono::milliseconds> limit) {
  return call(request::stop_all(limit));
}

BulkResult Client::delete_all(std::optional<std::chrono::milliseconds> limit) {
  return call(request::delete_all(limit));
}

ReloadReport Client::reload(bool dry_run, bool check, const std::vector<std::string>& only,
                            bool no_restart) {
  return call(request::reload(dry_run, check, only, no_restart));
}

void Client::reload_service(const std::string& name, bool check) {
  call(request::reload_service(name, check));
}

WhyReport Client::why(const std::string& name) { return call(request::why(name)); }

std::vector<TreeNode> Client::tree(const std::string& name, bool reverse) {
  return call(request::tree(name, reverse));
}

bool Client::is_running(const std::string& name) { return call(request::is_running(name)); }

ServiceStats Client::stats(const std::string& name) { return call(request::stats(name)); }

std::vector<ProcessInfo> Client::children(const std::string& name) {
  return call(request::children(name));
}

ServiceStatus Client::wait(const std::string& name, WaitFor state,
                           std::optional<std::chrono::milliseconds> limit) {
  return call(request::wait(name, state, limit));
}

ProxySetResult Client::set_proxy(const ProxyConfig& config, bool persist) {
  return call(request::set_proxy(config, persist));
}

void Client::delete_proxy(const std::string& name) { call(request::delete_proxy(name)); }

std::vector<std::string> Client::proxies() { return call(request::proxies()); }

ProxyStatus Client::proxy(const std::string& name) { return call(request::proxy(name)); }

std::vector<ProxyStatus> Client::all_proxies() { return call(request::all_proxies()); }

std::vector<LogLine> Client::logs_get(const std::string& name, std::uint32_t lines) {
  return call(request::logs_get(name, lines));
}

std::vector<std::string> Client::logs_tail(const std::string& name, std::uint32_t lines) {
  return call(request::logs_tail(name, lines));
}

std::vector<LogLine> Client::logs_filter(const LogFilter& filter) {
  return call(request::logs_filter(filter));
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
  return call(request::events_get(names, lines));
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
  call(any_request(method, JsonParams().add("subscription", subscription).text()));
  impl_->session.unhandle(subscription);
}

bool Client::dispatch(std::optional<std::chrono::milliseconds> limit) {
  return impl_->session.dispatch(deadline_after(limit));
}

std::string Client::metrics() { return call(request::metrics()); }

std::string Client::debug_state() { return call(request::debug_state()); }

void Client::debug_settle(std::chrono::milliseconds limit) { call(request::debug_settle(limit)); }

std::vector<ProcessNode> Client::process_tree(const std::string& name) {
  return call(request::process_tree(name));
}

ServiceStatus ServiceStatus::parse(std::string_view json) {
  return read_status(parse_json(std::string(json)));
}

}  // namespace v1
}  // namespace zinit
