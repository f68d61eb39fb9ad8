// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Nothing that is repeated grows. Each request of a client, and each event of a service, is
// repeated some hundreds of times. The test compares the server's mappings, memory, threads and
// descriptors at rest before and after.
#include "scenario/harness.hpp"
#include "scenario/harness/notifier.hpp"
#include "scenario/harness/peer.hpp"
#include "scenario/harness/proxies.hpp"

namespace zinit::test::control_growth {
namespace {

/// The resources of a server.
struct Use {
  long mappings = 0;
  long address_kb = 0;
  long anonymous_kb = 0;  // resident
  long threads = 0;
  long descriptors = 0;

  bool operator==(const Use&) const = default;
};

/// Growth that may come once, however often the action is repeated.
struct Once {
  const char* what;
  Use most;
};

constexpr Once kOnce[] = {
    {"the heap's next steps of 128 KiB", {.address_kb = 384}},
    {"events and lines that are kept, until there are as many as are kept", {.anonymous_kb = 256}},
    {"the memory file of a log that had few lines",
     {.mappings = 2, .address_kb = 256, .descriptors = 2}},
    {"the stack of a thread that nobody waits for, until the next one ends",
     {.mappings = 2, .address_kb = 1100, .threads = 1}},
    {"the thread of a job, until it has slept for long enough",
     {.mappings = 2, .address_kb = 100, .threads = 1}}};

Use use_now(pid_t pid) {
  const auto kb = [pid](const char* key) { return std::atol(proc_status(pid, key).c_str()); };
  const std::string maps = read_file("/proc/" + std::to_string(pid) + "/maps");
  return {static_cast<long>(std::ranges::count(maps, '\n')), kb("VmSize"), kb("RssAnon"),
          static_cast<long>(count_in_proc(pid, "task")),
          static_cast<long>(count_in_proc(pid, "fd"))};
}

/// A number of `Use`, and its name.
struct Measure {
  const char* name;
  long Use::*of;
};

constexpr Measure kMeasures[] = {{"mappings", &Use::mappings},
                                 {"kB of address space", &Use::address_kb},
                                 {"kB of anonymous memory", &Use::anonymous_kb},
                                 {"threads", &Use::threads},
                                 {"descriptors", &Use::descriptors}};

Use use_at_rest(const Server& zinit) {
  zinit.settle();
  const auto use = at_rest_for(100ms, [&] { return use_now(zinit.pid()); });
  REQUIRE(use);
  return *use;
}

constexpr int kTimes = 300;

/// An action that is repeated that many times, on a server with the services of add_services().
struct Row {
  std::string what;
  int times;
  std::function<void(Server& zinit, int times)> act;
};

/// Growth comes every time; what comes once, such as a step of the heap, does not count.
void check_growth(Server& zinit, const Row& row) {
  constexpr int kRounds = 3;
  row.act(zinit, row.times / 6);
  Use before = use_at_rest(zinit);
  Texts grown;
  for (int round = 0; round < kRounds; ++round) {
    row.act(zinit, row.times);
    const Use after = use_at_rest(zinit);
    grown.clear();
    for (const Measure& measure : kMeasures) {
      long most = before.*measure.of;
      for (const Once& once : kOnce) most += once.most.*measure.of;
      if (after.*measure.of > most)
        grown.push_back(std::to_string(before.*measure.of) + " " + measure.name + " before, " +
                        std::to_string(after.*measure.of) + " after");
    }
    if (grown.empty()) break;
    before = after;
  }
  CAPTURE(row.what, row.times);
  CHECK(grown == Texts());
}

/// A row that repeats one action, and gives it the number of repetitions so far.
Row each(const std::string& what, int times,
         const std::function<void(Server& zinit, int i)>& once) {
  const auto done = std::make_shared<int>(0);
  return {what, times, [=](Server& zinit, int count) {
            for (int i = 0; i < count; ++i) once(zinit, (*done)++);
          }};
}

/// A row with a service that repeats the action itself, with a line of the trace each time.
Row by_itself(const std::string& what, const Toml& toml) {
  return {what, kTimes, [=](Server& zinit, int count) {
            const int before = zinit.count("again");
            zinit.add("busy", toml);
            (void)zinit.reload();
            zinit.await_trace("again", before + count);
            zinit.remove("busy");
            (void)zinit.reload();
            zinit.await_settled();
          }};
}

/// The addresses of the test's services.
struct Places {
  explicit Places(const Server& zinit)
      : backend("unix:" + zinit.path("backend")),
        stream(zinit.path("stream")),
        datagrams(zinit.path("datagrams")) {}

  std::string front = free_address();  // a proxy
  std::string web = free_address();    // a service with an instance for each connection
  std::string tcp = free_address();    // a service that reads everything
  std::string udp = free_address();    // no listener
  std::string backend;                 // of the proxy
  std::string stream;                  // likewise, a path
  std::string datagrams;               // likewise, for datagrams
};

/// A name and the text that belongs to it.
using Named = std::pair<std::string, std::string>;

// --- methods for reading ---

/// The parameters of methods that take more than the name of a service.
std::string params_of(const Json& method) {
  const std::string name = method["name"].text();
  if (name == "xinet.status") return named("proxy");
  if (name == "system.rehearse") return R"({"request":"restart","names":["db"]})";
  for (const Json& param : method["params"].elements())
    if (param["required"] == true && param["name"] == "name") return named("db");
  return "";
}

/// A row for each method that only needs the right to read.
std::vector<Row> reads(Server& zinit) {
  std::vector<Row> rows;
  for (const Json& method : zinit.result("rpc.discover")["methods"].elements()) {
    const std::string name = method["name"].text();
    // Methods that subscribe and unsubscribe belong together, and have rows below.
    if (method["x-right"] != "read" || name.find("subscribe") != std::string::npos) continue;
    const auto call = [=, params = params_of(method)](Server& asked, int count) {
      Connection client = asked.connect();
      for (int i = 0; i < count; ++i) (void)client.result(name, params);
    };
    rows.push_back({name, kTimes, call});
  }
  return rows;
}

Row subscription(const std::string& of) {
  return each("a subscription to " + of, kTimes, [=](Server& zinit, int i) {
    Connection client = zinit.connect();
    const Json number = client.result(of + ".subscribe")["subscription"];
    if (i % 2 == 0)  // otherwise it ends with its connection
      (void)client.result(of + ".unsubscribe", R"({"subscription":)" + number.dump() + "}");
  });
}

// --- events of services ---

Row start_and_stop(const std::string& name) {
  return each("start and stop of " + name, kTimes, [=](Server& zinit, int) {
    const Json state = zinit.start(name)["state"];
    REQUIRE((state == "running" || state == "exited"));
    (void)zinit.stop(name);
  });
}

Row failed_start(const std::string& name) {
  return each("start of " + name, kTimes,
              [=](Server& zinit, int) { REQUIRE(zinit.start(name)["state"] == "failed"); });
}

/// The ways in which services become ready, each with a name and a file.
std::vector<Named> readiness(const Server& zinit, const Places& at) {
  const auto probed = [](const std::string& how) {
    return text_of(
        {.more = "[health]\n" + how + "\nstart_interval_ms = 5\ninterval_ms = 86400000\n"});
  };
  return {
      {"at-once", text_of({})},
      {"oneshot", text_of({.exec = "true", .service = "oneshot = true"})},
      {"message", says({"fds", "2", "FDSTORE=1", "send", "READY=1", "sleep"},
                       std::string(kSystemd) + "\nfdstore_max = 4")},
      {"newline",
       text_of({.exec = "echo >&3; exec sleep 100000", .more = "[readiness]\nnotify = 'fd:3'"})},
      {"pidfile", text_of({.exec = "sleep 100000 & echo $! >$D/daemon.pid",
                           .more = "[readiness]\npidfile = '" + zinit.path("daemon.pid") + "'"})},
      {"exec-probe", probed("type = 'exec'\nexec = 'true'")},
      {"tcp-probe", probed("type = 'tcp'\nendpoint = '" + at.tcp + "'")},
      {"http-probe", probed("type = 'http'\nendpoint = 'http://" + at.web + "/'")},
      {"commands", text_of({.service = "pre_exec = 'true'\npost_exec = 'true'\n"
                                       "stop_exec = 'kill $MAINPID'"})},
      {"condition", text_of({.more = "[condition]\nexec = 'true'\n"})}};
}

/// A service that repeats the lines of a FIFO.
Toml repeating(const std::string& fifo, const std::string& logging) {
  return {.exec = "exec 3<>$D/" + fifo + "; exec cat <&3", .more = "[logging]\n" + logging + "\n"};
}

std::vector<Named> sinks(const Server& zinit, const Places& at) {
  return {{"buffer", ""},
          {"kmsg", "kmsg = true"},
          {"file", "file = '" + zinit.path("sink.log") + "'\nfile_max_bytes = 4096\nfile_keep = 2"},
          {"console", "console = true"},
          {"syslog-udp", "syslog = 'udp:" + at.udp + "'"},
          {"syslog-unix", "syslog = 'unix:" + at.stream + "'"},
          {"syslog-datagrams", "syslog = 'unix:" + at.datagrams + "'"},
          {"syslog-tcp", "syslog = 'tcp:" + at.tcp + "'"},
          {"forward-unix", "forward = 'unix:" + at.stream + "'"},
          {"forward-tcp", "forward = 'tcp:" + at.tcp + "'"},
          {"none", "buffer_lines = 0"}};
}

Row log_line(const std::string& sink) {
  return each("a line for the sink " + sink, kTimes, [=](Server& zinit, int i) {
    const int fd = open(zinit.path(sink).c_str(), O_WRONLY | O_CLOEXEC);
    const std::string line = std::to_string(i) + std::string(60, 'x') + "\n";
    REQUIRE(write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    close(fd);
    zinit.settle();
  });
}

/// An HTTP server with an instance for each connection.
std::string web_text(const std::string& address) {
  return text_of({.exec = "while IFS= read -r l; do [ ${#l} -gt 1 ] || break; done; "
                          "printf 'HTTP/1.0 200 OK\\r\\n\\r\\n'",
                  .more = "[socket]\nlisten = ['" + address + "']\naccept = true\n"});
}

std::vector<Row> changes() {
  return {
      each("a reload that changes", kTimes,
           [](Server& zinit, int i) {
             zinit.add("changed", {.exec = "sleep " + std::to_string(100000 + i % 2)});
             (void)zinit.reload();
             zinit.await_settled();
           }),
      each("set and delete", kTimes,
           [](Server& zinit, int i) {
             const std::string persist = i % 2 == 0 ? "true" : "false";
             (void)zinit.result("service.set",
                                R"({"config":{"service":{"name":"set","exec":"sleep 100000"}},)"
                                R"("start":true,"persist":)" +
                                    persist + "}");
             zinit.await_state("set", "running");
             (void)zinit.result("service.delete", named("set", R"("persist":)" + persist));
             zinit.await_settled();
           }),
      each("an instance of a template", kTimes,
           [](Server& zinit, int i) {
             const std::string name = "template@" + std::to_string(i);
             REQUIRE(zinit.start(name)["state"] == "running");
             (void)zinit.stop(name);
           }),
      each("a re-spawn", kTimes,
           [](Server& zinit, int) {
             const pid_t pid = zinit.pid_of("dies");
             kill(pid, SIGKILL);
             (void)zinit.await_new_pid("dies", pid);
           }),
      by_itself("a probe", {.more = "[health]\ntype = 'exec'\nexec = 'echo again >>$T'\n"
                                    "start_interval_ms = 5\ninterval_ms = 5\n"}),
      by_itself("a run by a timer", {.exec = "echo again >>$T",
                                     .service = "oneshot = true",
                                     .more = "[timer]\nevery_ms = 5\n"}),
      each("a run by a file", kTimes,
           [](Server& zinit, int i) {
             zinit.mark("appears");
             zinit.await_trace("appeared", i + 1);
             zinit.await_settled();
           }),
  };
}

std::vector<Row> connections(const Places& at) {
  return {each("a connection", kTimes,
               [](Server& zinit, int) { (void)zinit.connect().result("system.ping"); }),
          subscription("logs"), subscription("events"),
          each("a proxied connection", kTimes,
               [=](Server&, int) { REQUIRE(Client(at.front).read_all() != ""); })};
}

std::vector<Row> starts(const Server& zinit, const Places& at) {
  std::vector<Row> rows{failed_start("fails"), failed_start("missing")};
  for (const auto& [name, text] : readiness(zinit, at)) rows.push_back(start_and_stop(name));
  return rows;
}

std::vector<Row> log_lines(const Server& zinit, const Places& at) {
  std::vector<Row> rows;
  for (const auto& [name, logging] : sinks(zinit, at)) rows.push_back(log_line(name));
  return rows;
}

std::vector<Row> re_executions() {
  return {each("a re-execution", kTimes, [](Server& zinit, int) { zinit.reexecute(); })};
}

void add_services(Server& zinit, const Places& at) {
  const auto listening = [](const Texts& words) {
    return "[service]\nexec = [" + peer(words) + "]\n";
  };
  const std::string never = "restart = 'never'";
  const std::string at_once = "restart_delay_ms = 1\nrestart_delay_max_ms = 1";
  zinit.add("db");
  zinit.add("template@");
  zinit.add("dies", {.lifecycle = "restart = 'always'\n" + at_once});
  zinit.add("fails", {.service = "pre_exec = 'exit 3'", .lifecycle = never});
  zinit.file("missing.toml", "[service]\nexec = ['/nowhere/at-all']\n[lifecycle]\n" + never + "\n");
  zinit.add("appears", {.exec = "rm $D/appears; echo appeared >>$T",
                        .service = "oneshot = true",
                        .lifecycle = at_once,
                        .more = "[path]\nexists = '" + zinit.path("appears") + "'\n"});
  zinit.file("backend.toml", listening({"at", at.backend, "pid"}));
  zinit.file("proxy.toml", proxy_text(at.front, at.backend, "backend"));
  zinit.file("collector.toml", listening({"at", at.tcp, "at", "unix:" + at.stream, "at",
                                          "unix-dgram:" + at.datagrams, "sum"}));
  zinit.file("web.toml", web_text(at.web));
  for (const auto& [name, text] : readiness(zinit, at)) zinit.file(name + ".toml", text);
  for (const auto& [name, logging] : sinks(zinit, at)) {
    REQUIRE(mkfifo(zinit.path(name).c_str(), 0600) == 0);
    zinit.add("log-" + name, repeating(name, logging));
  }
}

/// A server with all services of the rows.
struct Rig {
  Rig() {
    add_services(zinit, at);
    boot_open(zinit, {"db", "backend"});
    zinit.await_settled();
  }
  void check(const std::vector<std::vector<Row>>& parts) {
    for (const auto& rows : parts)
      for (const Row& row : rows) check_growth(zinit, row);
  }

  Server zinit;
  const Places at{zinit};
};

TEST_CASE("nothing that clients ask or services write makes the server grow", "[growth]") {
  if (binary_is_sanitized()) return skip("a sanitizer keeps what was freed");
  Rig rig;
  rig.check({reads(rig.zinit), connections(rig.at), log_lines(rig.zinit, rig.at)});
}

TEST_CASE("no start and no end of a service makes the server grow", "[growth]") {
  if (binary_is_sanitized()) return skip("a sanitizer keeps what was freed");
  Rig rig;
  rig.check({starts(rig.zinit, rig.at)});
}

TEST_CASE("no change, no trigger and no re-execution makes the server grow", "[growth]") {
  if (binary_is_sanitized()) return skip("a sanitizer keeps what was freed");
  Rig rig;
  rig.check({changes(), re_executions()});
}

TEST_CASE("messages to /dev/log do not make the server grow", "[growth][syslog]") {
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  if (binary_is_sanitized()) return skip("a sanitizer keeps what was freed");
  Server zinit({.container = true});
  zinit.add("db");
  zinit.boot({"db"});
  zinit.await_settled();
  const std::string dev_log = "unix-dgram:/proc/" + std::to_string(zinit.pid()) + "/root/dev/log";
  check_growth(zinit, each("a message", kTimes, [&](Server&, int i) {
                 const std::string text = "<14>Jan  5 06:07:08 db[1]: " + std::to_string(i);
                 REQUIRE(send_datagram(dev_log, text));
                 zinit.settle();
               }));
  CHECK_THAT(zinit.ctl({"logs", "db", "--stream", "syslog"}).out, Catch::Contains("info 3"));
}

}  // namespace
}  // namespace zinit::test::control_growth
