// zinitctl start, stop, restart and wait: ask for all first, then tell of each how it ended.
//
// The answers come while the services settle, and are read in the order of the names. A client that
// is interrupted meanwhile takes nothing back: the server goes on.
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/connection.hpp"
#include "client/libzinit/json.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

/// What one of the verbs is about.
struct SettleVerb {
  const char* method;
  bool (*succeeded)(const ServiceStatus&);
};

bool is_down(const ServiceStatus& status) {
  return status.state == "inactive" || status.state == "exited";
}

bool any_state(const ServiceStatus&) { return true; }

/// One service that was asked about.
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

/// Why a start came to nothing, with what to do next.
std::string fault_words(const ServiceStatus& status) {
  std::string cause = state_cause(status);
  if (cause.empty() && status.last_exit) cause = exit_words(*status.last_exit);
  return fmt::format("{}{}{}; see `zinitctl why {}`", state_phrase(status),
                     cause.empty() ? "" : ": ", cause, printable(status.name));
}

class Settling {
 public:
  Settling(VerbContext& context, const SettleVerb& verb) : context_(context), verb_(verb) {}

  /// Sends a request for each name; `params` makes those of one.
  template <class Params>
  void ask(const std::vector<std::string>& names, Params params) {
    for (const std::string& name : names) {
      asked_.push_back({name, context_.client().request(verb_.method, params(name).text())});
    }
  }

  /// Reads the answers; returns the exit status: that of the first name that failed.
  int finish(bool waits) {
    for (const Asked& asked : asked_) {
      const int status = finish_one(asked, waits);
      if (status_ == ExitStatus::done) status_ = status;
    }
    if (context_.json()) context_.print_json("[" + json_ + "]");
    return status_;
  }

 private:
  /// Without --timeout as long as it takes; with it, a little longer than the server, which knows
  /// better what did not happen in time.
  [[nodiscard]] std::optional<Milliseconds> limit(bool waits) const {
    const auto left = context_.time_left();
    if (!waits) return context_.patience();
    if (!left) return std::nullopt;
    return *left + Milliseconds(2000);
  }

  int finish_one(const Asked& asked, bool waits) {
    try {
      const std::string json = context_.client().answer(asked.request, limit(waits));
      json_.append(json_.empty() ? "" : ",").append(json);
      const ServiceStatus status = ServiceStatus::parse(json);
      const bool good = !waits || verb_.succeeded(status);
      if (good && !context_.json()) context_.print(outcome_line(context_.terminal(), status));
      // Each as it comes: the next may take its time.
      context_.flush();
      if (good) return ExitStatus::done;
      return context_.fail(ExitStatus::failed, fmt::format("{} {}", context_.verb.name, asked.name),
                           fault_words(status));
    } catch (const ClientError& error) {
      // What the server said is about this name; without a server there is nothing more to hear.
      if (error.code() > 0) throw;
      return context_.fail(error, asked.name);
    }
  }

  VerbContext& context_;
  const SettleVerb verb_;
  std::vector<Asked> asked_;
  std::string json_;
  int status_ = ExitStatus::done;
};

/// The members that limit how long the server waits.
JsonParams& add_limit(VerbContext& context, JsonParams& params) {
  if (const auto left = context.time_left()) params.add("timeout_ms", std::int64_t{left->count()});
  return params;
}

int settle(VerbContext& context, const SettleVerb& verb) {
  const bool waits = !context.arguments.has("no-wait");
  Settling settling(context, verb);
  settling.ask(context.names(), [&](const std::string& name) {
    JsonParams params;
    params.add("name", name);
    if (!waits) return params;
    return add_limit(context, params.add("wait", true));
  });
  return settling.finish(waits);
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
  if (state != "running" && state != "exited" && state != "failed" && state != "stopped") {
    throw VerbFailure{ExitStatus::usage, "wait", "--for is running, exited, failed or stopped"};
  }
  Settling settling(context, {"service.wait", any_state});
  settling.ask(context.names(), [&](const std::string& name) {
    JsonParams params;
    params.add("name", name).add("for", state);
    return add_limit(context, params);
  });
  return settling.finish(true);
}

}  // namespace zinit
