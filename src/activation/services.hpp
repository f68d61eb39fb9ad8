// What proxies and sockets need of the services that they start. BoardServices asks the board; unit
// tests have their own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "base/backoff.hpp"
#include "base/time.hpp"

namespace zinit {

class Board;

/// So many connections are accepted at a listener before others have their turn.
inline constexpr int kAcceptedATurn = 16;

/// After so long connections are accepted again where descriptors were wanting.
inline constexpr Milliseconds kLackAgain{100};

/// How long those who wait for a service leave it alone after they have started it: a second, and
/// where it has failed for good twice as long each time, a minute at most.
class StartDelay {
 public:
  /// After a start. `failed`: as ServiceAccess::failed() says before it.
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
    unknown,  // there is no such service
    off,      // it is down, and nothing brings it up but a start
    coming,   // it is being started or stopped, or waits to be
    up,       // it runs and is ready
    done,     // it is a oneshot that is done
  };
  /// Any thread, as all functions here; none blocks.
  [[nodiscard]] virtual Stand stand(const std::string& service) = 0;

  /// Whether its wish is up.
  [[nodiscard]] virtual bool wanted(const std::string& service) = 0;

  /// Whether it has failed for good, or was not started for a condition: only a start tries it
  /// again.
  [[nodiscard]] virtual bool failed(const std::string& service) = 0;

  /// Starts it, as a request of a client does, unless its status is "ignore" or it is on its way
  /// already.
  virtual void start(const std::string& service, const std::string& why) = 0;

  /// Stops it, as a request of a client does, unless a service that is up requires it.
  virtual void stop_idle(const std::string& service, std::chrono::seconds idle) = 0;

  /// When it became ready; kNever if it is not up.
  [[nodiscard]] virtual TimePoint up_since(const std::string& service) = 0;

  /// Whether its main process is being killed by a signal at this moment, or was the last time that
  /// it ended and has no successor yet.
  [[nodiscard]] virtual bool killed(const std::string& service) = 0;
};

class BoardServices final : public ServiceAccess {
 public:
  /// The board outlives this.
  explicit BoardServices(Board& board) : board_(board) {}

  [[nodiscard]] Stand stand(const std::string& service) override;
  [[nodiscard]] bool wanted(const std::string& service) override;
  [[nodiscard]] bool failed(const std::string& service) override;
  void start(const std::string& service, const std::string& why) override;
  void stop_idle(const std::string& service, std::chrono::seconds idle) override;
  [[nodiscard]] TimePoint up_since(const std::string& service) override;
  [[nodiscard]] bool killed(const std::string& service) override;

 private:
  Board& board_;
};

}  // namespace zinit
