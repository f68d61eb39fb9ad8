// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl list: prints a table of services, or a JSON array of their statuses.
#include <algorithm>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/table.hpp"
#include "client/words.hpp"
#include "model/state.hpp"

namespace zinit {

namespace {

/// Selects services by --state, --class and patterns. Two of its states depend on files: disabled,
/// for a service that is down and does not start at boot, and masked.
class ListFilter {
 public:
  explicit ListFilter(const VerbContext& context)
      : states_(context.arguments.values("state")), class_(context.arguments.value("class")) {
    for (const std::string& pattern : context.arguments.rest) patterns_.push_back({pattern});
    for (const std::string& state : states_) check_state(state);
    if (!class_.empty() && class_ != "user" && class_ != "system") {
      throw VerbFailure{ExitStatus::usage, "--class is user or system"};
    }
  }

  [[nodiscard]] bool admits(const ServiceStatus& status) {
    if (!named(status.name)) return false;
    if (!class_.empty() && status.class_ != class_) return false;
    return states_.empty() || std::ranges::any_of(states_, [&](const std::string& state) {
             return state == status.state || state == shown_state(status) ||
                    (state == "disabled" && is_disabled(status));
           });
  }

  /// Whether it may admit masked services, which have no class.
  [[nodiscard]] bool admits_masked() const {
    return class_.empty() && (states_.empty() || std::ranges::count(states_, "masked") > 0);
  }

  /// Whether it can leave out a service.
  [[nodiscard]] bool filters() const {
    return !patterns_.empty() || !class_.empty() || !states_.empty();
  }
  /// The first pattern that has matched no service; null if there is none.
  [[nodiscard]] const std::string* unmatched() const {
    const auto at = std::ranges::find(patterns_, false, &Pattern::matched);
    return at == patterns_.end() ? nullptr : &at->text;
  }

  /// Whether a pattern matches the name, or there are no patterns.
  [[nodiscard]] bool named(const std::string& name) {
    bool any = patterns_.empty();
    for (Pattern& pattern : patterns_) {
      if (!matches(pattern.text, name)) continue;
      pattern.matched = any = true;
    }
    return any;
  }

 private:
  struct Pattern {
    std::string text;
    bool matched = false;
  };

  static void check_state(const std::string& state) {
    std::vector<std::string> known;
    for (const StateInfo& info : kStates) known.emplace_back(info.name);
    known.insert(known.end(), {"stopped", "done", "disabled", "masked"});
    if (contains(known, state)) return;
    throw VerbFailure{ExitStatus::usage,
                      fmt::format("--state {}: the states are {}", state, join(known, ", "))};
  }

  std::vector<std::string> states_;
  std::string class_;
  std::vector<Pattern> patterns_;
};

/// The admitted masked names, with the links that mask them. An older server reports none.
TextByName masked_names(Client& client, ListFilter& filter) try {
  if (!filter.admits_masked() && filter.unmatched() == nullptr) return {};
  TextByName masked = client.info().files.masked;
  std::erase_if(masked, [&](const auto& one) {
    const bool named = filter.named(one.first);  // notes which patterns have matched
    return !named || !filter.admits_masked();
  });
  return masked;
} catch (const ClientError& error) {
  if (error.code() > 0) throw;
  return {};
}

std::string details_of(const ServiceStatus& status) {
  const std::string text = cause_or_description(status);
  if (!is_disabled(status)) return text;
  return text.empty() ? "disabled" : "disabled; " + text;
}

TableRow row_of(const ServiceStatus& status) {
  const Colour colour = state_colour(status.state);
  return {{std::string(symbol_of(status.state)), colour},
          {printable(status.name)},
          {printable(shown_state(status)), colour},
          {status.pid ? std::to_string(*status.pid) : "-"},
          {status.uptime_ms ? short_duration(*status.uptime_ms) : "-"},
          {std::to_string(status.restart_count)},
          {details_of(status)}};
}

/// A masked service does not exist for the server, so only its name is known.
TableRow masked_row(const std::string& name, const std::string& link) {
  return {{"-", Colour::dim},       {printable(name)}, {"masked", Colour::dim}, {"-"}, {"-"}, {"-"},
          {printable("by " + link)}};
}

/// Calls `each` with the members that the table shows. An older server refuses the parameter
/// `members`: then asks for all members.
void for_each_status(Client& client, FunctionRef<void(const ServiceStatus&)> each) {
  const std::vector<std::string> members = {
      "name",          "description",   "state",     "reason",     "class",
      "pid",           "summary",       "oneshot",   "wish",       "uptime_ms",
      "restart_count", "restart_in_ms", "last_exit", "waiting_on", "conditions",
      "starts_on",     "next_start_us", "status",    "main_pid"};
  try {
    client.list_full(members, each);
  } catch (const ClientError& error) {
    if (error.code() != ErrorCode::invalid_params) throw;
    client.list_full({}, each);
  }
}

void list_as_table(VerbContext& context, ListFilter& filter) {
  const Terminal& terminal = context.terminal();
  const TableColumn columns[] = {
      {"", false},
      // A name may have 128 characters. It gets at most a third of the terminal.
      {"NAME", false, std::max<std::size_t>(terminal.width / 3, 12)},
      {"STATE", false},
      {"PID", true, kAnyWidth, 1},
      {"UPTIME", true, kAnyWidth, 2},
      {"RESTARTS", true, kAnyWidth, 3},
      {"DETAILS", false},
  };
  std::vector<TableRow> rows;
  for_each_status(context.client(), [&](const ServiceStatus& status) {
    if (filter.admits(status)) rows.push_back(row_of(status));
  });
  for (const auto& [name, link] : masked_names(context.client(), filter))
    rows.push_back(masked_row(name, link));
  sort_by(rows, [](const TableRow& row) { return std::string_view(row[1].text); });
  if (!rows.empty()) return context.print(table_text(terminal, columns, rows));
  if (filter.unmatched() == nullptr)
    context.print(filter.filters() ? "no service matches\n"
                                   : "no services; `zinitctl edit --new NAME` adds one\n");
}

/// Prints the objects as the server sent them, with members that this client may not know. Leaves
/// masked services out unless --state asks for them.
void list_as_json(VerbContext& context, ListFilter& filter) {
  const JsonDocument all = parse_json(context.client().call("service.list_full"));
  json_expect_array(all, "list");
  JsonWriter writer;
  writer.begin_array();
  for (const JsonValue& element : all.GetArray())
    if (filter.admits(read_as<ServiceStatus>(element))) writer.put_raw(json_text(element));
  if (context.arguments.has("state"))
    for (const auto& [name, link] : masked_names(context.client(), filter))
      writer.put_raw(named(name).add("state", "masked").add("file", link).text());
  context.print_json(writer.end_array().take());
}

}  // namespace

int run_list(VerbContext& context) {
  ListFilter filter(context);
  context.json() ? list_as_json(context, filter) : list_as_table(context, filter);
  const std::string* unmatched = filter.unmatched();
  if (unmatched == nullptr) return ExitStatus::done;
  return context.fail(ExitStatus::no_service, *unmatched, "no service's name matches");
}

}  // namespace zinit
