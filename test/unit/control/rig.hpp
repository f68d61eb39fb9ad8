// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A control server with a real board on its own socket, and a client for it.
#pragma once

#include "control/scrapes.hpp"
#include "control/server.hpp"
#include "control/settling.hpp"
#include "support/json.hpp"
#include "support/line_client.hpp"
#include "support/services.hpp"
#include "support/test.hpp"
#include "unit/supervisor/output.hpp"

namespace zinit::test {

/// Output of services goes to the log store, as in zinit.
class StoredOutput final : public OutputPort {
 public:
  explicit StoredOutput(LogStore& store) : store_(store) {}
  Result<OutputPipes> open_output(Slot slot) override;
  void configure(Slot slot, const SpecPtr& spec) override { store_.configure(slot, spec); }
  void forget(Slot slot) override { store_.forget(slot); }
  void note(Slot slot, std::string_view line) override { store_.note(slot, line); }

 private:
  LogStore& store_;
};

/// In place of init: records its requests. Only the loop's thread uses it while the loop runs,
/// except `powered`.
class FakeDaemon final : public Daemon {
 public:
  [[nodiscard]] DaemonInfo info() const override {
    DaemonInfo info;
    info.mode = "standalone";
    info.uptime_ms = 5;
    info.started_ms = 6;
    return info;
  }
  void keep_scheduled(const std::optional<ScheduledPower>& power) override { scheduled = power; }
  void tell_terminals(std::string text) override { told.push_back(std::move(text)); }
  std::vector<std::string> told;  // messages to terminals
  [[nodiscard]] bool supports(PowerAction action) const override {
    return action == PowerAction::shut_down;
  }
  void power(PowerAction action, const std::string& message, const std::string& asker) override;
  void reload(const ReloadFiles& asked, ReloadDone done) override;
  void reexecute(bool update, ReexecuteDone done) override;
  void switch_root(NewRoot next, SwitchDone done) override {
    switched_to = std::move(next);
    done({});
  }
  void set_service(SetService request, SetDone done) override;
  void delete_service(const DeleteService& request, ServiceDeleteDone done) override;
  void set_proxy(SetProxy request, ProxyDone done) override;
  void delete_proxy(DeleteProxy request, ProxyDeleteDone done) override;
  [[nodiscard]] std::vector<ProxyView> proxies() const override {
    ++asked_for_proxies;
    return proxies_there;
  }
  [[nodiscard]] Sockets sockets_of(const std::string& service) const override;
  [[nodiscard]] std::vector<TimerView> timers(std::string_view of) const override {
    std::vector<TimerView> those = timers_there;
    std::erase_if(those, [of](const TimerView& one) { return !of.empty() && one.service != of; });
    return those;
  }
  [[nodiscard]] std::string trigger_fault(const std::string& service) const override {
    const auto found = trigger_faults.find(service);
    return found == trigger_faults.end() ? std::string() : found->second;
  }

  std::function<void(PowerAction, const std::string&)> on_power;
  std::function<void(bool, ReloadDone)> on_reload;
  std::function<void(bool, ReexecuteDone)> on_reexecute;
  std::vector<SetService> set;
  std::vector<DeleteService> deleted;
  std::vector<SetProxy> set_proxies;
  std::vector<std::string> deleted_proxies;
  std::optional<RequestFailure> proxy_refusal;  // the answer to all requests about proxies
  std::vector<ProxyView> proxies_there;
  std::map<std::string, Sockets> sockets;  // by service
  std::vector<TimerView> timers_there;
  std::map<std::string, std::string> trigger_faults;  // by service
  mutable int asked_for_proxies = 0;
  std::optional<ScheduledPower> scheduled;
  Board::Others effects;  // of requests that set and delete services
  NewRoot switched_to;
  std::atomic<int> powered{0};
};

/// A connection to the rig; a wait that passes its deadline fails the test.
class TestClient : public LineClient {
 public:
  using LineClient::LineClient;

  /// Like LineClient's, but throws if the bytes cannot be sent. Not an assertion of Catch: other
  /// threads than the test's send, too.
  void send(std::string_view bytes) {
    if (!LineClient::send(bytes)) throw std::runtime_error("the server takes nothing");
  }
  /// Sends one request and returns its response: JSON text of `result`, or the error object.
  std::string call(const std::string& method, const std::string& params = "{}");
  [[nodiscard]] int error_of(const std::string& method, const std::string& params = "{}");

 private:
  int last_id_ = 0;
};

/// The server. Its loop runs in its own thread from the start.
class Rig {
 public:
  explicit Rig(const std::vector<SpecPtr>& specs = {},
               std::span<const Method> methods = all_methods());
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  [[nodiscard]] std::string path() const { return dir_ / "sock"; }
  [[nodiscard]] TestClient client() const { return TestClient(path()); }
  [[nodiscard]] const TempDir& dir() const { return dir_; }

  /// Runs `action` on the loop's thread, and waits for it.
  void on_loop(const std::function<void()>& action);
  /// A copy of a record of the daemon.
  template <class T>
  [[nodiscard]] T daemons(T FakeDaemon::*member) {
    T copy;
    on_loop([&] { copy = daemon.*member; });
    return copy;
  }
  [[nodiscard]] ControlFigures figures();
  [[nodiscard]] bool becomes(const std::string& name, State state);
  [[nodiscard]] LogStore& logs() { return *logs_; }
  [[nodiscard]] Board& board() { return *board_; }
  [[nodiscard]] NoChecks& checks() { return checks_; }
  [[nodiscard]] EventLoop& loop() { return *loop_; }
  FakeDaemon daemon;

 private:
  void reap_all();

  TempDir dir_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Changes> changes_;
  std::unique_ptr<LogStore> logs_;
  std::unique_ptr<StoredOutput> output_;
  NoChecks checks_;
  std::unique_ptr<Board> board_;
  std::unique_ptr<Server> server_;
  std::atomic<bool> ending_{false};
  std::thread reaper_;
  std::thread thread_;
};

/// The parts of a call without a server, on the loop of a rig; a thread of its own looks at
/// processes.
struct CallParts {
  explicit CallParts(Rig& rig, Milliseconds patience = Milliseconds(20'000))
      : looks(rig.loop(), [] {}),
        power(rig.loop(), rig.board(), rig.daemon),
        changes(
            rig.loop(), [](const ServiceSpec&) { return std::string(); }, [] {}),
        scrapes(patience),
        told(rig.loop()),
        settling({rig.loop(), rig.board(), rig.logs(), rig.daemon, told}, [] {}),
        context{rig.board(), rig.logs(), rig.daemon,
                power,       changes,    looks,
                scrapes,     settling,   [] { return ControlFigures{}; },
                [] {}} {}

  ProcessLooks looks;
  PowerSchedule power;
  FileChanges changes;
  Scrapes scrapes;
  Changes told;
  Settling settling;
  RpcContext context;
};

}  // namespace zinit::test
