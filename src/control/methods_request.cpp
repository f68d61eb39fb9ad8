// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods service.* that change something or wait for a change.
//
// A wait looks at Board::brief() after every change. The board counts a service with an unfinished
// request as not settled, so the state before a request cannot end a wait that begins after it.
#include <array>

#include "base/format.hpp"
#include "base/text.hpp"
#include "control/answers.hpp"
#include "model/why.hpp"

namespace zinit {

namespace {

using protocol::Shapes;
using Brief = Board::Brief;
using Condition = bool (*)(const Brief&);

bool is_settled(const Brief& brief) { return brief.settled; }
bool is_running(const Brief& brief) { return brief.up(); }
bool is_exited(const Brief& brief) { return brief.state == State::exited; }
bool is_failed(const Brief& brief) { return brief.state == State::failed; }
bool is_stopped(const Brief& brief) { return brief.stopped(); }

struct Goal {
  std::string_view word;
  Condition reached;
  bool needs_life = false;  // a service that has failed or ended, or was not started because of a
                            // condition, and is not started again, cannot reach it
};

constexpr std::array kGoals = {Goal{"running", is_running, true}, Goal{"exited", is_exited, true},
                               Goal{"failed", is_failed}, Goal{"stopped", is_stopped},
                               Goal{"settled", is_settled}};
constexpr Goal kSettled = kGoals.back();

RpcError has_ended(const RpcContext& context, const std::string& name, std::string_view goal) {
  const auto view = context.board.view(name);
  const std::string why = view ? reason_text(view->record.reason, *view->spec) : std::string();
  const bool skipped = view && view->record.skipped;
  const bool failed = !view || view->record.state == State::failed;
  return RpcError(RpcCode::invalid_state,
                  fmt::format("{} {}{}{}; it will not be {}", name,
                              skipped  ? "was not started"
                              : failed ? "failed"
                                       : "exited by itself and is not restarted",
                              why.empty() ? "" : ": ", why, goal))
      .about(name)
      .hint("service.why says why");
}

/// What the service waits for, as service.why says it: the end of the first chain of reasons. Empty
/// if no reason is known.
std::string awaited(const Board& board, const std::string& name) {
  const auto report = board.why(name);
  if (!report || report->reasons.empty()) return {};
  auto reason = report->reasons.begin();
  while (reason + 1 != report->reasons.end() && (reason + 1)->depth > 0) ++reason;
  if (reason->service == name) return reason->detail;
  return fmt::format("it waits for {}, {} {}", reason->service,
                     reason->code == "missing" ? "but" : "which", reason->detail);
}

RpcError timed_out(const Board& board, const std::string& name, std::string_view goal,
                   std::int64_t timeout_ms) {
  const auto brief = board.brief(name);
  const std::string_view state = state_name(brief ? brief->state : State::inactive);
  const bool ends = state == "running" && !brief->runs;
  const bool waits = state == "blocked" || state == "starting" || state == "stopping";
  const bool rests = state != "running" && goal == "running";
  const std::string why = waits || ends ? awaited(board, name) : std::string();
  std::string how = fmt::format("is {}{}{}", state, why.empty() ? "" : "; ", why);
  if (ends) how = why.empty() ? "has ended" : why;
  return RpcError(RpcCode::timeout, fmt::format("{} is not {} after {}: it {}", name, goal,
                                                duration_text(timeout_ms), how))
      .about(name)
      .hint(waits && why.empty() ? "service.why says what it waits for"
            : rests && !waits    ? "service.start starts it"
                                 : "")
      .with("state", json_of(state));
}

/// The effects of a request on other services, as text to append to a *status_full*.
std::string others_members(const Board& board, const Board::Others& others) {
  JsonWriter writer;
  put_members<protocol::Effects>(writer.begin_object(), effects_of(board, others));
  return writer.end_object().take().substr(1);
}

/// *status_full* with the members of `others`. It waits until all paths are watched: the client may
/// change the file of a [path] as soon as it has the answer.
AnswerLook answer_of(RpcContext& context, std::string_view name,
                     const std::optional<Board::Others>& others = {}) {
  auto status = status_full_of(context, name,
                               others ? others_members(context.board, *others) : std::string());
  return [&context, status = std::move(status)](bool last) {
    return !last && context.daemon.paths_unseen() ? std::nullopt : status(last);
  };
}

/// Answers with *status_full* and the members of `others`, as soon as `goal` is reached. With
/// `others` (a start), the answer also reports an end of the process that comes before it.
Later wait_until(RpcContext& context, std::string name, Goal goal,
                 std::optional<std::int64_t> timeout_ms, std::optional<Board::Others> others = {}) {
  Later later;
  if (timeout_ms) later.deadline = after(Clock::now(), Milliseconds(*timeout_ms));
  later.look = [&context, name, goal, deadline = later.deadline, others = std::move(others),
                status = AnswerLook(), pid = pid_t{0},
                again = false]() mutable -> std::optional<RpcResult> {
    const bool late = Clock::now() >= deadline;
    const auto brief = context.board.brief(name);
    const auto ends = [&] { return others && context.board.end_unseen(name); };
    if (status) {
      auto answer = status(late);
      if (!answer || late || again || !others || !brief) return answer;
      if (brief->main_pid == pid && !ends()) return answer;
      again = true;
      status = nullptr;
    }
    if (!brief) return tl::unexpected(service_not_found(context, name));
    if (!goal.reached(*brief)) {
      const bool by_itself = brief->state == State::exited && brief->wish == Wish::up &&
                             !context.board.view(name)->spec->triggered();
      const bool lifeless = brief->state == State::failed || by_itself || brief->skipped;
      if (!goal.needs_life || !lifeless || !brief->settled) return std::nullopt;
      return tl::unexpected(has_ended(context, name, goal.word));
    }
    if (!late && ends()) return std::nullopt;
    pid = brief->main_pid;
    status = answer_of(context, name, others);
    return status(late);
  };
  if (timeout_ms) {
    later.at_deadline = [&context, name, goal, ms = *timeout_ms] {
      return timed_out(context.board, name, goal.word, ms);
    };
  }
  return later;
}

template <RequestResult<Board::Others> (Board::*act)(std::string_view)>
Outcome request(Call& call) {
  Board& board = call.context.board;
  const std::string_view name = name_of(call);
  if (act != &Board::stop) {
    const auto made = call.context.daemon.make_instance(name);
    if (!made) return refused(call.context, name, made.error());
  }
  auto done = (board.*act)(name);
  if (!done) return refused(call.context, name, done.error());
  if (call.params.boolean("wait"))
    return wait_until(call.context, std::string(name), kSettled, call.params.timeout_ms(),
                      *std::move(done));
  return outcome_of(answer_of(call.context, name, *std::move(done)));
}

/// Waits for check_exec of the services that the restart would stop; then restarts them.
Outcome service_restart(Call& call) {
  RpcContext& context = call.context;
  Board& board = context.board;
  const std::string_view name = name_of(call);
  if (call.params.boolean("if_running")) {
    const auto brief = board.brief(name);
    if (!brief) return service_not_found(context, name);
    const bool down = at_rest(brief->state) && !brief->done;
    if (down || brief->state == State::stopping) return outcome_of(status_full_of(context, name));
  }
  if (!call.params.boolean("check")) return request<&Board::restart>(call);
  if (const auto made = context.daemon.make_instance(name); !made)
    return refused(context, name, made.error());
  const auto begun = board.begin_restart(name);
  if (!begun) return refused(context, name, begun.error());
  const auto timeout_ms = call.params.timeout_ms();
  Later later = wait_until(context, std::string(name), kSettled, timeout_ms);
  later.look = [&context, name = std::string(name), restart = *begun, timeout_ms,
                waits = call.params.boolean("wait"),
                then = decltype(later.look)()]() mutable -> std::optional<RpcResult> {
    if (!then) {
      auto done = context.board.outcome(restart);
      if (!done) return std::nullopt;
      if (!*done) return tl::unexpected(refused(context, name, done->error()));
      if (waits) {
        then = wait_until(context, name, kSettled, timeout_ms, **std::move(done)).look;
      } else {
        const auto status = answer_of(context, name, **std::move(done));
        then = [status] { return status(false); };
      }
    }
    return then();
  };
  return later;
}

/// Reloads one service by its own reload_exec or reload_signal. The report lists the service as
/// unchanged, because its file is not read.
Outcome reload_one(Call& call, std::string_view name) {
  RpcContext& context = call.context;
  const auto begun = context.board.reload_service(name, call.params.boolean("dry_run"),
                                                  call.params.boolean("check"));
  if (!begun) return refused(context, name, begun.error());
  Later later;
  later.look = [&context, name = std::string(name), reload = *begun]() -> std::optional<RpcResult> {
    const auto outcome = context.board.outcome(reload);
    if (!outcome) return std::nullopt;
    if (!*outcome) return tl::unexpected(refused(context, name, outcome->error()));
    ReloadReport report;
    report.unchanged = {name};
    return object_json<protocol::ReloadReport>(report);
  };
  return later;
}

Outcome service_kill(Call& call) {
  Board& board = call.context.board;
  const std::string_view name = name_of(call);
  const std::string word = call.params.signal("signal");
  const int signal = signal_number(word);
  if (board.find(name) == kNoSlot) return service_not_found(call.context, name);
  if (signal == 0) {
    return RpcError(RpcCode::invalid_signal,
                    fmt::format("no signal \"{}\"", printable(shortened(word, 60))))
        .about(name)
        .hint("names as SIGTERM or TERM, or numbers from 1 to 64");
  }
  const bool main = call.params.boolean("main"), all = call.params.boolean("all");
  if (main && all)
    return RpcError(RpcCode::invalid_params, "\"main\" and \"all\" contradict each other")
        .about(name);
  const auto done = board.kill(name, signal,
                               all    ? KillWhat::all
                               : main ? KillWhat::main
                                      : KillWhat::group,
                               call.subscriber.caller());
  if (!done) return refused(call.context, name, done.error());
  return ok_json();
}

Outcome system_isolate(Call& call) {
  Board& board = call.context.board;
  const std::string_view target = call.params.string("target").value_or("");
  const auto done = board.isolate(target);
  if (!done) return refused(call.context, target, done.error());
  return object_json<protocol::Isolation>(*done);
}

/// An empty `only`, such as a list that a script has found nothing for, must not mean all files.
Outcome service_reload(Call& call) {
  std::vector<std::string> only = call.params.strings("only");
  const auto name = call.params.string("name");
  if (name && call.params.value("only") != nullptr)
    return RpcError(RpcCode::invalid_params, "\"name\" and \"only\" contradict each other")
        .about(*name)
        .hint("with \"name\" the service reloads itself; with \"only\" zinit reads its file");
  if (name) return reload_one(call, *name);
  if (call.params.value("only") != nullptr && only.empty())
    return RpcError(RpcCode::invalid_params, "\"only\" names nothing")
        .hint("leave it out to read all files");
  const ReloadFiles asked{call.params.boolean("dry_run"), call.params.boolean("check"),
                          call.params.boolean("no_restart"), std::move(only)};
  const Awaited<ReloadReport> answer;
  const auto refuse = [&context = call.context](const RequestFailure& failure) {
    const bool of_one = failure.refusal == Refusal::not_found;
    return refused(context, of_one ? failure.details.front() : std::string(), failure);
  };
  call.context.daemon.reload(asked, answer.as(call.context, refuse, [](const auto& report) {
    return object_json<protocol::ReloadReport>(*report);
  }));
  return answer.later();
}

Outcome service_wait(Call& call) {
  const Board& board = call.context.board;
  if (board.find(name_of(call)) == kNoSlot) return service_not_found(call.context, name_of(call));
  const std::string_view word = *call.params.string("for");
  for (const Goal& goal : kGoals)
    if (goal.word == word)
      return wait_until(call.context, std::string(name_of(call)), goal, call.params.timeout_ms());
  return RpcError(RpcCode::invalid_params,
                  "Invalid params: \"for\" must be running, exited, failed, stopped or settled");
}

// --- the rows ---

constexpr Param kIsolate[] = {{"target",
                               ParamType::string,
                               true,
                               {},
                               "target to start; all other services of class user are stopped"}};
constexpr Param kRequest[] = {
    kName,
    {"wait", ParamType::boolean, false, "false", "answer once the service is settled"},
    kTimeout,
};
constexpr Param kRestart[] = {
    kRequest[0],
    kRequest[1],
    kRequest[2],
    kCheck,
    {"if_running", ParamType::boolean, false, "false", "do nothing if the service is down"},
};
constexpr Param kKill[] = {
    kName,
    {"signal", ParamType::signal, false, R"("SIGTERM")", "the signal"},
    {"main", ParamType::boolean, false, "false",
     "send it only to the main process, not to its group"},
    {"all", ParamType::boolean, false, "false",
     "send it to the whole cgroup, also to processes that outlived a main process"},
};
constexpr Param kReload[] = {
    kNameOptional,
    {"dry_run", ParamType::boolean, false, "false", "only report what would be done"},
    kCheck,
    {"only",
     ParamType::strings,
     false,
     {},
     "read only the files of these services, or in these directories; none: all files"},
    {"no_restart", ParamType::boolean, false, "false",
     "do not restart changed services: they keep their old configuration"},
};
constexpr Param kWait[] = {
    kName,
    {"for", ParamType::string, false, R"("running")",
     "the state: running (or a oneshot that is done), exited, failed, stopped (no process and none "
     "due) or settled"},
    kTimeout,
};

// clang-format off
constexpr Method kRequestMethods[] = {
    {"service.start",           {}, kRequest,         Right::full, request<&Board::start>,
     "Starts a service with the services that it requires and wants", kStatusAndEffects},
    {"service.stop",            {}, kRequest,         Right::full, request<&Board::stop>,
     "Stops a service, and before it the services that require it", kStatusAndEffects},
    {"service.restart",         {}, kRestart,         Right::full, service_restart,
     "Stops and starts a service, with the services that require it", kStatusAndEffects},
    {"service.kill",            {}, kKill,            Right::full, service_kill,
     "Sends a signal to the processes of a service", Shapes::ok},
    {"service.reload",          {}, kReload,          Right::full, service_reload,
     "Reads the service files again, or makes one service reload itself",
     Shapes::one<protocol::ReloadReport>},
    {"service.wait",            {}, kWait,            Right::read, service_wait,
     "Waits until the service is in the given state", Shapes::one<protocol::ServiceStatus>},
    {"system.isolate",          {}, kIsolate,         Right::full, system_isolate,
     "Starts a target and all it needs, and stops every other service of class user",
     Shapes::one<protocol::Isolation>},
};
// clang-format on

}  // namespace

std::span<const Method> request_methods() noexcept { return kRequestMethods; }

}  // namespace zinit
