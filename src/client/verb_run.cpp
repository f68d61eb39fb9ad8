// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl run: makes a service from a command and keys on the command line.
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/named_key.hpp"
#include "client/progress.hpp"
#include "client/reports.hpp"
#include "client/words.hpp"
#include "config/keys.hpp"
#include "config/spec_reader.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "model/reason.hpp"

namespace zinit {

namespace {

// How much output `run --wait` may be behind: what a command writes in tenths of a second.
constexpr int kWaitedBytes = 16 << 20;

[[noreturn]] void wrong_setting(const std::string& word, std::string_view why) {
  throw VerbFailure{ExitStatus::usage, fmt::format("{}: {}", word, why)};
}

/// A key that KEY=VALUE sets. `member` is the name after the key of a table: NAME in env.NAME.
struct SetKey {
  const Key* key;
  std::string member{};
};

SetKey key_of_setting(const std::string& word, const std::string& name) {
  const auto key = named_key(name);
  if (key) return {*key};
  const auto dot = name.rfind('.');
  if (dot != std::string::npos) {
    const auto table = named_key(name.substr(0, dot));
    if (table && (*table)->type == Type::strings) return {*table, name.substr(dot + 1)};
  }
  wrong_setting(word, key.error().text);
}

/// The value of a setting, read as TOML or else as plain text: user=nobody needs no quotes.
Value value_of_setting(const std::string& word, const Key& key, const std::string& text) {
  std::vector<Diagnostic> faults;
  Findings findings{word, faults};
  const auto read = read_toml("value = " + text);
  const Member* given = read && read->table.size() == 1 ? read->find("value") : nullptr;
  if (given != nullptr && check_value(key, given->value, findings)) return given->value;
  if (given == nullptr || given->value.type != ValueType::string) {
    std::vector<Diagnostic> of_text;
    Findings found{word, of_text};
    Value value = text_value(text);
    if (check_value(key, value, found)) return value;
    if (given == nullptr) faults = std::move(of_text);
  }
  wrong_setting(word, faults.front().text);
}

/// The table called `name` in `parent`.
Value& table_in(Value& parent, std::string_view name) {
  return parent.table[std::string(name)].value;
}

void apply_setting(Value& document, const std::string& word) {
  const auto sign = word.find('=');
  if (sign == std::string::npos || sign == 0)
    wrong_setting(word, "a setting is KEY=VALUE; write the command after --");
  const SetKey to = key_of_setting(word, word.substr(0, sign));
  if (full_name(*to.key) == "service.exec")
    wrong_setting(word, "write the command after --, and not as exec");
  const std::string text = word.substr(sign + 1);
  Value& section = table_in(document, to.key->section);
  if (to.member.empty())
    table_in(section, to.key->name) = value_of_setting(word, *to.key, text);
  else
    table_in(table_in(section, to.key->name), to.member) = text_value(text);
}

/// The section whose setting starts the command later; empty: there is none.
std::string trigger_of(const Value& document) {
  const ParsedSpec parsed = spec_from_document(document);
  if (!parsed.spec || !parsed.spec->triggered()) return {};
  for (const std::string_view section : {"timer", "path", "socket"})
    if (document.find(section) != nullptr) return std::string(section);
  return {};
}

/// The sections of a service for the command of the command line.
Value document_of_command(const VerbContext& context, const std::string& name) {
  const auto& words = context.arguments.rest;
  const auto dashes = words.begin() + std::ptrdiff_t(context.arguments.before_dashes);
  Value document;
  Value exec;
  exec.type = ValueType::array;
  for (auto word = dashes; word != words.end(); ++word) exec.array.push_back(text_value(*word));
  Value& service = table_in(document, "service");
  table_in(service, "name") = text_value(name);
  table_in(service, "exec") = std::move(exec);
  apply_setting(document, "restart=never");
  apply_setting(document, "status=ignore");  // start-all and enable do not run it again
  if (context.arguments.has("wait")) {
    // The log holds what this client has not read yet.
    apply_setting(document, fmt::format("logging.buffer_lines={}", kAllLines));
    apply_setting(document, fmt::format("logging.buffer_bytes={}", kWaitedBytes));
  }
  for (auto word = words.begin(); word != dashes; ++word) apply_setting(document, *word);
  if (dashes == words.end())
    throw VerbFailure{ExitStatus::usage, "the command is missing; write it after --"};
  return document;
}

/// Sends the service to the server. Returns the exit status.
int add_command(VerbContext& context, const std::string& name, const Value& document) {
  const ParsedSpec parsed = spec_from_document(document);
  for (const Diagnostic& one : parsed.diagnostics)
    if (one.severity == Severity::error)
      return context.fail(ExitStatus::failed, name, one.key + ": " + one.text);
  if (!parsed.spec || parsed.spec->name != name)
    throw VerbFailure{ExitStatus::usage, "--name says what the service is called"};
  const std::vector<std::string> known = context.client().list();
  if (contains(known, name))
    return context.fail(ExitStatus::failed, name, "there is a service of that name already");
  JsonParams params;
  params.add_json("config", to_json(document)).add("persist", false).add("start", false);
  try {
    const std::string json = context.call_patiently("service.set", params.text());
    for (const std::string& warning : json_strings(parse_json(json), "warnings"))
      context.warn(name, without_name(warning, name));
    return ExitStatus::done;
  } catch (const ClientError& error) {
    return context.fail_faults(error, name);
  }
}

/// Starts the service and prints its state after the start: a short command may have ended.
int start_command(VerbContext& context, const std::string& name) {
  const std::uint64_t request =
      context.client().request("service.start", named(name).add("wait", true).text());
  const std::string json = Progress(context).answer(request, context.time_left(), name);
  const ServiceStatus status = ServiceStatus::parse(json);
  if (status.state == "failed") {
    if (context.json()) context.print_json(json);
    return context.fail(ExitStatus::failed, name, fault_words(status));
  }
  const std::string pid = status.pid ? fmt::format(", pid {}", *status.pid) : "";
  return context.print_result(json, fmt::format("{} {}{}\n", name, state_phrase(status), pid));
}

/// Prints the lines of a service. The log's numbers show which lines it has printed already, and
/// which ones the server's queue for this client had no room for: these are read from the log. The
/// number of the first line may be any.
class OutputPrinter {
 public:
  OutputPrinter(VerbContext& context, std::string name)
      : context_(context), name_(std::move(name)) {}

  /// Prints the line, and before it all lines that came since the last one.
  void take(const LogLine& line) {
    if (line.dropped > 0 && last_ == 0) {
      print_rest();
      if (last_ == 0) missed_ += line.dropped;  // the log keeps nothing
    }
    if (line.seq <= last_) return;
    if (last_ > 0) print_kept(line.seq);  // otherwise this is the first one
    print(line);
  }

  /// Prints what the log has after the last line printed.
  void print_rest() {
    const std::vector<LogLine> newest = ask(1, 0);
    if (!newest.empty()) print_kept(newest.back().seq + 1);
  }

  /// The number of lines that the log no longer had.
  [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

 private:
  /// The last `count` lines of the log before the number `end`; 0: the last of all. Fewer if they
  /// do not fit into one answer.
  std::vector<LogLine> ask(std::uint64_t count, std::uint64_t end) {
    JsonParams params = named(name_).add("lines", static_cast<std::int64_t>(count));
    if (end > 0) params.add("before_seq", static_cast<std::int64_t>(end));
    return parse_as<std::vector<LogLine>>(context_.client().call("logs.filter", params.text()));
  }

  /// Prints the lines between the last one printed and the number `end`. They come from the last to
  /// the first, for an answer leaves out the first ones.
  void print_kept(std::uint64_t end) {
    std::vector<std::vector<LogLine>> parts;
    while (end > last_ + 1) {
      parts.push_back(ask(end - last_ - 1, end));
      if (parts.back().empty()) break;
      end = parts.back().front().seq;
    }
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      for (const LogLine& line : *part) print(line);
  }

  void print(const LogLine& line) {
    if (last_ > 0) missed_ += line.seq - last_ - 1;
    last_ = line.seq;
    if (line.stream == "zinit") return;
    std::string text = line.raw ? *line.raw : line.line;
    // With --json the standard output has the JSON alone.
    const bool error = line.stream == "stderr" || context_.json();
    if (error ? ::isatty(STDERR_FILENO) == 1 : context_.terminal().is_terminal)
      text = printable(text);
    if (!line.continues) text += '\n';
    error ? context_.print_error(text) : context_.print(text);
    context_.flush();
  }

  VerbContext& context_;
  const std::string name_;
  std::uint64_t last_ = 0;
  std::uint64_t missed_ = 0;
};

/// Waits until the server has sent what it has, or for a second if others keep it busy.
void await_output(Client& client) {
  try {
    client.debug_settle();
  } catch (const ClientError& error) {
    if (error.code() != ErrorCode::timeout) throw;
  }
}

/// Starts the service and prints its output until it is down for good. Returns its status as JSON.
std::string follow_to_end(VerbContext& context, const std::string& name, OutputPrinter& printer) {
  const std::string goes_on =
      fmt::format("{0} continues, and `zinitctl remove-service {0}` ends it", name);
  const Progress interrupts(context, true, goes_on);
  bool started = false;
  return context.over_reexecutions([&] {
    Client& client = context.client();
    bool changed = true;
    client.events_subscribe({name}, [&](const StateEvent&) { changed = true; });
    client.logs_subscribe(
        {name}, [&](const LogLine& line) { printer.take(line); }, kAllLines);
    const auto params = named(name).text();
    if (!std::exchange(started, true)) (void)client.call("service.start", params);
    const auto status = [&] { return client.call("service.status_full", params); };
    while (true) {
      if (std::exchange(changed, false)) {
        const ServiceStatus now = ServiceStatus::parse(status());
        context.answered();
        const bool was_tried = now.last_start_us || now.wish == "down" || now.state == "failed";
        if (is_at_rest(now) && !now.pid && was_tried) break;
      }
      if (!client.dispatch(context.time_left())) {
        throw VerbFailure{ExitStatus::timeout, "timed out; " + goes_on, name};
      }
    }
    // The last output may still be in its pipe, or in the server's queue for this client.
    await_output(client);
    while (client.dispatch(Milliseconds{0})) continue;
    printer.print_rest();
    return status();
  });
}

/// The exit status of the command itself, with a message if it is not success.
int end_of_command(VerbContext& context, const ServiceStatus& end) {
  const std::string cause = state_cause(end);
  if (!end.last_exit) return context.fail(ExitStatus::failed, end.name, cause);
  const int code = end.last_exit->code.value_or(128 + signal_number(end.last_exit->signal));
  if (code == 0)
    return end.state == "failed" ? context.fail(ExitStatus::failed, end.name, cause) : 0;
  return context.fail(code, end.name, exit_words(*end.last_exit));
}

/// Starts the service, prints its output until its end, and removes it. Returns the exit status.
int run_to_end(VerbContext& context, const std::string& name) {
  // The command must end if its output cannot be written any more.
  std::signal(SIGPIPE, SIG_IGN);
  OutputPrinter printer(context, name);
  const auto remove = [&] { (void)context.call_patiently("service.delete", named(name).text()); };
  std::string json;
  try {
    json = follow_to_end(context, name, printer);
  } catch (const VerbFailure& failure) {
    if (failure.status != ExitStatus::done) throw;
    // Nobody takes its output any more: as if it had written to a closed pipe itself.
    remove();
    return 128 + SIGPIPE;
  }
  const std::uint64_t missed = printer.missed();
  if (missed == 0)
    remove();
  else
    context.warn(name, fmt::format("{} of its output came too fast and {} not shown; the "
                                   "service stays, and `zinitctl logs {}` has its last lines",
                                   counted(missed, "line"), missed == 1 ? "is" : "are", name));
  context.print_result(json, "");
  const int code = end_of_command(context, ServiceStatus::parse(json));
  return code == ExitStatus::done && missed > 0 ? int{ExitStatus::failed} : code;
}

}  // namespace

int run_run(VerbContext& context) {
  const std::string given = context.arguments.value("name");
  const std::string name = given.empty() ? fmt::format("run-{}", ::getpid()) : given;
  const bool waits = context.arguments.has("wait");
  Value document = document_of_command(context, name);
  const std::string trigger = trigger_of(document);
  if (!trigger.empty() && table_in(table_in(document, "service"), "status").string == "ignore")
    apply_setting(document, "status=stop");  // else the trigger would start nothing
  if (waits && !trigger.empty())
    throw VerbFailure{ExitStatus::usage,
                      fmt::format("--wait: the [{}] starts the command later", trigger)};
  if (const int status = add_command(context, name, document); status != ExitStatus::done)
    return status;
  if (!trigger.empty())
    return context.print_result(context.client().call("service.status_full", named(name).text()),
                                fmt::format("{} added; its [{}] starts it\n", name, trigger));
  if (!waits) return start_command(context, name);
  try {
    return run_to_end(context, name);
  } catch (const ClientError& error) {
    if (error.code() != ErrorCode::service_not_found) throw;
    return context.fail(ExitStatus::failed, name, "another request removed it while it ran");
  }
}

}  // namespace zinit
