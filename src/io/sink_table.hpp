// Which sinks there are besides those of zinit itself: one for each file and each address that
// settings name, shared by all services that name it.
//
// A sink that no settings name any more stays until it has delivered what waits, so nothing is
// lost when a service is deleted or gets another sink.
//
// Threads: sinks_for(), sweep(), reopen_files() and busy() by any; constructor, finish() and
// destructor while no thread runs the loop.
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

/// The sinks that are zinit's own; null where one cannot be had: its lines count as dropped.
struct LogSinks {
  std::shared_ptr<Sink> kmsg;
  std::shared_ptr<Sink> console;
};

class SinkTable {
 public:
  /// The loop outlives the table.
  SinkTable(EventLoop& loop, LogSinks own);

  /// Those that `logging` names. Does not block; locks of the caller's may be held. May throw for
  /// want of memory.
  [[nodiscard]] std::vector<std::shared_ptr<Sink>> sinks_for(const Logging& logging);

  /// Settings have changed: what nobody names any more may go.
  void sweep() noexcept { sweep_.ask(); }

  /// Log files are closed and opened anew, once what waits for them is written.
  void reopen_files() noexcept;

  /// Writes what waits and closes the files, each for `limit` at the longest.
  void finish(Milliseconds limit) noexcept;

  /// Whether a thread is within a write that may hang; destroying this would wait for it.
  [[nodiscard]] bool busy() noexcept { return writers_.busy(); }

 private:
  [[nodiscard]] std::shared_ptr<Sink> file(const Logging& logging) REQUIRES(mutex_);
  [[nodiscard]] std::shared_ptr<Sink> socket(SocketSink::Shape shape, const std::string& target)
      REQUIRES(mutex_);
  [[nodiscard]] bool drop_unused_files() REQUIRES(mutex_);
  [[nodiscard]] bool drop_unused_sockets() REQUIRES(mutex_);
  void let_go_of_unused();

  // What services refer to a file's sink by; the writers refer to the sink itself, each time that
  // they have something to do.
  using File = std::shared_ptr<const std::shared_ptr<FileSink>>;
  struct Socket {
    std::shared_ptr<SocketSink> sink;
    TimePoint unused{};  // since when nobody has named it; none: it is in use
  };

  EventLoop& loop_;
  Resolver resolver_;
  SinkReports reports_;
  FileWriters writers_;
  const LogSinks own_;
  LoopCall sweep_;
  TimerWatcher again_;  // for those that are unused and have something to deliver

  Mutex mutex_;
  std::map<std::string, File> files_ GUARDED_BY(mutex_);      // by path
  std::map<std::string, Socket> sockets_ GUARDED_BY(mutex_);  // by shape and target
};

}  // namespace zinit
