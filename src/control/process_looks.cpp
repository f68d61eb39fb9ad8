// The threads that look at processes: see process_looks.hpp.
#include "control/process_looks.hpp"

#include <new>
#include <utility>

#include "base/format.hpp"
#include "base/memory.hpp"
#include "io/loop.hpp"
#include "os/thread.hpp"

namespace zinit {

namespace {

/// The size of the answer depends on how many processes there are.
RpcResult answer_of(const ProcessLooks::Look& look, ProcessScan& scan) {
  try {
    const RefusableAllocations refusable;
    return look(scan);
  } catch (const std::bad_alloc&) {
    return tl::unexpected(
        RpcError(RpcCode::internal_error, "Internal error: not enough memory to answer"));
  } catch (...) {  // the thread has other questions to answer
    log_current_exception("processes");
    return tl::unexpected(
        RpcError(RpcCode::internal_error, "Internal error: zinit's own log says why"));
  }
}

}  // namespace

/// Held by the call that waits: the question is forgotten when the client has its answer, or has
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
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  const std::shared_ptr<State> state;
  const std::uint64_t number;
};

ProcessLooks::ProcessLooks(EventLoop& loop, std::function<void()> answered)
    : answered_(loop, std::move(answered)) {
  MutexLock lock(state_->mutex);
  state_->answered = &answered_;
}

ProcessLooks::~ProcessLooks() {
  MutexLock lock(state_->mutex);
  state_->answered = nullptr;
}

Outcome ProcessLooks::ask(std::string_view name, Look look) {
  State& state = *state_;
  std::uint64_t number = 0;
  {
    MutexLock lock(state.mutex);
    number = ++state.last;
    state.questions[number] = {std::move(look), Clock::now()};
    state.queue.push_back(number);
  }
  const auto ticket = std::make_shared<Ticket>(state_, number);
  if (const auto thread = see_to_thread(); !thread) {
    return RpcError(RpcCode::process_error, thread.error().text).about(name);
  }
  Later later;
  later.look = [ticket]() -> std::optional<RpcResult> {
    MutexLock lock(ticket->state->mutex);
    return std::exchange(ticket->state->questions.at(ticket->number).answer, std::nullopt);
  };
  later.deadline = after(Clock::now(), kPatience);
  later.at_deadline = [name = std::string(name)] {
    return RpcError(RpcCode::timeout,
                    fmt::format("the kernel does not tell what processes {} has", name))
        .about(name)
        .hint("a process of it, or of another service, may hang in the kernel");
  };
  return later;
}

/// Starts a thread if there is none that goes on.
Result<void> ProcessLooks::see_to_thread() {
  State& state = *state_;
  const TimePoint now = Clock::now();
  {
    MutexLock lock(state.mutex);
    const bool stuck = now - state.went_on > kStuck && state.threads < kMostThreads;
    if (state.threads > 0 && !stuck) return {};
    ++state.threads;
    state.went_on = now;
  }
  auto thread =
      Thread::start("zinit-processes", kLoopStackBytes, [shared = state_] { run(*shared); });
  if (thread) {
    thread->abandon();
    return {};
  }
  MutexLock lock(state.mutex);
  --state.threads;
  return Failure(thread.error());
}

void ProcessLooks::run(State& state) {
  ProcessScan scan(Clock::now());
  MutexLock lock(state.mutex);
  while (!state.queue.empty()) {
    const std::uint64_t number = state.queue.front();
    state.queue.pop_front();
    const auto at = state.questions.find(number);
    if (at == state.questions.end()) continue;  // the client has gone
    const Look look = std::move(at->second.look);
    if (at->second.asked > scan.begun()) scan = ProcessScan(Clock::now());
    lock.unlock();
    RpcResult answer = answer_of(look, scan);
    lock.lock();
    put_answer(state, number, std::move(answer));
    if (state.answered != nullptr) state.answered->ask();
  }
  --state.threads;
}

void ProcessLooks::put_answer(State& state, std::uint64_t number, RpcResult answer) {
  state.went_on = Clock::now();
  const auto at = state.questions.find(number);
  if (at == state.questions.end()) return;  // the client has gone
  at->second.bytes = answer ? answer->size() : 0;
  state.bytes += at->second.bytes;
  at->second.answer = std::move(answer);
  for (auto& [other, question] : state.questions) {
    if (state.bytes <= kMostBytes) return;
    if (other == number || question.bytes == 0) continue;
    state.bytes -= std::exchange(question.bytes, 0);
    question.answer = tl::unexpected(
        RpcError(RpcCode::invalid_state, "this answer was not read, and is kept no longer"));
  }
}

}  // namespace zinit
