// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl stats, metrics and debug-procs: the processes of services, and what they use.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/table.hpp"
#include "client/top_model.hpp"
#include "client/tree_lines.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

struct Figures {
  std::string name;
  std::string json;
  ServiceStats stats;
};

/// Sends requests for all `names` before it reads the first answer. Names that the user has `given`
/// are shown even without processes, and reported if there is no such service.
int ask_figures(VerbContext& context, const std::vector<std::string>& names, bool given,
                std::vector<Figures>& all) {
  std::vector<std::uint64_t> requests;
  for (const std::string& name : names) {
    requests.push_back(context.client().request("service.stats", named(name).text()));
  }
  int status = ExitStatus::done;
  for (std::size_t i = 0; i < names.size(); ++i) {
    try {
      std::string json = context.client().answer(requests[i], context.patience());
      const ServiceStats stats = parse_as<ServiceStats>(json);
      if (given || uses_something(stats)) all.push_back({names[i], std::move(json), stats});
    } catch (const ClientError& error) {
      // Positive codes are the library's own: no more answers will come.
      if (error.code() > 0) throw;
      if (!given && error.code() == ErrorCode::service_not_found) continue;  // it has just gone
      const int failed = context.fail(error, names[i]);
      if (status == ExitStatus::done) status = failed;
    }
  }
  return status;
}

template <class T, class Show>
std::string shown(const std::optional<T>& value, Show show) {
  return value ? show(*value) : std::string("-");
}

TableRow row_of(const Figures& figures) {
  const ServiceStats& stats = figures.stats;
  const auto number = [](auto value) { return std::to_string(value); };
  return {{printable(figures.name)},
          {shown(stats.pid, number)},
          {shown(stats.cpu_percent, [](double share) { return fmt::format("{:.1f}", share); })},
          {shown(stats.cpu_usec,
                 [](std::uint64_t us) {
                   return short_duration(static_cast<std::int64_t>(us / 1000));
                 })},
          {shown(stats.memory_bytes, bytes_text)},
          {shown(stats.tasks, number)},
          {shown(stats.io_read_bytes, bytes_text)},
          {shown(stats.io_write_bytes, bytes_text)}};
}

std::string stats_table(const Terminal& terminal, const std::vector<Figures>& all) {
  if (all.empty()) return "no service has a process\n";
  const TableColumn columns[] = {
      {"NAME", false, std::max<std::size_t>(terminal.width / 3, 12)},
      {"PID", true, kAnyWidth, 1},
      {"CPU%", true},
      {"TIME", true, kAnyWidth, 2},
      {"MEMORY", true},
      {"TASKS", true, kAnyWidth, 3},
      {"READ", true, kAnyWidth, 4},
      {"WRITTEN", true, kAnyWidth, 5},
  };
  std::vector<TableRow> rows;
  for (const Figures& figures : all) rows.push_back(row_of(figures));
  return table_text(terminal, columns, rows);
}

std::string stats_array(const std::vector<Figures>& all) {
  JsonWriter writer;
  writer.begin_array();
  for (const Figures& figures : all)
    writer.put_raw(fmt::format("{{\"name\":{},{}", json_of(figures.name), figures.json.substr(1)));
  return writer.end_array().take();
}

/// "412 nginx", with lines to the left.
std::string process_lines(const Terminal& terminal, const std::vector<ProcessNode>& nodes) {
  std::vector<int> depths;
  for (const ProcessNode& node : nodes) depths.push_back(node.depth);
  const std::vector<std::string> before = tree_lines(depths, terminal.utf8);
  std::string text;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string line =
        fmt::format("{}{} {}", before[i], nodes[i].pid, printable(nodes[i].comm));
    text += terminal.fit(line, terminal.width) + "\n";
  }
  return text;
}

/// Makes the older text format of Prometheus from OpenMetrics: a counter is named as its samples
/// are, with _total, and there is neither UNIT nor a line for the end.
std::string prometheus_text(std::string_view text) {
  constexpr std::string_view type = "# TYPE ";
  constexpr std::string_view help = "# HELP ";
  static_assert(type.size() == help.size());
  std::string converted;
  bool is_counter = false;  // the family of this line
  for (const std::string_view line : split(trim(text), '\n')) {
    if (line.starts_with("# UNIT ") || line == "# EOF") continue;
    if (line.starts_with(type)) is_counter = line.ends_with(" counter");
    const bool head = line.starts_with(type) || line.starts_with(help);
    const std::size_t end = head && is_counter ? line.find(' ', type.size()) : line.size();
    converted.append(line.substr(0, end));
    if (end < line.size()) converted.append("_total").append(line.substr(end));
    converted += '\n';
  }
  return converted;
}

}  // namespace

int run_stats(VerbContext& context) {
  const bool given = !context.arguments.rest.empty();
  std::vector<Figures> all;
  const int status =
      ask_figures(context, given ? context.names() : context.client().list(), given, all);
  if (!all.empty() || status == ExitStatus::done)
    context.print_result(stats_array(all), stats_table(context.terminal(), all));
  return status;
}

int run_metrics(VerbContext& context) {
  std::string text = context.client().metrics();
  if (context.arguments.has("prometheus")) text = prometheus_text(text);
  if (context.json()) return context.print_result(json_of(text), {});
  // Line by line, because printable() would escape line ends. The text itself stays unchanged.
  for (const std::string_view line : split(trim(text), '\n')) context.print(printable(line) + "\n");
  return ExitStatus::done;
}

int run_debug_procs(VerbContext& context) {
  return context.for_each_name([&](const std::string& name) {
    const std::string json = context.client().call("debug.process_tree", named(name).text());
    const std::vector<ProcessNode> nodes = parse_as<std::vector<ProcessNode>>(json);
    return context.print_result(json, process_lines(context.terminal(), nodes));
  });
}

}  // namespace zinit
