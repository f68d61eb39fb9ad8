// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl import: settings whose meaning in another init is easily taken for another one
// (zinitctl(1), doc/import.md).
#include "scenario/harness.hpp"
namespace zinit::test::client_import_meaning {
namespace {

/// A file named `file`, or the file `run` of a service directory of this name.
struct Row {
  const char* about;
  const char* kind;
  std::string file, text;
  int code;
  Texts said;   // in the summary
  Texts lines;  // NAME: what NAME.toml contains; NAME! what it does not contain; NAME- not made
};

void check_line(const Server& server, const std::string& line) {
  const std::size_t end = line.find_first_of(":!-");
  const std::string file = server.config(line.substr(0, end) + ".toml");
  INFO(line);
  if (line[end] == '-') {
    CHECK(::access(file.c_str(), F_OK) != 0);
    return;
  }
  const std::string made = read_file(file);
  INFO(made);
  CHECK((made.find(line.substr(end + 1)) != made.npos) == (line[end] == ':'));
}

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.about);
    const Server server;
    server.put(row.file, row.text);
    const bool directory = row.file.ends_with("/run") || row.file.ends_with("/up");
    const std::string path =
        directory ? row.file.substr(0, row.file.rfind('/')) : std::string(row.file);
    const Outcome done =
        server.ctl({"import", "--from", row.kind, "--to", server.config(), server.path(path)});
    INFO(done.out << done.err);
    CHECK(done.code == row.code);
    for (const std::string& said : row.said)
      CHECK((done.out + done.err).find(said) != std::string::npos);
    for (const std::string& line : row.lines) check_line(server, line);
    CHECK(server.ctl({"check", server.config()}).code == 0);
  }
}

TEST_CASE("import of dinit keeps order, comments, limits and sockets", "[import][ctl]") {
  check_rows({
      {"a comment at the end of a line",
       "dinit",
       "a",
       "type = process # one\ncommand = /bin/a \"#b\" c#d \\# # e\n",
       0,
       {},
       {"a:exec = [\"/bin/a\", \"#b\", \"c#d\", \"#\"]"}},
      {"a limit beyond all numbers",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nrestart-limit-count = 9223372036854775807\n",
       1,
       {"restart-limit-count"},
       {"a!max_restarts"}},
      {"quotes around a value",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\ndescription = \"Web  server\"\nworking-dir = \"/srv/a "
       "b\"\n",
       0,
       {},
       {"a:description = \"Web  server\"", "a:dir = \"/srv/a b\""}},
      {"waits-for is an order, too",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nwaits-for: b\nafter: c\n",
       0,
       {},
       {"a:wants = [\"b\"]", "a:after = [\"b\", \"c\"]"}},
      {"a milestone must be reached",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\ndepends-ms: b\n",
       0,
       {"depends-ms: when b is stopped or fails, this is stopped as well"},
       {"a:requires = [\"b\"]", "a!wants"}},
      {"smooth recovery starts again after any end",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nrestart = false\nsmooth-recovery = true\n",
       0,
       {},
       {"a:restart = \"always\""}},
      {"0 is no time limit, and a delay does not grow",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nstop-timeout = 0\nstart-timeout = 0\nrestart-delay = "
       "0.5\n",
       0,
       {},
       {"a:stop_timeout_ms = \"infinity\"", "a:start_timeout_ms = \"infinity\"",
        "a:restart_delay_ms = 500\nrestart_delay_max_ms = 500"}},
      {"a limit of restarts in an interval",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nrestart = yes\nrestart-limit-count = 5\n"
       "restart-limit-interval = 60\n",
       0,
       {"restart-limit-count: counts restarts in a row"},
       {"a:max_restarts = 5", "a:stability_period_ms = 9800"}},
      {"a socket starts nothing",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nsocket-listen = /run/a.sock\n",
       0,
       {},
       {"a:listen = [\"unix:/run/a.sock\"]", "a:on_demand = false"}},
      {"options with a counterpart, and others",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\noptions = signal-process-only no-new-privs skippable\n",
       1,
       {"options (zinit has no such option)"},
       {"a:kill_mode = \"main\"", "a:no_new_privs = true", "a:#   options=skippable\n"}},
      {"readiness by a variable, and a file beside the service's",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nready-notification = pipevar:READY_FD\n"
       "env-file = a.env\nlog-type = buffer\n",
       0,
       {},
       {"a:notify = \"fd:3\"", "a:env = { READY_FD = \"3\" }", "a:/a.env\""}},
      {"a variable in another value",
       "dinit",
       "a",
       "type = process\ncommand = /bin/a\nlogfile = /var/log/$NAME.log\n",
       1,
       {"logfile (it has a variable of dinit"},
       {"a!\nfile ="}},
  });
}

TEST_CASE("import of finit keeps commands without a path, and what must not run at boot",
          "[import][ctl]") {
  check_rows({
      {"a command without a path, and options of its own",
       "finit",
       "finit.conf",
       "service [2345] nowarn cgroup.init name:udev udevadm control --reload -- Reload -- all\n",
       1,
       {"cgroup.init ("},
       {"udev:exec = [\"udevadm\", \"control\", \"--reload\"]",
        "udev:description = \"Reload -- all\""}},
      {"the shell runs a task",
       "finit",
       "finit.conf",
       "task [S] name:map zcat /etc/map.gz | loadmap -- Keys\n",
       0,
       {},
       {"map:exec = \"zcat /etc/map.gz | loadmap\""}},
      {"a key or a power failure starts a task, and boot must not",
       "finit",
       "finit.conf",
       "task <sys/pwr/fail> name:off initctl poweroff -- Off\n",
       1,
       {"it is started on request, because its condition sys/pwr/fail is unknown here"},
       {"off:status = \"stop\""}},
      {"instances, and conditions that name them",
       "finit",
       "finit.conf",
       "service :1 name:a /bin/a\nservice <~pid/a:1> conflict:c,a:2 /bin/b\n",
       0,
       {"condition: a reload of pid/a:1 does nothing here"},
       {"a-1:exec", "b:requires = [\"a-1\"]", "b:conflicts = [\"c\", \"a-2\"]"}},
      {"a daemon that forks, groups, and scripts with a time limit",
       "finit",
       "finit.conf",
       "service type:forking @web:www,ssl pre:5,/bin/pre reload:'kill -USR1 $MAINPID' /bin/d\n",
       0,
       {"finit guesses the pid file /run/d.pid", "pre: its own time limit, 5 s, is not kept"},
       {"d:pidfile = \"/run/d.pid\"", "d:group = \"www\"\ngroups = [\"ssl\"]",
        "d:pre_exec = [\"/bin/pre\"]", "d:reload_exec = \"kill -USR1 $MAINPID\""}},
      {"restarts, and a runlevel behind the lines",
       "finit",
       "finit.conf",
       "service [3] norestart /bin/a\nservice [2] respawn restart_sec:3 /bin/b\nrunlevel 3\n",
       0,
       {"runlevels [2] are not that of the boot (3)"},
       {"a:restart = \"never\"", "a!status", "b:status = \"stop\"",
        "b:restart_delay_ms = 3000\nrestart_delay_max_ms = 3000"}},
  });
}

TEST_CASE("import of OpenRC reads words as the shell does", "[import][ctl]") {
  const std::string begin = "#!/sbin/openrc-run\ncommand=/bin/a\n";
  check_rows({
      {"quotes in quotes, and a value of several lines",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\ncommand_args=\"-c \\\"x y\\\"\n\t--more\"\n",
       0,
       {},
       {"a:exec = [\"/bin/a\", \"-c\", \"x y\", \"--more\"]"}},
      {"arguments or a user that are not known",
       "openrc",
       "init.d/a",
       begin + "command_user=\"$WHO\"\n",
       1,
       {"refused: command_user has a value that is not known"},
       {"a-"}},
      {"a value of several lines with an operator of the shell",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\ncommand_args=\"-c 'x && y\n z'\"\n",
       2,
       {"only scripts that set variables"},
       {"a-"}},
      {"two assignments in a line are none",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\nexport A=1 B=2\n",
       1,
       {"A ("},
       {"a!env ="}},
      {"supervise-daemon starts again after any end, with the same delay",
       "openrc",
       "init.d/a",
       begin + "supervisor=supervise-daemon\nrespawn_delay=5\ndepend() { use dns; want x; }\n",
       0,
       {},
       {"a:restart = \"always\"", "a:restart_delay_ms = 5000\nrestart_delay_max_ms = 5000",
        "a:after = [\"dns\", \"x\"]", "a:wants = [\"dns\", \"x\"]"}},
      {"options of start-stop-daemon: the background, a user, variables and log files",
       "openrc",
       "init.d/a",
       begin + "pidfile=/run/a.pid\nlog=/a.log\nstart_stop_daemon_args=\"--background -m\n"
               "\t--user u:g -d /srv --env A=1 -e B=2 --stdout=$log --stderr $log --chroot /c\"\n",
       1,
       {"start_stop_daemon_args --chroot (write keys in [service] and [process])"},
       {"a!oneshot", "a!\npidfile", "a:user = \"u\"\ngroup = \"g\"", "a:dir = \"/srv\"",
        "a:env = { A = \"1\", B = \"2\" }", "a:file = \"/a.log\"",
        "a:#   start_stop_daemon_args "
        "--chroot=/c"}},
      {"options of start-stop-daemon that are not known",
       "openrc",
       "init.d/a",
       begin + "start_stop_daemon_args=\"--user $WHO\"\n",
       1,
       {"refused: start_stop_daemon_args has a value that is not known"},
       {"a-"}},
      {"supervise-daemon has its own options",
       "openrc",
       "init.d/a",
       begin + "supervisor=supervise-daemon\nstart_stop_daemon_args=\"--user a\"\n"
               "supervise_daemon_args=\"-u b -N 5\"\n",
       0,
       {},
       {"a:user = \"b\"", "a:nice = 5"}},
      {"variables with defaults",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\nE=\n: \"${U:=w}\"\n: ${directory=/x/${U}}\n"
               ": ${E:=e} # one\n: ${directory:=/y}\nF=\"${F} f\"\ncommand_user=${V:=v}:$V\n"
               "command_args=\"$U ${E:+set} ${N+never} ${E-d} ${G:-${U}} $F\"\n",
       0,
       {},
       {"a:exec = [\"/bin/a\", \"w\", \"set\", \"e\", \"w\", \"f\"]", "a:dir = \"/x/w\"",
        "a:user = \"v\"\ngroup = \"v\""}},
      {"a default for a variable with a value that is not known",
       "openrc",
       "init.d/a",
       begin + "HOST=$(hostname)\ncommand_args=\"${HOST:-localhost}\"\n",
       1,
       {"refused: command_args has a value that is not known"},
       {"a-"}},
      {"a variable that is exported later",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\nA=1\nB=2\nexport A B C\nA=3\n",
       0,
       {},
       {"a:env = { A = \"3\", B = \"2\" }"}},
      {"a function that changes the command, with braces in quotes",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\nstart_pre() {\n\tx=$(awk '{ print }' /x)\n"
               "\t[ \"$x\" ] && command_args=\"-x $x\"\n}\nreload() {\n\tcommand_args=y\n}\n",
       1,
       {"refused: start_pre() sets command_args"},
       {"a-"}},
      {"capabilities of its user",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\ncommand_user=u\ncapabilities=^cap_sys_time,^cap_chown\n",
       0,
       {},
       {"a:capabilities = [\"cap_sys_time\", \"cap_chown\"]"}},
      {"how it is stopped",
       "openrc",
       "init.d/a",
       begin + "command_background=yes\nretry=SIGINT/30/KILL/5\n",
       0,
       {},
       {"a:stop_timeout_ms = 30000\nstop_signal = \"SIGINT\""}},
  });
}

TEST_CASE("import of runit, s6 and supervisord drops no line and no comment's end",
          "[import][ctl]") {
  check_rows({
      {"a word alone is a command",
       "runit",
       "a/run",
       "#!/bin/sh\nprepare\nexec sleep 66\n",
       0,
       {"a/run does more than"},
       {"a:/run\"]"}},
      {"a variable of the script alone",
       "runit",
       "a/run",
       "#!/bin/sh\nA=1\nexec sleep 66\n",
       0,
       {"a/run does more than"},
       {"a!env ="}},
      {"another program in the first line",
       "s6",
       "a/run",
       "#!/command/with-contenv sh\nexec sleep 66\n",
       0,
       {},
       {"a:exec = [\"/command/with-contenv\", \"sh\", "}},
      {"an option of exec",
       "runit",
       "a/run",
       "#!/bin/sh\nexec -a b sleep 66\n",
       0,
       {},
       {"a:exec = [\"/bin/sh\", "}},
      {"another service by sv",
       "runit",
       "a/run",
       "#!/bin/sh\nsv start b || exit 1\nexec sleep 66\n",
       0,
       {"calls sv start, which reaches no service of zinit"},
       {}},
      {"supervisord: comments behind values, and output to nowhere",
       "supervisord",
       "s.conf",
       "[program:a]\ncommand=/bin/a x#y ; one\nuser=nobody\t; two\ndirectory=/srv # three\n"
       "stdout_logfile=/dev/null\n",
       0,
       {},
       {"a:exec = [\"/bin/a\", \"x#y\"]", "a:user = \"nobody\"", "a:dir = \"/srv\"", "a!console"}},
      {"supervisord: settings to the right, values of several lines, and no log file",
       "supervisord",
       "s.conf",
       "[program:a]\n  Command=/bin/a\n    -x\n  AutoStart=false\n  autorestart=false\n"
       "  startretries=0\n  stdout_logfile=/dev/stdout\n  stdout_logfile_maxbytes=0\n"
       "[program:b]\ncommand=/bin/b\nstdout_logfile=/b.log\nstderr_logfile=NONE\n"
       "stdout_logfile_maxbytes=1MB\n[group:g]\nprograms=a,b\n[group:h]\nprograms=b\n",
       0,
       {},
       {"a:exec = [\"/bin/a\", \"-x\"]", "a:status = \"stop\"", "a:console = \"raw\"",
        "a!file_max_bytes", "b:file_max_bytes = 1048576", "b!status", "g:status = \"stop\"",
        "h!status"}},
      {"supervisord: variables beside one that is not known",
       "supervisord",
       "s.conf",
       "[program:a]\ncommand=/bin/a\nenvironment=A=\"1,2\",PATH=\"%(ENV_PATH)s:/"
       "x\",B=%(program_name)s\n",
       1,
       {"environment PATH (it has a variable that only supervisord knows"},
       {"a:env = { A = \"1,2\", B = \"a\" }", "a:#   environment PATH=%(ENV_PATH)s:/x"}},
      {"supervisord: a key that it ignores",
       "supervisord",
       "s.conf",
       "[program:a]\ncommand=/bin/a\npidfile=/a.pid\nstdout_syslog=true\nredirect_stderr=false\n",
       1,
       {"pidfile (supervisord has no such key and ignores it)"},
       {"a![readiness]", "a:syslog = \"unix:/dev/log\"", "a!merge_stderr"}},
      {"supervisord: the captured output is not the log file",
       "supervisord",
       "s.conf",
       "[program:a]\ncommand=/bin/a\nstdout_logfile=/a.log\nstdout_capture_maxbytes=1MB\n",
       1,
       {"stdout_capture_maxbytes (zinit has no such thing"},
       {"a!file_max_bytes ="}},
  });
}

TEST_CASE("import of units starts nothing that its timer or socket was to start", "[import][ctl]") {
  const Server server;
  server.put("a.service",
             "[Unit]\nWants=b.timer c.service\n[Service]\nRuntimeDirectory=a a/x\n"
             "StateDirectory=a\nEnvironment=STATE_DIRECTORY=/srv\n"
             "ExecStart=/bin/a ${RUNTIME_DIRECTORY}\n");
  server.put("d.service", "[Service]\nExecStart=/bin/d\n");
  server.put("d.socket", "[Socket]\nListenNetlink=x\n[Install]\nWantedBy=sockets.target\n");
  const Outcome done = server.ctl({"import", "--to", server.config(), server.path("a.service"),
                                   server.path("d.service"), server.path("d.socket")});
  INFO(done.out << done.err);
  CHECK(done.code == 1);
  for (const char* const said :
       {"Wants (here it would start the service at once",
        "nothing of what would start it could be carried over: it is started on request"})
    CHECK(done.out.find(said) != std::string::npos);
  for (const char* const line :
       {"a:wants = [\"c\"]", "a:#   Wants=b.timer",
        "a:env = { RUNTIME_DIRECTORY = \"/run/a:/run/a/x\", STATE_DIRECTORY = \"/srv\" }",
        "d:status = \"stop\""})
    check_line(server, line);
  CHECK(server.ctl({"check", server.config()}).code == 0);
}

}  // namespace
}  // namespace zinit::test::client_import_meaning
