// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes lines to the console, and holds services up while it is full. See console_sink.hpp.
#include "io/console_sink.hpp"

#include <climits>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// More than the queue holds: as long as the console accepts lines, none is lost.
constexpr int kConsoleAtOnce = 8192;

// Lines are written together up to this size. A pipe takes a write of this size whole or not at
// all, so no other writer's text gets into a line. (pipe(7))
constexpr std::size_t kTogether = PIPE_BUF;

}  // namespace

ConsoleSink::ConsoleSink(EventLoop& loop, UniqueFd fd, WhenFull when_full)
    : TextSink(loop, std::move(fd), kConsoleAtOnce,
               when_full == WhenFull::hold ? kMostHeld : kQueueBytes, kTogether),
      when_full_(when_full) {}

std::string ConsoleSink::format(const SinkBatch& batch, const SplitLine& line) const {
  return fmt::format("{}{}: {}\n", was_open() ? "\n" : "", batch.service, printable(line.text));
}

void ConsoleSink::longer(std::size_t bytes) noexcept {
  if (when_full_ == WhenFull::hold && bytes >= kQueueBytes) holding_ = true;
}

void ConsoleSink::shorter(std::size_t bytes) noexcept {
  if (bytes <= kQueueBytes / 2 && holding_.exchange(false) && told_) told_();
}

Backlog ConsoleSink::backlog() noexcept {
  if (when_full_ == WhenFull::drop) return {};
  Backlog backlog = queued();
  if (backlog.lines == 0) return {};
  // Include what is in the pipe: this number shows whether the reader reads, even if slowly. The
  // pipe has room again only after a whole page of it was read.
  backlog.bytes += readable_bytes(descriptor());
  return backlog;
}

void ConsoleSink::keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) {
  TextSink::keep_in(area, label);
  // Read no pipes until there is room.
  holding_ = when_full_ == WhenFull::hold && queued().lines > 0;
}

RawConsole::RawConsole(std::shared_ptr<ConsoleSink> out, std::shared_ptr<ConsoleSink> err)
    : one_(out == err) {
  out_.sink = std::move(out);
  err_.sink = std::move(err);
}

void RawConsole::take(const SinkBatch& batch, const DropCount& dropped) noexcept {
  std::size_t done = 0;
  try {
    MutexLock lock(mutex_);
    Begun& begun = of(batch.stream);
    for (; done < batch.lines.size(); ++done) take_line(begun, batch, batch.lines[done], dropped);
  } catch (...) {  // no memory
    lose(dropped, batch.lines.size() - done);
  }
}

void RawConsole::take_line(Begun& begun, const SinkBatch& batch, const SplitLine& line,
                           const DropCount& dropped) {
  std::string text;
  if (auto before = begun.lines.extract(batch.source)) text = std::move(before.mapped());
  text += line.text;
  if (line.continues && text.size() <= kWholeLine) {
    begun.lines.emplace(batch.source, std::move(text));
    return;
  }
  const bool unended = !line.continues && batch.unended;
  if (!line.continues && !unended) text += '\n';
  send(begun, std::move(text), batch, line.continues, dropped);
  if (!unended) return;
  begun.unended = batch.service;
  begun.sink->leave_open();
}

void RawConsole::send(Begun& begun, std::string text, const SinkBatch& batch, bool continues,
                      const DropCount& dropped) {
  const bool within = begun.within != nullptr && begun.within != batch.source;
  const bool behind = begun.sink->was_open() && begun.unended != batch.service;
  if (within || behind) text.insert(0, 1, '\n');
  begun.within = continues ? batch.source : nullptr;
  begun.sink->take_text(std::move(text), dropped);
}

void RawConsole::finish_lines() noexcept {
  catch_all("the console", [this] {
    const auto nobodys = std::make_shared<std::atomic<std::uint64_t>>(0);
    MutexLock lock(mutex_);
    for (Begun* begun : {&out_, &err_}) {
      for (auto& [source, text] : std::exchange(begun->lines, {})) {
        SinkBatch batch;
        batch.source = source;
        send(*begun, std::move(text), batch, true, nobodys);
      }
    }
  });
}

void RawConsole::leave(const void* source, const DropCount& dropped) noexcept {
  MutexLock lock(mutex_);
  for (Begun* begun : {&out_, &err_}) {
    try {
      if (auto begin = begun->lines.extract(source)) {
        SinkBatch batch;
        batch.source = source;
        send(*begun, std::move(begin.mapped()) + '\n', batch, false, dropped);
      }
    } catch (...) {  // no memory
      lose(dropped, 1);
    }
    if (begun->within == source) begun->within = this;
  }
}

void RawConsole::within_line(LogStream stream, const void* source) noexcept {
  MutexLock lock(mutex_);
  const void*& within = of(stream).within;
  within = within == nullptr ? source : this;
}

bool RawConsole::holds(LogStream stream) const noexcept { return of(stream).sink->holds(stream); }

void RawConsole::on_room(const std::function<void()>& told) {
  for (const Begun* begun : {&out_, &err_}) begun->sink->on_room(told);
}

std::string RawConsole::fault() const {
  std::string fault = out_.sink->fault();
  return fault.empty() && !one_ ? err_.sink->fault() : fault;
}

void RawConsole::report_to(std::shared_ptr<SinkTrouble> trouble) noexcept {
  if (!one_) err_.sink->report_to(trouble);
  Sink::report_to(std::move(trouble));
}

Backlog RawConsole::backlog() noexcept { return one_ ? Backlog{} : err_.sink->backlog(); }

void RawConsole::finish(Milliseconds limit) noexcept {
  if (!one_) err_.sink->finish(limit);
}

void RawConsole::keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) {
  if (!one_) err_.sink->keep_in(area, label);
}

}  // namespace zinit
