// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// logs.*: past and future lines of logs.
#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <memory>

#include "base/format.hpp"
#include "base/sort.hpp"
#include "control/answers.hpp"
#include "control/views.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

constexpr std::size_t kMostPattern = 1024;

constexpr std::array kStreams = {LogStream::out, LogStream::err, LogStream::zinit,
                                 LogStream::syslog};

constexpr std::size_t index_of(LogStream stream) noexcept {
  return static_cast<std::size_t>(stream);
}

/// Searches logs in portions, because all logs together may have a gigabyte. So it delays neither
/// the control loop nor the threads that write to a log.
class LogSearch {
 public:
  /// How the answer shows a line: as members, as members with its service, or as text. Only text
  /// cannot say that a line continues, so the pieces of a line are joined.
  enum class LineShape { members, named, text };

  struct Wanted {
    std::string pattern;
    std::optional<LogStream> stream;
    std::int64_t since_us = 0;
    std::size_t lines = 0;
    LineShape shape = LineShape::named;
  };

  LogSearch(LogStore& logs, Wanted wanted) : logs_(logs), wanted_(std::move(wanted)) {}

  void look_into(std::string name, Slot slot, Ring::Place from = {}) {
    places_.push_back({std::move(name), slot, from});
  }

  /// Searches until kTime is over. @return  the answer, after the last portion
  std::optional<RpcResult> go_on() {
    const TimePoint until = Clock::now() + kTime;
    while (!places_.empty()) {
      if (!portion()) {
        places_.pop_back();
        in_this_ = {};
        later_.reset();
        if (found_bytes_ > 2 * kMostBytes) keep_newest();
      }
      if (Clock::now() >= until) return std::nullopt;
    }
    keep_newest();
    return json();
  }

  /// The memory of the lines that were found. More than 2 * kMostBytes only until the next log.
  [[nodiscard]] std::size_t bytes() const { return found_bytes_; }

 private:
  struct Place {
    std::string name;
    Slot slot;
    Ring::Place at;
  };
  struct Count {
    std::size_t lines = 0, bytes = 0;
  };

  static constexpr std::chrono::microseconds kTime{500};
  // The most lines, and bytes, that are searched under the lock of their log.
  static constexpr std::size_t kPortion = 256;
  static constexpr std::size_t kPortionBytes = std::size_t{64} << 10;
  // The limit for kept lines, in bytes with their overhead. The newest lines are kept.
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;
  static constexpr std::size_t kLineOverhead = sizeof(NamedLine);

  [[nodiscard]] static std::size_t size_of(std::string_view text) {
    return text.size() + kLineOverhead;
  }

  [[nodiscard]] bool matches(const Ring::View& line) const {
    return line.time_us >= wanted_.since_us &&
           (!wanted_.stream || line.stream == *wanted_.stream) &&
           // memmem() takes linear time; std::string_view::find() may take quadratic time.
           ::memmem(line.text.data(), line.text.size(), wanted_.pattern.data(),
                    wanted_.pattern.size()) != nullptr;
  }

  /// Searches one portion of the last log of places_. @return  false if that log is done
  bool portion() {
    Place& place = places_.back();
    if (wanted_.lines == 0) return false;
    const auto visit = [&](const Ring::View& line) {
      if (!matches(line)) return true;
      const bool as_text = wanted_.shape == LineShape::text;
      // A piece of a line that is counted already: its end comes later in the log.
      const bool is_part = as_text && later_[index_of(line.stream)] && line.continues;
      later_[index_of(line.stream)] = true;
      if (as_text && !is_part && in_this_.lines == wanted_.lines) return false;
      in_this_.bytes += size_of(line.text);
      if (in_this_.bytes > kMostBytes) return false;
      found_bytes_ += size_of(line.text);
      found_.push_back(
          {place.name,
           {line.seq, line.time_us, line.stream, line.continues, std::string(line.text)}});
      if (!is_part) ++in_this_.lines;
      return as_text || in_this_.lines < wanted_.lines;
    };
    return logs_.look_back(place.slot, place.at, kPortion, kPortionBytes, visit);
  }

  /// Drops all but the newest found lines. They were found log by log, newest first. Lines of
  /// several logs are sorted by time; lines of one log keep their order.
  void keep_newest() {
    if (!found_.empty() && found_.front().service != found_.back().service)
      sort_by(found_, [](const NamedLine& named) { return -named.line.time_us; });
    found_bytes_ = 0;
    std::size_t count = 0;
    const std::size_t most = wanted_.shape == LineShape::text ? found_.size() : wanted_.lines;
    for (; count < std::min(found_.size(), most); ++count) {
      const std::size_t size = size_of(found_[count].line.text);
      if (found_bytes_ + size > kMostBytes) break;
      found_bytes_ += size;
    }
    found_.resize(count);
  }

  [[nodiscard]] RpcResult json() const {
    JsonWriter writer;
    writer.begin_array();
    if (wanted_.shape == LineShape::text)
      for (const std::string& text : texts()) writer.put(text);
    else
      put_members(writer);
    return writer.end_array().take();
  }

  /// The lines of one log, each of one piece.
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    std::array<std::size_t, kStreams.size()> open{};  // the line that continues, from 1 on
    for (auto named = found_.rbegin(); named != found_.rend(); ++named) {
      const LogLine& line = named->line;
      std::size_t& at = open[index_of(line.stream)];
      if (at == 0) {
        texts.emplace_back();
        at = texts.size();
      }
      texts[at - 1] += line.text;
      if (!line.continues) at = 0;
    }
    return texts;
  }

  void put_members(JsonWriter& writer) const {
    for (auto named = found_.rbegin(); named != found_.rend(); ++named) {
      writer.begin_object();
      put_log_line(writer, named->line,
                   wanted_.shape == LineShape::named ? named->service : std::string_view());
      writer.end_object();
    }
  }

  LogStore& logs_;
  const Wanted wanted_;
  std::vector<Place> places_;           // logs that are not searched yet
  Count in_this_;                       // lines found in places_.back()
  std::bitset<kStreams.size()> later_;  // streams of which a line was found there
  std::vector<NamedLine> found_;
  std::size_t found_bytes_ = 0;
};

/// The answer to a call whose search may need several turns.
Later later(const std::shared_ptr<LogSearch>& search) {
  Later later;
  later.look = [search] { return search->go_on(); };
  later.works = true;
  later.bytes = [search] { return search->bytes(); };
  return later;
}

/// The log of a service, of zinit ("zinit") or of /dev/log ("syslog"); kNoSlot: no such log.
Slot log_slot(const Board& board, std::string_view name) {
  if (name == "zinit") return kOwnLog;
  if (name == "syslog") return kSyslog;
  return board.find(name);
}

/// The last lines of one log.
Outcome last_lines(const Call& call, LogSearch::LineShape shape) {
  const std::string_view name = name_of(call);
  const Slot slot = log_slot(call.context.board, name);
  if (slot == kNoSlot) return service_not_found(call.context, name);
  LogSearch::Wanted wanted;
  wanted.lines = static_cast<std::size_t>(*call.params.count("lines"));
  wanted.shape = shape;
  const auto search = std::make_shared<LogSearch>(call.context.logs, std::move(wanted));
  search->look_into(std::string(name), slot);
  if (auto few = search->go_on()) return std::move(**few);
  return later(search);
}

Outcome logs_get(Call& call) { return last_lines(call, LogSearch::LineShape::members); }

Outcome logs_tail(Call& call) { return last_lines(call, LogSearch::LineShape::text); }

Outcome logs_filter(Call& call) {
  LogSearch::Wanted wanted;
  wanted.pattern = call.params.string("pattern").value_or("");
  if (wanted.pattern.size() > kMostPattern) {
    return RpcError(RpcCode::invalid_params, "the pattern is too long")
        .hint(fmt::format("it has at most {} bytes", kMostPattern));
  }
  wanted.since_us = call.params.count("since_us").value_or(0);
  wanted.lines = static_cast<std::size_t>(*call.params.count("lines"));
  if (const auto word = call.params.string("stream")) {
    const auto* const stream = std::find_if(kStreams.begin(), kStreams.end(), [&](LogStream known) {
      return log_stream_name(known) == *word;
    });
    if (stream == kStreams.end()) {
      return RpcError(RpcCode::invalid_params, fmt::format("no stream \"{}\"", *word))
          .hint("stream is stdout, stderr, zinit or syslog");
    }
    wanted.stream = *stream;
  }
  const Board& board = call.context.board;
  const auto search = std::make_shared<LogSearch>(call.context.logs, std::move(wanted));
  if (const auto name = call.params.string("name")) {
    const Slot slot = log_slot(board, *name);
    if (slot == kNoSlot) return service_not_found(call.context, *name);
    const auto before = static_cast<std::uint64_t>(call.params.count("before_seq").value_or(0));
    search->look_into(std::string(*name), slot, Ring::before(before));
  } else if (call.params.count("before_seq")) {
    return RpcError(RpcCode::invalid_params, "before_seq needs the name of one log")
        .hint("name is a service, zinit or syslog");
  } else {
    std::vector<std::string> names = board.names();
    names.insert(names.end(), {"zinit", "syslog"});
    for (const std::string& each : names)
      if (const Slot slot = log_slot(board, each); slot != kNoSlot) search->look_into(each, slot);
  }
  return later(search);
}

// --- subscriptions ---

Outcome logs_subscribe(Call& call) {
  std::vector<std::string> names = call.params.strings("names");
  for (const std::string& name : names) {
    if (log_slot(call.context.board, name) == kNoSlot) return service_not_found(call.context, name);
  }
  LogStart start{static_cast<std::size_t>(*call.params.count("lines"))};
  if (const JsonValue* const after = call.params.object("after")) {
    for (const auto& [log, seq] : after->GetObject()) {
      if (!seq.IsUint64())
        return RpcError(RpcCode::invalid_params, "after has a number for each log");
      start.after.emplace(text_of(log), seq.GetUint64());
    }
  }
  return subscribed(call.subscriber.subscribe_logs(std::move(names), start));
}

Outcome logs_unsubscribe(Call& call) {
  return unsubscribed(call, call.subscriber.unsubscribe_logs(subscription_of(call)));
}

// --- the rows ---

constexpr Param kLogs[] = {
    {"name", ParamType::string, true, {}, "name of a service, zinit or syslog"},
    kLines,
};
constexpr Param kLogsFilter[] = {
    {"name", ParamType::string, false, {}, "name of a service, zinit or syslog; none: all logs"},
    {"pattern", ParamType::string, false, R"("")", "only lines that contain this"},
    {"stream",
     ParamType::string,
     false,
     {},
     "only lines of this stream: stdout, stderr, zinit or syslog; none: all"},
    {"since_us",
     ParamType::count,
     false,
     {},
     "only lines from this time on, in microseconds since 1970; none: all"},
    {"lines", ParamType::count, false, "100", "how many of the last lines"},
    {"before_seq",
     ParamType::count,
     false,
     {},
     "only lines of the named log before the one with this number; none: all"},
};
constexpr Param kLogsSubscribe[] = {
    {"names",
     ParamType::strings,
     false,
     {},
     "logs whose lines are wanted; none: all logs, also later ones"},
    {"lines", ParamType::count, false, "0", "begin with this many of the last lines of each log"},
    {"after",
     ParamType::object,
     false,
     {},
     "by log, the number of the last known line; none: begin as lines says"},
};

// clang-format off
constexpr Method kLogMethods[] = {
    {"logs.get",                {}, kLogs,            Right::read, logs_get,
     "Returns the last lines of a log", Shapes::list<protocol::LogLine>},
    {"logs.tail",               {}, kLogs,            Right::read, logs_tail,
     "Returns the last lines of a log as plain text; long lines are not cut", Shapes::names},
    {"logs.filter",             {}, kLogsFilter,      Right::read, logs_filter,
     "Returns the lines of one log, or of all logs, that contain a text",
     Shapes::list<protocol::LogLine>},
    {"logs.subscribe",          {}, kLogsSubscribe,   Right::read, logs_subscribe,
     "Subscribes to log lines; each comes as a notification logs.line", Shapes::subscription},
    {"logs.unsubscribe",        {}, kUnsubscribe,     Right::read, logs_unsubscribe,
     "Ends a subscription to log lines", Shapes::ok},
};
// clang-format on

}  // namespace

std::span<const Method> log_methods() noexcept { return kLogMethods; }

}  // namespace zinit
