// zinitctl logs: prints the last lines of logs, and with --follow those that come.
#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/regex.hpp"
#include "client/times.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// As many as a buffer can have (zinit.toml(5), `buffer_lines`).
constexpr std::uint32_t kAllLines = 1000000;

// An answer with more than 4 MiB of lines is cut: the server leaves out the oldest. One that is
// shorter than this has not been cut.
constexpr std::size_t kLeastCut = std::size_t{2} << 20;

constexpr std::array<std::string_view, 4> kStreams = {"stdout", "stderr", "zinit", "syslog"};
// Logs that do not belong to a service.
constexpr std::array<std::string_view, 2> kOtherLogs = {"zinit", "syslog"};

[[noreturn]] void wrong(std::string why) { throw VerbFailure{ExitStatus::usage, std::move(why)}; }

/// Which lines are printed.
struct Selection {
  std::uint32_t lines = 100;
  std::optional<std::int64_t> since_us;
  std::optional<Regex> regex;
  std::string stream;

  [[nodiscard]] bool has(const LogLine& line) const {
    return (!since_us || line.time_us >= *since_us) && (stream.empty() || line.stream == stream) &&
           (!regex || regex->matches(line.line));
  }
};

std::uint32_t wanted_lines(const Arguments& arguments) {
  if (!arguments.has("lines")) return arguments.has("since") ? kAllLines : 100;
  const std::string text = arguments.value("lines");
  if (text == "all") return kAllLines;
  const auto number = parse_integer(text);
  if (!number || *number < 0) wrong(fmt::format("-n {}: a number of lines, or all", text));
  return static_cast<std::uint32_t>(std::min<long long>(*number, kAllLines));
}

Selection read_selection(const Arguments& arguments) {
  Selection selection;
  selection.lines = wanted_lines(arguments);
  if (arguments.has("since")) {
    const std::string text = arguments.value("since");
    selection.since_us = parse_past_time(text, wall_us());
    if (!selection.since_us)
      wrong(fmt::format("--since {}: no such time; it may be {}", text, kPastTimes));
  }
  if (arguments.has("grep")) {
    const std::string text = arguments.value("grep");
    auto regex = Regex::compile(text);
    if (!regex)
      wrong(fmt::format("--grep {}: no regular expression: {}", text, regex.error().text));
    selection.regex = std::move(*regex);
  }
  selection.stream = arguments.value("stream");
  if (arguments.has("stream") && std::ranges::find(kStreams, selection.stream) == kStreams.end())
    wrong(fmt::format("--stream {}: there are stdout, stderr, zinit and syslog", selection.stream));
  return selection;
}

/// A line of a log. With --json it also has the line as JSON text.
struct Found {
  LogLine line;
  std::string json;
};

/// The line as the server sent it, but with the service as its first member, and without the number
/// of the subscription.
std::string line_json(const std::string& service, JsonValue& line) {
  for (const char* member : {"subscription", "service"}) line.RemoveMember(member);
  const std::string members = json_text(line);
  if (service.empty()) return members;
  return "{\"service\":" + json_of(service) + (members == "{}" ? "}" : "," + members.substr(1));
}

class LogPrinter {
 public:
  LogPrinter(VerbContext& context, Selection selection)
      : context_(context), selection_(std::move(selection)) {
    if (context.arguments.has("all")) {
      if (!context.arguments.rest.empty()) wrong("either names or --all");
      names_ = context.client().list();
      names_.insert(names_.end(), kOtherLogs.begin(), kOtherLogs.end());
    } else if (context.arguments.rest.empty()) {
      wrong("name a service, or all of them by --all");
    } else {
      names_ = context.names();
    }
    with_names_ = names_.size() > 1;
  }

  /// Prints the last lines that the server keeps. Returns the exit status.
  int print_kept() {
    std::vector<Found> found;
    for (const std::string& name : names_) {
      try {
        gather(name, found);
      } catch (const ClientError& error) {
        if (error.code() == ErrorCode::service_not_found && context_.arguments.has("all"))
          continue;  // it was removed after we asked for the list
        if (error.code() > 0) throw;
        return context_.fail(error, name);
      }
    }
    // Several logs are merged by time. Lines of one log keep their order.
    if (with_names_)
      std::ranges::stable_sort(found, {}, [](const Found& each) { return each.line.time_us; });
    if (found.size() > selection_.lines)
      found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(selection_.lines));
    if (context_.json() && !follows_) {
      print_array(found);
    } else {
      for (const Found& each : found) print(each);
    }
    return ExitStatus::done;
  }

  /// Subscribes to the lines that come from now on. They are kept until follow() prints them.
  void subscribe() {
    follows_ = true;
    JsonParams params;
    if (!context_.arguments.has("all")) params.add("names", names_);
    try {
      context_.client().subscribe(
          "logs.subscribe", params.text(),
          [this](std::string_view, const std::string& text) { print_new(parse_json(text)); });
    } catch (const ClientError& error) {
      // print_kept() asks for one service at a time, and so reports which does not exist.
      if (error.code() != ErrorCode::service_not_found) throw;
    }
  }

  /// Prints lines as they come, until --timeout or for ever.
  void follow() {
    context_.flush();
    try {
      while (context_.client().dispatch(context_.time_left())) context_.flush();
    } catch (const ClientError& error) {
      if (error.code() != ErrorCode::disconnected) throw;
      context_.flush();
      throw VerbFailure{ExitStatus::no_server, "the server has gone"};
    }
    throw VerbFailure{ExitStatus::timeout, "the time is up"};
  }

 private:
  /// Appends the last lines of one log. The length of an answer is limited, so a long log takes
  /// several calls: first for the newest lines, then for those before them.
  void gather(const std::string& name, std::vector<Found>& found) {
    std::vector<std::vector<Found>> pages;
    std::uint64_t before = 0;
    std::size_t missing = selection_.lines;
    do {
      std::vector<Found> page = ask(name, missing, before);
      if (page.size() > missing) page.erase(page.begin(), page.end() - std::ptrdiff_t(missing));
      missing -= page.size();
      pages.push_back(std::move(page));
    } while (missing > 0 && before > 1);
    for (auto page = pages.rbegin(); page != pages.rend(); ++page)
      std::move(page->begin(), page->end(), std::back_inserter(found));
  }

  /// Asks for the last lines before the one with the number `before`, or of the whole log if that
  /// is 0, and returns those that are to be printed. Then `before` is the number of the first line
  /// in the answer, or 0 if the answer goes back to the beginning.
  std::vector<Found> ask(const std::string& name, std::size_t lines, std::uint64_t& before) {
    JsonParams params;
    params.add("name", name);
    params.add("lines", selection_.regex ? kAllLines : static_cast<std::int64_t>(lines));
    if (selection_.since_us)
      params.add("since_us", std::max<std::int64_t>(*selection_.since_us, 0));
    if (!selection_.stream.empty()) params.add("stream", selection_.stream);
    if (before > 0) params.add("before_seq", static_cast<std::int64_t>(before));
    const std::string answer = context_.client().call("logs.filter", params.text());
    JsonDocument log = parse_json(answer);
    json_expect_array(log, "log");
    std::vector<Found> page;
    LogLine& last = last_[name];
    std::uint64_t first = 0;
    for (JsonValue& line : log.GetArray()) {
      json_expect_object(line, "line of the log");
      Found each{read_log_line(line), {}};
      each.line.service = name;
      if (first == 0) first = each.line.seq;
      if (before == 0) {
        last.seq = each.line.seq;
        last.time_us = each.line.time_us;
      }
      if (!selection_.has(each.line)) continue;
      if (context_.json()) each.json = line_json(name, line);
      page.push_back(std::move(each));
    }
    before = answer.size() < kLeastCut ? 0 : first;
    return page;
  }

  /// Prints the line of a notification.
  void print_new(JsonDocument params) {
    Found found{read_log_line(params), {}};
    if (found.line.dropped == 0) {
      // A line that came just after subscribe() may have been printed by print_kept(). The numbers
      // alone do not tell: they start again when a service is removed and added again.
      const LogLine& last = last_[found.line.service];
      if (found.line.seq <= last.seq && found.line.time_us <= last.time_us) return;
      if (!selection_.has(found.line)) return;
    }
    if (context_.json()) found.json = line_json(found.line.service, params);
    print(found);
  }

  void print(const Found& found) {
    if (context_.json()) return context_.print_json(found.json);
    const LogLine& line = found.line;
    if (line.dropped > 0) {
      return context_.print(fmt::format("{} line{} missed here, for they came too fast\n",
                                        line.dropped, line.dropped == 1 ? " was" : "s were"));
    }
    const Terminal& terminal = context_.terminal();
    std::string text;
    if (context_.arguments.has("time")) {
      const std::string time =
          fmt::format("{}{}", date_time(line.time_us).substr(0, 11), time_of_day(line.time_us));
      text += terminal.paint(Colour::dim, time) + " ";
    }
    if (with_names_) text += terminal.paint(Colour::cyan, printable(line.service) + ":") + " ";
    context_.print(text + printable(line.line) + "\n");
  }

  void print_array(const std::vector<Found>& found) {
    std::string text = "[";
    for (const Found& each : found) text.append(text.size() > 1 ? "," : "").append(each.json);
    context_.print_json(text + "]");
  }

  VerbContext& context_;
  const Selection selection_;
  std::vector<std::string> names_;
  bool with_names_ = false;
  bool follows_ = false;
  std::map<std::string, LogLine, std::less<>> last_;  // of each log: the last that was kept
};

}  // namespace

int run_logs(VerbContext& context) {
  LogPrinter printer(context, read_selection(context.arguments));
  if (context.arguments.has("follow")) printer.subscribe();
  if (const int status = printer.print_kept(); status != ExitStatus::done) return status;
  if (context.arguments.has("follow")) printer.follow();
  return ExitStatus::done;
}

}  // namespace zinit
