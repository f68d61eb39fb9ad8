// zinitctl start, stop, restart and wait: sends the requests for all services first, then prints
// the result of each, in the order of the names.
//
// If the client is interrupted while it waits, the server goes on with the requests.
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

/// What differs between the verbs.
struct SettleVerb {
  const char* method;
  bool (*succeeded)(const ServiceStatus&);
  std::string wait_for{};  // the state that `wait` waits for
};

bool is_down(const ServiceStatus& status) {
  return status.state == "inactive" || status.state == "exited";
}

bool any_state(const ServiceStatus&) { return true; }

/// A request that was sent.
struct Asked {
  std::string name;
  std::uint64_t request;
};

/// "[+] web is running, pid 412"
std::string outcome_line(const Terminal& terminal, const ServiceStatus& status) {
  const auto symbol = terminal.paint(state_colour(status.state), symbol_of(status.state));
  std::string text = fmt::format("{} {} {}", symbol, printable(status.name), state_phrase(status));
  if (status.pid) text += fmt::format(", pid {}", *status.pid);
  if (const std::string cause = state_cause(status); !cause.empty()) text += ": " + cause;
  return text + "\n";
}

/// Why a start has failed, and what to do next.
std::string fault_words(const ServiceStatus& status) {
  std::string cause = state_cause(status);
  if (cause.empty() && status.last_exit) cause = exit_words(*status.last_exit);
  return fmt::format("{}{}{}; see `zinitctl why {}`", state_phrase(status),
                     cause.empty() ? "" : ": ", cause, printable(status.name));
}

/// Sends a request for each service on the command line.
std::vector<Asked> ask_all(VerbContext& context, const SettleVerb& verb, bool waits) {
  std::vector<Asked> asked;
  for (const std::string& name : context.names()) {
    JsonParams params;
    params.add("name", name).add_given("for", verb.wait_for);
    if (waits && verb.wait_for.empty()) params.add("wait", true);
    const auto left = context.time_left();
    if (waits && left) params.add("timeout_ms", left->count());
    asked.push_back({name, context.client().request(verb.method, params.text())});
  }
  return asked;
}

/// How long to wait for an answer. With --timeout it is a little longer than the server waits,
/// whose error says more than that no answer came.
std::optional<Milliseconds> answer_limit(const VerbContext& context, bool waits) {
  if (!waits) return context.patience();
  const auto left = context.time_left();
  return left ? std::optional(*left + Milliseconds(2000)) : std::nullopt;
}

/// Reads the answer to one request. Prints it, or, with --json, adds it to `json`. Returns the exit
/// status.
int finish(VerbContext& context, const SettleVerb& verb, const Asked& asked, bool waits,
           std::string& json) {
  try {
    const std::string answer = context.client().answer(asked.request, answer_limit(context, waits));
    json.append(json.empty() ? "" : ",").append(answer);
    const ServiceStatus status = ServiceStatus::parse(answer);
    const bool good = !waits || verb.succeeded(status);
    if (good && !context.json()) context.print(outcome_line(context.terminal(), status));
    // Written at once: the next answer may take long.
    context.flush();
    return good ? int{ExitStatus::done}
                : context.fail(ExitStatus::failed, asked.name, fault_words(status));
  } catch (const ClientError& error) {
    // Codes above 0 are the library's own: there will be no more answers. An error of the server is
    // about this service only.
    if (error.code() > 0) throw;
    return context.fail(error, asked.name);
  }
}

/// Returns the exit status of the first service that failed.
int settle(VerbContext& context, const SettleVerb& verb) {
  const bool waits = !context.arguments.has("no-wait");
  int first = ExitStatus::done;
  std::string json;
  for (const Asked& asked : ask_all(context, verb, waits)) {
    const int status = finish(context, verb, asked, waits, json);
    if (first == ExitStatus::done) first = status;
  }
  if (context.json()) context.print_json("[" + json + "]");
  return first;
}

}  // namespace

int run_start(VerbContext& context) {
  return settle(context, {"service.start", counts_as_running});
}
int run_restart(VerbContext& context) {
  return settle(context, {"service.restart", counts_as_running});
}
int run_stop(VerbContext& context) { return settle(context, {"service.stop", is_down}); }

int run_wait(VerbContext& context) {
  const std::string state =
      context.arguments.has("for") ? context.arguments.value("for") : "running";
  if (state != "running" && state != "exited" && state != "failed" && state != "stopped")
    throw VerbFailure{ExitStatus::usage, "--for is running, exited, failed or stopped"};
  return settle(context, {"service.wait", any_state, state});
}

}  // namespace zinit
