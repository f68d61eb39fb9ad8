// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Looks at processes: see process_looks.hpp.
#include "control/process_looks.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <utility>

#include "base/format.hpp"
#include "base/memory.hpp"

namespace zinit {

namespace {

constexpr Offload::Limits kLooks{
    .name = "zinit-processes",
    .stack_bytes = kLoopStackBytes,
    // A look at ten thousand processes takes a second. With half the patience, a call behind a look
    // that hangs gets its answer before its own patience is over.
    .patience = ProcessLooks::kPatience / 2,
    .most_hung = 4,
    .most_hung_of_owner = 2,
    .killable = true,  // as the reads of process_memory.hpp
};

/// Catches std::bad_alloc, because many processes can make the answer large.
RpcResult answer_of(const ProcessLooks::Look& look, ProcessScan& scan) {
  try {
    const RefusableAllocations refusable;
    return look(scan);
  } catch (const std::bad_alloc&) {
    return tl::unexpected(no_memory());
  } catch (...) {  // the thread must answer other questions too
    log_current_exception("processes");
    return tl::unexpected(
        RpcError(RpcCode::internal_error, "Internal error: zinit's own log says why"));
  }
}

}  // namespace

/// Held by the call that waits. Its end removes the question: the client has its answer, or has
/// gone.
struct ProcessLooks::Ticket {
  Ticket(std::shared_ptr<State> of, std::uint64_t its_number)
      : state(std::move(of)), number(its_number) {}
  ~Ticket() {
    MutexLock lock(state->mutex);
    const auto at = state->questions.find(number);
    if (at == state->questions.end()) return;
    state->bytes -= at->second.bytes;
    state->questions.erase(at);
    if (state->questions.empty()) state->scan.reset();
  }
  Ticket& operator=(Ticket&&) = delete;

  const std::shared_ptr<State> state;
  const std::uint64_t number;
  Offload::Ticket look{};
};

ProcessLooks::ProcessLooks(EventLoop& loop, std::function<void()> answered)
    : answered_(loop, std::move(answered)), looks_(kLooks, [this] { answered_.ask(); }) {}

Outcome ProcessLooks::ask(std::string_view name, Look look) {
  std::uint64_t number = 0;
  {
    MutexLock lock(state_->mutex);
    number = ++state_->last;
    state_->questions[number];
  }
  const auto ticket = std::make_shared<Ticket>(state_, number);
  ticket->look = looks_.ask([state = state_, number, asked = Clock::now(),
                             look = std::move(look)] { answer(*state, number, asked, look); },
                            {std::hash<std::string_view>{}(name)});
  const auto late = [name = std::string(name)] {
    return RpcError(RpcCode::timeout,
                    fmt::format("the kernel does not report the processes of {} in time", name))
        .about(name)
        .hint("a process of it, or of another service, may hang in the kernel");
  };
  const auto refused = [this, ticket, late, of = std::string(name)]() -> std::optional<RpcError> {
    const auto outcome = looks_.outcome(ticket->look);
    if (!outcome || *outcome) return std::nullopt;
    const Error& fault = outcome->error();
    return fault.errnum == ETIMEDOUT ? late()
                                     : RpcError(RpcCode::process_error, fault.text).about(of);
  };
  if (auto error = refused()) return *std::move(error);
  Later later;
  later.look = [ticket, refused]() -> std::optional<RpcResult> {
    if (auto error = refused()) return tl::unexpected(*std::move(error));
    MutexLock lock(ticket->state->mutex);
    return std::exchange(ticket->state->questions.at(ticket->number).answer, std::nullopt);
  };
  later.deadline = after(Clock::now(), kPatience);
  later.at_deadline = late;
  return later;
}

void ProcessLooks::answer(State& state, std::uint64_t number, TimePoint asked, const Look& look) {
  MutexLock lock(state.mutex);
  std::optional<ProcessScan> scan = std::exchange(state.scan, std::nullopt);
  lock.unlock();
  if (!scan || asked > scan->begun()) scan.emplace(Clock::now());
  RpcResult answer = answer_of(look, *scan);
  lock.lock();
  put_answer(state, number, std::move(answer));
  const bool others =
      std::ranges::any_of(state.questions, [](const auto& each) { return !each.second.answered; });
  if (others) state.scan = std::move(scan);
}

void ProcessLooks::put_answer(State& state, std::uint64_t number, RpcResult answer) {
  const auto at = state.questions.find(number);
  if (at == state.questions.end()) return;  // the client has gone
  at->second.bytes = answer ? answer->size() : 0;
  state.bytes += at->second.bytes;
  at->second.answer = std::move(answer);
  at->second.answered = true;
  for (auto& [other, question] : state.questions) {
    if (state.bytes <= kMostBytes) return;
    if (other == number || question.bytes == 0) continue;
    state.bytes -= std::exchange(question.bytes, 0);
    question.answer = tl::unexpected(
        RpcError(RpcCode::invalid_state, "this answer was not read in time, and was dropped"));
  }
}

}  // namespace zinit
