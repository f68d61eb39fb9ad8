// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sinks of the services' settings: one for each file and each address, shared by all services
// that name it.
//
// An unused sink stays until it has delivered its lines, so nothing is lost when a service is
// deleted or gets another sink. An unused socket stays only for a limited time.
//
// Threads: sinks_for(), sweep(), reopen_files(), reopened(), busy() and hanging() on any thread;
// constructor, finish() and destructor while no thread runs the loop.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/file_sink.hpp"
#include "io/sink.hpp"
#include "io/socket_sink.hpp"
#include "model/spec.hpp"

namespace zinit {

/// The sinks that all services share. Lines for a null pointer count as dropped.
struct LogSinks {
  std::shared_ptr<Sink> kmsg = nullptr;
  std::shared_ptr<Sink> console = nullptr;
  std::shared_ptr<Sink> raw_console = nullptr;
  // What waits in all sinks; null: made here.
  std::shared_ptr<SinkArea> area = nullptr;
};

class SinkTable {
 public:
  /// The loop outlives the table.
  SinkTable(EventLoop& loop, LogSinks own);

  /// The sinks that `logging` names. Does not block. The caller may hold locks. May throw
  /// std::bad_alloc.
  [[nodiscard]] std::vector<std::shared_ptr<Sink>> sinks_for(const Logging& logging);

  /// After a re-execution, when all services are configured: makes sinks for what waits for sinks
  /// that no service uses any more.
  void go_on_with_unused();

  /// Call after settings have changed: unused sinks are destroyed a little later.
  void sweep() noexcept { sweep_.ask(); }

  /// See LogStore.
  std::uint64_t reopen_files() noexcept;
  [[nodiscard]] bool reopened(std::uint64_t ticket) noexcept;
  void on_reopened(std::function<void()> told) { writers_.on_reopened(std::move(told)); }

  /// Makes each sink write its lines, for at most `limit`, and closes the files.
  void finish(Milliseconds limit) noexcept;
  /// Goes on after finish(), if there is no next image.
  void go_on() noexcept;

  /// See Sink::on_room(). Call before sinks_for().
  void on_room(const std::function<void()>& told);
  /// Makes the consoles write their lines, each for at most `limit`.
  void finish_consoles(Milliseconds limit) noexcept;
  /// See Sink::backlog().
  [[nodiscard]] Backlog backlog() noexcept;

  /// Whether a thread is inside a write that may hang. The destructor would wait for it.
  [[nodiscard]] bool busy() noexcept { return writers_.busy(); }
  /// See FileWriters::hanging().
  [[nodiscard]] std::string hanging() { return writers_.hanging(); }

 private:
  [[nodiscard]] std::shared_ptr<Sink> file(const Logging& logging) REQUIRES(mutex_);
  [[nodiscard]] std::shared_ptr<Sink> socket(SocketSink::Shape shape, const std::string& target)
      REQUIRES(mutex_);
  [[nodiscard]] bool drop_unused_files() REQUIRES(mutex_);
  [[nodiscard]] bool drop_unused_sockets() REQUIRES(mutex_);
  void let_go_of_unused();

  // The logs of services hold this outer pointer, so its use count shows whether a service uses the
  // file. Writers hold the inner pointer while they have work for the sink.
  using File = std::shared_ptr<const std::shared_ptr<FileSink>>;
  struct Socket {
    std::shared_ptr<SocketSink> sink;
    TimePoint unused{};  // since when it is unused; TimePoint{}: in use
  };

  EventLoop& loop_;
  Resolver resolver_;
  SinkReports reports_;
  FileWriters writers_;
  const LogSinks own_;
  LoopCall sweep_;
  TimerWatcher again_;  // for unused sinks that still have lines to deliver

  Mutex mutex_;
  std::map<std::string, File> files_ GUARDED_BY(mutex_);      // by path
  std::uint64_t last_reopen_ GUARDED_BY(mutex_) = 0;          // the last ticket
  std::map<std::string, Socket> sockets_ GUARDED_BY(mutex_);  // by shape and target
};

}  // namespace zinit
