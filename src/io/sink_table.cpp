// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes sinks, and destroys unused ones. See sink_table.hpp.
#include "io/sink_table.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kSweepAgain{1000};

// How long an unused sink may take to deliver its lines: its peer may never accept them.
constexpr Milliseconds kLastChance{30000};

/// Replaces missing sinks by AbsentSinks. All of them report to zinit's log.
LogSinks complete(LogSinks sinks, SinkReports& reports) {
  if (!sinks.kmsg) sinks.kmsg = std::make_shared<AbsentSink>("kmsg");
  if (!sinks.console) sinks.console = std::make_shared<AbsentSink>("console");
  if (!sinks.area) sinks.area = std::make_shared<SinkArea>();
  if (!sinks.raw_console) sinks.raw_console = std::make_shared<AbsentSink>("console");
  sinks.kmsg->report_to(reports.about("log to kmsg"));
  sinks.console->report_to(reports.about("log to the console"));
  sinks.raw_console->report_to(reports.about("log to the console"));
  return sinks;
}

// Labels of sinks, in the log and in the area. The rest of a label is a path or an address.
constexpr const char* kConsoleLabel = "console";
constexpr const char* kRawConsoleLabel = "raw console";
constexpr std::string_view kFileLabel = "log file ";
constexpr std::string_view kSyslogLabel = "syslog to ";
constexpr std::string_view kForwardLabel = "forward to ";

std::string label_of(std::string_view what, const std::string& where) {
  return fmt::format("{}{}", what, where);
}

}  // namespace

SinkTable::SinkTable(EventLoop& loop, LogSinks own)
    : loop_(loop),
      resolver_(loop),
      reports_(loop),
      own_(complete(std::move(own), reports_)),
      sweep_(loop, [this] { let_go_of_unused(); }),
      again_(loop, [this] { let_go_of_unused(); }) {
  own_.kmsg->keep_in(own_.area, "kmsg");
  own_.console->keep_in(own_.area, kConsoleLabel);
  own_.raw_console->keep_in(own_.area, kRawConsoleLabel);
}

std::vector<std::shared_ptr<Sink>> SinkTable::sinks_for(const Logging& logging) {
  std::vector<std::shared_ptr<Sink>> sinks;
  if (logging.kmsg) sinks.push_back(own_.kmsg);
  if (logging.console != ConsoleMode::no)
    sinks.push_back(logging.console == ConsoleMode::raw ? own_.raw_console : own_.console);
  MutexLock lock(mutex_);
  if (!logging.file.empty()) sinks.push_back(file(logging));
  if (!logging.syslog.empty()) sinks.push_back(socket(SocketSink::Shape::syslog, logging.syslog));
  if (!logging.forward.empty())
    sinks.push_back(socket(SocketSink::Shape::forward, logging.forward));
  std::erase(sinks, nullptr);
  return sinks;
}

/// Null if `target` is invalid, which checked settings exclude.
std::shared_ptr<Sink> SinkTable::socket(SocketSink::Shape shape, const std::string& target) {
  const bool syslog = shape == SocketSink::Shape::syslog;
  auto parsed = syslog ? parse_syslog_target(target) : parse_forward_target(target);
  if (!parsed) return nullptr;
  const std::string label = label_of(syslog ? kSyslogLabel : kForwardLabel, target);
  Socket& socket = sockets_[label];
  socket.unused = {};
  if (!socket.sink) {
    socket.sink = std::make_shared<SocketSink>(loop_, resolver_, shape, *std::move(parsed));
    socket.sink->report_to(reports_.about(label));
    socket.sink->keep_in(own_.area, label);
  }
  return socket.sink;
}

std::shared_ptr<Sink> SinkTable::file(const Logging& logging) {
  File& file = files_[logging.file];
  if (!file) {
    auto sink = std::make_shared<FileSink>(writers_, logging.file);
    const std::string label = label_of(kFileLabel, logging.file);
    sink->report_to(reports_.about(label));
    sink->set_rotation({logging.file_max_bytes, logging.file_keep});  // before the first write
    sink->keep_in(own_.area, label);
    file = std::make_shared<const std::shared_ptr<FileSink>>(std::move(sink));
  }
  FileSink& sink = **file;
  sink.set_rotation({logging.file_max_bytes, logging.file_keep});
  return {file, &sink};
}

void SinkTable::go_on_with_unused() {
  for (const std::string& label : own_.area->labels_left()) {
    Logging logging;
    logging.file_max_bytes = 0;  // whether to rotate the file is not known any more
    const auto rest = [&](std::string_view what) {
      return label.starts_with(what) ? label.substr(what.size()) : std::string();
    };
    logging.file = rest(kFileLabel);
    logging.syslog = rest(kSyslogLabel);
    logging.forward = rest(kForwardLabel);
    static_cast<void>(sinks_for(logging));
  }
  sweep();
}

void SinkTable::let_go_of_unused() {
  MutexLock lock(mutex_);
  const bool lines = drop_unused_files();
  const bool more = drop_unused_sockets() || lines;
  if (more) again_.set(kSweepAgain);
}

/// Returns whether an unused file still has lines to write.
bool SinkTable::drop_unused_files() {
  bool more = false;
  std::erase_if(files_, [&](const auto& entry) {
    const File& file = entry.second;
    if (!file) return true;  // left by an allocation that failed
    if (file.use_count() > 1) return false;
    FileSink& sink = **file;
    const bool idle = sink.idle();
    sink.wake();  // makes a writer close the file
    more = more || !idle;
    return idle;
  });
  return more;
}

/// Returns whether an unused socket still has lines to send.
bool SinkTable::drop_unused_sockets() {
  bool more = false;
  const TimePoint now = Clock::now();
  for (auto at = sockets_.begin(); at != sockets_.end();) {
    Socket& socket = at->second;
    const bool used = socket.sink && socket.sink.use_count() > 1;
    if (!used && socket.unused == TimePoint{}) socket.unused = now;
    const bool goes = !used && (!socket.sink || socket.sink->idle() ||
                                ms_between(socket.unused, now) > kLastChance.count());
    more = more || (!used && !goes);
    at = goes ? sockets_.erase(at) : std::next(at);
  }
  return more;
}

void SinkTable::go_on() noexcept {
  writers_.go_on();
  MutexLock lock(mutex_);
  for (const auto& [path, file] : files_)
    if (file) (*file)->go_on();
}

std::uint64_t SinkTable::reopen_files() noexcept {
  MutexLock lock(mutex_);
  ++last_reopen_;
  for (const auto& [path, file] : files_)
    if (file) (*file)->reopen(last_reopen_);
  return last_reopen_;
}

bool SinkTable::reopened(std::uint64_t ticket) noexcept {
  MutexLock lock(mutex_);
  return std::ranges::all_of(files_, [ticket](const auto& entry) {
    return !entry.second || (*entry.second)->reopened(ticket);
  });
}

void SinkTable::on_room(const std::function<void()>& told) {
  own_.console->on_room(told);
  own_.raw_console->on_room(told);
}

void SinkTable::finish_consoles(Milliseconds limit) noexcept {
  own_.console->finish(limit);
  own_.raw_console->finish(limit);
}

Backlog SinkTable::backlog() noexcept {
  const Backlog out = own_.console->backlog();
  const Backlog err = own_.raw_console->backlog();
  return {out.bytes + err.bytes, out.lines + err.lines};
}

void SinkTable::finish(Milliseconds limit) noexcept {
  own_.kmsg->finish(limit);
  own_.raw_console->finish_lines();
  finish_consoles(limit);
  const TimePoint deadline = after(Clock::now(), limit);
  writers_.begin_finish();
  {
    MutexLock lock(mutex_);
    for (const auto& [path, file] : files_)
      if (file) (*file)->wake();
    for (const auto& [label, socket] : sockets_)
      if (socket.sink) socket.sink->finish(Milliseconds(ms_between(Clock::now(), deadline)));
  }
  writers_.await_finish(limit);
}

}  // namespace zinit
