// zinitctl list: prints a table of services, or a JSON array of their statuses.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/table.hpp"
#include "client/words.hpp"
#include "model/state.hpp"

namespace zinit {

namespace {

/// Which services are shown, by --state, --class and PATTERN.
class ListFilter {
 public:
  explicit ListFilter(const VerbContext& context)
      : states_(context.arguments.values("state")), class_(context.arguments.value("class")) {
    if (!context.arguments.rest.empty()) pattern_ = context.arguments.rest.front();
    for (const std::string& state : states_) check_state(state);
    if (!class_.empty() && class_ != "user" && class_ != "system") {
      throw VerbFailure{ExitStatus::usage, "--class is user or system"};
    }
  }

  [[nodiscard]] bool admits(const ServiceStatus& status) {
    if (!pattern_.empty() && !matches(pattern_, status.name)) return false;
    named_ = true;
    if (!class_.empty() && status.class_ != class_) return false;
    return states_.empty() || std::ranges::any_of(states_, [&](const std::string& state) {
             return state == status.state || state == shown_state(status);
           });
  }

  /// Whether it leaves out any.
  [[nodiscard]] bool filters() const {
    return !pattern_.empty() || !class_.empty() || !states_.empty();
  }
  /// Whether there is a pattern that has matched no service.
  [[nodiscard]] bool pattern_failed() const { return !pattern_.empty() && !named_; }
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

 private:
  static void check_state(const std::string& state) {
    std::vector<std::string> known;
    for (const StateInfo& info : kStates) known.emplace_back(info.name);
    known.insert(known.end(), {"stopped", "done"});
    if (std::ranges::find(known, state) != known.end()) return;
    throw VerbFailure{ExitStatus::usage,
                      fmt::format("--state {}: the states are {}", state, join(known, ", "))};
  }

  std::vector<std::string> states_;
  std::string class_;
  std::string pattern_;
  bool named_ = false;
};

TableRow row_of(const ServiceStatus& status) {
  const Colour colour = state_colour(status.state);
  return {{std::string(symbol_of(status.state)), colour},
          {printable(status.name)},
          {printable(shown_state(status)), colour},
          {status.pid ? std::to_string(*status.pid) : "-"},
          {status.uptime_ms ? short_duration(*status.uptime_ms) : "-"},
          {std::to_string(status.restart_count)},
          {cause_or_description(status)}};
}

/// Calls `each` with the members that the table shows. An older server refuses the parameter for
/// that, and is asked for all members.
void for_each_status(Client& client, const std::function<void(const ServiceStatus&)>& each) {
  const std::vector<std::string> members = {
      "name",      "description", "state",      "reason",    "class",         "pid",
      "summary",   "oneshot",     "wish",       "uptime_ms", "restart_count", "restart_in_ms",
      "last_exit", "waiting_on",  "conditions", "starts_on", "next_start_us"};
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
      // A name may have 128 characters. It gets a third of the terminal at most.
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
  if (!rows.empty()) return context.print(table_text(terminal, columns, rows));
  if (!filter.pattern_failed())
    context.print(filter.filters() ? "no service matches\n"
                                   : "no services; `zinitctl add-service FILE` adds one\n");
}

/// Prints the objects as the server sent them, with members that this client may not know.
void list_as_json(VerbContext& context, ListFilter& filter) {
  const JsonDocument all = parse_json(context.client().call("service.list_full"));
  json_expect_array(all, "list");
  std::string text = "[";
  for (const JsonValue& element : all.GetArray()) {
    if (!filter.admits(read_status(element))) continue;
    if (text.size() > 1) text += ',';
    text += json_text(element);
  }
  context.print_json(text + "]");
}

}  // namespace

int run_list(VerbContext& context) {
  ListFilter filter(context);
  context.json() ? list_as_json(context, filter) : list_as_table(context, filter);
  if (filter.pattern_failed()) {
    return context.fail(ExitStatus::no_service, filter.pattern(), "no service's name matches");
  }
  return ExitStatus::done;
}

}  // namespace zinit
