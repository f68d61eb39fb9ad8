// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The public class AsyncClient: the engine with the program's event loop, and its subscriptions.
//
// A subscription is also a call with the same Id. When the server accepts it, `by_number` gets the
// server's number, and each notification finds its handler by that number. If unsubscribe() comes
// before the answer, the call's callback becomes one that unsubscribes when the number is known.
//
// A callback may destroy its AsyncClient. So every function that may call one holds the Impl.
#include "zinit/async_client.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "client/libzinit/connection.hpp"
#include "client/libzinit/engine.hpp"

namespace zinit {
inline namespace v1 {

namespace {

// Room for four requests of the largest size that a server takes.
constexpr std::size_t kMostQueued = std::size_t{4} << 20;

/// Calls `each` with a notification. Returns an error if its params cannot be read. An exception
/// from `each` is not such an error: it goes to the caller.
using Handler =
    std::function<std::optional<ClientError>(std::string_view method, const JsonValue& params)>;

template <class T>
Handler handler_of(T (*read)(const JsonValue&), std::function<void(const T&)> each) {
  return [read, each = std::move(each)](std::string_view,
                                        const JsonValue& params) -> std::optional<ClientError> {
    std::optional<T> value;
    try {
      value = read(params);
    } catch (const ClientError& error) {
      return error;
    }
    if (each) each(*value);
    return std::nullopt;
  };
}

std::string subscription_params(std::uint64_t number) {
  return JsonParams().add("subscription", number).text();
}

/// The subscription's number in the answer to its request; nothing if the answer has none.
std::optional<std::uint64_t> subscription_of(const JsonAnswer& answer) {
  const JsonValue& result = answer.result();
  if (!result.IsObject()) return std::nullopt;
  const auto number = result.FindMember("subscription");
  if (number == result.MemberEnd() || !number->value.IsUint64()) return std::nullopt;
  return number->value.GetUint64();
}

}  // namespace

struct AsyncClient::Impl : ClientEngine {
  struct Subscription {
    std::string method;                     // the method that made it
    std::optional<std::uint64_t> number{};  // given by the server in its answer
    std::shared_ptr<const Handler> handler;
  };

  std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(30);
  std::map<Id, Subscription> subscriptions;
  std::map<std::uint64_t, Id> by_number;  // subscriptions that the server has accepted
  std::function<void(const ClientError&)> closed;

  explicit Impl(const std::string& path) : ClientEngine(connect_to(path, std::nullopt)) {
    answer_limit = std::size_t{64} << 20;
    queue_limit = kMostQueued;
  }

  Id send(const RequestText& request, ClientEngine::Told told) {
    return ClientEngine::send(request.method, request.params,
                              deadline_after(request.waits ? request.limit : timeout),
                              std::move(told));
  }

  std::function<void()> notified(const JsonValue& message, std::string&) override {
    const JsonValue* params = json_member(message, "params");
    if (params == nullptr) return {};
    const auto found = by_number.find(json_count(*params, "subscription"));
    if (found == by_number.end()) return {};  // unsubscribed meanwhile
    return [this, handler = subscriptions.at(found->second).handler,
            method = json_string(message, "method"), params] {
      if (const auto error = (*handler)(method, *params)) fail(*error);
    };
  }

  void told_all() override {
    subscriptions.clear();
    by_number.clear();
    if (const auto last = std::exchange(closed, nullptr)) last(*failure);
  }

  void close() noexcept {
    drop_connection();
    open = false;
    // Destroying a callback may run any code of the program. The tables are empty by then.
    const auto old_calls = std::exchange(calls, {});
    const auto old_subscriptions = std::exchange(subscriptions, {});
    by_number.clear();
    const auto old_closed = std::exchange(closed, nullptr);
  }

  // --- subscriptions ---

  Id subscribe(std::string_view method, std::string_view params, Handler handler,
               Callback<Done> done) {
    const Id id =
        send(any_request(method, params), [this, id = next_id, done = std::move(done)](
                                              const AnswerPtr& answer, const ClientError* error) {
          accepted(id, answer, error, done);
        });
    subscriptions[id] = {
        std::string(method), {}, std::make_shared<const Handler>(std::move(handler))};
    return id;
  }

  /// Called when the server has answered to a subscription, or the call has failed.
  void accepted(Id id, const AnswerPtr& answer, const ClientError* error,
                const Callback<Done>& done) {
    const auto found = subscriptions.find(id);
    if (found == subscriptions.end()) return;
    std::optional<ClientError> failed;
    if (error != nullptr) {
      failed = *error;
    } else if (const auto number = subscription_of(*answer)) {
      found->second.number = number;
      by_number[*number] = id;
    } else {
      failed =
          ClientError(ErrorCode::bad_answer, "the server's answer has no number of a subscription");
    }
    if (failed) subscriptions.erase(found);
    if (done) done(failed ? Answer<Done>(*failed) : Answer<Done>(Done{}));
  }

  void unsubscribe(Id id) {
    auto found = subscriptions.extract(id);
    if (found.empty()) return;
    const Subscription& old = found.mapped();
    const std::string method = old.method.substr(0, old.method.rfind('.')) + ".unsubscribe";
    if (old.number) {
      by_number.erase(*old.number);
      send(any_request(method, subscription_params(*old.number)), {});
      return;
    }
    // The answer brings the server's number, so wait for the answer first.
    const auto call = calls.find(id);
    if (call == calls.end()) return;
    const auto callback =
        std::exchange(call->second.told, [this, method](const AnswerPtr& answer, auto*) {
          const auto number = answer != nullptr ? subscription_of(*answer) : std::nullopt;
          if (number) send(any_request(method, subscription_params(*number)), {});
        });
  }
};

AsyncClient::AsyncClient(const std::string& socket_path)
    : impl_(std::make_shared<Impl>(socket_path)) {}

AsyncClient::AsyncClient(AsyncClient&&) noexcept = default;

AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept {
  // The old callbacks are destroyed at the end, when *this is the new client already.
  const AsyncClient old = std::move(*this);
  impl_ = std::move(other.impl_);
  return *this;
}

AsyncClient::~AsyncClient() {
  if (impl_) impl_->close();
}

int AsyncClient::fd() const noexcept { return impl_->fd.get(); }
bool AsyncClient::wants_read() const noexcept { return static_cast<bool>(impl_->fd); }
bool AsyncClient::wants_write() const noexcept { return impl_->fd && !impl_->out.empty(); }

void AsyncClient::on_readable() {
  const auto held = impl_;
  if (held->busy) return;
  held->receive();
  held->work();
}

void AsyncClient::on_writable() { impl_->flush(); }

void AsyncClient::on_timeout() {
  const auto held = impl_;
  held->work();
}

std::optional<std::chrono::milliseconds> AsyncClient::next_timeout() const {
  const TimePoint due = impl_->next_due();
  if (due == kNever) return std::nullopt;
  const TimePoint now = Clock::now();
  // Rounded up: a caller that waits exactly this long would wake up too early again and again.
  return due <= now ? std::chrono::milliseconds(0)
                    : std::chrono::ceil<std::chrono::milliseconds>(due - now);
}

int AsyncClient::timeout_ms() const {
  const auto next = next_timeout();
  if (!next) return -1;
  return static_cast<int>(std::min<std::int64_t>(next->count(), std::numeric_limits<int>::max()));
}

bool AsyncClient::is_open() const noexcept { return impl_->open; }

void AsyncClient::on_closed(std::function<void(const ClientError& reason)> callback) {
  impl_->closed.swap(callback);
}

void AsyncClient::close() noexcept {
  const auto held = impl_;
  held->close();
}

void AsyncClient::set_timeout(std::optional<std::chrono::milliseconds> timeout) {
  impl_->timeout = timeout;
}

void AsyncClient::set_answer_limit(std::size_t bytes) { impl_->answer_limit = bytes; }

std::optional<unsigned> AsyncClient::server_user() const { return impl_->server_user(); }
std::optional<int> AsyncClient::server_pid() const { return impl_->server_pid(); }

AsyncClient::Id AsyncClient::send(const RequestText& request, Told told) {
  return impl_->send(
      request, [told = std::move(told)](const ClientEngine::AnswerPtr& answer,
                                        const ClientError* error) { told(answer.get(), error); });
}

void AsyncClient::cancel(Id call) {
  const auto held = impl_;
  if (held->subscriptions.contains(call)) return held->unsubscribe(call);
  const auto cancelled = held->calls.extract(call);
}

AsyncClient::Id AsyncClient::events_subscribe(const std::vector<std::string>& names,
                                              std::function<void(const StateEvent& event)> each,
                                              Callback<Done> answered) {
  return impl_->subscribe("events.subscribe", JsonParams().add_given("names", names).text(),
                          handler_of(read_as<StateEvent>, std::move(each)), std::move(answered));
}

AsyncClient::Id AsyncClient::logs_subscribe(const std::vector<std::string>& names,
                                            std::function<void(const LogLine& line)> each,
                                            std::uint32_t lines, Callback<Done> answered) {
  return impl_->subscribe("logs.subscribe",
                          JsonParams().add_given("names", names).add("lines", lines).text(),
                          handler_of(read_as<LogLine>, std::move(each)), std::move(answered));
}

AsyncClient::Id AsyncClient::subscribe(
    std::string_view method, std::string_view params,
    std::function<void(std::string_view method, const std::string& params)> each,
    Callback<Done> answered) {
  const auto handler = [each = std::move(each)](std::string_view name, const JsonValue& value) {
    if (each) each(name, json_text(value));
    return std::optional<ClientError>();
  };
  return impl_->subscribe(method, params, handler, std::move(answered));
}

void AsyncClient::unsubscribe(Id subscription) {
  const auto held = impl_;
  held->unsubscribe(subscription);
}

}  // namespace v1
}  // namespace zinit
