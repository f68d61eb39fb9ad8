// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A zinit under test: its folder, service files and process, and a test's questions to it.

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "scenario/harness/connection.hpp"
#include "scenario/harness/process.hpp"

namespace zinit::test {

/// The text of a service file. The sections hold lines of TOML unchanged.
struct Toml {
  std::string exec = "sleep 100000";  ///< as [service] exec; empty: without exec
  std::string service{};              ///< more lines of [service]
  std::string dependencies{};
  std::string lifecycle{};
  std::string more{};  ///< whole sections
};
std::string text_of(const Toml& toml);
/// `text` as a TOML string with its quotes.
std::string toml_string(std::string_view text);

/// A shell command that writes "start NAME" to the trace and, at SIGTERM, "stop NAME".
std::string tracing(const std::string& name);
/// A shell command that writes "start NAME" to the trace and ignores SIGTERM.
std::string stubborn(const std::string& name);

/// Services find in their environment D, the server's folder, and T, a file in it to which they
/// append lines: the trace. A standalone or container server passes its own environment on to
/// services, and these variables with it.
///
/// The destructor ends the server and checks that it ended with success and left no process behind.
/// If the test fails, it shows the server's standard error.
class Server {
 public:
  struct Options {
    std::vector<std::string> argv{"zinit", "server"};  ///< config and socket options are added
    std::vector<std::string> arguments{};              ///< added after all options
    std::vector<std::string> env{};
    bool container = false;       ///< PID 1 of a namespace, as zinit-pid1 --container
    bool namespaced = false;      ///< PID 1 of a namespace, with argv unchanged
    bool by_environment = false;  ///< config and socket by variables, not by options
    /// Neither: the server and zinitctl find the server's folder etc/ at /etc, run/ at /run, and
    /// usr/lib/ at /usr/lib if the test has written something there. Only for root.
    bool own_root = false;
    bool settings = false;  ///< --config: zinit.toml in its folder
    std::optional<uid_t> uid{};
    std::function<void()> in_child{};
    std::string program{};  ///< empty: zinit_binary()
    std::string client{};   ///< the program of ctl(); empty: zinit_binary()
  };

  Server();
  explicit Server(Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // --- files ---
  const std::string& folder() const { return folder_; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::string config() const { return path(options_.own_root ? "etc/zinit/services" : "services"); }
  std::string config(const std::string& file) const { return config() + "/" + file; }
  std::string socket() const { return path(options_.own_root ? "run/zinit.sock" : "zinit.sock"); }
  /// Writes a file in the config directory: any text, or a service NAME in NAME.toml.
  void file(const std::string& name, std::string_view text);
  void add(const std::string& name, const Toml& toml = {});
  void remove(const std::string& name);
  /// Writes a file in the server's folder, and makes the folders above it.
  void put(const std::string& name, std::string_view text) const;
  /// Makes a file that services wait for: `[ -e $D/NAME ]`.
  void mark(const std::string& name) { write_file(path(name), ""); }

  /// The lines of the trace so far; whether a line is in it; and how often.
  std::vector<std::string> trace() const;
  bool traced(const std::string& line) const { return count(line) > 0; }
  int count(const std::string& line) const;
  /// Waits until each of these tracing() services has written its start: a running one may not have
  /// done so yet.
  void await_started(const std::vector<std::string>& names) const;
  /// Waits until the line is in the trace (that often); fails the test with the whole trace.
  void await_trace(const std::string& line, int times = 1) const;
  /// Requires both lines, the first before the second.
  void traced_in_order(const std::string& first, const std::string& second) const;

  // --- the process ---
  /// Starts it and waits until the socket answers, and then until these services are running.
  void boot(const std::vector<std::string>& running = {});
  /// Starts it without waiting.
  void launch();
  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Stops the server, so that it sees nothing until go_on().
  void hold() const { test::hold(pid_); }
  void go_on() const { signal(SIGCONT); }
  /// Sends the signal of a fault in zinit itself; one of its threads takes it.
  void fault(int number = SIGSEGV) const;
  /// Whether it has ended.
  bool ended();
  /// Waits for its end, which must come: exit code or 128 + signal.
  int exit_code(std::chrono::milliseconds deadline = kPatience);
  /// Sends the signal and waits for the end.
  int shut_down(int number = SIGTERM);
  /// Waits until it has written this to standard error; fails the test with its whole output.
  void await_message(const std::string& text) const;
  /// Its output so far: standard error, which is complete once it has ended, and standard output.
  std::string messages() const;
  std::string output() const { return read_file(path("stdout")); }

  // --- questions ---
  //
  // Several threads of zinit report an event, some later than others. Each question here that only
  // looks, and messages(), therefore first waits until zinit has finished its current work
  // (settle()): a test that has seen one sign of an event, such as a file of a service, finds all
  // other signs by one question. await_...() waits for actions of processes.

  /// Waits for zinit's answer to debug.settle. Returns soon if it does not come, because zinit
  /// stops, is stopped, or does not come to rest.
  void settle() const;
  Connection connect() const { return Connection(socket()); }
  /// Makes the next question open a new connection: the server may have closed the last one.
  void reconnect() { own_.reset(); }
  /// Makes zinit re-execute itself, by zinitctl with these arguments, and checks that the next
  /// process image answers.
  void reexecute(std::vector<std::string> how = {"reexec"});
  /// Methods that only show something are called after settle().
  Json result(std::string_view method, std::string_view params = "");
  Json error(std::string_view method, std::string_view params = "");
  /// Runs zinitctl with these arguments, and `env` added to its environment.
  Outcome ctl(std::vector<std::string> arguments, const std::string& input = "",
              std::vector<std::string> env = {}) const;
  /// Runs a program that finds files at the server's places.
  Outcome run_beside(Launch what, const std::string& input = "") const;

  /// service.start, stop and restart: with `wait`, returning the final status; or without a wait.
  Json start(const std::string& name) { return ask("service.start", name, true); }
  Json stop(const std::string& name) { return ask("service.stop", name, true); }
  Json restart(const std::string& name) { return ask("service.restart", name, true); }
  void begin_start(const std::string& name) { ask("service.start", name, false); }
  void begin_stop(const std::string& name) { ask("service.stop", name, false); }
  void begin_restart(const std::string& name) { ask("service.restart", name, false); }
  /// service.kill, once there is a process: its output may come sooner.
  void kill(const std::string& name, std::string_view more = R"("signal":"SIGKILL")");
  Json reload() { return result("service.reload"); }

  /// status_full, and parts of it. Waits for a pid, because output of a process may come sooner.
  Json status(const std::string& name) { return result("service.status_full", named(name)); }
  std::string state(const std::string& name) { return status(name)["state"].text(); }
  pid_t pid_of(const std::string& name);
  std::vector<pid_t> pids_of(const std::vector<std::string>& names);

  /// Waits until `wanted` accepts the status, and /proc shows the program of the process in it;
  /// otherwise fails the test with the status and `why`.
  Json await(const std::string& name, const std::function<bool(const Json&)>& wanted,
             const std::string& what);
  Json await_state(const std::string& name, const std::string& state);
  /// Waits for state failed with this reason, such as "exit_code".
  Json await_failed(const std::string& name, const std::string& reason);
  /// Waits until its next attempt is delayed.
  Json await_delayed(const std::string& name);
  /// Waits until it runs with a process; returns the pid.
  pid_t await_program(const std::string& name);
  /// Waits until it runs with another pid than `old`; returns the new one.
  pid_t await_new_pid(const std::string& name, pid_t old);
  /// Waits until every service is settled, as behaviour.md defines it.
  void await_settled();

 private:
  bool has_pid_namespace() const { return options_.container || options_.namespaced; }
  Json ask(const std::string& method, const std::string& name, bool wait);
  Json status_now(const std::string& name);
  Launch how() const;
  Connection& own();
  void end();

  Options options_;
  std::string folder_;
  pid_t pid_ = -1;
  std::optional<int> code_;
  bool ended_by_test_ = false;
  std::unique_ptr<Connection> own_;
  const std::thread::id thread_ = std::this_thread::get_id();  // uses own_; other threads may ctl()
  mutable std::atomic<bool> restless_ = false;                 // the last settle() was in vain
};

/// The published state changes from now on, each checked against behaviour.md's table.
class Watch {
 public:
  explicit Watch(const Server& server);
  /// All changes so far as "NAME FROM TO".
  const std::vector<std::string>& changes();
  /// Waits for a change.
  void await(const std::string& change);

 private:
  void take(const Json& event);
  Connection connection_;
  std::vector<std::string> changes_;
};

/// A status on its own, with no other service asked, counts as settled. A service that waits for
/// something else does not.
bool at_rest(const Json& status);

/// Makes zinit crash, and waits until the next process image answers.
void crash(Server& zinit, int signal = SIGSEGV);

}  // namespace zinit::test
