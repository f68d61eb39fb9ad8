// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The engine of both clients: see engine.hpp.
#include "client/libzinit/engine.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "base/format.hpp"
#include "client/libzinit/connection.hpp"

namespace zinit {

namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;

ClientError bad_answer(const char* why) { return {ErrorCode::bad_answer, why}; }

ClientError system_failure(const char* call, int errnum) {
  return {ErrorCode::system_failure, fmt::format("cannot {}: {}", call, errno_text(errnum))};
}

}  // namespace

ClientEngine::ClientEngine(UniqueFd connection)
    : fd(std::move(connection)), server_(peer_of(fd.get())) {}

std::optional<unsigned> ClientEngine::server_user() const {
  return server_ ? std::optional(server_->uid) : std::nullopt;
}

std::optional<int> ClientEngine::server_pid() const {
  return server_ ? std::optional(server_->pid) : std::nullopt;
}

// --- sending -------------------------------------------------------------------------------------

ClientEngine::Id ClientEngine::send(std::string_view method, std::string_view params,
                                    TimePoint deadline, Told told) {
  const Id id = next_id++;
  Call call{std::move(told), deadline};
  if (!fd) {
    call.error = ending();
  } else if (!params.empty() && !json_from(std::string(params))) {
    // The server could not know which request this was, and would end the connection.
    call.error = ClientError(ErrorCode::invalid_params, "the parameters are no JSON");
  } else if (std::string line = request_line(id, method, params) + '\n';
             line.size() > queue_limit || out.size() > queue_limit - line.size()) {
    call.error = ClientError(ErrorCode::queue_full, "the server does not read its requests");
  } else if (!deaf_) {
    out += line;
  }
  calls.emplace(id, std::move(call));
  flush();
  return id;
}

void ClientEngine::flush() {
  std::size_t sent = 0;
  while (fd && sent < out.size()) {
    const ssize_t count =
        ::send(fd.get(), out.data() + sent, out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      deaf_ = true;
      sent = out.size();
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return fail(system_failure("write to the server", errno));
    }
  }
  out.erase(0, sent);
}

// --- receiving -----------------------------------------------------------------------------------

void ClientEngine::receive() {
  if (!fd || ended_) return;
  in_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  const std::size_t before = in_.size();
  // No more than are there, because resize() writes to each byte: most answers are short. At least
  // one byte, because the read must report the end.
  const std::size_t there = std::clamp<std::size_t>(readable_bytes(fd.get()), 1, kChunk);
  in_.resize(before + there);
  const ssize_t got = ::recv(fd.get(), in_.data() + before, there, MSG_DONTWAIT);
  const int errnum = errno;
  in_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got > 0 || (got < 0 && (errnum == EAGAIN || errnum == EINTR))) return;
  if (got < 0 && errnum != ECONNRESET) return fail(system_failure("read from the server", errnum));
  ended_ = true;
}

std::string ClientEngine::take_line(std::size_t end) {
  // Usually there is one answer and nothing after it, so no copy is needed.
  const bool all = begin_ == 0 && end + 1 == in_.size();
  std::string line = all ? std::exchange(in_, {}) : in_.substr(begin_, end - begin_);
  if (all) line.pop_back();
  begin_ = searched_ = all ? 0 : end + 1;
  return line;
}

void ClientEngine::handle_lines() {
  while (fd && searched_ < in_.size()) {
    const auto end = in_.find('\n', searched_);
    searched_ = std::min(end, in_.size());
    if (searched_ - begin_ > answer_limit) {
      fail({ErrorCode::bad_answer,
            fmt::format("the server's answer is longer than {} bytes", answer_limit)});
    } else if (end != std::string::npos) {
      handle(take_line(end));
    }
  }
  if (fd && ended_)
    fail({ErrorCode::disconnected, "the server closed the connection before it answered"});
}

void ClientEngine::handle(std::string line) {
  // Find the callback here, but call it after the `try`: a ClientError that a callback throws must
  // not be taken for an error in the line.
  std::shared_ptr<const JsonAnswer> message;
  std::function<void()> call_back;
  try {
    message = std::make_shared<const JsonAnswer>(parse_json(line));
    json_expect_object(message->message, "message");
    call_back =
        message->message.HasMember("method") ? notified(message->message, line) : answered(message);
  } catch (const ClientError& error) {
    return fail(error);
  }
  if (call_back) call_back();
}

std::function<void()> ClientEngine::answered(const AnswerPtr& answer) {
  const JsonValue& message = answer->message;
  const JsonValue* error = json_member(message, "error");
  const JsonValue* id = json_member(message, "id");
  // An error without an id is about the connection: access denied, or too much asked.
  if (id == nullptr && error != nullptr) throw read_error(*error);
  if (id == nullptr || !id->IsUint64() || id->GetUint64() >= next_id)
    throw bad_answer("the server answered a request that was not made");
  if (error == nullptr && !message.HasMember("result"))
    throw bad_answer("the server's answer has neither result nor error");
  std::optional<ClientError> failed;
  if (error != nullptr) failed = read_error(*error);
  // The call may have been cancelled, or have timed out.
  const auto call = calls.extract(id->GetUint64());
  if (call.empty()) return {};
  return [told = std::move(call.mapped().told), failed = std::move(failed), answer] {
    if (told) told(failed ? nullptr : answer, failed ? &*failed : nullptr);
  };
}

// --- subscriptions -------------------------------------------------------------------------------

template <class T>
static auto handler_of(std::function<void(const T&)> each) {
  return std::make_shared<const ClientEngine::Handler>(
      [each = std::move(each)](std::string_view, const JsonValue& params) {
        return [&each, value = read_as<T>(params)] {
          if (each) each(value);
        };
      });
}

ClientEngine::Subscribing::Subscribing(const Names& names,
                                       std::function<void(const StateEvent&)> each)
    : method("events.subscribe"),
      params(JsonParams().add_given("names", names).text()),
      handler(handler_of(std::move(each))) {}

ClientEngine::Subscribing::Subscribing(const Names& names, std::function<void(const LogLine&)> each,
                                       std::uint32_t lines)
    : method("logs.subscribe"),
      params(JsonParams().add_given("names", names).add("lines", lines).text()),
      handler(handler_of(std::move(each))) {}

ClientEngine::Subscribing::Subscribing(
    std::string_view any, std::string_view given,
    std::function<void(std::string_view method, const std::string& params)> each)
    : method(any),
      params(given),
      handler(std::make_shared<const Handler>(
          [each = std::move(each)](std::string_view name, const JsonValue& value) {
            return [&each, name = std::string(name), text = json_text(value)] {
              if (each) each(name, text);
            };
          })) {}

std::uint64_t ClientEngine::subscription_of(const JsonAnswer& answer) {
  const std::uint64_t number = json_count(answer.result(), "subscription");
  if (number == 0) throw bad_answer("the server's answer has no number of a subscription");
  return number;
}

// --- due calls -----------------------------------------------------------------------------------

void ClientEngine::work() {
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
  told_all();
}

TimePoint ClientEngine::due(const Call& call) const {
  return call.error || !fd ? TimePoint{} : call.deadline;
}

ClientError ClientEngine::ending() const {
  return failure.value_or(ClientError(ErrorCode::disconnected, "the client is closed"));
}

/// Reports calls that have timed out or cannot be answered. Calls made by these callbacks wait
/// for the next time, so that a program that repeats a failed call does not loop here forever.
void ClientEngine::tell_late() {
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
        : fd                ? ClientError(ErrorCode::no_answer, "the server did not answer in time")
                            : ending();
    if (late.mapped().told) late.mapped().told(nullptr, &error);
    call = calls.upper_bound(late.key());
  }
}

TimePoint ClientEngine::next_due() const {
  if (unread() || (!fd && open)) return TimePoint{};
  TimePoint next = kNever;
  for (const auto& [id, call] : calls) next = std::min(next, due(call));
  return next;
}

void ClientEngine::fail(ClientError why) {
  failure.emplace(std::move(why));
  drop_connection();
}

void ClientEngine::drop_connection() noexcept {
  fd.reset();
  out.clear();
  in_.clear();
  begin_ = searched_ = 0;
}

}  // namespace zinit
