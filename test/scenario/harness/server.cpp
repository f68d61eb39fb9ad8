// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts, asks and ends a zinit: see server.hpp.
#include "scenario/harness/server.hpp"
#include "scenario/harness.hpp"

namespace zinit::test {

namespace {

/// The messages of the running test case's servers, shown if it fails.
std::string messages_of_this_test;

class ShowMessages : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;
  void testCaseStarting(const Catch::TestCaseInfo&) override { messages_of_this_test.clear(); }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.assertions.failed > 0) std::fputs(messages_of_this_test.c_str(), stderr);
  }
};
CATCH_REGISTER_LISTENER(ShowMessages)

std::string make_folder() {
  const char* base = std::getenv("TMPDIR");
  std::string name = std::string(base != nullptr ? base : "/tmp") + "/zinit-scenario.XXXXXX";
  REQUIRE(mkdtemp(name.data()) != nullptr);
  REQUIRE(chmod(name.c_str(), 0711) == 0);  // services and servers of other users must pass through
  return name;
}

/// The time that zinit may take to settle; and the time if it did not settle the last time, because
/// some scenarios ask repeatedly while it cannot: a launch hangs, or a service floods.
constexpr auto kSettleLimit = 2000ms;
constexpr auto kRestlessLimit = 50ms;

/// Methods that only show facts: they neither change anything nor wait.
const std::set<std::string_view> kShowing = {
    "service.list",     "service.list_full", "service.status",     "service.status_full",
    "service.why",      "service.tree",      "service.is_running", "service.stats",
    "service.children", "logs.get",          "logs.tail",          "logs.filter",
    "events.get",       "xinet.list",        "xinet.status",       "xinet.status_all",
    "metrics.get",      "system.timers",     "debug.process_tree", "debug.state",
    "system.bootchart"};

/// Whether the server has not closed the connection.
bool is_open(const Connection& connection) {
  char next;
  const ssize_t n = recv(connection.fd(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
  return n > 0 || (n < 0 && errno == EAGAIN);
}

/// Reaps ended children, so that only living ones count as left over.
std::vector<pid_t> living_children() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {}
  return children_of(getpid());
}

/// In its own mount namespace: takes /etc and /run from the folder, and /usr/lib too if the folder
/// has one, with only libraries of the machine.
void cover_root(const std::string& folder) {
  have_own_mounts();
  const std::string lib = folder + "/usr/lib";
  if (access(lib.c_str(), F_OK) == 0) {
    for (const std::string& name : entries_of("/usr/lib")) {
      if (name.find("-linux-gnu") == std::string::npos) continue;
      const std::string from = "/usr/lib/" + name;
      const std::string to = lib + "/" + name;
      if (mkdir(to.c_str(), 0755) != 0 && errno != EEXIST) _exit(125);
      if (mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr) != 0) _exit(125);
    }
    if (mount(lib.c_str(), "/usr/lib", nullptr, MS_BIND | MS_REC, nullptr) != 0) _exit(125);
  }
  for (const char* name : {"/etc", "/run"}) {
    if (mount((folder + name).c_str(), name, nullptr, MS_BIND, nullptr) != 0) _exit(125);
  }
}

/// Kills the processes that a server left behind; returns a description of them.
std::string remove_leftovers() {
  eventually([] { return living_children().empty(); }, 3s);
  std::string found;
  for (const pid_t child : living_children()) {
    std::vector<pid_t> all{child};
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto more = children_of(all[i]);
      all.insert(all.end(), more.begin(), more.end());
    }
    for (const pid_t pid : all) {
      found += std::to_string(pid) + " " + proc_cmdline(pid) + "\n";
      kill(pid, SIGKILL);
    }
  }
  eventually([] { return living_children().empty(); });
  return found;
}

}  // namespace

// --- texts ---------------------------------------------------------------------------------------

std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string text_of(const Toml& toml) {
  std::string text = "[service]\n";
  if (!toml.exec.empty()) text += "exec = " + toml_string(toml.exec) + "\n";
  text += toml.service + "\n";
  if (!toml.dependencies.empty()) text += "[dependencies]\n" + toml.dependencies + "\n";
  if (!toml.lifecycle.empty()) text += "[lifecycle]\n" + toml.lifecycle + "\n";
  return text + toml.more + "\n";
}

std::string tracing(const std::string& name) {
  return "trap 'echo stop " + name + " >> $T; exit 0' TERM; echo start " + name +
         " >> $T; while :; do sleep 1 & wait; done";
}

std::string stubborn(const std::string& name) {
  return "trap '' TERM; echo start " + name + " >> $T; exec sleep 100000";
}

// --- files ---------------------------------------------------------------------------------------

Server::Server() : Server(Options{}) {}

Server::Server(Options options) : options_(std::move(options)), folder_(make_folder()) {
  zinit_binary();
  std::filesystem::create_directories(config());
  if (options_.own_root) std::filesystem::create_directory(path("run"));
  write_file(path("trace"), "");
  if (options_.uid) {
    for (const std::string& owned : {folder_, config(), path("trace")}) {
      REQUIRE(chown(owned.c_str(), *options_.uid, *options_.uid) == 0);
    }
  }
}

Server::~Server() {
  end();
  own_.reset();
  messages_of_this_test +=
      "\n--- messages of zinit, pid " + std::to_string(pid_) + " ---\n" + messages();
  const std::string left = remove_leftovers();
  if (!ended_by_test_) CHECK(left == "");
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  // A killed server leaves the directory of its lock, which is then empty.
  if (options_.uid) std::filesystem::remove("/tmp/zinit-" + std::to_string(*options_.uid), ignored);
}

/// Ends the server if it still runs; a test that ended it by force makes its own checks.
void Server::end() {
  if (pid_ <= 0 || code_) return;
  ::kill(pid_, SIGCONT);
  ::kill(pid_, SIGTERM);
  code_ = wait_for_exit(pid_);
  CHECK(code_ == 0);
  if (code_) return;
  ::kill(pid_, SIGKILL);
  code_ = wait_for_exit(pid_);
}

void Server::file(const std::string& name, std::string_view text) {
  write_file(config(name), text);
}

void Server::put(const std::string& name, std::string_view text) const {
  std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
  write_file(path(name), text);
}

void Server::add(const std::string& name, const Toml& toml) { file(name + ".toml", text_of(toml)); }

void Server::remove(const std::string& name) {
  REQUIRE(unlink(config(name + ".toml").c_str()) == 0);
}

Texts Server::trace() const { return lines_of(read_file(path("trace"))); }

int Server::count(const std::string& line) const {
  const auto lines = trace();
  return static_cast<int>(std::count(lines.begin(), lines.end(), line));
}

void Server::await_started(const Texts& names) const {
  for (const std::string& name : names) await_trace("start " + name);
}

void Server::await_trace(const std::string& line, int times) const {
  const bool came = eventually([&] { return count(line) >= times; });
  if (!came) FAIL("not in the trace: " << line << ", but:\n" << read_file(path("trace")));
}

void Server::traced_in_order(const std::string& first, const std::string& second) const {
  const auto lines = trace();
  const auto a = std::find(lines.begin(), lines.end(), first);
  const auto b = std::find(lines.begin(), lines.end(), second);
  INFO("first: " << first << ", then: " << second << ", trace:\n" << read_file(path("trace")));
  REQUIRE(a != lines.end());
  REQUIRE(b != lines.end());
  CHECK(a < b);
}

// --- the process ---------------------------------------------------------------------------------

Launch Server::how() const {
  Launch what;
  what.argv = options_.container ? Texts{"zinit-pid1", "--container"} : options_.argv;
  if (!options_.by_environment && !options_.own_root) {
    what.argv.insert(what.argv.end(), {"--config-dir", config(), "--socket", socket()});
  }
  if (options_.settings) what.argv.insert(what.argv.end(), {"--config", path("zinit.toml")});
  what.argv.insert(what.argv.end(), options_.arguments.begin(), options_.arguments.end());
  what.env = {"D=" + folder_, "T=" + path("trace")};
  if (options_.by_environment) {
    what.env.insert(what.env.end(), {"ZINIT_CONFIG_DIR=" + config(), "ZINIT_SOCKET=" + socket()});
  }
  what.env.insert(what.env.end(), options_.env.begin(), options_.env.end());
  what.uid = options_.uid;
  what.program = options_.program;
  what.pid_namespace = has_pid_namespace();
  what.in_child = options_.own_root ? [this] { cover_root(folder_); } : options_.in_child;
  return what;
}

void Server::launch() {
  Launch what = how();
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  what.out = open(path("stdout").c_str(), flags, 0644);
  what.err = open(path("stderr").c_str(), flags, 0644);
  own_.reset();
  code_.reset();
  pid_ = zinit::test::launch(what);
  close(what.out);
  close(what.err);
}

void Server::boot(const Texts& running) {
  launch();
  eventually([&] { return ended() || Connection::possible(socket()); });
  if (code_) FAIL("the server ended at once with " << *code_ << ": " << messages());
  REQUIRE(Connection::possible(socket()));
  result("system.ping");
  for (const std::string& name : running) await_state(name, "running");
}

void Server::signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }

bool Server::ended() {
  if (!code_) code_ = wait_for_exit(pid_, 0ms);
  return code_.has_value();
}

int Server::exit_code(std::chrono::milliseconds deadline) {
  if (!code_) code_ = wait_for_exit(pid_, deadline);
  if (!code_) FAIL("the server did not end in time");
  return *code_;
}

int Server::shut_down(int number) {
  signal(number);
  ended_by_test_ = number == SIGKILL;
  return exit_code();
}

// --- questions -----------------------------------------------------------------------------------

Connection& Server::own() {
  if (!own_) own_ = std::make_unique<Connection>(socket());
  return *own_;
}

void Server::settle() const {
  if (pid_ <= 0 || code_) return;
  const auto limit = restless_ ? kRestlessLimit : kSettleLimit;
  std::unique_ptr<Connection> other;
  const bool owns = std::this_thread::get_id() == thread_ && own_ && is_open(*own_);
  Connection* connection = owns ? own_.get() : nullptr;
  if (connection == nullptr) connection = (other = Connection::attempt(socket())).get();
  if (connection == nullptr) return;
  const std::string params = R"({"timeout_ms":)" + std::to_string(limit.count()) + "}";
  const auto answer = connection->attempt_call("debug.settle", params, limit * 2);
  restless_ = !answer || !answer->has("result");
}

Json Server::result(std::string_view method, std::string_view params) {
  if (kShowing.count(method) > 0) settle();
  return own().result(method, params);
}

Json Server::error(std::string_view method, std::string_view params) {
  if (kShowing.count(method) > 0) settle();
  return own().error(method, params);
}

Json Server::status_now(const std::string& name) {
  return own().result("service.status_full", named(name));
}

void Server::kill(const std::string& name, std::string_view more) {
  pid_of(name);
  result("service.kill", named(name, more));
}

Json Server::ask(const std::string& method, const std::string& name, bool wait) {
  return result(method, named(name, wait ? R"("wait":true)" : ""));
}

Outcome Server::ctl(Texts arguments, const std::string& input, Texts env) const {
  settle();
  Launch what;
  what.env = std::move(env);
  what.program = options_.client;
  what.argv = {"zinitctl", "--socket", socket()};
  what.argv.insert(what.argv.end(), arguments.begin(), arguments.end());
  return run_beside(std::move(what), input);
}

Outcome Server::run_beside(Launch what, const std::string& input) const {
  if (options_.own_root) what.in_child = [this] { cover_root(folder_); };
  return run(std::move(what), input);
}

void Server::fault(int number) const {
  // The runtime of TSan ends the process if a thread that is about to end takes a signal.
  if (binary_has_tsan())
    REQUIRE(::syscall(SYS_tgkill, pid(), pid(), number) == 0);
  else
    REQUIRE(::kill(pid(), number) == 0);
}

void Server::reexecute(Texts how) {
  const Outcome done = ctl(std::move(how));
  INFO(done.err);
  REQUIRE(done.code == 0);
  reconnect();
  REQUIRE(result("system.ping")["pid"] == (has_pid_namespace() ? 1 : pid()));
}

namespace {

/// Lines of a log in a file begin with the time, "2026-01-31 12:34:56 ".
std::string without_times(const std::string& log) {
  std::string text;
  for (std::size_t at = 0, end = 0; at < log.size(); at = end) {
    end = std::min(log.find('\n', at), log.size() - 1) + 1;
    const std::string line = log.substr(at, end - at);
    const bool timed = line.size() > 20 && line[4] == '-' && line[10] == ' ' && line[19] == ' ';
    text += line.substr(timed ? 20 : 0);
  }
  return text;
}

}  // namespace

std::string Server::messages() const {
  settle();
  return without_times(read_file(path("stderr")));
}

void Server::await_message(const std::string& text) const {
  const auto written = [&] { return read_file(path("stderr")).find(text) != std::string::npos; };
  if (eventually(written)) return;
  FAIL("zinit did not say \"" << text << "\", but:\n" << messages());
}

pid_t Server::pid_of(const std::string& name) {
  const auto has_pid = [](const Json& now) { return now["pid"].is_number(); };
  return static_cast<pid_t>(await(name, has_pid, "a process")["pid"].number());
}

std::vector<pid_t> Server::pids_of(const Texts& names) {
  std::vector<pid_t> pids;
  for (const std::string& name : names) pids.push_back(pid_of(name));
  return pids;
}

Json Server::await(const std::string& name, const std::function<bool(const Json&)>& wanted,
                   const std::string& what) {
  Json last;
  if (eventually([&] { return wanted(last = status_now(name)); })) {
    if (last["pid"].is_number()) await_executed(static_cast<pid_t>(last["pid"].number()));
    return last;
  }
  FAIL(name << " never came to be " << what << ", but is " << last
            << "\nwhy: " << result("service.why", named(name)));
  return last;
}

Json Server::await_state(const std::string& name, const std::string& state) {
  return await(
      name, [&](const Json& status) { return status["state"] == state; }, state);
}

Json Server::await_failed(const std::string& name, const std::string& reason) {
  return await(
      name,
      [&](const Json& status) {
        return status["state"] == "failed" && status["reason"]["type"] == reason;
      },
      "failed with " + reason);
}

Json Server::await_delayed(const std::string& name) {
  return await(
      name, [](const Json& status) { return !status["restart_in_ms"].is_null(); }, "delayed");
}

pid_t Server::await_program(const std::string& name) {
  // A service that was a target a moment ago may still run as a target, without a process.
  const Json running = await(
      name,
      [](const Json& status) { return status["state"] == "running" && status["pid"].is_number(); },
      "running with a process");
  return static_cast<pid_t>(running["pid"].number());
}

pid_t Server::await_new_pid(const std::string& name, pid_t old) {
  const Json now = await(
      name,
      [&](const Json& status) {
        // While the rest of the old process's group ends, `pid` is a process of the rest.
        return status["state"] == "running" && status["main_pid"].is_number() &&
               status["pid"].number() != old;
      },
      "running with a new pid");
  return static_cast<pid_t>(now["pid"].number());
}

void Server::await_settled() {
  Json all;
  const bool settled = eventually([&] {
    all = own().result("service.list_full");
    const auto each = all.elements();
    return std::all_of(each.begin(), each.end(), at_rest);
  });
  if (!settled) FAIL("the services do not settle: " << all);
}

bool at_rest(const Json& status) {
  const std::string state = status["state"].text();
  if (state == "starting" || state == "stopping") return false;
  if (state != "blocked") return true;
  return !status["restart_in_ms"].is_null() || status["conflicts_with"].size() > 0 ||
         status["waiting_on"].size() > 0;
}

// --- state changes -------------------------------------------------------------------------------

namespace {

const std::set<std::string> kAllowed = {
    "inactive blocked",  "exited blocked",   "failed blocked",   "blocked starting",
    "blocked failed",    "blocked inactive", "starting running", "starting exited",
    "starting stopping", "running stopping", "starting blocked", "running blocked",
    "running exited",    "starting failed",  "running failed",   "stopping exited",
    "stopping inactive", "stopping blocked", "stopping failed",  "exited inactive",
    "failed inactive",   "failed failed"};

}  // namespace

Watch::Watch(const Server& server) : connection_(server.connect()) {
  connection_.result("events.subscribe");
}

void Watch::take(const Json& event) {
  const std::string change = event["from"].text() + " " + event["to"].text();
  if (kAllowed.count(change) == 0) FAIL("a change that the table does not have: " << event);
  changes_.push_back(event["service"].text() + " " + change);
}

const Texts& Watch::changes() {
  // zinit publishes changes some time after it shows them; an answer comes after published changes.
  connection_.attempt_call("debug.settle", "", kSettleLimit);
  connection_.result("system.ping");
  while (connection_.has_notification()) take(connection_.notification());
  return changes_;
}

void Watch::await(const std::string& change) {
  const auto there = [&] {
    return std::find(changes_.begin(), changes_.end(), change) != changes_.end();
  };
  while (!there()) take(connection_.notification());
}

void crash(Server& zinit, int signal) {
  const auto count = zinit.result("system.info")["crashes"]["count"].number();
  Connection last = zinit.connect();
  (void)last.result("system.ping");
  zinit.fault(signal);
  REQUIRE(last.closed());  // before, a new connection may go to the old image
  zinit.reconnect();
  REQUIRE(eventually(
      [&] { return zinit.result("system.info")["crashes"]["count"].number() == count + 1; }));
}

}  // namespace zinit::test
