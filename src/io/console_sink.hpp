// The console as a sink: a machine's console, or in a container and standalone zinit's own standard
// output and standard error.
//
// On a machine lines for which there is no room are dropped, as with any other sink. Elsewhere who
// reads zinit's output is the log's only keeper (an engine, a pipe), and nothing may be lost: the
// pipes of services are not read while the queue is full, so that the services wait in write(2) as
// they would if they had the pipe itself. Other services, clients and zinit go on. A line of
// /dev/log, which cannot be held back, is dropped at kMostHeld, and so is what a service that is
// deleted leaves. What waits is kept for the next image, also if this one crashes.
//
// Threads: as sink.hpp says.
#pragma once

#include <map>
#include <optional>

#include "io/console_area.hpp"
#include "io/sink.hpp"

namespace zinit {

enum class WhenFull : std::uint8_t {
  drop,  // a machine's console
  hold,  // holds up the services
};

/// `console = true`: each line as `name: line`, without control characters. Also what RawConsole
/// writes to a descriptor.
class ConsoleSink final : public TextSink {
 public:
  ConsoleSink(EventLoop& loop, UniqueFd fd) : ConsoleSink(loop, std::move(fd), WhenFull::drop) {}
  /// One that holds services up: what waits is in `area`.
  ConsoleSink(EventLoop& loop, UniqueFd fd, ConsoleArea area)
      : ConsoleSink(loop, std::move(fd), WhenFull::hold) {
    area_ = std::move(area);
  }
  [[nodiscard]] std::string_view name() const noexcept override { return "console"; }
  [[nodiscard]] bool holds(LogStream) const noexcept override { return holding_; }
  void on_room(const std::function<void()>& told) override { told_ = told; }
  [[nodiscard]] Backlog backlog() noexcept override;
  void go_on_with(std::string_view left) override;
  void recover() override;

  /// Queues a text as it is, whole lines or a piece of one. Threads as for take().
  void take_text(std::string text, const DropCount& dropped) noexcept {
    put(std::move(text), dropped);
  }

  /// The last text does not end its line, and none of its service is to follow.
  void leave_open() noexcept { open_ = true; }
  /// Whether that was so, and nothing has followed since; true once. What is queued next follows.
  [[nodiscard]] bool was_open() const noexcept { return open_.exchange(false); }

  /// So much waits at the most, whatever is held.
  static constexpr std::size_t kMostHeld = std::size_t{32} << 20;

 protected:
  [[nodiscard]] std::string format(const SinkBatch& batch, const SplitLine& line) const override;
  void longer(std::size_t bytes) noexcept override;
  void shorter(std::size_t bytes) noexcept override;
  [[nodiscard]] bool keep(std::string_view text) override { return area_ && area_->add(text); }
  void keep_nothing() noexcept override {
    if (area_) area_->clear();
  }

 private:
  ConsoleSink(EventLoop& loop, UniqueFd fd, WhenFull when_full);
  void took_kept(std::size_t bytes) noexcept override { area_->took(bytes); }

  const WhenFull when_full_;
  std::optional<ConsoleArea> area_;
  std::atomic<bool> holding_{false};
  mutable std::atomic<bool> open_{false};
  std::function<void()> told_;
};

/// `console = "raw"`: the bytes that were written, standard error to standard error and the rest to
/// standard output. A line that came in pieces is put together again, up to kWholeLine; what is
/// longer goes out as it comes. What another stream writes in between begins a line, as does what
/// another service writes after a last line without a newline.
class RawConsole final : public Sink {
 public:
  /// The two may be one.
  RawConsole(std::shared_ptr<ConsoleSink> out, std::shared_ptr<ConsoleSink> err);
  [[nodiscard]] std::string_view name() const noexcept override { return "console"; }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override;
  [[nodiscard]] bool holds(LogStream stream) const noexcept override;
  void on_room(const std::function<void()>& told) override;
  [[nodiscard]] Backlog backlog() noexcept override;

  void finish_lines() noexcept override;
  /// Of standard error. Standard output is that of `console = true`, which is asked itself.
  void finish(Milliseconds limit) noexcept override;
  [[nodiscard]] std::string left() override;
  void go_on_with(std::string_view left) override;
  void recover() override;

  static constexpr std::size_t kWholeLine = std::size_t{1} << 20;

 private:
  /// What has come of lines that go on, for each descriptor.
  struct Begun {
    std::shared_ptr<ConsoleSink> sink;
    std::map<const void*, std::string> lines;  // by source
    const void* within = nullptr;              // the source of a line whose beginning has gone out
    std::string unended;  // the service that has left a line open (ConsoleSink::leave_open())
  };
  [[nodiscard]] const Begun& of(LogStream stream) const noexcept {
    return stream == LogStream::err && !one_ ? err_ : out_;
  }
  void take_line(Begun& begun, const SinkBatch& batch, const SplitLine& line,
                 const DropCount& dropped) REQUIRES(mutex_);
  void send(Begun& begun, std::string text, const SinkBatch& batch, bool continues,
            const DropCount& dropped) REQUIRES(mutex_);

  const bool one_;
  Mutex mutex_;
  Begun out_;  // the lines are guarded by the lock
  Begun err_;
};

}  // namespace zinit
