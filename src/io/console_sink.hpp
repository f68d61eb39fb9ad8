// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The console as a sink: a machine's console; in a container or standalone, zinit's own standard
// output and standard error.
//
// On a machine, lines without room are dropped, as with any other sink. Elsewhere the reader of
// zinit's output (an engine, a pipe) has the only copy of the log, so nothing may be lost. While
// the queue is full, zinit does not read the services' pipes, and the services wait in write(2) as
// if they had the reader's pipe themselves. Other services, clients and zinit continue. Two sources
// cannot be held back, and are dropped at kMostHeld: lines of /dev/log, and the rest that a deleted
// service leaves.
//
// Threads: as in sink.hpp.
#pragma once

#include <map>

#include "io/sink.hpp"

namespace zinit {

enum class WhenFull : std::uint8_t {
  drop,  // a machine's console
  hold,  // holds services up
};

/// `console = true`: each line as `name: line`, without control characters. RawConsole also uses it
/// to write to a descriptor.
class ConsoleSink final : public TextSink {
 public:
  ConsoleSink(EventLoop& loop, UniqueFd fd, WhenFull when_full = WhenFull::drop);
  [[nodiscard]] std::string_view name() const noexcept override { return "console"; }
  [[nodiscard]] bool holds(LogStream) const noexcept override { return holding_; }
  void on_room(const std::function<void()>& told) override { told_ = told; }
  [[nodiscard]] Backlog backlog() noexcept override;
  void keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) override;

  /// Queues text unchanged: whole lines or a piece of a line. Threads as for take().
  void take_text(std::string text, const DropCount& dropped) noexcept {
    put(std::move(text), dropped);
  }

  /// The last text leaves its line open, and its service will write no more.
  void leave_open() noexcept { open_ = true; }
  /// Whether the last text left its line open and nothing followed; true once. More text follows.
  [[nodiscard]] bool was_open() const noexcept { return open_.exchange(false); }

  /// The most bytes that wait, even while services are held up.
  static constexpr std::size_t kMostHeld = std::size_t{32} << 20;

 protected:
  [[nodiscard]] std::string format(const SinkBatch& batch, const SplitLine& line) const override;
  void longer(std::size_t bytes) noexcept override;
  void shorter(std::size_t bytes) noexcept override;

 private:
  const WhenFull when_full_;
  std::atomic<bool> holding_{false};
  mutable std::atomic<bool> open_{false};
  std::function<void()> told_;
};

/// `console = "raw"`: the bytes as written, standard error to standard error and all other text to
/// standard output. A line that arrives in pieces is joined up to kWholeLine; a longer line is
/// written as it arrives. If another stream writes between the pieces, or another service writes
/// after a last line without newline, its text begins on a new line.
class RawConsole final : public Sink {
 public:
  /// `out` and `err` may be the same sink.
  RawConsole(std::shared_ptr<ConsoleSink> out, std::shared_ptr<ConsoleSink> err);
  [[nodiscard]] std::string_view name() const noexcept override { return "console"; }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override;
  [[nodiscard]] bool holds(LogStream stream) const noexcept override;
  void on_room(const std::function<void()>& told) override;
  [[nodiscard]] Backlog backlog() noexcept override;

  void within_line(LogStream stream, const void* source) noexcept override;
  void leave(const void* source, const DropCount& dropped) noexcept override;
  void finish_lines() noexcept override;
  /// Of either descriptor.
  [[nodiscard]] std::string fault() const override;
  /// For standard error. The `console = true` sink gets these calls itself for standard output.
  void report_to(std::shared_ptr<SinkTrouble> trouble) noexcept override;
  void finish(Milliseconds limit) noexcept override;
  void keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) override;

  static constexpr std::size_t kWholeLine = std::size_t{1} << 20;

 private:
  /// For each descriptor: the beginnings of unfinished lines.
  struct Begun {
    std::shared_ptr<ConsoleSink> sink;
    std::map<const void*, std::string> lines;  // by source
    // The source of a line whose beginning was written; this sink itself if no source has the rest.
    const void* within = nullptr;
    std::string unended;  // the service that left a line open (ConsoleSink::leave_open())
  };
  [[nodiscard]] Begun& of(LogStream stream) noexcept {
    return stream == LogStream::err && !one_ ? err_ : out_;
  }
  [[nodiscard]] const Begun& of(LogStream stream) const noexcept {
    return const_cast<RawConsole*>(this)->of(stream);
  }
  void take_line(Begun& begun, const SinkBatch& batch, const SplitLine& line,
                 const DropCount& dropped) REQUIRES(mutex_);
  void send(Begun& begun, std::string text, const SinkBatch& batch, bool continues,
            const DropCount& dropped) REQUIRES(mutex_);

  const bool one_;
  Mutex mutex_;
  Begun out_;  // the lock guards the lines
  Begun err_;
};

}  // namespace zinit
