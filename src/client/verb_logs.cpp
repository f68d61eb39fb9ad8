// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl logs: prints the last lines of logs, and with --follow the next ones.
//
// The lines of one log have ascending numbers. Without --follow, print_kept() asks for the last
// lines of each log, page by page because the server limits an answer, merges several logs by time,
// and prints them.
//
// With --follow, follow() then subscribes to the lines after the last known one of each log. If the
// server executes itself again, it subscribes in this way once more. The server finds the lines in
// between, and reports how many it has lost.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/regex.hpp"
#include "client/reports.hpp"
#include "client/times.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// The server cuts an answer at 4 MiB of lines: it leaves out the oldest ones. A shorter answer than
// this has not been cut.
constexpr std::size_t kLeastCut = std::size_t{2} << 20;

constexpr std::array<std::string_view, 4> kStreams = {"stdout", "stderr", "zinit", "syslog"};
// Logs that do not belong to a service.
constexpr std::array<std::string_view, 2> kOtherLogs = {"zinit", "syslog"};

[[noreturn]] void wrong(std::string why) { throw VerbFailure{ExitStatus::usage, std::move(why)}; }

/// Selects the lines to print.
struct Selection {
  std::uint32_t lines = 100;
  std::optional<std::int64_t> since_us, until_us;
  std::optional<Regex> regex;
  std::string stream;

  [[nodiscard]] bool has(const LogLine& line) const {
    return (!since_us || line.time_us >= *since_us) && (!until_us || line.time_us < *until_us) &&
           (stream.empty() || line.stream == stream) && (!regex || regex->matches(line.line));
  }
};

/// The value of --since or --until.
std::optional<std::int64_t> read_time(const Arguments& arguments, std::string_view option) {
  if (!arguments.has(option)) return std::nullopt;
  const std::string text = arguments.value(option);
  const auto time_us = parse_past_time(text, wall_us());
  if (!time_us) wrong(fmt::format("--{} {}: no such time; it may be {}", option, text, kPastTimes));
  return time_us;
}

Selection read_selection(const Arguments& arguments) {
  Selection selection;
  const std::uint32_t usual = arguments.has("since") ? kAllLines : 100;
  selection.lines = given_lines(arguments, kAllLines).value_or(usual);
  selection.since_us = read_time(arguments, "since");
  selection.until_us = read_time(arguments, "until");
  if (selection.until_us && arguments.has("follow")) wrong("use either --until or --follow");
  if (arguments.has("grep")) {
    const std::string text = arguments.value("grep");
    auto regex = Regex::compile(text);
    if (!regex)
      wrong(fmt::format("invalid regular expression \"{}\" for --grep: {}", text,
                        regex.error().text));
    selection.regex = std::move(*regex);
  }
  selection.stream = arguments.value("stream");
  if (arguments.has("stream") && !contains(kStreams, selection.stream))
    wrong(fmt::format("--stream {}: there are stdout, stderr, zinit and syslog", selection.stream));
  return selection;
}

/// A line of a log. With --json it also has the line as JSON text.
struct FoundLine {
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
      : context_(context), selection_(std::move(selection)), all_(context.arguments.has("all")) {
    if (all_ && !context.arguments.rest.empty()) wrong("give either names or --all");
    if (!all_ && context.arguments.rest.empty()) wrong("name a service, or all of them by --all");
  }

  /// Prints the last lines that the server keeps. Returns the exit status.
  int print() {
    find_names();
    return print_kept();
  }

  /// Prints the same and then lines as they come, until --timeout or for ever. A second call
  /// continues from the last line. Returns the exit status of a failure.
  int follow() {
    follows_ = true;
    if (!kept_printed_) {
      find_names();
      if (const int status = print_kept(); status != ExitStatus::done) return status;
    }
    subscribe();
    context_.follow();
  }

 private:
  void find_names() {
    if (all_) {
      names_ = context_.client().list();
      names_.insert(names_.end(), kOtherLogs.begin(), kOtherLogs.end());
    } else if (names_.empty()) {
      names_ = context_.names();
    }
    with_names_ = names_.size() > 1;
  }

  /// Subscribes to the lines after the last known ones, and to all lines of a log that was not
  /// there before.
  void subscribe() {
    JsonParams params, after;
    if (!all_) params.add("names", names_);
    for (const auto& [log, seq] : last_) after.add(log, seq);
    params.add("lines", kAllLines).add_json("after", after.text());
    context_.client().subscribe(
        "logs.subscribe", params.text(),
        [this](std::string_view, const std::string& text) { print_new(parse_json(text)); });
  }

  /// Prints the last lines that the server keeps. Returns the exit status.
  int print_kept() {
    std::vector<FoundLine> found;
    last_.clear();
    for (const std::string& name : names_) {
      try {
        gather(name, found);
      } catch (const ClientError& error) {
        if (error.code() == ErrorCode::service_not_found && all_)
          continue;  // it was removed after we asked for the list
        if (error.code() > 0) throw;
        return context_.fail(error, name);
      }
    }
    // Several logs are merged by time. Lines of one log keep their order.
    if (with_names_) sort_by(found, [](const FoundLine& each) { return each.line.time_us; });
    if (found.size() > selection_.lines)
      found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(selection_.lines));
    if (context_.json() && !follows_) {
      print_array(found);
    } else {
      for (const FoundLine& each : found) print(each);
      if (!follows_) end_line();
    }
    kept_printed_ = true;
    return ExitStatus::done;
  }

  /// Appends the last lines of one log. The length of an answer is limited, so a long log takes
  /// several calls: first for the newest lines, then for earlier ones.
  void gather(const std::string& name, std::vector<FoundLine>& found) {
    std::vector<std::vector<FoundLine>> pages;
    std::size_t missing = selection_.lines;
    std::uint64_t first = 0;
    bool more = true;
    // The newest line may not be among those that the server selects.
    const bool selects = selection_.since_us || !selection_.stream.empty();
    if (follows_ && selects) (void)ask(name, 1, 0, false);
    do {
      Page page = ask(name, missing, first);
      if (page.found.size() > missing)
        page.found.erase(page.found.begin(), page.found.end() - std::ptrdiff_t(missing));
      missing -= page.found.size();
      if (page.first > 0) first = page.first;
      more = page.cut && missing > 0 && first > 1;
      pages.push_back(std::move(page.found));
    } while (more);
    for (auto page = pages.rbegin(); page != pages.rend(); ++page)
      std::move(page->begin(), page->end(), std::back_inserter(found));
  }

  /// A part of a log.
  struct Page {
    std::vector<FoundLine> found;  // its lines that are selected
    std::uint64_t first = 0;       // the number of its first line; 0: no lines
    bool cut = false;              // lines before it may be missing
  };

  /// Asks for the last lines before the number `before`; if `before` is 0, for the last lines of
  /// the log. With `selects`, the server leaves out lines that are not selected.
  Page ask(const std::string& name, std::size_t lines, std::uint64_t before, bool selects = true) {
    // follow() must know where the log ends, even if it prints no line of it.
    const std::size_t least = follows_ ? 1 : 0;
    JsonParams params = named(name);
    const bool picks = selection_.regex || selection_.until_us;  // unknown to the server
    params.add("lines", picks ? kAllLines : static_cast<std::int64_t>(std::max(lines, least)));
    if (selection_.since_us && selects)
      params.add("since_us", std::max<std::int64_t>(*selection_.since_us, 0));
    if (selects) params.add_given("stream", selection_.stream);
    if (before > 0) params.add("before_seq", static_cast<std::int64_t>(before));
    const std::string answer = context_.client().call("logs.filter", params.text());
    JsonDocument log = parse_json(answer);
    json_expect_array(log, "log");
    Page page;
    std::uint64_t& last = last_[name];
    for (JsonValue& line : log.GetArray()) {
      json_expect_object(line, "line of the log");
      FoundLine each{read_as<LogLine>(line), {}};
      each.line.service = name;
      if (page.first == 0) page.first = each.line.seq;
      last = std::max(last, each.line.seq);
      if (!selection_.has(each.line)) continue;
      if (context_.json()) each.json = line_json(name, line);
      page.found.push_back(std::move(each));
    }
    page.cut = answer.size() >= kLeastCut;
    return page;
  }

  /// Prints the line of a notification.
  void print_new(JsonDocument params) {
    FoundLine found{read_as<LogLine>(params), {}};
    if (found.line.dropped == 0) {
      last_[found.line.service] = found.line.seq;
      if (!selection_.has(found.line)) return;
    }
    if (context_.json()) found.json = line_json(found.line.service, params);
    print(found);
  }

  void print(const FoundLine& found) {
    if (context_.json()) return context_.print_json(found.json);
    const LogLine& line = found.line;
    const bool goes_on =
        open_ && line.dropped == 0 && open_->first == line.service && open_->second == line.stream;
    if (!goes_on) end_line();
    if (line.dropped > 0) {
      return context_.print(fmt::format("{} line{} missing here, because they came too fast\n",
                                        line.dropped, line.dropped == 1 ? " was" : "s were"));
    }
    const Terminal& terminal = context_.terminal();
    std::string text;
    if (!goes_on && context_.arguments.has("time")) {
      const std::string time =
          fmt::format("{}{}", date_time(line.time_us).substr(0, 11), time_of_day(line.time_us));
      text += terminal.paint(Colour::dim, time) + " ";
    }
    if (!goes_on && with_names_)
      text += terminal.paint(Colour::cyan, printable(line.service) + ":") + " ";
    if (context_.arguments.has("raw"))
      text += line.raw ? *line.raw : line.line;
    else
      text += printable(line.line);
    // If lines are selected one by one, the next piece of this line may be left out.
    open_.reset();
    if (line.continues && !selection_.regex)
      open_.emplace(line.service, line.stream);
    else
      text += '\n';
    context_.print(text);
  }

  /// Ends a line that did not continue.
  void end_line() {
    if (std::exchange(open_, std::nullopt)) context_.print("\n");
  }

  void print_array(const std::vector<FoundLine>& found) {
    JsonWriter writer;
    writer.begin_array();
    for (const FoundLine& each : found) writer.put_raw(each.json);
    context_.print_json(writer.end_array().take());
  }

  VerbContext& context_;
  const Selection selection_;
  const bool all_;  // the logs of all services, including new ones
  std::vector<std::string> names_;
  bool with_names_ = false;
  bool follows_ = false;
  std::optional<std::pair<std::string, std::string>> open_;  // log and stream of a printed piece
  bool kept_printed_ = false;
  std::map<std::string, std::uint64_t> last_;  // by log: the number of its last known line, or 0
};

}  // namespace

int run_logs(VerbContext& context) {
  LogPrinter printer(context, read_selection(context.arguments));
  if (!context.arguments.has("follow"))
    return context.over_reexecutions([&] { return printer.print(); });
  return context.follow([&] { return printer.follow(); });
}

}  // namespace zinit
