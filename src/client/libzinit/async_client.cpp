// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The public class AsyncClient: the engine with the program's event loop, and its subscriptions.
//
// A subscription is also a call with the same Id. When the server accepts it, `handlers` gets its
// handler. If unsubscribe() comes before the answer, the call's callback becomes one that
// unsubscribes when the server's number is known.
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

std::string subscription_params(std::uint64_t number) {
  return JsonParams().add("subscription", number).text();
}

}  // namespace

struct AsyncClient::Impl : ClientEngine {
  struct Subscription {
    std::string method;        // the method that made it
    std::uint64_t number = 0;  // in the table of handlers; 0: there is no answer yet
  };

  std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(30);
  std::map<Id, Subscription> subscriptions;
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
    const auto found = handlers.find(json_count(*params, "subscription"));
    if (found == handlers.end()) return {};  // unsubscribed meanwhile
    return [handler = found->second,
            call = (*found->second)(json_string(message, "method"), *params)] { call(); };
  }

  void told_all() override {
    subscriptions.clear();
    handlers.clear();
    if (const auto last = std::exchange(closed, nullptr)) last(*failure);
  }

  void close() noexcept {
    drop_connection();
    open = false;
    // Destroying a callback may run any code of the program. The tables are empty by then.
    const auto old_calls = std::exchange(calls, {});
    const auto old_handlers = std::exchange(handlers, {});
    subscriptions.clear();
    const auto old_closed = std::exchange(closed, nullptr);
  }

  // --- subscriptions ---

  Id subscribe(Subscribing wanted, Callback<Done> done) {
    const Id id = send(any_request(wanted.method, wanted.params),
                       [this, id = next_id, handler = std::move(wanted.handler),
                        done = std::move(done)](const AnswerPtr& answer, const ClientError* error) {
                         accepted(id, handler, number_in(answer, error), done);
                       });
    subscriptions[id] = {std::move(wanted.method)};
    return id;
  }

  static Answer<std::uint64_t> number_in(const AnswerPtr& answer, const ClientError* error) {
    return error != nullptr ? *error : read_answer(subscription_of, *answer);
  }

  /// Called when the server has answered to a subscription, or the call has failed.
  void accepted(Id id, const HandlerPtr& handler, const Answer<std::uint64_t>& number,
                const Callback<Done>& done) {
    const auto found = subscriptions.find(id);
    if (found == subscriptions.end()) return;
    if (number) {
      found->second.number = *number;
      handlers[*number] = handler;
    } else {
      subscriptions.erase(found);
    }
    if (done) done(number ? Answer<Done>(Done{}) : Answer<Done>(number.error()));
  }

  void unsubscribe(Id id) {
    const auto found = subscriptions.extract(id);
    if (found.empty()) return;
    const auto& [subscribed, number] = found.mapped();
    const std::string method = subscribed.substr(0, subscribed.rfind('.')) + ".unsubscribe";
    if (number > 0) {
      const auto handler = handlers.extract(number);
      send(any_request(method, subscription_params(number)), {});
      return;
    }
    // The answer brings the server's number, so wait for the answer first.
    const auto call = calls.find(id);
    if (call == calls.end()) return;
    const auto callback = std::exchange(
        call->second.told, [this, method](const AnswerPtr& answer, const ClientError* error) {
          if (const auto late = number_in(answer, error))
            send(any_request(method, subscription_params(*late)), {});
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
  return impl_->subscribe({names, std::move(each)}, std::move(answered));
}

AsyncClient::Id AsyncClient::logs_subscribe(const std::vector<std::string>& names,
                                            std::function<void(const LogLine& line)> each,
                                            std::uint32_t lines, Callback<Done> answered) {
  return impl_->subscribe({names, std::move(each), lines}, std::move(answered));
}

AsyncClient::Id AsyncClient::subscribe(
    std::string_view method, std::string_view params,
    std::function<void(std::string_view method, const std::string& params)> each,
    Callback<Done> answered) {
  return impl_->subscribe({method, params, std::move(each)}, std::move(answered));
}

void AsyncClient::unsubscribe(Id subscription) {
  const auto held = impl_;
  held->unsubscribe(subscription);
}

}  // namespace v1
}  // namespace zinit
