// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Eleven daemons of Debian, from its unchanged packages, run by the service files of
// etc/sample/examples/debian on a machine with their users and folders (debian-image makes it).
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::debian {
namespace {

/// A command for the machine's shell, where $PID is the daemon's, and the line that it must print
/// at some time.
struct Seen {
  std::string command;
  std::string output;
};

/// The settings of Debian's unit of the daemon, as visible from the machine.
struct Daemon {
  std::string name;
  std::string user;        ///< of its process
  std::vector<Seen> seen;  ///< folders with owner and mode, limits, privileges
  Seen answer;             ///< shows that it works
  bool reloads = false;    ///< reads its settings again in the same process
  bool probed = false;     ///< by [health]
};

Seen folder(const std::string& path, const std::string& owner_and_mode) {
  return {"stat -c '%U:%G %a' " + path, owner_and_mode + "\n"};
}

Seen open_files(unsigned limit) {
  return {"awk '/^Max open files/ { print $4, $5 }' /proc/$PID/limits",
          fmt::format("{} {}\n", limit, limit)};
}

Seen bounding_set(const std::string& bits) {
  return {"awk '/^CapBnd:/ { print $2 }' /proc/$PID/status", bits + "\n"};
}

Seen oom_score_adj(int value) {
  return {"cat /proc/$PID/oom_score_adj", fmt::format("{}\n", value)};
}

const std::string kSysAdmin = "0000000000200000";         // CAP_SYS_ADMIN, 21
const std::string kSysTimeAndPorts = "0000000002000400";  // 25, and CAP_NET_BIND_SERVICE, 10

const std::vector<Daemon>& daemons() {
  static const std::vector<Daemon> all = {
      {"redis-server",
       "redis",
       {folder("/run/redis", "redis:redis 2755"),
        open_files(65535),
        bounding_set("0000000000000000"),
        {"awk '/^NoNewPrivs:/ { print $2 }' /proc/$PID/status", "1\n"},
        {"awk '/^Umask:/ { print $2 }' /proc/$PID/status", "0007\n"},
        {"zinitctl --json status redis-server | grep -o 'Ready to accept connections'",
         "Ready to accept connections\n"}},
       {"redis-cli ping", "PONG\n"}},
      {"nginx",
       "root",
       {{"ps -o user,args | grep -c '^www-data nginx: worker'", "1\n"},
        {"grep -x $PID /run/nginx.pid && echo its own", "its own\n"},
        {"zinitctl --json status nginx | grep -o '\"healthy\":true'", "\"healthy\":true\n"}},
       {"wget -S -q -O /dev/null http://127.0.0.1/ 2>&1", "HTTP/1.1 200 OK"},
       true,
       true},
      {"postgresql",
       "postgres",
       {folder("/run/postgresql", "postgres:postgres 2775"),
        oom_score_adj(-900),
        {"zinitctl --json status postgresql | grep -o '\"healthy\":true'", "\"healthy\":true\n"},
        {"read child others </proc/$PID/task/$PID/children; "
         "echo child $(cat /proc/$child/oom_score_adj)",
         "child 0\n"}},
       {"cd / && su postgres -c '/usr/lib/postgresql/15/bin/psql -Atc \"select 6 * 7\"'", "42\n"},
       true},
      {"rsyslog",
       "root",
       {open_files(16384)},
       {"logger -p user.info for $PID; grep -q \" for $PID$\" /var/log/user.log && echo logged",
        "logged\n"},
       true},
      {"cron",
       "root",
       {},
       {"grep -x $PID /run/crond.pid && cat /run/cron-job", "the job has run\n"}},
      {"dbus",
       "messagebus",
       {folder("/run/dbus", "root:root 755"), oom_score_adj(-900)},
       {"dbus-send --system --print-reply --dest=org.freedesktop.DBus / "
        "org.freedesktop.DBus.ListNames",
        "string \"org.freedesktop.DBus\""},
       true},
      {"dropbear", "root", {}, {"nc 127.0.0.1 22 </dev/null", "SSH-2.0-dropbear"}},
      {"chrony",
       "_chrony",
       {folder("/run/chrony", "_chrony:_chrony 700"),
        folder("/var/lib/chrony", "_chrony:_chrony 750"),
        folder("/var/log/chrony", "_chrony:_chrony 750"), bounding_set(kSysTimeAndPorts)},
       {"chronyc tracking", "Leap status"}},
      {"haproxy",
       "root",
       {folder("/run/haproxy", "root:root 755"), {"ps -o user | grep -c haproxy", "1\n"}},
       {"wget -q -O - http://127.0.0.1:8404/", "answered by haproxy"},
       true},
      {"haveged",
       "root",
       {bounding_set(kSysAdmin)},
       {"readlink /proc/$PID/exe", "/usr/sbin/haveged\n"}},
      {"agetty@ttyS0",  // the test waits for its prompt on the console
       "root",
       {{"readlink /proc/$PID/fd/0", "/dev/ttyS0\n"}},
       {"readlink /proc/$PID/exe", "/sbin/agetty\n"}},
  };
  return all;
}

/// Checks the daemon's user, folders, limits and privileges, and that it answers.
void look_at(Machine& machine, const Daemon& daemon) {
  const auto see = [&,
                    set_pid = fmt::format("PID={}; ", machine.pid(daemon.name))](const Seen& seen) {
    machine.shell().repeat_until(set_pid + seen.command, seen.output);
  };
  see({fmt::format("U=$(id -u {}); awk -v u=$U '/^Uid:/ && $2 == u && $3 == u && $4 == u "
                   "{{ print \"same\" }}' /proc/$PID/status",
                   daemon.user),
       "same\n"});
  for (const Seen& seen : daemon.seen) see(seen);
  see(daemon.answer);
}

void reload(Machine& machine, const Daemon& daemon) {
  const int before = machine.pid(daemon.name);
  machine.zinitctl("reload " + daemon.name);
  look_at(machine, daemon);
  CHECK(machine.pid(daemon.name) == before);
}

/// Runs the command, with the main process as `{0}`, and waits for another main process.
void await_another(Machine& machine, const Daemon& daemon, fmt::format_string<int&> command) {
  int before = machine.pid(daemon.name);
  const int restarts = machine.ask("status " + daemon.name)["restart_count"].GetInt();
  machine.shell().output_of(fmt::format(command, before));
  // The service also counts as running while processes that its main process left are ending.
  machine.shell().repeat_until(
      fmt::format("zinitctl --json status {} | grep -o '\"restart_count\":[0-9]*'", daemon.name),
      fmt::format("\"restart_count\":{}\n", restarts + 1));
  machine.zinitctl("wait " + daemon.name + " --for running --timeout 120");
  CHECK(machine.pid(daemon.name) != before);
  look_at(machine, daemon);
}

/// Freezes the daemon: zinit ends and restarts a daemon that no longer answers.
void freeze_and_await(Machine& machine, const Daemon& daemon) {
  await_another(machine, daemon, "kill -STOP {0} $(cat /proc/{0}/task/{0}/children)");
}

void kill_and_await(Machine& machine, const Daemon& daemon) {
  await_another(machine, daemon, "kill -9 {0}");
}

/// A client's connection starts the daemon through a proxy at `listen`, twice: in between the
/// daemon stops, because it has no client.
void start_by_clients(Machine& machine, const std::string& daemon, const std::string& listen,
                      const std::string& backend, const Seen& client) {
  INFO(daemon);
  machine.zinitctl("stop " + daemon);
  machine.zinitctl(
      fmt::format("xinet set {}-proxy --listen {} --backend {} --service {} "
                  "--connect-timeout 120 --idle-timeout 2",
                  daemon, listen, backend, daemon));
  for (int times = 0; times < 2; ++times) {
    CHECK(machine.shell().output_of(client.command).find(client.output) != std::string::npos);
    machine.zinitctl("wait " + daemon + " --for stopped --timeout 120");
  }
  machine.zinitctl(fmt::format("xinet delete {}-proxy", daemon));
  machine.zinitctl("start " + daemon);
}

/// A program that gets its sockets from its starter, or is started for each connection.
struct Socketed {
  std::string name;
  std::string file;
  Seen client;  ///< its connection starts the program
};

const std::vector<Socketed>& socketed() {
  static const std::vector<Socketed> all = {
      {"bus",
       R"([service]
exec = ["/usr/bin/dbus-daemon", "--system", "--address=systemd:", "--nofork", "--nopidfile"]
[socket]
listen = ["unix:/run/bus"]
)",
       {"dbus-send --bus=unix:path=/run/bus --print-reply --dest=org.freedesktop.DBus / "
        "org.freedesktop.DBus.ListNames",
        "string \"org.freedesktop.DBus\""}},
      {"rpcbind",
       R"([service]
exec = ["/sbin/rpcbind", "-f", "-w"]
[socket]
listen = ["unix:/run/rpcbind.sock", "tcp:0.0.0.0:111", "udp:0.0.0.0:111"]
)",
       {"rpcinfo -p", "100000    4   tcp    111"}},
      {"gunicorn",
       R"([service]
exec = ["/usr/bin/python3", "-m", "gunicorn", "--timeout", "240", "app:answer"]
dir = "/srv/gunicorn"
[socket]
listen = ["tcp:127.0.0.1:8000"]
)",
       {"wget -q -O - http://127.0.0.1:8000/", "answered by gunicorn"}},
      {"cups",
       R"([service]
exec = ["/usr/sbin/cupsd", "-l"]
[socket]
listen = ["unix:/run/cups.sock"]
)",
       {"lpstat -h /run/cups.sock -r", "scheduler is running"}},
      {"sshd",
       R"([service]
exec = ["/usr/sbin/dropbear", "-i", "-R"]
[socket]
listen = ["tcp:127.0.0.1:2222"]
accept = true
)",
       {"nc 127.0.0.1 2222 </dev/null", "SSH-2.0-dropbear"}},
      {"httpd",
       R"([service]
exec = ["/bin/busybox", "httpd", "-i", "-h", "/var/www/html"]
[socket]
listen = ["tcp:127.0.0.1:8001"]
accept = true
)",
       {"wget -S -q -O /dev/null http://127.0.0.1:8001/ 2>&1", "HTTP/1.1 200 OK"}},
  };
  return all;
}

constexpr const char* kPhpFpm = R"([service]
exec = ["/usr/sbin/php-fpm8.2", "--nodaemonize", "--fpm-config", "/etc/php-fpm.conf"]
user = "www-data"
[readiness]
notify = "systemd"
)";
constexpr const char* kPhpFpmConf = R"([global]
error_log = /proc/self/fd/2
[www]
listen = 127.0.0.1:9000
access.log = /dev/stderr
pm = static
pm.max_children = 1
)";

std::vector<File> debian_files() {
  // Debian's units have 90 s, and an emulated processor may need most of the built-in 30 s.
  std::vector<File> files = {{"/etc/zinit/zinit.toml", "[defaults]\nstart_timeout_ms = 120000\n"},
                             {"/srv/gunicorn/app.py",
                              "def answer(environ, start):\n"
                              "  start('200 OK', [('Content-Type', 'text/plain')])\n"
                              "  return [b'answered by gunicorn']\n"},
                             {"/etc/zinit/services/php-fpm.toml", kPhpFpm},
                             {"/etc/php-fpm.conf", kPhpFpmConf},
                             {"/etc/c/main.toml.d/user.toml",
                              "[service]\nuser = 'postgres'\nruntime_dir = 'postgresql'\n"}};
  for (const Socketed& program : socketed())
    files.push_back({fmt::format("/etc/zinit/services/{}.toml", program.name), program.file});
  return files;
}

/// The first client's connection starts the program. A program that stays keeps its sockets while
/// it is stopped, and the next client starts it again.
void start_by_sockets(Machine& machine, const Socketed& program) {
  INFO(program.name);
  const bool accepts = program.file.find("accept = true") != std::string::npos;
  CHECK(machine.state(program.name) == (accepts ? "running" : "inactive"));
  for (int times = 0; times < 2; ++times) {
    const std::string answer = machine.shell().output_of(program.client.command);
    INFO(answer);
    CHECK(answer.find(program.client.output) != std::string::npos);
    machine.zinitctl("stop " + program.name);
  }
}

/// In a container whose engine sends SIGINT, the STOPSIGNAL of its image, with an idle client:
/// after SIGTERM the server would wait for the client.
void stop_postgresql_in_a_container(Machine& machine) {
  Terminal& shell = machine.shell();
  machine.zinitctl("stop postgresql");
  shell.output_of("mkdir -p /run/c && ln -sf /sbin/zinit /run/c/zinit-pid1");
  const std::string client = "/usr/lib/postgresql/15/bin/psql -h 127.0.0.1 -U postgres";
  for (int times = 0; times < 2; ++times) {
    shell.output_of(
        "(unshare --pid --fork --mount --mount-proc /run/c/zinit-pid1 --container --config-dir "
        "/etc/c --socket /run/c/sock --stop-signal=SIGINT -- /usr/lib/postgresql/15/bin/postgres "
        "-D /var/lib/postgresql/15/main -c config_file=/etc/postgresql/15/main/postgresql.conf "
        ">/run/c/log 2>&1 & echo $! >/run/c/pid; wait $!; echo ended $? >>/run/c/log) &");
    shell.repeat_until(client + " -Atc 'select 6 * 7'", "42\n");
    shell.output_of("(sleep 100000 | " + client + ") >/dev/null 2>&1 & true");
    shell.repeat_until(client +
                           " -Atc \"select count(*) from pg_stat_activity where state = "
                           "'idle'\"",
                       "1\n");
    shell.output_of("kill -INT $(cat /proc/$(cat /run/c/pid)/task/*/children)");
    const std::string log = shell.repeat_until("cat /run/c/log", "ended ");
    INFO(log);
    CHECK(log.find("database system is shut down") != std::string::npos);
    CHECK(log.find("ended 0\n") != std::string::npos);
    CHECK(log.find("not properly shut down") == std::string::npos);
  }
  machine.zinitctl("start postgresql");
}

/// php-fpm opens the pipe to zinit by its name, which only its owner may open.
void look_at_php_fpm(Machine& machine) {
  machine.zinitctl("wait php-fpm --for running --timeout 120");
  const std::string log = machine.zinitctl("logs php-fpm");
  INFO(log);
  CHECK(log.find("ready to handle connections") != std::string::npos);
  CHECK(log.find("Permission denied") == std::string::npos);
}

/// Powers off. A service that comes after another is down first, and none was given up.
void power_off_in_order(Machine& machine) {
  const std::size_t up = machine.console().text().size();
  machine.shell().send("zinitctl poweroff\n");
  machine.console().wait_for("reboot: Power down");
  const std::string down = machine.console().text().substr(up);
  INFO(down);
  for (const char* earlier : {"cron", "dbus", "chrony", "agetty@ttyS0"})
    CHECK(in_order(down, {fmt::format("{}: stopped", earlier), "rsyslog: stopped"}));
  CHECK(in_order(down, {"agetty@ttyS0: stopped", "dbus: stopped"}));
  CHECK(down.find("continuing although") == std::string::npos);
  CHECK(machine.wait_for_end() == 0);
}

SCENARIO("eleven of Debian's daemons run, answer, come back when killed, and stop in order") {
  GIVEN("a machine with their packages and a service file for each") {
    Machine machine({.files = debian_files(), .memory_mib = 768, .folder = "build/vm/debian"});
    for (const Daemon& daemon : daemons())
      machine.zinitctl("wait " + daemon.name + " --for running --timeout 120");
    THEN("each is as Debian's unit has it, and again after a reload and after it was killed") {
      for (const Daemon& daemon : daemons()) {
        INFO(daemon.name);
        look_at(machine, daemon);
        if (daemon.reloads) reload(machine, daemon);
        kill_and_await(machine, daemon);
        if (daemon.probed) freeze_and_await(machine, daemon);
      }
      machine.console().wait_for("login: ");  // agetty's second prompt
      start_by_clients(machine, "redis-server", "tcp:127.0.0.1:6400", "tcp:127.0.0.1:6379",
                       {"redis-cli -p 6400 ping", "PONG\n"});
      start_by_clients(machine, "nginx", "127.0.0.1:8080", "localhost:80",
                       {"wget -S -q -O /dev/null http://127.0.0.1:8080/ 2>&1", "HTTP/1.1 200 OK"});
      start_by_clients(machine, "postgresql", "tcp:localhost:5433", "tcp:127.0.0.1:5432",
                       {"cd / && /usr/lib/postgresql/15/bin/psql -h 127.0.0.1 -p 5433 -U postgres "
                        "-Atc 'select 6 * 7'",
                        "42\n"});
      for (const Socketed& program : socketed()) start_by_sockets(machine, program);
      look_at_php_fpm(machine);
      stop_postgresql_in_a_container(machine);
      machine.zinitctl("stop redis-server");
      CHECK(machine.shell().run("test -e /run/redis").code == 1);
      power_off_in_order(machine);
    }
  }
}

}  // namespace
}  // namespace zinit::vm::debian
