// What the control protocol asks of the program around it: the things that belong to no service.
// Declared here, for control may not know src/init, which implements it; tests put in their own.
//
// All of it is called on the control loop's thread and must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/board.hpp"

namespace zinit {

/// What system.shutdown, system.poweroff, system.reboot and system.halt ask for.
struct Places;

enum class PowerAction : std::uint8_t {
  shutdown,  // stop everything and end zinit; as PID 1 in system mode: power off
  poweroff,
  reboot,
  halt,
};

/// For system.info. Times are on the monotonic clock, in ms.
struct DaemonInfo {
  std::string_view mode;       // "system", "container", "standalone"; outlives the call
  std::int64_t uptime_ms = 0;  // since zinit's own start, over re-executions
  // Of the boot, null where it does not apply (yet): from the kernel's start to zinit's (in system
  // mode), and from zinit's start until the first services were started and until all that boot
  // started had settled.
  std::optional<std::int64_t> kernel_ms;
  std::optional<std::int64_t> started_ms;
  std::optional<std::int64_t> settled_ms;
  // Where files are read, for who changes them; outlives the call. Null: nowhere.
  const Places* places = nullptr;
};

/// What service.set asks for.
struct SetService {
  std::string config;  // an object of sections, as JSON text
  bool persist = true;
  bool start = true;
};

/// What service.delete asks for.
struct DeleteService {
  std::string name;
  bool persist = true;
  bool cascade = false;
};

class Daemon {
 public:
  virtual ~Daemon() = default;

  [[nodiscard]] virtual DaemonInfo info() const = 0;

  /// Whether this mode has such a thing; where not, the client is answered not_supported and
  /// power() is not called.
  [[nodiscard]] virtual bool supports(PowerAction action) const = 0;

  /// Begins it. Called when the answer has been written to the client, and not once a shutdown has
  /// begun (Board::shutting_down()). `message` is the caller's, for the log and the terminals; may
  /// be empty.
  virtual void power(PowerAction action, const std::string& message) = 0;

  using ReloadDone = std::function<void(const RequestResult<ReloadReport>&)>;
  /// Reads the service files again and has the board take them (Board::reload). `done` is called
  /// once on the control loop's thread, before this returns or later; a reload that is asked for
  /// during another waits for its end.
  virtual void reload(bool dry_run, ReloadDone done) = 0;

  using SetDone = std::function<void(const RequestResult<Board::SetReport>&)>;
  /// Puts a service in the place of the one of its name, or adds it (Board::set), in its turn among
  /// reloads. `done` as with reload().
  virtual void set_service(SetService request, SetDone done) = 0;

  using DeleteDone = std::function<void(const RequestResult<void>&)>;
  /// Stops a service and takes it out of the graph (Board::remove), likewise.
  virtual void delete_service(const DeleteService& request, DeleteDone done) = 0;
};

}  // namespace zinit
