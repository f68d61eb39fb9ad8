// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What the control protocol needs from the rest of zinit, such as reloads and shutdowns. The room
// server, which control may not include, implements this interface; unit tests implement their own.
//
// All functions are called on the control loop's thread and must not block.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"
#include "model/proxy_spec.hpp"
#include "os/mount.hpp"
#include "os/power.hpp"
#include "supervisor/board.hpp"

namespace zinit {

struct Places;

/// For system.info. Times are on the monotonic clock, in ms.
struct DaemonInfo {
  std::string_view mode;       // "system", "container", "standalone"; outlives the call
  std::int64_t uptime_ms = 0;  // since zinit's own start, over re-executions
  // Durations of the boot, null if unknown or not over yet: from the kernel's start to zinit's
  // start (in system mode only); from zinit's start to the start of the first services; and from
  // zinit's start until all services of the boot had settled.
  std::optional<std::int64_t> kernel_ms;
  std::optional<std::int64_t> started_ms;
  std::optional<std::int64_t> settled_ms;
  // Times of system.bootchart count from here: the kernel's start in system mode, else zinit's.
  TimePoint boot_from{};
  // How often zinit has recovered from its own faults, and where the last one was; empty: none.
  std::uint32_t crashes = 0;
  std::string last_crash;
  // The directories of the service files, for tools that edit them; outlives the call. May be null.
  const Places* places = nullptr;
  std::vector<std::string> settings_faults;  // of zinit.toml as it was read last
  std::string boot_target;  // the target that a boot starts; empty: all with status "start"
};

/// A shutdown scheduled for a time of the wall clock.
struct ScheduledPower {
  PowerAction action;
  std::int64_t at_us;  // since 1970
  std::string message;
  std::string asker{};  // "pid 1234 (zinitctl), uid 0"; empty: unknown, from an older zinit
};

/// A request of service.reload.
struct ReloadFiles {
  bool dry_run = false;
  bool check = true;                // before restarts (Board::check_reload())
  bool no_restart = false;          // see Board::reload()
  std::vector<std::string> only{};  // services whose files count; empty: all, and zinit.toml

  bool operator==(const ReloadFiles&) const = default;
};

/// A request of service.set.
struct SetService {
  Value config;  // a table of sections, without positions in a file
  bool persist = false;
  bool start = true;
  bool check = true;
};

/// A request of service.delete.
struct DeleteService {
  std::string name;
  bool persist = false;
  bool cascade = false;
};

/// A request of xinet.set.
struct SetProxy {
  Value config;  // a table with the keys of [proxy], `name` among them, without positions in a file
  bool persist = false;
};

/// A request of xinet.delete.
struct DeleteProxy {
  std::string name;
  bool persist = false;
};

/// A proxy, for xinet.status.
struct ProxyView {
  ProxyPtr spec;
  bool running = false;    // it listens at all of its addresses, as its file demands
  bool listening = false;  // it listens at one address or more
  std::string error;       // why it does not listen at all of them; empty if it does
  std::uint64_t total_connections = 0;
  std::uint64_t active_connections = 0;  // includes those that wait for the backend
  std::uint64_t rejected_connections = 0;
  std::uint64_t bytes_to_backend = 0;
  std::uint64_t bytes_from_backend = 0;
};

/// When one expression of a service's [timer] is due, for system.timers.
struct TimerView {
  std::string service;
  std::string expression;
  std::int64_t last_us = 0;             // when the timer last started the service; 0: never
  std::optional<std::int64_t> next_us;  // none: never again, or the timer is disabled
};

class Daemon {
 public:
  virtual ~Daemon() = default;

  [[nodiscard]] virtual DaemonInfo info() const = 0;

  /// Whether this mode supports the action. If not, the client gets the error not_supported, and
  /// power() is not called.
  [[nodiscard]] virtual bool supports(PowerAction action) const = 0;

  /// Begins the action. Called after the answer has been written to the client, but not if a
  /// shutdown has begun already (Board::shutting_down()). `message` is the client's text for the
  /// log and the terminals; may be empty. `asker` names the client, for the log.
  virtual void power(PowerAction action, const std::string& message, const std::string& asker) = 0;

  using ReloadDone = std::function<void(const RequestResult<ReloadReport>&)>;
  /// Reads the service files again and passes them to the board (Board::reload()). `done` is called
  /// once on the control loop's thread, before this returns or later. A reload that is requested
  /// during another one waits for its end.
  virtual void reload(const ReloadFiles& request, ReloadDone done) = 0;

  /// Stores the schedule for the next process image. Nothing: no shutdown is scheduled any more.
  virtual void keep_scheduled(const std::optional<ScheduledPower>& power) = 0;

  /// Writes a line to the terminals of all logged-in users, if this is PID 1. Any text.
  virtual void tell_terminals(std::string text) = 0;

  using ReexecuteDone = std::function<void(const RequestResult<void>&)>;
  /// Executes zinit again; with `update` the program that is installed now, once it has passed a
  /// self-check. Services keep running. `done` is called once on the control loop's thread: just
  /// before the execution, which closes all connections after the answers have been written; or
  /// with the reason why it does not happen.
  virtual void reexecute(bool update, ReexecuteDone done) = 0;

  using SwitchDone = std::function<void(const RequestResult<void>&)>;
  /// Switches to another root, whose init becomes this process. Services end, except those with
  /// `survive`. `done` is called once on the control loop's thread: just before the switch, when it
  /// is known to be possible; or with the reason why it is not.
  virtual void switch_root(NewRoot next, SwitchDone done) = 0;

  /// If no such service exists but its template does, adds the service as an instance. It is not
  /// started yet, and is removed again unless it is started soon.
  /// @return  config_error if the template is wrong, or wrong for this instance; or shutting_down
  virtual RequestResult<void> make_instance(std::string_view /*name*/) { return {}; }

  using SetDone = std::function<void(const RequestResult<Board::SetReport>&)>;
  /// Replaces the service of that name, or adds it (Board::set()). Queued together with reloads;
  /// `done` as for reload().
  virtual void set_service(SetService request, SetDone done) = 0;

  /// The effects of a removal on others, and warnings about what the user must still mend.
  struct Deleted {
    Board::Others others;
    std::vector<std::string> warnings{};
  };
  using ServiceDeleteDone = std::function<void(const RequestResult<Deleted>&)>;
  /// Stops a service and removes it from the graph (Board::remove()). Queueing and `done` as above.
  virtual void delete_service(const DeleteService& request, ServiceDeleteDone done) = 0;

  struct ProxySet {
    std::string name;
    bool replaced = false;
  };
  using ProxyDone = std::function<void(const RequestResult<ProxySet>&)>;
  /// Replaces the proxy of that name, or adds it, if it can listen at all of its addresses.
  /// Otherwise nothing changes. Queued together with reloads; `done` as for reload().
  virtual void set_proxy(SetProxy request, ProxyDone done) = 0;
  using ProxyDeleteDone = std::function<void(const RequestResult<void>&)>;
  /// Closes the listening sockets of a proxy and, if asked to, removes its file. Established
  /// connections stay.
  virtual void delete_proxy(DeleteProxy request, ProxyDeleteDone done) = 0;
  /// All proxies, sorted by name.
  [[nodiscard]] virtual std::vector<ProxyView> proxies() const = 0;
  /// The state of a service's [socket].
  struct Sockets {
    std::vector<std::string> open;  // addresses, as written in its file
    std::string error;              // why another address is not open; opening it is tried again
  };
  [[nodiscard]] virtual Sockets sockets_of(const std::string& service) const = 0;
  /// All expressions of timers; with `of`, those of one service.
  [[nodiscard]] virtual std::vector<TimerView> timers(std::string_view of = {}) const = 0;
  /// Whether service files are being read or written, or wait for that.
  [[nodiscard]] virtual bool works_on_files() const { return false; }
  /// Calls `then` when all changes are in force, such as the closing of the sockets of services
  /// that are gone; after some seconds at the latest. On the control loop's thread, perhaps at
  /// once.
  virtual void when_in_force(std::function<void()> then) { then(); }
  /// Whether a [path] in the graph is not watched yet, but will be soon: a change of its file would
  /// start nothing. The server's look_again() follows.
  [[nodiscard]] virtual bool paths_unseen() const { return false; }
  /// Why the [timer] or [path] of the service cannot start it when it should; empty: it can.
  [[nodiscard]] virtual std::string trigger_fault(const std::string& service) const = 0;
  /// When the [path] of a service at rest may start it again without a change; kNever: only a
  /// change does.
  [[nodiscard]] virtual TimePoint next_path_try(const std::string& /*service*/) const {
    return kNever;
  }
};

}  // namespace zinit
