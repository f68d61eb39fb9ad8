// What the control protocol asks of the rest of zinit, such as reloads and shutdowns. src/init,
// which control may not include, implements this interface; unit tests implement their own.
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
  // Durations of the boot, null if not known (yet): from the kernel's start to zinit's (in system
  // mode only); from zinit's start to that of the first services; and from zinit's start until all
  // services of the boot had settled.
  std::optional<std::int64_t> kernel_ms;
  std::optional<std::int64_t> started_ms;
  std::optional<std::int64_t> settled_ms;
  // The start of the times of system.bootchart: the kernel's start in system mode, else zinit's.
  TimePoint boot_from{};
  // How often zinit has recovered from a fault of its own, and where the last one was; empty: none.
  std::uint32_t crashes = 0;
  std::string last_crash;
  // The directories of the service files, for tools that edit them; outlives the call. Null: none.
  const Places* places = nullptr;
};

/// A shutdown scheduled for a time of the wall clock.
struct ScheduledPower {
  PowerAction action;
  std::int64_t at_us;  // since 1970
  std::string message;
};

/// Which reload service.reload asks for.
struct ReloadFiles {
  bool dry_run = false;
  bool check = true;                // what would be restarted, before (Board::check_reload())
  bool no_restart = false;          // see Board::reload()
  std::vector<std::string> only{};  // the services whose files count; empty: all, and zinit.toml

  bool operator==(const ReloadFiles&) const = default;
};

/// What service.set asks for.
struct SetService {
  Value config;  // a table of sections, without positions in a file
  bool persist = false;
  bool start = true;
  bool check = true;
};

/// What service.delete asks for.
struct DeleteService {
  std::string name;
  bool persist = false;
  bool cascade = false;
};

/// What xinet.set asks for.
struct SetProxy {
  Value config;  // a table with the keys of [proxy], `name` among them, without positions in a file
  bool persist = false;
};

/// A proxy as xinet.status shows it.
struct ProxyView {
  ProxyPtr spec;
  bool running = false;    // it listens at all of its addresses, as its file says
  bool listening = false;  // it listens at some
  std::string error;       // why not at all of them; empty: it does
  std::uint64_t total_connections = 0;
  std::uint64_t active_connections = 0;  // those that are held for the backend among them
  std::uint64_t rejected_connections = 0;
  std::uint64_t bytes_to_backend = 0;
  std::uint64_t bytes_from_backend = 0;
};

/// When one expression of a service's [timer] is due, as system.timers shows it.
struct TimerView {
  std::string service;
  std::string expression;
  std::int64_t last_us = 0;             // when the timer last started the service; 0: never
  std::optional<std::int64_t> next_us;  // none: never again, or it is disabled
};

class Daemon {
 public:
  virtual ~Daemon() = default;

  [[nodiscard]] virtual DaemonInfo info() const = 0;

  /// Whether this mode has the action. If not, the client gets the error not_supported, and power()
  /// is not called.
  [[nodiscard]] virtual bool supports(PowerAction action) const = 0;

  /// Begins the action. Called after the answer has been written to the client, and not when a
  /// shutdown has begun already (Board::shutting_down()). `message` is the client's, for the log
  /// and the terminals; may be empty. `asker` is who the client is, for the log.
  virtual void power(PowerAction action, const std::string& message, const std::string& asker) = 0;

  using ReloadDone = std::function<void(const RequestResult<ReloadReport>&)>;
  /// Reads the service files again and passes them to the board (Board::reload()). `done` is called
  /// once on the control loop's thread, before this returns or later. A reload that is requested
  /// during another one waits for its end.
  virtual void reload(const ReloadFiles& request, ReloadDone done) = 0;

  /// Keeps what is scheduled, for the next image; nothing: no shutdown is scheduled any more.
  virtual void keep_scheduled(const std::optional<ScheduledPower>& power) = 0;

  /// Writes a line to the terminals of all who are logged in, where this is PID 1. Any text.
  virtual void tell_terminals(std::string text) = 0;

  using ReexecuteDone = std::function<void(const RequestResult<void>&)>;
  /// Executes zinit anew; with `update` the program that is installed now, once it has passed a
  /// self-check. Services run on. `done` is called once on the control loop's thread: just before
  /// the execution, which closes all connections when the answers have been written, or with the
  /// reason why there is none.
  virtual void reexecute(bool update, ReexecuteDone done) = 0;

  using SwitchDone = std::function<void(const RequestResult<void>&)>;
  /// Goes over to another root, where its init becomes this process: services end but for those
  /// with `survive`. `done` is called once on the control loop's thread, when it is found that it
  /// can be done and just before it begins, or with the reason why not.
  virtual void switch_root(NewRoot next, SwitchDone done) = 0;

  /// Adds the service of that name as an instance of its template, if there is one and no such
  /// service. It is not started yet, and is removed unless it soon is.
  /// @return  config_error for a template that is wrong, or wrong as this instance; shutting_down
  virtual RequestResult<void> make_instance(std::string_view /*name*/) { return {}; }

  using SetDone = std::function<void(const RequestResult<Board::SetReport>&)>;
  /// Replaces the service of that name, or adds it (Board::set()). Queued with reloads; `done` as
  /// with reload().
  virtual void set_service(SetService request, SetDone done) = 0;

  /// What a removal has done to others, and what it has left for somebody to mend.
  struct Deleted {
    Board::Others others;
    std::vector<std::string> warnings{};
  };
  using ServiceDeleteDone = std::function<void(const RequestResult<Deleted>&)>;
  /// Stops a service and removes it from the graph (Board::remove()), likewise.
  virtual void delete_service(const DeleteService& request, ServiceDeleteDone done) = 0;

  struct ProxySet {
    std::string name;
    bool replaced = false;
  };
  using ProxyDone = std::function<void(const RequestResult<ProxySet>&)>;
  /// Replaces the proxy of that name, or adds it, when all of its addresses can be listened at. If
  /// that fails nothing changes. Queued with reloads; `done` as with reload().
  virtual void set_proxy(SetProxy request, ProxyDone done) = 0;
  using ProxyDeleteDone = std::function<void(const RequestResult<void>&)>;
  /// Closes the listening sockets of a proxy, and removes its file. Established connections go on.
  virtual void delete_proxy(const std::string& name, ProxyDeleteDone done) = 0;
  /// All proxies, sorted by name.
  [[nodiscard]] virtual std::vector<ProxyView> proxies() const = 0;
  /// What [socket] of a service has come to.
  struct Sockets {
    std::vector<std::string> open;  // addresses, as its file has them
    std::string error;              // why one of the others is not; it is tried again
  };
  [[nodiscard]] virtual Sockets sockets_of(const std::string& service) const = 0;
  /// All expressions of timers, by service.
  [[nodiscard]] virtual std::vector<TimerView> timers(std::string_view of = {}) const = 0;
  /// Whether service files are being read or written, or will be once that is done.
  [[nodiscard]] virtual bool works_on_files() const { return false; }
  /// Why the service may not be started by its [timer] or [path] when it should; empty: it is.
  [[nodiscard]] virtual std::string trigger_fault(const std::string& service) const = 0;
};

}  // namespace zinit
