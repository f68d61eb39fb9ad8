// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The public class Client: the engine with a loop around poll(2). Each method makes a request of
// zinit/request.hpp and waits for the answer.
#include "zinit/client.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>

#include "base/format.hpp"
#include "client/libzinit/connection.hpp"
#include "client/libzinit/engine.hpp"
#include "client/libzinit/socket_path.hpp"
#include "zinit/request.hpp"

namespace zinit {
inline namespace v1 {

namespace {

using Limit = std::optional<std::chrono::milliseconds>;

// Most bytes of notifications that are kept while a call waits. More are dropped and counted as
// `dropped`, as the server does for a slow reader.
constexpr std::size_t kNotificationBytes = std::size_t{16} << 20;

}  // namespace

struct Client::Impl : ClientEngine {
  /// Kept as text, because even a small parsed document takes 64 KiB.
  struct Notification {
    std::uint64_t subscription;
    std::string text;
  };
  struct Outcome {
    AnswerPtr answer;
    std::optional<ClientError> error;
  };

  explicit Impl(UniqueFd connection) : ClientEngine(std::move(connection)) {
    answer_limit = std::size_t{256} << 20;
  }

  Limit timeout = std::chrono::seconds(30);
  std::map<Id, Outcome> answers;  // outcomes that nobody has taken yet
  std::deque<Notification> notifications;
  std::size_t notification_bytes = 0;
  std::map<std::uint64_t, std::uint64_t> lost;  // number of dropped notifications, by subscription

  /// Waits until `done()`. Throws no_answer at the deadline, or why the connection has ended.
  template <class Done>
  void run_until(Done done, TimePoint deadline) {
    while (!done()) {
      if (!fd && calls.empty()) throw ClientError(*failure);
      const bool passed = !turn(std::min(deadline, next_due()));
      work();
      if (passed && Clock::now() >= deadline && !done())
        throw ClientError(ErrorCode::no_answer, "the server did not answer in time");
    }
  }

  /// One turn of the loop: sends and reads. Returns false if neither is possible until `limit`.
  bool turn(TimePoint limit) {
    pollfd waited{fd.get(), static_cast<short>(out.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    const int ready = ::poll(&waited, 1, poll_ms(limit));
    if (ready < 0 && errno != EINTR)
      fail({ErrorCode::system_failure,
            fmt::format("cannot wait for the server: {}", errno_text(errno))});
    if (ready <= 0) return ready < 0;
    if ((waited.revents & POLLOUT) != 0) flush();
    if ((waited.revents & ~POLLOUT) != 0) receive();
    return true;
  }

  Id send(std::string_view method, std::string_view params, TimePoint deadline) {
    return ClientEngine::send(
        method, params, deadline, [this, id = next_id](const AnswerPtr& answer, auto* error) {
          answers[id] = {answer, error ? std::optional(*error) : std::nullopt};
        });
  }

  /// The answer to a request whose outcome has come. Throws its error.
  AnswerPtr take(Id id) {
    const auto outcome = answers.extract(id);
    if (outcome.mapped().error) throw ClientError(*outcome.mapped().error);
    return outcome.mapped().answer;
  }

  AnswerPtr call(std::string_view method, std::string_view params, const Limit& limit) {
    const Id id = send(method, params, deadline_after(limit));
    run_until([&] { return answers.contains(id); }, kNever);
    return take(id);
  }

  /// Returns when the request is sent.
  Id request(std::string_view method, std::string_view params) {
    const TimePoint deadline = deadline_after(timeout);
    const Id id = send(method, params, kNever);
    try {
      run_until([&] { return out.empty() || !fd; }, deadline);
    } catch (const ClientError&) {
      calls.erase(id);
      throw;
    }
    return id;
  }

  std::uint64_t subscribe(const Subscribing& wanted) {
    const AnswerPtr answer = call(wanted.method, wanted.params, timeout);
    const std::uint64_t subscription = subscription_of(*answer);
    handlers[subscription] = wanted.handler;
    return subscription;
  }

  std::function<void()> notified(const JsonValue& message, std::string& line) override {
    const JsonValue* params = json_member(message, "params");
    if (params == nullptr) return {};
    const std::uint64_t subscription = json_count(*params, "subscription");
    if (notification_bytes + line.size() > kNotificationBytes) {
      ++lost[subscription];
      return {};
    }
    notification_bytes += line.size();
    notifications.push_back({subscription, std::move(line)});
    return {};
  }

  void told_all() override {}

  /// Calls the handler of the next notification; without one it reports dropped ones to their
  /// handler. Returns false if there is neither.
  bool call_next_handler() {
    while (!notifications.empty() || !lost.empty()) {
      Notification next;
      if (!notifications.empty()) {
        next = std::move(notifications.front());
        notifications.pop_front();
        notification_bytes -= next.text.size();
      } else {
        const auto [subscription, count] = *lost.begin();
        lost.erase(lost.begin());
        next = {subscription, fmt::format(R"({{"params":{{"subscription":{},"dropped":{}}}}})",
                                          subscription, count)};
      }
      const auto found = handlers.find(next.subscription);
      if (found == handlers.end()) continue;  // unsubscribed meanwhile
      // A copy, because the handler may unsubscribe itself.
      const HandlerPtr handler = found->second;
      const JsonDocument message = parse_json(next.text);
      (*handler)(json_string(message, "method"), *json_member(message, "params"))();
      return true;
    }
    return false;
  }
};

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

std::string Client::default_socket() {
  auto path = default_socket_path(::geteuid(), [](const char* name) { return std::getenv(name); });
  if (!path) throw ClientError(ErrorCode::access_denied, path.error().text);
  return *path;
}

Client Client::connect(const std::string& socket_path, std::chrono::milliseconds limit) {
  return Client(std::make_unique<Impl>(connect_to(socket_path, deadline_after(limit))));
}

std::optional<unsigned> Client::server_user() const { return impl_->server_user(); }
std::optional<int> Client::server_pid() const { return impl_->server_pid(); }

int Client::fd() const noexcept { return impl_->fd.get(); }

void Client::set_timeout(std::optional<std::chrono::milliseconds> timeout) {
  impl_->timeout = timeout;
}

void Client::set_answer_limit(std::size_t bytes) { impl_->answer_limit = bytes; }

std::shared_ptr<const JsonAnswer> Client::exchange(const RequestText& request) {
  const Limit& limit = request.waits ? request.limit : impl_->timeout;
  return impl_->call(request.method, request.params, limit);
}

std::string Client::call(std::string_view method, std::string_view params) {
  return call(any_request(method, params));
}

std::uint64_t Client::request(std::string_view method, std::string_view params) {
  return impl_->request(method, params);
}

std::string Client::answer(std::uint64_t request, std::optional<std::chrono::milliseconds> limit) {
  const auto has_come = [&] { return impl_->answers.contains(request); };
  if (!has_come() && !impl_->calls.contains(request)) {
    throw ClientError(ErrorCode::invalid_request,
                      fmt::format("no answer is due to request {}", request));
  }
  impl_->run_until(has_come, deadline_after(limit));
  return json_text(impl_->take(request)->result());
}

std::uint64_t Client::first_answered(std::optional<std::chrono::milliseconds> limit) {
  if (impl_->answers.empty() && impl_->calls.empty())
    throw ClientError(ErrorCode::invalid_request, "no answer is due");
  impl_->run_until([&] { return !impl_->answers.empty(); }, deadline_after(limit));
  return impl_->answers.begin()->first;
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
  return impl_->subscribe({names, std::move(callback), lines});
}

void Client::logs_unsubscribe(std::uint64_t subscription) {
  unsubscribe("logs.unsubscribe", subscription);
}

std::uint64_t Client::events_subscribe(const std::vector<std::string>& names,
                                       std::function<void(const StateEvent&)> callback) {
  return impl_->subscribe({names, std::move(callback)});
}

void Client::events_unsubscribe(std::uint64_t subscription) {
  unsubscribe("events.unsubscribe", subscription);
}

std::uint64_t Client::subscribe(std::string_view method, std::string_view params,
                                NotificationCallback callback) {
  return impl_->subscribe({method, params, std::move(callback)});
}

void Client::unsubscribe(std::string_view method, std::uint64_t subscription) {
  call(any_request(method, JsonParams().add("subscription", subscription).text()));
  impl_->handlers.erase(subscription);
  impl_->lost.erase(subscription);
}

bool Client::dispatch(std::optional<std::chrono::milliseconds> limit) {
  const TimePoint deadline = deadline_after(limit);
  while (!impl_->call_next_handler()) {
    try {
      impl_->run_until([&] { return !impl_->notifications.empty() || !impl_->lost.empty(); },
                       deadline);
    } catch (const ClientError& error) {
      if (error.code() == ErrorCode::no_answer) return false;
      throw;
    }
  }
  return true;
}

ServiceStatus ServiceStatus::parse(std::string_view json) {
  return parse_as<ServiceStatus>(std::string(json));
}

}  // namespace v1
}  // namespace zinit
