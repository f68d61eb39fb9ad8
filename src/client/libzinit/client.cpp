// The public class Client: each method makes a request of zinit/request.hpp and waits for its
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

void Client::list_full(const std::vector<std::string>& members,
                       const std::function<void(ServiceStatus)>& each) {
  const auto answer = exchange(request::list_full(members));
  const JsonValue& list = answer->result();
  json_expect_array(list, "list");
  for (const JsonValue& element : list.GetArray()) each(read_as<ServiceStatus>(element));
}

std::uint64_t Client::logs_subscribe(const std::vector<std::string>& names,
                                     std::function<void(const LogLine&)> callback,
                                     std::uint32_t lines) {
  return impl_->subscribe(
      "logs.subscribe", JsonParams().add_given("names", names).add("lines", lines).text(),
      [callback = std::move(callback)](std::string_view, const JsonValue& value) {
        callback(read_as<LogLine>(value));
      });
}

void Client::logs_unsubscribe(std::uint64_t subscription) {
  unsubscribe("logs.unsubscribe", subscription);
}

std::uint64_t Client::events_subscribe(const std::vector<std::string>& names,
                                       std::function<void(const StateEvent&)> callback) {
  return impl_->subscribe(
      "events.subscribe", JsonParams().add_given("names", names).text(),
      [callback = std::move(callback)](std::string_view, const JsonValue& value) {
        callback(read_as<StateEvent>(value));
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

ServiceStatus ServiceStatus::parse(std::string_view json) {
  return read_as<ServiceStatus>(parse_json(std::string(json)));
}

}  // namespace v1
}  // namespace zinit
