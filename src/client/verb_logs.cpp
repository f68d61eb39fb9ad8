// zinitctl logs: the last lines of what services have written.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// As many as a buffer can have (zinit.toml(5), `buffer_lines`).
constexpr std::uint32_t kAllLines = 1000000;

std::uint32_t wanted_lines(const VerbContext& context) {
  if (!context.arguments.has("lines")) return 100;
  const std::string text = context.arguments.value("lines");
  if (text == "all") return kAllLines;
  const auto number = parse_integer(text);
  if (!number || *number < 0) {
    throw VerbFailure{ExitStatus::usage, "logs",
                      fmt::format("-n {}: a number of lines, or all", printable(text))};
  }
  return static_cast<std::uint32_t>(std::min<long long>(*number, kAllLines));
}

struct NamedLine {
  std::string service;
  LogLine line;
};

void print_lines(VerbContext& context, const std::vector<NamedLine>& lines, bool with_names) {
  const bool with_time = context.arguments.has("time");
  const Terminal& terminal = context.terminal();
  for (const NamedLine& named : lines) {
    std::string text;
    if (with_time) {
      const std::string time = fmt::format("{}{}", date_time(named.line.time_us).substr(0, 11),
                                           time_of_day(named.line.time_us));
      text += terminal.paint(Colour::dim, time) + " ";
    }
    if (with_names) text += terminal.paint(Colour::cyan, printable(named.service) + ":") + " ";
    context.print(text + printable(named.line.line) + "\n");
  }
}

/// The server's lines, each with its service, as one array.
void print_json_lines(VerbContext& context, const std::vector<std::string>& names,
                      std::uint32_t lines) {
  std::string text = "[";
  for (const std::string& name : names) {
    JsonParams params;
    params.add("name", name).add("lines", std::int64_t{lines});
    const JsonDocument log = parse_json(context.client().call("logs.get", params.text()));
    json_expect_array(log, "log");
    for (const JsonValue& line : log.GetArray()) {
      json_expect_object(line, "line of the log");
      if (text.size() > 1) text += ',';
      text += "{\"service\":" + json_quoted(name);
      const std::string members = json_text(line);
      text += members == "{}" ? "}" : "," + members.substr(1);
    }
  }
  context.print_json(text + "]");
}

}  // namespace

int run_logs(VerbContext& context) {
  const std::uint32_t lines = wanted_lines(context);
  const std::vector<std::string> names = context.names();
  if (context.json()) {
    print_json_lines(context, names, lines);
    return ExitStatus::done;
  }
  std::vector<NamedLine> all;
  for (const std::string& name : names) {
    try {
      for (LogLine& line : context.client().logs_get(name, lines))
        all.push_back({name, std::move(line)});
    } catch (const ClientError& error) {
      if (error.code() > 0) throw;
      return context.fail(error, name);
    }
  }
  // Of several services one log, in order of time; lines of one service stay in theirs.
  if (names.size() > 1) {
    std::ranges::stable_sort(all, {}, [](const NamedLine& named) { return named.line.time_us; });
  }
  print_lines(context, all, names.size() > 1);
  return ExitStatus::done;
}

}  // namespace zinit
