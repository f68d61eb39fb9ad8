// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl import on the real binary: its results for each kind of file, that `check` accepts them,
// and that a server runs them (zinitctl(1), doc/import.md).
#include "scenario/harness.hpp"
namespace zinit::test::client_import {
namespace {

/// A folder with files of other inits, and the results. The server reads the results.
class Import {
 public:
  void put(const std::string& name, std::string_view text) const { server.put(name, text); }

  Outcome run(Texts arguments) const {
    for (std::string& argument : arguments)
      if (argument.starts_with("@")) argument = server.path(argument.substr(1));
    arguments.insert(arguments.begin(), {"import", "--to", server.config()});
    return server.ctl(std::move(arguments));
  }

  /// The text of a resulting file, which `check` must accept.
  std::string made(const std::string& file) const {
    const Outcome check = server.ctl({"check", server.config(file)});
    INFO(check.out);
    CHECK(check.code == 0);
    return read_file(server.config(file));
  }

  Server server;
};

constexpr std::string_view kUnit =
    "[Unit]\nDescription=A web server for %p\nAfter=network-online.target db.service\n"
    "Wants=network-online.target\nRequires=db.service\nConditionPathExists=!/nonexistent/off\n"
    "[Service]\nType=forking\nPIDFile=run/web.pid\nEnvironment=\"A=1 2\" B=x\n"
    "EnvironmentFile=-/etc/default/web\nExecStartPre=-/bin/rm -f /run/web.lock\n"
    "ExecStart=/usr/sbin/web -c ${A} $OPTS \\\n  --name 'x y'\nExecReload=/bin/kill -HUP $MAINPID\n"
    "User=www-data\nRestart=on-failure\nRestartSec=100ms\nTimeoutStopSec=1min "
    "5s\nKillMode=process\n"
    "LimitNOFILE=1024:4K\nNice=5\nMemoryMax=1G\nCPUAffinity=0 2-3\nRuntimeDirectory=web web/x\n"
    "RuntimeDirectoryMode=0750\nPrivateTmp=yes\nStandardInput=socket\n"
    "[Install]\nWantedBy=multi-user.target\n";

TEST_CASE("import makes a service file of a unit, and names what it leaves", "[import][ctl]") {
  Import import;
  import.put("web.service", kUnit);
  const Outcome done = import.run({"@web.service"});
  CHECK(done.code == 1);
  CHECK_THAT(done.out, Catch::StartsWith("web.service: 24 of 26 settings; not carried over: "));
  CHECK_THAT(done.out, Contains("PrivateTmp (") && Contains("StandardInput ("));
  const std::string text = import.made("web.toml");
  for (const char* const line :
       {"description = \"A web server for web\"",
        "exec = \"exec /usr/sbin/web -c \\\"${A}\\\" $OPTS --name 'x y'\"",
        "env = { A = \"1 2\", B = \"x\", RUNTIME_DIRECTORY = \"/run/web:/run/web/x\" }",
        "env_file = \"-/etc/default/web\"",
        "pre_exec = [[\"/bin/chmod\", \"0750\", \"/run/web\", \"/run/web/x\"]",
        "user = \"www-data\"",
        "reload_signal = \"SIGHUP\"",
        "requires = [\"db\"]",
        "after = [\"network\", \"db\", \"basic\"]",
        "wants = [\"network\"]",
        "restart = \"on-failure\"",
        "restart_delay_ms = 100",
        "stop_timeout_ms = 65000",
        "kill_mode = \"main\"",
        "pidfile = \"/run/run/web.pid\"",
        "nofile = \"1024:4096\"",
        "nice = 5",
        "memory_max = \"1G\"",
        "cpu_affinity = [0, 2, 3]",
        "runtime_dir = [\"web\", \"web/x\"]",
        "path_exists = \"!/nonexistent/off\"",
        "#   PrivateTmp=yes",
        "#   StandardInput=socket"})
    CHECK_THAT(text, Contains(line));
  // The keys stand in the manual's order.
  CHECK(text.find("\nexec =") < text.find("\nenv ="));
  CHECK(text.find("[lifecycle]") < text.find("[readiness]"));
  CHECK(text.find("status =") == std::string::npos);
}

TEST_CASE("import lays drop-ins over a unit, and resolves specifiers of instances",
          "[import][ctl]") {
  Import import;
  import.put("job@.service",
             "[Service]\nType=oneshot\nExecStart=/bin/echo one\nExecStart=/bin/echo %i %I 5%%\n");
  import.put("job@.service.d/10.conf", "[Service]\nExecStart=\nExecStart=/bin/echo %i %% two\n");
  import.put("job@a-b.service.d/20.conf", "[Service]\nUMask=0077\n");
  CHECK(import.run({"@job@.service"}).code == 0);
  CHECK_THAT(import.made("job@.toml"),
             Contains("exec = [\"/bin/echo\", \"%i\", \"%%\", \"two\"]") && !Contains("umask"));
  CHECK(import.run({"@job@a-b.service"}).code == 0);
  CHECK_THAT(import.made("job@a-b.toml"),
             Contains("exec = [\"/bin/echo\", \"a-b\", \"%\", \"two\"]") &&
                 Contains("umask = \"0077\"") && Contains("status = \"stop\""));
  // A value that is known only at run time is refused with a reason.
  import.put("host.service", "[Service]\nExecStart=/bin/echo %H\n");
  const Outcome host = import.run({"@host.service"});
  CHECK(host.code == 1);
  CHECK_THAT(host.out, Contains("ExecStart (%H is not known before it runs; write its value)"));
}

TEST_CASE("import puts a socket, a timer and a path into the file of their service",
          "[import][ctl]") {
  Import import;
  import.put("in.service", "[Service]\nExecStart=/usr/sbin/in\n");
  import.put(
      "in.socket",
      "[Socket]\nListenStream=127.0.0.1:8099\nListenDatagram=/run/in.dgram\nSocketMode=0600\n"
      "FileDescriptorName=web\n[Install]\nWantedBy=sockets.target\n");
  import.put("in.timer",
             "[Timer]\nOnCalendar=daily\nOnCalendar=Mon 12:00\nOnBootSec=5min\nPersistent=true\n");
  import.put("in.path", "[Path]\nPathChanged=/etc/in.conf\nPathExists=/run/in.now\n");
  const Outcome done = import.run({"@in.socket", "@in.timer", "@in.path"});
  INFO(done.out << done.err);
  CHECK(done.code == 0);
  CHECK_THAT(done.out, Contains("in.service and in.socket and in.timer and in.path: "));
  const std::string text = import.made("in.toml");
  for (const char* const line :
       {"listen = [\"127.0.0.1:8099\", \"unix-dgram:/run/in.dgram\"]", "names = [\"web\", \"web\"]",
        "mode = \"0600\"", "calendar = [\"daily\", \"Mon 12:00\"]", "on_boot_ms = 300000",
        "persistent = true", "changed = \"/etc/in.conf\"", "exists = \"/run/in.now\""})
    CHECK_THAT(text, Contains(line));
  CHECK_THAT(text, !Contains("status"));

  import.put("echo@.service", "[Service]\nExecStart=/bin/cat\nStandardInput=socket\n");
  import.put("echo.socket", "[Socket]\nListenStream=/run/echo.sock\nAccept=yes\n");
  import.put("all.target", "[Unit]\nDescription=all\nWants=in.service echo.socket\n");
  CHECK(import.run({"@echo.socket", "@all.target"}).code == 0);
  CHECK_THAT(import.made("echo.toml"), Contains("accept = true"));
  CHECK_THAT(import.made("all.toml"),
             Contains("[target]\ndescription = \"all\"\nstatus = \"stop\"") &&
                 Contains("wants = [\"in\", \"echo\"]"));
}

TEST_CASE("import reads supervisord.conf, and a server runs its programs", "[import][ctl]") {
  Import import;
  import.put("supervisord.conf",
             "[supervisord]\nlogfile=/dev/null\n[program:web]\nprocess_name=%(program_name)s-"
             "%(process_num)d\ncommand=/bin/sh -c \"echo $A %(process_num)d; exec sleep 100000\"\n"
             "numprocs=2\nautorestart=unexpected\nexitcodes=0,2\nstartsecs=0\nstopsignal=QUIT\n"
             "environment=A=\"1,2\",B=3 ; a comment\npriority=5\n"
             "[group:both]\nprograms=web\n[include]\nfiles = more/*.conf\n");
  import.put("more/job.conf", "[program:job]\ncommand = sleep 5\nautostart = false\n");
  const Outcome done = import.run({"@supervisord.conf"});
  CHECK(done.code == 1);
  CHECK_THAT(done.out, Contains("not carried over: priority"));
  CHECK_THAT(import.made("both.toml"), Contains("requires = [\"web-0\", \"web-1\"]"));
  CHECK_THAT(import.made("job.toml"), Contains("status = \"stop\""));
  CHECK_THAT(import.made("web-1.toml"),
             Contains("success = [0, 2]") && Contains("stop_signal = \"QUIT\""));
  import.server.boot({"web-0", "web-1", "both"});
  CHECK_THAT(import.server.ctl({"logs", "web-1"}).out, Contains("1,2 1"));
}

TEST_CASE("import reads directories of runit and s6, and a server runs them", "[import][ctl]") {
  Import import;
  import.put("sv/plain/run",
             "#!/bin/sh\n# plain\nexport A=1\nexport B='2 3'\nexec 2>&1\nexec sleep 100000\n");
  import.put("sv/plain/down", "");
  import.put("sv/plain/log/run", "#!/bin/sh\nexec svlogd -tt ./main\n");
  import.put("sv/more/run",
             "#!/bin/sh\nif true; then echo \"it runs in $(pwd)\"; fi\nexec sleep 100000\n");
  import.put("sv/more/finish", "#!/bin/sh\necho ended\n");
  import.put("sv/more/timeout-kill", "3000\n");
  import.put("sv/ready/run", "#!/bin/sh\necho >&4\nexec sleep 100000\n");
  import.put("sv/ready/notification-fd", "4\n");
  const Outcome done = import.run({"@sv"});
  CHECK(done.code == 1);
  CHECK_THAT(done.out, Contains("not carried over: log (") &&
                           Contains("sv/more/run does more than to execute a program"));
  CHECK_THAT(import.made("plain.toml"),
             Contains("exec = [\"sleep\", \"100000\"]") && Contains("status = \"stop\"") &&
                 Contains("env = { A = \"1\", B = \"2 3\" }") && Contains("merge_stderr = true"));
  CHECK_THAT(import.made("more.toml"),
             Contains("exec = [\"/bin/sh\", \"" + import.server.path("sv/more/run") + "\"]") &&
                 Contains("post_exec = [\"/bin/sh\"") && Contains("stop_timeout_ms = 3000"));
  CHECK_THAT(import.made("ready.toml"), Contains("notify = \"fd:4\""));
  import.server.boot({"more", "ready"});
  CHECK(eventually([&] {
    const std::string log = import.server.ctl({"logs", "more"}).out;
    return log.find("it runs in " + import.server.path("sv/more")) != log.npos;
  }));

  import.put("rc/up/type", "oneshot\n");
  import.put("rc/up/up", "mount -a\n");
  import.put("rc/up/down", "foreground { umount -a } true\n");
  import.put("rc/up/dependencies.d/plain", "");
  import.put("rc/all/type", "bundle\n");
  import.put("rc/all/contents", "up\n");
  CHECK(import.run({"--from", "s6", "@rc"}).code == 0);
  CHECK_THAT(import.made("up.toml"), Contains("exec = [\"mount\", \"-a\"]") &&
                                         Contains("oneshot = true") &&
                                         Contains("stop_exec = [\"execlineb\", \"-P\"") &&
                                         Contains("requires = [\"plain\"]"));
  CHECK_THAT(import.made("all.toml"), Contains("[target]") && Contains("requires = [\"up\"]"));
}

TEST_CASE("import reads scripts of OpenRC and files of dinit and finit", "[import][ctl]") {
  Import import;
  import.put("init.d/foo",
             "#!/sbin/openrc-run\ndescription=\"Foo\"\n: ${OPTS:=-v}\ncommand=/usr/bin/foo\n"
             "command_args=\"--bar ${OPTS} ${MORE:-x}\"\ncommand_user=\"www-data:adm\"\n"
             "command_background=yes\npidfile=\"/run/${RC_SVCNAME}.pid\"\n"
             "depend() {\n\tneed net\n\tuse logger\n\tafter db\n}\nstart_pre() {\n\ttrue\n}\n");
  import.put("conf.d/foo", "OPTS=\"-q\"\n");
  const Outcome openrc = import.run({"@init.d/foo"});
  CHECK(openrc.code == 1);
  CHECK_THAT(openrc.out, Contains("not carried over: start_pre() ("));
  CHECK_THAT(import.made("foo.toml"),
             Contains("exec = [\"/usr/bin/foo\", \"--bar\", \"-q\", \"x\"]") &&
                 Contains("group = \"adm\"") && Contains("requires = [\"network\"]") &&
                 Contains("wants = [\"rsyslog\"]") && Contains("restart = \"never\""));
  import.put("init.d/own", "#!/sbin/openrc-run\ncommand=/bin/x\nstart() {\n\tx\n}\n");
  const Outcome own = import.run({"@init.d/own"});
  CHECK(own.code == 2);
  CHECK_THAT(own.err, Contains("has a function start()"));

  import.put("dinit.d/ng",
             "type = process\ncommand = /usr/sbin/ng -g \"daemon off;\"\ndepends-on: db\n"
             "waits-for = web\nrestart = false\nstop-timeout = 10\nsocket-listen = /run/x.sock\n"
             "ready-notification = pipefd:4\n");
  CHECK(import.run({"@dinit.d/ng"}).code == 0);
  CHECK_THAT(import.made("ng.toml"),
             Contains("exec = [\"/usr/sbin/ng\", \"-g\", \"daemon off;\"]") &&
                 Contains("requires = [\"db\"]") && Contains("stop_timeout_ms = 10000") &&
                 Contains("notify = \"fd:4\"") && Contains("listen = [\"unix:/run/x.sock\"]"));

  import.put("finit.conf",
             "# finit\nservice [2345] <pid/db> name:httpd log:/var/log/h.log notify:systemd "
             "@www-data:adm kill:5 /usr/sbin/httpd -F -- Web server\n"
             "task [S] /bin/true -- Once\ntty [12345] /dev/tty1\n");
  const Outcome finit = import.run({"@finit.conf"});
  CHECK(finit.code == 1);
  CHECK_THAT(finit.err, Contains("line 4: tty is not read"));
  CHECK_THAT(import.made("httpd.toml"),
             Contains("description = \"Web server\"") && Contains("stop_timeout_ms = 5000") &&
                 Contains("requires = [\"db\"]") && Contains("notify = \"systemd\""));
  CHECK_THAT(import.made("true.toml"), Contains("oneshot = true"));
}

TEST_CASE("import reads inittab, Procfile, YAML of zinit 0.2 and compose", "[import][ctl]") {
  Import import;
  import.put("inittab",
             "id:3:initdefault:\nsi::sysinit:/etc/rc S\n1:23:respawn:/sbin/getty 38400 tty1\n"
             "ca::ctrlaltdel:/sbin/reboot\n");
  CHECK(import.run({"@inittab"}).code == 1);
  CHECK_THAT(import.made("si.toml"), Contains("exec = \"/etc/rc S\"\noneshot = true"));
  CHECK_THAT(import.made("1.toml"), Contains("restart = \"always\""));

  import.put("app/Procfile", "worker: rake jobs:work -p $PORT\n");
  CHECK(import.run({"@app/Procfile"}).code == 0);
  CHECK_THAT(import.made("worker.toml"), Contains("exec = \"rake jobs:work -p $PORT\"") &&
                                             Contains("dir = \"" + import.server.path("app")));

  import.put("redis.yaml",
             "# zinit\nexec: \"/usr/bin/redis-server --port 6379\"\ntest: redis-cli ping\n"
             "after:\n  - network\n- disk\n");
  const Outcome wrong = import.run({"@redis.yaml"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Contains("redis.yaml: line 6: "));
  import.put("redis.yaml",
             "# zinit\nexec: \"/usr/bin/redis-server --port 6379\"\ntest: redis-cli ping\n"
             "after:\n  - network\nsignal:\n  stop: SIGINT\nlog: ring\nenv: {A: \"1\", B: 2}\n"
             "shutdown_timeout: 10\ndir: /var/lib\n");
  CHECK(import.run({"@redis.yaml"}).code == 0);
  CHECK_THAT(import.made("redis.toml"),
             Contains("exec = [\"/usr/bin/redis-server\", \"--port\", \"6379\"]") &&
                 Contains("requires = [\"network\"]") && Contains("stop_signal = \"SIGINT\"") &&
                 Contains("env = { A = \"1\", B = \"2\" }") &&
                 Contains("exec = \"redis-cli ping\""));

  import.put("compose.yaml",
             "services:\n  db:\n    command: postgres -c x=y\n    restart: unless-stopped\n"
             "    stop_grace_period: 30s\n    environment:\n      - A=1\n    healthcheck:\n"
             "      test: [\"CMD\", \"pg_isready\"]\n      interval: 10s\n    mem_limit: 512m\n"
             "  img:\n    image: x\n  web:\n    image: x\n    command: [\"web\", \"a b\"]\n"
             "    depends_on: {db: {condition: service_healthy}}\n");
  const Outcome compose = import.run({"@compose.yaml"});
  CHECK(compose.code == 1);
  CHECK_THAT(compose.err, Contains("img has no command"));
  CHECK_THAT(import.made("db.toml"),
             Contains("restart = \"always\"") && Contains("stop_timeout_ms = 30000") &&
                 Contains("exec = [\"pg_isready\"]") && Contains("interval_ms = 10000") &&
                 Contains("memory_max = \"512M\""));
  CHECK_THAT(import.made("web.toml"),
             Contains("exec = [\"web\", \"a b\"]") && Contains("requires = [\"db\"]"));
}

TEST_CASE("a server runs what import has made of a unit", "[import][ctl]") {
  Import import;
  import.put("daemon",
             "#!/bin/sh\n(trap 'exit 0' TERM; trap 'echo again' HUP\necho \"$A $B\"\n"
             "while :; do sleep 100000 & wait $!; done) &\necho $! >\"$PIDFILE\"\n");
  chmod(import.server.path("daemon").c_str(), 0755);
  import.put("web.service", "[Service]\nType=forking\nPIDFile=" + import.server.path("web.pid") +
                                "\nEnvironment=\"A=1 2\" PIDFILE=" + import.server.path("web.pid") +
                                "\nExecStart=" + import.server.path("daemon") +
                                "\nExecReload=/bin/kill -HUP $MAINPID\n"
                                "[Install]\nWantedBy=multi-user.target\n");
  CHECK(import.run({"@web.service"}).code == 0);
  import.server.boot({"web"});
  CHECK(import.server.ctl({"reload", "web"}).code == 0);
  CHECK(eventually([&] {
    const std::string log = import.server.ctl({"logs", "web"}).out;
    return log.find("1 2") != log.npos && log.find("again") != log.npos;
  }));
}

TEST_CASE("import writes nothing over a file, nor with --dry-run, and says why", "[import][ctl]") {
  Import import;
  import.put("a.service", "[Service]\nExecStart=/bin/a\n");
  const Outcome dry = import.run({"--dry-run", "@a.service"});
  CHECK(dry.code == 0);
  CHECK_THAT(dry.out, Contains("exec = [\"/bin/a\"]"));
  CHECK_THAT(dry.err, Catch::StartsWith("a.service: 1 of 1 setting\n"));
  CHECK_FALSE(std::filesystem::exists(import.server.config("a.toml")));
  const Json json = Json::parse(import.run({"--json", "@a.service"}).out).value();
  CHECK(json["files"][0]["written"] == true);
  CHECK(json["files"][0]["name"] == "a");
  CHECK(json["faults"].size() == 0);
  struct stat status {};
  REQUIRE(stat(import.server.config("a.toml").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0644);

  import.server.file("a.toml", "mine");
  const Outcome again = import.run({"@a.service"});
  CHECK(again.code == 1);
  CHECK_THAT(again.out,
             Contains("a.toml exists; remove it, or choose another directory with --to"));
  CHECK(read_file(import.server.config("a.toml")) == "mine");

  // import does not write a file that a server would refuse.
  import.put("b.service", "[Service]\nExecStart=/bin/b\n");
  import.put("other/Procfile", "b: /bin/c\n");
  const Outcome refused = import.run({"@b.service", "@other/Procfile"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.out, Contains("refused: another of the files has this name"));
  CHECK_THAT(import.made("b.toml"), Contains("/bin/c"));

  // import leaves out a key that a server would refuse, and writes the service.
  import.put("c.service", "[Service]\nExecStart=/bin/c\nCPUSchedulingPriority=50\n");
  const Outcome without = import.run({"@c.service"});
  CHECK(without.code == 1);
  CHECK_THAT(without.out, Contains("not carried over: CPUSchedulingPriority (50") &&
                              Contains("requires the scheduler"));
  CHECK_THAT(import.made("c.toml"), Contains("#   CPUSchedulingPriority=50"));
}

TEST_CASE("import refuses what is no file of another init, and shows it escaped", "[import][ctl]") {
  Import import;
  import.put("bin.service", std::string("\x7f"
                                        "ELF\0\1\2",
                                        7));
  import.put("big.service", std::string((std::size_t{1} << 20) + 1, '#'));
  import.put("x\033[31m.conf", "nothing\n");
  import.put("loop/a.conf", "[program:a]\ncommand=true\n[include]\nfiles = *.conf\n");
  import.put("esc.service", "[Service]\nExecStart=/bin/a\nFoo\033[31m=\302\205\n");
  mkfifo(import.server.path("fifo.service").c_str(), 0600);
  for (const auto& [file, words] : std::vector<std::pair<std::string, std::string>>{
           {"bin.service", "is no text"},
           {"big.service", "big.service"},
           {"fifo.service", "fifo.service"},
           {"none.service", "does not exist"},
           {"x\033[31m.conf", "its kind is not known"}}) {
    const Outcome wrong = import.run({"@" + file});
    INFO(file);
    CHECK(wrong.code == 2);
    CHECK_THAT(wrong.err, Contains(words) && !Contains("\033"));
  }
  CHECK(import.run({"no-such-unit.service"}).code == 2);
  CHECK(import.run({"--from", "nothing", "@bin.service"}).code == 2);
  CHECK(import.run({"@loop/a.conf"}).code == 0);
  const Outcome escaped = import.run({"@esc.service"});
  CHECK(escaped.code == 2);  // no file of text holds a control character
  CHECK_THAT(escaped.err, !Contains("\033"));
}

}  // namespace
}  // namespace zinit::test::client_import
