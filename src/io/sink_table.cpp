// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes sinks, and destroys unused ones. See sink_table.hpp.
#include "io/sink_table.hpp"

#include <algorithm>

namespace zinit {

namespace {

constexpr Milliseconds kSweepAgain{1000};

// How long an unused sink may take to deliver its lines: its peer may never accept them.
constexpr Milliseconds kLastChance{30000};

/// Replaces missing sinks by AbsentSinks. All of them report to zinit's log.
LogSinks complete(LogSinks sinks, SinkReports& reports) {
  if (!sinks.kmsg) sinks.kmsg = std::make_shared<AbsentSink>("kmsg");
  if (!sinks.console) sinks.console = std::make_shared<AbsentSink>("console");
  if (!sinks.raw_console) sinks.raw_console = std::make_shared<AbsentSink>("console");
  sinks.kmsg->report_to(reports.about("log to kmsg"));
  sinks.console->report_to(reports.about("log to the console"));
  sinks.raw_console->report_to(reports.about("log to the console"));
  return sinks;
}

// Labels of the text that the consoles leave.
constexpr const char* kConsole = "console";
constexpr const char* kRawConsole = "raw console";

std::string file_label(const std::string& path) { return "log file " + path; }

/// Prefix of the key for the text that a sink leaves.
constexpr std::string_view kLeft = "sink/";
std::string left_key(const std::string& label) { return std::string(kLeft) + label; }

}  // namespace

SinkTable::SinkTable(EventLoop& loop, LogSinks own, StateFacts* facts, const FactMap& before)
    : loop_(loop),
      facts_(facts),
      resolver_(loop),
      reports_(loop),
      own_(complete(std::move(own), reports_)),
      sweep_(loop, [this] { let_go_of_unused(); }),
      again_(loop, [this] { let_go_of_unused(); }),
      left_(facts_below(before, kLeft)) {
  MutexLock lock(mutex_);
  go_on(*own_.console, kConsole);
  go_on(*own_.raw_console, kRawConsole);
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
  const std::string label = (syslog ? "syslog to " : "forward to ") + target;
  Socket& socket = sockets_[label];
  socket.unused = {};
  if (!socket.sink) {
    socket.sink = std::make_shared<SocketSink>(loop_, resolver_, shape, *std::move(parsed));
    socket.sink->report_to(reports_.about(label));
    go_on(*socket.sink, label);
  }
  return socket.sink;
}

std::shared_ptr<Sink> SinkTable::file(const Logging& logging) {
  File& file = files_[logging.file];
  if (!file) {
    auto sink = std::make_shared<FileSink>(writers_, logging.file);
    sink->report_to(reports_.about(file_label(logging.file)));
    go_on(*sink, file_label(logging.file));
    file = std::make_shared<const std::shared_ptr<FileSink>>(std::move(sink));
  }
  FileSink& sink = **file;
  sink.set_rotation({logging.file_max_bytes, logging.file_keep});
  return {file, &sink};
}

/// Gives a new sink the lines that waited in the previous process image.
void SinkTable::go_on(Sink& sink, const std::string& label) {
  const auto left = left_.find(label);
  if (left == left_.end()) return sink.recover();
  sink.go_on_with(left->second);
  if (facts_ != nullptr) facts_->keep(left_key(label), {});
  left_.erase(left);
}

void SinkTable::keep_left(bool keep) {
  if (facts_ == nullptr) return;
  MutexLock lock(mutex_);
  const auto keep_of = [&](const std::string& label, Sink& sink) {
    facts_->keep(left_key(label), keep ? sink.left() : std::string());
  };
  keep_of(kConsole, *own_.console);
  keep_of(kRawConsole, *own_.raw_console);
  for (const auto& [path, file] : files_)
    if (file) keep_of(file_label(path), **file);
  for (const auto& [label, socket] : sockets_)
    if (socket.sink) keep_of(label, *socket.sink);
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
