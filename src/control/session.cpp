// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One client: see session.hpp.
#include "control/session.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/sort.hpp"
#include "control/server.hpp"
#include "control/views.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

// If the deadline of a call passed while the machine was suspended, the call waits this long for
// the board to learn what has happened meanwhile.
constexpr Milliseconds kAfterSuspension{500};

// Events that are copied for a turn at most: the board is locked meanwhile.
constexpr std::size_t kEventsATurn = 32;

// Memory of an unanswered call in addition to its text.
constexpr std::size_t kWaitBytes = 512;

// What a subscription counts in addition to its names: its record, and above all the time that each
// event or line takes to look at it. So a user has 4,000 at most.
constexpr std::size_t kSubscriptionBytes = 4096;
// What a log keeps for each subscription that gets its lines (ServiceLog::attach()).
constexpr std::size_t kAttachedBytes = 64;

RpcError no_room() {
  return RpcError(RpcCode::invalid_state, "too much memory is used for clients")
      .hint(fmt::format("requests and unread answers of one user have at most {} bytes; those of "
                        "all users except root and the server's own have at most {}",
                        Quota::kBytesOfUser, Quota::kBytes));
}

/// The bytes that a subscription with these names counts for its user.
std::size_t size_of(const std::vector<std::string>& names) {
  std::size_t bytes = kSubscriptionBytes;
  for (const std::string& name : names) bytes += sizeof name + name.size();
  return bytes;
}

}  // namespace

std::string refusal(RpcCode code, std::string message, std::string hint) {
  return rpc_failure("null", RpcError(code, std::move(message)).hint(std::move(hint)));
}

Session::Session(Server& server, std::uint64_t id, Right right, const ucred& peer, UniqueFd fd,
                 SharePtr share)
    : server_(server),
      id_(id),
      right_(right),
      peer_(peer),
      share_(std::move(share)),
      connection_(server.loop(), std::move(fd), share_, [this] { server_.has_work(*this); }),
      message_held_(share_),
      deadline_(server.loop(), [this] { look_again(); }) {
  if (right_ != Right::none) return;
  connection_.refuse(refusal(RpcCode::not_permitted, "this user may not speak to zinit",
                             "only root, the server's own user and members of socket_group in "
                             "zinit.toml may"));
}

std::string Session::caller() const {
  // 0: the client is in a pid namespace that zinit cannot see
  return peer_.pid == 0 ? fmt::format("a client, uid {}", peer_.uid)
                        : asker_text(peer_.pid, program_of(peer_.pid), peer_.uid);
}

bool Session::turn(TimePoint until) {
  for (Subscription& subscription : subscriptions_) (void)tell_dropped(subscription);
  // The events that lead to an answer are sent before it.
  const bool more_events = tell_events(until);
  // Waiting calls are not looked at while the client has other answers to read first.
  if (working_ > 0 || (looks() && !more_events && !connection_.paused())) look_at_waits(until);
  bool more = true;
  do more = step();
  while (more && Clock::now() < until);
  if (tell_lines()) more = true;
  if (connection_.starved()) connection_.refuse(rpc_failure("null", no_room()));
  connection_.flush();
  return more || more_events || (looks() && !connection_.paused()) || (working_ > 0 && !rests_);
}

bool Session::finished() const {
  if (connection_.over()) return true;
  if (server_.holds_requests()) return false;  // a request may be among the input
  return connection_.input_ended() && connection_.output_empty() && !message_ && waits_.empty() &&
         subscriptions_.empty() && log_subscriptions() == 0 && !ticket.empty();
}

// --- calls ---

/// Carries out one call. False if no call can be carried out now.
bool Session::step() {
  if (connection_.over() || connection_.starved() || connection_.paused()) return false;
  if (working_ >= kMaxWorking) return false;
  if (!message_ && (server_.holds_requests() || !next_message())) return false;
  if (!connection_.has_room()) return false;  // other clients may have taken it since the last call
  carry_out(message_->calls[next_call_]);
  if (++next_call_ < message_->calls.size()) return true;
  message_.reset();
  message_held_.set(0);
  batch_.reset();
  return true;
}

bool Session::next_message() {
  while (!message_) {
    const auto line = connection_.next_line();
    if (connection_.line_too_long()) {
      connection_.refuse(
          refusal(RpcCode::invalid_request, "Invalid Request",
                  fmt::format("a request has at most {} bytes", Connection::kRequestLimit)));
    }
    if (!line) return false;
    read_message(*line);
  }
  next_call_ = 0;
  if (!message_->batch) return true;
  batch_ = std::make_shared<Batch>(Batch{Held(share_, message_bytes_), {}, message_->calls.size()});
  return true;
}

/// Parses one text. If memory runs out, the peer gets an error, and there is no message.
void Session::read_message(std::string_view line) {
  const RefusableAllocations refusable;
  try {
    message_ = parse_rpc(line);
    message_bytes_ = line.size();
    message_held_.set(message_->document.GetAllocator().Capacity() +
                      message_->calls.size() * sizeof(RpcCall));
  } catch (const std::bad_alloc&) {
    connection_.put_answer(refusal(RpcCode::internal_error, "Internal error",
                                   "not enough memory to read the request"));
  }
}

/// Carries out a call. Exceptions become errors here.
Outcome Session::outcome_of_call(const RpcCall& call) {
  if (call.fault) return *call.fault;
  if (batch_ && !call.id.empty() && batch_->answers.size() > kBatchAnswerLimit) {
    return RpcError(RpcCode::invalid_request, "Invalid Request")
        .hint(fmt::format("the answers to a batch may have at most {} bytes", kBatchAnswerLimit));
  }
  const RefusableAllocations refusable;
  try {
    return dispatch(server_.methods(), call, right_, server_.context(), *this);
  } catch (const std::exception& fault) {
    log_error("control: {} failed: {}", call.method, fault.what());
    return RpcError(RpcCode::internal_error, "Internal error").hint(fault.what());
  }
}

void Session::carry_out(const RpcCall& call) {
  Outcome outcome = outcome_of_call(call);
  if (auto* later = std::get_if<Later>(&outcome)) return wait_for(call, std::move(*later));
  if (auto* then = std::get_if<Then>(&outcome)) {
    answer(call.id, batch_, std::move(then->result));
    connection_.flush();
    return then->action();
  }
  if (auto* error = std::get_if<RpcError>(&outcome)) {
    return answer(call.id, batch_, tl::unexpected(std::move(*error)));
  }
  answer(call.id, batch_, std::get<std::string>(std::move(outcome)));
}

void Session::answer(const std::string& id, const BatchPtr& batch, const RpcResult& result) {
  if (id.empty()) return put(batch, {});
  put(batch, result ? rpc_result(id, *result) : rpc_failure(id, result.error()));
}

/// An empty `text` is no answer, for example to a notification.
void Session::put(const BatchPtr& batch, const std::string& text) {
  if (!batch) {
    if (!text.empty()) connection_.put_answer(text);
    return;
  }
  if (!text.empty()) batch->answers.append(batch->answers.empty() ? "[" : ",").append(text);
  batch->held.add(text.size());
  if (!text.empty()) connection_.has_room();
  if (--batch->missing == 0 && !batch->answers.empty())
    connection_.put_answer(batch->answers + "]");
}

// --- answers that are not due yet ---

void Session::wait_for(const RpcCall& call, Later later) {
  const BatchPtr batch = batch_;
  if (call.id.empty()) return put(batch, {});  // a notification gets no answer
  if (waits_.size() >= kMaxWaits) {
    return answer(
        call.id, batch,
        tl::unexpected(RpcError(RpcCode::invalid_state,
                                "too many requests of this connection wait for answers")
                           .hint(fmt::format("{} of one connection at most", kMaxWaits))));
  }
  const std::size_t bytes = kWaitBytes + (batch ? 0 : message_bytes_);
  waits_.push_back({call.id, batch, std::move(later), bytes, Held(share_, bytes)});
  if (waits_.back().later.works) ++working_;
  look_again();
}

void Session::look_again() noexcept {
  if (waits_.empty()) return;
  look_ = true;
  server_.has_work(*this);
}

/// The answer, if there is one or the deadline has passed. After a suspension others may not have
/// read yet what came meanwhile, so the deadline is put off.
std::optional<RpcResult> Session::look_at(Wait& wait, TimePoint now) {
  try {
    const RefusableAllocations refusable;
    if (wait.later.bytes && wait.held.room() == 0) return tl::unexpected(no_room());
    if (std::optional<RpcResult> result = wait.later.look()) return result;
  } catch (const std::bad_alloc&) {
    return tl::unexpected(no_memory());
  }
  if (wait.later.bytes) wait.held.set(wait.bytes + wait.later.bytes());
  if (suspended_for(wait.later.deadline, now) > Milliseconds{0})
    wait.later.deadline = after(now, kAfterSuspension);
  if (now < wait.later.deadline) return std::nullopt;
  return tl::unexpected(wait.later.at_deadline());
}

/// Looks at the calls one after another until `until`, but at one at least. The rest follows in the
/// next turns, or when the client has read its answers: there may be thousands, and each look may
/// walk a chain of services.
void Session::look_at_waits(TimePoint until) {
  if (next_look_ == waits_.end()) {
    look_ = rests_ = worked_ = false;
    earliest_ = kNever;
    next_look_ = waits_.begin();
  }
  const TimePoint now = Clock::now();
  while (next_look_ != waits_.end()) {
    const auto wait = next_look_++;
    // Of the calls that do work, one has its turn; the next one follows when it is done.
    if (wait->later.works && std::exchange(worked_, true)) continue;
    const std::optional<RpcResult> result = look_at(*wait, now);
    if (result) {
      answer(wait->id, wait->batch, *result);
      if (wait->later.works) --working_;
      waits_.erase(wait);
    } else {
      if (wait->later.rests) rests_ = wait->later.rests();
      earliest_ = std::min(earliest_, wait->later.deadline);
    }
    const bool breaks_off = (result && connection_.paused()) || Clock::now() >= until;
    if (breaks_off && next_look_ != waits_.end()) return;
  }
  deadline_.set_at(earliest_);
}

// --- subscriptions ---

std::optional<std::uint64_t> Session::subscribe(std::vector<std::string> names) {
  if (subscriptions_.size() >= kMaxSubscriptions) return std::nullopt;
  sort_values(names);
  Held held(share_, size_of(names));
  const std::uint64_t last = server_.context().board.last_seq();
  if (subscriptions_.empty()) told_seq_ = last;
  subscriptions_.push_back({++last_subscription_, std::move(names), last, 0, std::move(held)});
  return last_subscription_;
}

bool Session::unsubscribe(std::uint64_t number) {
  return std::erase_if(subscriptions_, [number](const Subscription& subscription) {
           return subscription.number == number;
         }) > 0;
}

std::optional<std::uint64_t> Session::subscribe_logs(std::vector<std::string> names,
                                                     const LogStart& start) {
  if (log_subscriptions() >= kMaxSubscriptions) return std::nullopt;
  if (!feeds_) {
    feeds_ = std::make_unique<LogFeeds>(server_.context().logs, server_.loop(), share_,
                                        [this] { server_.has_work(*this); });
  }
  const std::size_t logs = names.empty() ? server_.context().board.graph()->slots() : names.size();
  Held held(share_, size_of(names) + logs * kAttachedBytes);
  feeds_->add(last_subscription_ + 1, std::move(names), std::move(held), start);
  return ++last_subscription_;
}

bool Session::unsubscribe_logs(std::uint64_t number) { return feeds_ && feeds_->remove(number); }

/// Notifications wait until the answer of the batch that subscribed was sent.
bool Session::tell_lines() {
  if (!feeds_ || message_) return false;
  return feeds_->tell(connection_, Clock::now() + kLinesTime);
}

void Session::look_at_events() noexcept {
  if (subscriptions_.empty()) return;
  events_ = true;
  server_.has_work(*this);
}

/// Notifies of events until `until`, but of one at least. A client that has too many subscriptions
/// for this gets its events later, and other clients do not wait.
/// @return  whether events are left
bool Session::tell_events(TimePoint until) {
  if (!events_ || subscriptions_.empty()) return events_ = false;
  const Board& board = server_.context().board;
  const KeptEvents::After news = board.events_after(told_seq_, kEventsATurn);
  told_seq_ += news.lost;
  for (Subscription& subscription : subscriptions_)
    if (told_seq_ > subscription.after)
      subscription.dropped += std::min(news.lost, told_seq_ - subscription.after);
  for (const StateEvent& event : news.events) {
    tell(event);
    told_seq_ = event.seq;
    if (Clock::now() >= until) break;
  }
  return events_ = told_seq_ < board.last_seq();
}

void Session::tell(const StateEvent& event) {
  const std::string members = event_members(event);
  for (Subscription& subscription : subscriptions_) {
    const std::vector<std::string>& names = subscription.names;
    if (event.seq <= subscription.after) continue;
    if (names.empty() || std::binary_search(names.begin(), names.end(), event.service))
      notify(subscription, members);
  }
}

void Session::notify(Subscription& subscription, const std::string& members) noexcept {
  const RefusableAllocations refusable;
  bool told = false;
  try {
    told = tell_dropped(subscription) &&
           connection_.put_notification(rpc_notification(
               "events.state",
               fmt::format(R"({{"subscription":{},{}}})", subscription.number, members)));
  } catch (const std::bad_alloc&) {  // dropped, as if there were no room
  }
  if (!told) ++subscription.dropped;
}

/// Sends the number of dropped events, before the next event. False if there is no room for it.
bool Session::tell_dropped(Subscription& subscription) {
  if (subscription.dropped == 0) return true;
  const std::string params = fmt::format(R"({{"subscription":{},"dropped":{}}})",
                                         subscription.number, subscription.dropped);
  if (!connection_.put_notification(rpc_notification("events.state", params))) return false;
  subscription.dropped = 0;
  return true;
}

}  // namespace zinit
