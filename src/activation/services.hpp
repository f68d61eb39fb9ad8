// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What proxies and sockets need to know of the services that they start. BoardServices asks the
// board. Unit tests have an implementation of their own.
//
// This room starts services beside requests: by connections, by time, by files. Proxies listen in
// place of a service and pass the bytes on. With [socket] the service gets the listening sockets.
//
//                  which there are: proxy_changes, socket_changes, on the queue's thread
//                           |                                     |
//   proxy  listener --> accept4 --> held --> connect --> relayed  |  [socket]  something comes
//                                    ^  start the service,  |     |               |
//                                    |  wait until it is up |     |       start the service, or
//                                    +----------------------+     |       an instance NAME@N
//
// proxy.hpp, relay.hpp and service_sockets.hpp run on the data loop. Timers (timers.hpp) and paths
// (paths.hpp) run on the control loop, start services by requests like a client's, and start none
// before the boot. instances.hpp makes instances of templates. Work that may block is a task of the
// file queue, which graph_follower.hpp adds for sockets and timers when the graph has changed;
// paths have a queue of their own. listeners.hpp opens the sockets of both kinds. At boot they are
// opened before the first service starts, which waits half a second for them at most. A change of
// the board costs a comparison if nothing waits for it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "base/backoff.hpp"
#include "base/time.hpp"

namespace zinit {

/// The least time between two log lines of one kind about what clients do, of one proxy or socket.
inline constexpr Milliseconds kTellAgain{10000};

/// Whether such a message may be logged again. If so, sets `told` to the end of its new pause.
[[nodiscard]] inline bool may_tell(TimePoint& told) noexcept {
  const TimePoint now = Clock::now();
  if (now < told) return false;
  told = after(now, kTellAgain);
  return true;
}

class Board;

/// Connections accepted at a listener before others have their turn.
inline constexpr int kAcceptedATurn = 16;

/// The pause after a lack of descriptors before connections are accepted again.
inline constexpr Milliseconds kLackAgain{100};

/// How long a proxy or socket waits after it started a service before it may start it again: one
/// second. If the service has failed for good: twice as long each time, up to a minute.
class StartDelay {
 public:
  /// The delay after a start. `failed`: ServiceAccess::failed() before this start.
  [[nodiscard]] Milliseconds next(bool failed) noexcept {
    if (!failed) delay_.reset();
    return delay_.next();
  }

 private:
  Backoff<1000, 60000> delay_;
};

class ServiceAccess {
 public:
  virtual ~ServiceAccess() = default;

  enum class Stand {
    unknown,  // no such service
    off,      // down; only a start brings it up
    coming,   // being started or stopped, or waiting
    up,       // runs and is ready
    done,     // a oneshot that is done
  };
  /// All functions here: any thread; none blocks.
  [[nodiscard]] virtual Stand stand(const std::string& service) = 0;

  /// Whether its wish is up.
  [[nodiscard]] virtual bool wanted(const std::string& service) = 0;

  /// Whether it failed for good, or a condition kept it from starting: only a start tries it again.
  [[nodiscard]] virtual bool failed(const std::string& service) = 0;

  /// Starts it like a client's request, unless its status is "ignore" or it is already on its way.
  virtual void start(const std::string& service, const std::string& why) = 0;

  /// Stops it like a client's request, unless a service that is up requires it.
  virtual void stop_idle(const std::string& service, std::chrono::seconds idle) = 0;

  /// If it has failed, or waits for its next try, because its sockets could not be opened, and its
  /// wish is up: tries it now, and logs why.
  /// This is no request like a start: it stops nothing that conflicts.
  /// @return  whether it does so
  virtual bool retry(const std::string& service, const std::string& why) = 0;

  /// Its main process. 0: it has only others, or its main process is not known yet. -1: it has
  /// none.
  [[nodiscard]] virtual pid_t process(const std::string& service) = 0;

  /// When it became ready; kNever if it is not up.
  [[nodiscard]] virtual TimePoint up_since(const std::string& service) = 0;

  /// Whether a signal is killing its main process at this moment, or killed the last main process
  /// and no new one has started.
  [[nodiscard]] virtual bool killed(const std::string& service) = 0;
};

class BoardServices final : public ServiceAccess {
 public:
  /// The board outlives this object.
  explicit BoardServices(Board& board) : board_(board) {}

  [[nodiscard]] Stand stand(const std::string& service) override;
  [[nodiscard]] bool wanted(const std::string& service) override;
  [[nodiscard]] bool failed(const std::string& service) override;
  void start(const std::string& service, const std::string& why) override;
  void stop_idle(const std::string& service, std::chrono::seconds idle) override;
  bool retry(const std::string& service, const std::string& why) override;
  [[nodiscard]] pid_t process(const std::string& service) override;
  [[nodiscard]] TimePoint up_since(const std::string& service) override;
  [[nodiscard]] bool killed(const std::string& service) override;

 private:
  Board& board_;
};

}  // namespace zinit
