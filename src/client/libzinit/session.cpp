// JSON-RPC 2.0 over one connection: see session.hpp.
#include "client/libzinit/session.hpp"

#include "base/format.hpp"
#include "zinit/client.hpp"

namespace zinit {

namespace {

// Most bytes of notifications that are kept while a call waits. More are dropped and counted as
// `dropped`, as the server does for a slow reader.
constexpr std::size_t kNotificationBytes = std::size_t{16} << 20;

[[noreturn]] void bad(const char* why) { throw ClientError(ErrorCode::bad_answer, why); }

}  // namespace

std::uint64_t ClientSession::request(std::string_view method, std::string_view params,
                                     TimePoint deadline) {
  const std::uint64_t id = next_id_++;
  connection_.send_line(request_line(id, method, params), deadline);
  pending_.insert(id);
  return id;
}

JsonDocument ClientSession::answer(std::uint64_t id, TimePoint deadline) {
  while (true) {
    if (const auto found = answers_.find(id); found != answers_.end()) {
      JsonDocument message = std::move(found->second);
      answers_.erase(found);
      if (const JsonValue* error = json_member(message, "error")) throw read_error(*error);
      if (!message.HasMember("result")) bad("the server's answer has neither result nor error");
      return message;
    }
    if (!pending_.contains(id)) {
      throw ClientError(ErrorCode::invalid_request,
                        fmt::format("no answer is due to request {}", id));
    }
    read_message(deadline);
  }
}

std::uint64_t ClientSession::first_answered(TimePoint deadline) {
  while (answers_.empty()) {
    if (pending_.size() == forgotten_.size())
      throw ClientError(ErrorCode::invalid_request, "no answer is due");
    read_message(deadline);
  }
  return answers_.begin()->first;
}

void ClientSession::forget(std::uint64_t id) {
  answers_.erase(id);
  if (pending_.contains(id)) forgotten_.insert(id);
}

void ClientSession::read_message(TimePoint deadline) {
  std::string line = connection_.read_line(deadline);
  JsonDocument message = parse_json(line);
  json_expect_object(message, "message");
  if (message.HasMember("method")) return keep_notification(message, std::move(line));
  keep_answer(std::move(message));
}

void ClientSession::keep_answer(JsonDocument message) {
  const JsonValue& object = message;
  const auto id = object.FindMember("id");
  if (id == object.MemberEnd()) bad("the server's answer has no id");
  if (id->value.IsNull()) {
    // An error without an id is about the connection: access denied, or a request that the server
    // cannot read.
    if (const JsonValue* error = json_member(message, "error")) throw read_error(*error);
  }
  if (!id->value.IsUint64() || pending_.erase(id->value.GetUint64()) == 0) {
    bad("the server answered what was not asked");
  }
  const std::uint64_t number = id->value.GetUint64();
  if (forgotten_.erase(number) == 0) answers_.emplace(number, std::move(message));
}

void ClientSession::keep_notification(const JsonValue& message, std::string text) {
  const JsonValue* params = json_member(message, "params");
  if (params == nullptr) return;
  const std::uint64_t subscription = json_count(*params, "subscription");
  if (notification_bytes_ + text.size() > kNotificationBytes) {
    ++lost_[subscription];
    return;
  }
  notification_bytes_ += text.size();
  notifications_.push_back({subscription, std::move(text)});
}

void ClientSession::handle(std::uint64_t subscription, Handler handler) {
  handlers_.insert_or_assign(subscription, std::move(handler));
}

void ClientSession::unhandle(std::uint64_t subscription) {
  handlers_.erase(subscription);
  lost_.erase(subscription);
}

bool ClientSession::call_next_handler() {
  while (!notifications_.empty()) {
    const Notification next = std::move(notifications_.front());
    notifications_.pop_front();
    notification_bytes_ -= next.text.size();
    const auto found = handlers_.find(next.subscription);
    if (found == handlers_.end()) continue;  // unsubscribed meanwhile
    // A copy, because the handler may unsubscribe itself.
    const Handler handler = found->second;
    const JsonDocument message = parse_json(next.text);
    handler(json_string(message, "method"), *json_member(message, "params"));
    return true;
  }
  return false;
}

bool ClientSession::tell_of_lost() {
  while (!lost_.empty()) {
    const auto [subscription, count] = *lost_.begin();
    lost_.erase(lost_.begin());
    const auto found = handlers_.find(subscription);
    if (found == handlers_.end()) continue;
    const Handler handler = found->second;
    handler("",
            parse_json(fmt::format(R"({{"subscription":{},"dropped":{}}})", subscription, count)));
    return true;
  }
  return false;
}

bool ClientSession::dispatch(TimePoint deadline) {
  while (!call_next_handler() && !tell_of_lost()) {
    try {
      read_message(deadline);
    } catch (const ClientError& error) {
      if (error.code() == ErrorCode::no_answer) return false;
      throw;
    }
  }
  return true;
}

}  // namespace zinit
