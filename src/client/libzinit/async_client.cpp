// The public class AsyncClient: sends requests and reads lines over a socket that does not block,
// and calls the callbacks that wait for them.
//
// send() gives a request an Id, and puts it into `calls` and its text into `out`. The program calls
// on_readable(), which reads into `in`, on_writable(), which sends from `out`, and on_timeout().
// Only work() calls callbacks: for lines that have come, for calls that have failed or timed out,
// and last of all `closed`. So a request that fails in send() is reported by the next work();
// next_timeout() is 0 until then.
//
// A subscription is also a call with the same Id. When the server accepts it, `by_number` gets the
// server's number, and each notification finds its handler by that number. If unsubscribe() comes
// before the answer, the call's callback becomes one that unsubscribes when the number is known.
//
// A callback may do anything with the client, even destroy it. So a callback is taken out of its
// table, or held by a second pointer, before it is called; the tables are searched again after it;
// and every function that may call one holds the Impl.
#include "zinit/async_client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/format.hpp"
#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"

namespace zinit {
inline namespace v1 {

namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;
// Room for four requests of the largest size that a server takes.
constexpr std::size_t kMostQueued = std::size_t{4} << 20;

ClientError bad_answer(const char* why) { return {ErrorCode::bad_answer, why}; }

ClientError system_failure(const char* call, int errnum) {
  return {ErrorCode::system_failure, fmt::format("cannot {}: {}", call, errno_text(errnum))};
}

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

struct AsyncClient::Impl {
  struct Call {
    Told told;
    TimePoint deadline = kNever;
    std::optional<ClientError> error;  // it failed before it was sent
  };
  struct Subscription {
    std::string method;                     // the method that made it
    std::optional<std::uint64_t> number{};  // given by the server in its answer
    std::shared_ptr<const Handler> handler;
  };

  UniqueFd fd;
  std::optional<std::chrono::milliseconds> timeout = std::chrono::seconds(30);
  std::size_t answer_limit = std::size_t{64} << 20;
  Id next_id = 1;
  std::map<Id, Call> calls;
  std::map<Id, Subscription> subscriptions;
  std::map<std::uint64_t, Id> by_number;  // subscriptions that the server has accepted
  std::function<void(const ClientError&)> closed;
  std::optional<ClientError> failure;  // why the connection has ended
  bool open = true;                    // see is_open()
  bool busy = false;                   // a callback may be running

  std::string out;           // bytes that wait to be sent
  bool deaf = false;         // the server takes no more, but there may be more to read from it
  std::string in;            // received bytes
  std::size_t begin = 0;     // start of the first line in `in`
  std::size_t searched = 0;  // from `begin` up to here `in` has no line end
  bool ended = false;        // nothing more will come

  explicit Impl(const std::string& path) : fd(connect_to(path, std::nullopt)) {}

  // --- sending ---

  Id send(const RequestText& request, Told told) {
    const Id id = next_id++;
    Call call{std::move(told), deadline_after(request.waits ? request.limit : timeout), {}};
    if (!fd) {
      call.error = failure.value_or(ClientError(ErrorCode::disconnected, "the client is closed"));
    } else if (!request.params.empty() && !json_from(request.params)) {
      // The server could not know which request this was, and would end the connection.
      call.error = ClientError(ErrorCode::invalid_params, "the parameters are no JSON");
    } else if (std::string line = request_line(id, request.method, request.params) + '\n';
               out.size() + line.size() > kMostQueued) {
      call.error = ClientError(ErrorCode::queue_full, "the server does not read its requests");
    } else if (!deaf) {
      out += line;
    }
    calls.emplace(id, std::move(call));
    flush();
    return id;
  }

  /// Sends as much as the socket takes. Calls no callback: work() reports a failure.
  void flush() {
    std::size_t sent = 0;
    while (fd && sent < out.size()) {
      const ssize_t count =
          ::send(fd.get(), out.data() + sent, out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count >= 0) {
        sent += static_cast<std::size_t>(count);
      } else if (errno == EPIPE || errno == ECONNRESET) {
        deaf = true;
        sent = out.size();
      } else if (errno == EAGAIN) {
        break;
      } else if (errno != EINTR) {
        return fail(system_failure("write to the server", errno));
      }
    }
    out.erase(0, sent);
  }

  // --- receiving ---

  void receive() {
    if (!fd || ended) return;
    in.erase(0, begin);
    searched -= begin;
    begin = 0;
    const std::size_t before = in.size();
    in.resize(before + kChunk);
    const ssize_t got = ::recv(fd.get(), in.data() + before, kChunk, MSG_DONTWAIT);
    const int errnum = errno;
    in.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0 || (got < 0 && (errnum == EAGAIN || errnum == EINTR))) return;
    if (got < 0 && errnum != ECONNRESET)
      return fail(system_failure("read from the server", errnum));
    ended = true;
  }

  /// Whether unread lines are left. This happens only after a callback has thrown.
  [[nodiscard]] bool unread() const { return fd && (ended || searched < in.size()); }

  void handle_lines() {
    while (fd && searched < in.size()) {
      const auto end = in.find('\n', searched);
      searched = std::min(end, in.size());
      if (searched - begin > answer_limit) {
        fail(bad_answer("the server's answer is too long"));
      } else if (end != std::string::npos) {
        const std::string line = in.substr(begin, end - begin);
        begin = searched = end + 1;
        handle(line);
      }
    }
    if (fd && ended) fail(ClientError(ErrorCode::disconnected, "the server closed the connection"));
  }

  void handle(const std::string& line) {
    // Find the callback here, but call it after the `try`: a ClientError that a callback throws
    // must not be taken for an error in the line.
    JsonAnswer message{JsonDocument()};
    std::function<void()> call_back;
    try {
      message.message = parse_json(line);
      json_expect_object(message.message, "message");
      call_back =
          message.message.HasMember("method") ? notified(message.message) : answered(message);
    } catch (const ClientError& error) {
      return fail(error);
    }
    if (call_back) call_back();
  }

  std::function<void()> notified(const JsonValue& message) {
    const JsonValue* params = json_member(message, "params");
    if (params == nullptr) return {};
    const auto found = by_number.find(json_count(*params, "subscription"));
    if (found == by_number.end()) return {};  // unsubscribed meanwhile
    return [this, handler = subscriptions.at(found->second).handler,
            method = json_string(message, "method"), params] {
      if (const auto error = (*handler)(method, *params)) fail(*error);
    };
  }

  std::function<void()> answered(const JsonAnswer& answer) {
    const JsonValue& message = answer.message;
    const JsonValue* error = json_member(message, "error");
    const JsonValue* id = json_member(message, "id");
    // An error without an id is about the connection: access denied, or too much asked.
    if (id == nullptr && error != nullptr) throw read_error(*error);
    if (id == nullptr || !id->IsUint64() || id->GetUint64() >= next_id)
      throw bad_answer("the server answered what was not asked");
    if (error == nullptr && !message.HasMember("result"))
      throw bad_answer("the server's answer has neither result nor error");
    std::optional<ClientError> failed;
    if (error != nullptr) failed = read_error(*error);
    // The call may have been cancelled, or have timed out.
    const auto call = calls.extract(id->GetUint64());
    if (call.empty()) return {};
    return [told = std::move(call.mapped().told), failed = std::move(failed), &answer] {
      if (told) told(failed ? nullptr : &answer, failed ? &*failed : nullptr);
    };
  }

  // --- due calls ---

  /// Does everything that calls callbacks, unless a callback is running.
  void work() {
    if (busy) return;
    struct Busy {
      bool& flag;
      explicit Busy(bool& set) : flag(set) { flag = true; }
      ~Busy() { flag = false; }
    } const guard(busy);
    handle_lines();
    tell_late();
    if (!open || fd) return;
    open = false;
    subscriptions.clear();
    by_number.clear();
    if (const auto last = std::exchange(closed, nullptr)) last(*failure);
  }

  [[nodiscard]] TimePoint due(const Call& call) const {
    return call.error || !fd ? TimePoint{} : call.deadline;
  }

  /// Reports calls that have timed out or cannot be answered. Calls made by these callbacks wait
  /// for the next time, so that a program that repeats a failed call does not loop here forever.
  void tell_late() {
    const TimePoint now = Clock::now();
    const Id end = next_id;
    for (auto call = calls.begin(); call != calls.end() && call->first < end;) {
      if (due(call->second) > now) {
        ++call;
        continue;
      }
      const auto late = calls.extract(call);
      const ClientError error =
          late.mapped().error ? *late.mapped().error
          : fd ? ClientError(ErrorCode::no_answer, "the server did not answer in time")
               : failure.value_or(ClientError(ErrorCode::disconnected, "the client is closed"));
      if (late.mapped().told) late.mapped().told(nullptr, &error);
      call = calls.upper_bound(late.key());
    }
  }

  [[nodiscard]] TimePoint next_due() const {
    if (unread() || (!fd && open)) return TimePoint{};
    TimePoint next = kNever;
    for (const auto& [id, call] : calls) next = std::min(next, due(call));
    return next;
  }

  /// The connection has ended. Calls no callback: work() does.
  void fail(ClientError why) {
    failure.emplace(std::move(why));
    drop_connection();
  }

  void drop_connection() noexcept {
    fd.reset();
    out.clear();
    in.clear();
    begin = searched = 0;
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
                                              const JsonAnswer* answer, const ClientError* error) {
          accepted(id, answer, error, done);
        });
    subscriptions[id] = {
        std::string(method), {}, std::make_shared<const Handler>(std::move(handler))};
    return id;
  }

  /// Called when the server has answered to a subscription, or the call has failed.
  void accepted(Id id, const JsonAnswer* answer, const ClientError* error,
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
      failed = bad_answer("the server's answer has no number of a subscription");
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
        std::exchange(call->second.told, [this, method](const JsonAnswer* answer, auto*) {
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

std::optional<unsigned> AsyncClient::server_user() const {
  const auto server = peer_of(fd());
  return server ? std::optional(server->uid) : std::nullopt;
}

std::optional<int> AsyncClient::server_pid() const {
  const auto server = peer_of(fd());
  return server ? std::optional(server->pid) : std::nullopt;
}

AsyncClient::Id AsyncClient::send(const RequestText& request, Told told) {
  return impl_->send(request, std::move(told));
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
