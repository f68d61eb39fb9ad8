// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl import of the kinds other than systemd's: nothing silently gets another meaning or is
// lost (zinitctl(1), doc/import.md).
#include "scenario/harness.hpp"
namespace zinit::test::client_import_others {
namespace {

/// The result for some files.
struct Row {
  const char* about;
  std::vector<std::pair<std::string, std::string>> files;
  Texts paths;
  int code;
  Texts said;   // in the summary, or among the faults
  Texts lines;  // NAME: what NAME.toml contains; NAME! what it does not contain; NAME- not made
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"inittab: runlevels that end the system make no service",
       {{"inittab",
         "id:2:initdefault:\nl0:0:wait:/etc/init.d/rc 0\nl6:6:wait:/etc/init.d/rc 6\n"
         "z6:6:respawn:/sbin/sulogin\nl2:2:wait:/etc/init.d/rc 2\n"}},
       {"inittab"},
       1,
       {"line 2: runlevel 0 is the end", "line 3: runlevel 6", "line 4: runlevel 6"},
       {"l0-", "l6-", "z6-", "l2:exec = \"/etc/init.d/rc 2\"", "l2!status"}},
      {"inittab: the runlevel of the boot decides, and lines wait for those before them",
       {{"inittab",
         "id:3:initdefault:\nsu:S:wait:/sbin/sulogin\nl3:3:wait:/etc/init.d/rc 3\n"
         "si::sysinit:/etc/rcS\nl2:2:wait:/etc/init.d/rc 2\n1:23:respawn:/sbin/getty tty1\n"}},
       {"inittab"},
       0,
       {"runlevel S is not that of the boot (3)"},
       {"su:status = \"stop\"", "l2:status = \"stop\"", "l3:after = [\"si\"]", "l3!status",
        "1:after = [\"l3\"]", "si!after"}},
      {"runit: chpst with more than a user stays in the command",
       {{"sv/a/run", "#!/bin/sh\nexec chpst -u nobody -e ./env sleep 66\n"},
        {"sv/b/run", "#!/bin/sh\nexec chpst -u :1000:1001 -m 5 sleep 66\n"},
        {"sv/c/run", "#!/bin/sh\nexec chpst -u nobody:adm sleep 66\n"},
        {"sv/d/run", "#!/bin/sh\nexec chpst -L /lock -v sleep 66\n"},
        {"sv/e/run", "#!/bin/sh\nexec setuidgid nobody sleep 66\n"}},
       {"sv"},
       0,
       {"chpst stays in the command", "setuidgid gives no supplementary groups; here e has"},
       {"a:exec = [\"chpst\", \"-u\", \"nobody\", \"-e\", \"./env\", \"sleep\", \"66\"]", "a!user",
        "b:[\"chpst\", \"-u\", \":1000:1001\"", "b!user", "c:exec = [\"sleep\", \"66\"]",
        "c:user = \"nobody\"\ngroup = \"adm\"", "d:\"-L\", \"/lock\", \"-v\""}},
      {"s6-rc: a type that is none",
       {{"rc/wat/type", "wat\n"}},
       {"rc"},
       2,
       {"has the type \"wat\""},
       {"wat-"}},
      {"runit: a directory of other files",
       {{"units/a.service", "[Service]\n"}, {"units/run/x", ""}},
       {"units"},
       2,
       {"has no service directory", "name the files in it"},
       {}},
      {"supervisord: one log file of two, and no limit for none",
       {{"s.conf",
         "[program:a]\ncommand=/bin/a\nstartretries=0\nstdout_logfile=/o.log\n"
         "stderr_logfile=/e.log\n"}},
       {"s.conf"},
       1,
       {"stderr_logfile (stdout_logfile has given \"file\" already", "startretries (0 is no limit"},
       {"a:file = \"/o.log\"", "a:#   stderr_logfile=/e.log", "a!max_restarts"}},
      {"supervisord: what holds for all programs",
       {{"s.conf",
         "[supervisord]\nenvironment=A=1,B=2\numask=027\nuser=nobody\n[program:a]\n"
         "command=/bin/a\nenvironment=B=3\n[program:b]\ncommand=/bin/b\nuser=daemon\n"}},
       {"s.conf"},
       0,
       {},
       {"a:env = { A = \"1\", B = \"3\" }", "a:user = \"nobody\"\numask = \"027\"",
        "b:env = { A = \"1\", B = \"2\" }", "b:user = \"daemon\""}},
      {"finit: sysv, global settings and conditions",
       {{"finit.conf",
         "set FOO=bar\nBAZ=1\nhost h\nsysv [2345] /etc/init.d/x\n"
         "service [2] if:udevd notify:systemd pid:!/run/y.pid /bin/y\n"
         "service [3] restart:0 /bin/z\n"}},
       {"finit.conf"},
       1,
       {"line 3: host is not read", "if (whether another service exists", "pid (",
        "runlevels [3] are not that of the boot (2)"},
       {"x:exec = [\"/etc/init.d/x\", \"start\"]", "x:stop_exec = [\"/etc/init.d/x\", \"stop\"]",
        "x:env = { BAZ = \"1\", FOO = \"bar\" }", "y![condition]", "y:notify = \"systemd\"",
        "y!\npidfile", "z:status = \"stop\"", "z:restart = \"never\"", "z!max_restarts"}},
      {"dinit: commands in parts, and variables",
       {{"dinit.d/a", "type = process\ncommand = a\ncommand += b c\nsocket-uid = 5\n"},
        {"dinit.d/b", "type = process\ncommand = /bin/b $/C ${D:-d} x$A\n"},
        {"dinit.d/c", "type = process\ncommand = /bin/c ${D:-${E}}\n"}},
       {"dinit.d/a", "dinit.d/b", "dinit.d/c"},
       1,
       {"socket-uid (socket.listen: is missing", "command: what $/NAME has is split at blanks",
        "it has a variable that the shell cannot be given"},
       {"a:exec = [\"a\", \"b\", \"c\"]", "a:#   socket-uid=5", "a!\n[socket]",
        "b:exec = \"exec /bin/b ${C} \\\"${D:-d}\\\" x\\\"${A}\\\"\"", "c-"}},
      {"compose: variables, files of the environment, and what would mean something else",
       {{".env", "SET='5'\n"},
        {"compose.yaml",
         "services:\n  a:\n    command: [\"sh\", \"-c\", \"echo $$X ${FOO:-bar} ${SET}\"]\n"
         "    working_dir: ${NONE}\n    env_file: [{path: /a.env, required: false}, /b.env]\n"
         "    cap_add: [NET_ADMIN]\n    healthcheck:\n      test: [\"CMD-SHELL\", \"test $$Y\"]\n"
         "      start_period: 10s\n"}},
       {"compose.yaml"},
       1,
       {"working_dir (NONE has no value in .env", "cap_add (", "healthcheck.start_period ("},
       {"a:\"echo $X bar 5\"", "a:env_file = [\"-/a.env\", \"/b.env\"]", "a:exec = \"test $Y\"",
        "a!\nstart_timeout_ms", "a!\ncapabilities", "a!\ndir"}},
      {"OpenRC: conditions are code, and conf.d adds dependencies",
       {{"init.d/a",
         "#!/sbin/openrc-run\ncommand=/bin/a\ndepend(){ if yesno $a; then need y; fi; }\n"},
        {"init.d/b",
         "#!/sbin/openrc-run\ncommand=/bin/b\ndepend() {\n\tif yesno $a; then\n\t\tneed "
         "y\n\tfi\n}\n"},
        {"init.d/c",
         "#!/sbin/openrc-run\ncommand=/bin/c\ncommand_background=yes\nstopsig=INT\n"
         "output_log=/o\nerror_log=/e\n"},
        {"conf.d/c", "rc_need=\"d\"\nrc_after=e\nrc_use=\"f g\"\n"}},
       {"init.d/a", "init.d/b", "init.d/c"},
       2,
       {"init.d/a:3 has the code", "init.d/b:4 has the code", "error_log (output_log has given"},
       {"a-", "b-", "c:requires = [\"d\"]", "c:after = [\"e\", \"f\", \"g\"]",
        "c:wants = [\"f\", \"g\"]", "c:stop_signal = \"INT\"", "c:file = \"/o\"",
        "c:#   error_log=/e"}},
      {"Procfile: PORT with a value of its own",
       {{"Procfile", "a: PORT=5; web $PORT\nb: web ${PORT:-5} $PORTS\n"}},
       {"Procfile"},
       0,
       {},
       {"a!PORT is not set", "b:exec"}},
      {"supervisord: its own limits, which its programs have too, are left",
       {{"s.conf",
         "[supervisord]\nminfds=4096\nminprocs=99\nlogfile=/x\n[program:a]\ncommand=sleep 66\n"}},
       {"s.conf"},
       1,
       {"[program:a]: 1 of 3 settings; not carried over: minfds, minprocs (write the limit"},
       {"a:#   minfds=4096", "a!\nnofile"}},
      {"compose: a variable of the caller's environment is left, and an empty one is not",
       {{"compose.yaml",
         "services:\n  a:\n    command: sleep 66\n    environment: {A: , B: x}\n"
         "  b:\n    command: sleep 66\n    environment:\n      C: ''\n      D: \"\"\n"
         "  c:\n    command: sleep 66\n    environment:\n      E:\n"
         "  d:\n    command: sleep 66\n    environment: {F: ~}\n"
         "  e:\n    command: sleep 66\n    environment: [G=, H]\n"
         "  f:\n    command: sleep 66\n    environment: {I: NULL, J: Null, K: \"null\", L: l}\n"}},
       {"compose.yaml"},
       1,
       {"A has no value here; write one", "E has no value here", "F has no value here",
        "H has no value here", "I has no value here", "J has no value here"},
       {"a:\nenv = { B = \"x\" }", "a:#   environment=A\n", "b:env = { C = \"\", D = \"\" }",
        "c!\nenv", "d!\nenv", "e:env = { G = \"\" }", "f:env = { K = \"null\", L = \"l\" }"}},
      {"compose: anchors, merges and documents",
       {{"compose.yaml",
         "x-base: &base\n  restart: always\n  environment: &env {A: '1', B: '2'}\n"
         "x-more: &more {restart: \"no\", user: '7'}\nservices:\n"
         "  a:\n    <<: *base\n    command: &command [sleep, '66']\n"
         "  b:\n    <<: [*base, *more]\n    command: *command\n"
         "    environment: {<<: *env, B: x}\n---\n"
         "services:\n  c: {command: !!str sleep 66, environment: {N: !!str null}}\n---\n"}},
       {"compose.yaml"},
       0,
       {},
       {"a:exec = [\"sleep\", \"66\"]", "a:restart = \"always\"",
        "a:env = { A = \"1\", B = \"2\" }", "a!user", "b:exec = [\"sleep\", \"66\"]",
        "b:restart = \"always\"", "b:user = 7", "b:env = { A = \"1\", B = \"x\" }",
        "c:exec = [\"sleep\", \"66\"]", "c:env = { N = \"null\" }"}},
      {"compose: conditions of dependencies, profiles, and keys that count differently",
       {{"compose.yaml",
         "services:\n  migrate: {command: sleep 66}\n  db: {command: -c max=2, image: db}\n"
         "  web:\n    image: web\n    command: sleep 66\n    profiles: [debug]\n    x-a: {b: c}\n"
         "    mem_reservation: 1m\n    memswap_limit: 1g\n    cpu_shares: 73\n"
         "    healthcheck: {test: [CMD, x], disable: true}\n    depends_on:\n"
         "      migrate: {condition: service_completed_successfully}\n"
         "      log: {condition: service_started, required: false, restart: true}\n"}},
       {"compose.yaml"},
       1,
       {"db has only arguments: its image says what gets them", "mem_reservation (it keeps",
        "memswap_limit (it counts", "cpu_shares (its default", "depends_on.log.restart (binds_to",
        "healthcheck.disable is true)", "note: if its image has an entrypoint"},
       {"db-", "migrate:oneshot = true", "web!oneshot", "web:requires = [\"migrate\"]",
        "web:wants = [\"log\"]", "web:status = \"stop\"", "web!\nmemory_high", "web!\nswap_max",
        "web!\ncpu_weight", "web!\n[health]"}},
      {"compose: numbers that it gives in other letters",
       {{"compose.yaml",
         "services:\n  a:\n    command: sleep 66\n    environment: {A: 010, B: 1.50, C: 1_000,\n"
         "      D: 0x1f, E: 1e3, F: True, G: +5, a: 10, b: '010', c: 1.5, d: 1.2.3, e: -5,\n"
         "      f: true, g: 0, h: 0x1g, i: 8080:80}\n"}},
       {"compose.yaml"},
       1,
       {"A is a number", "B is", "C is", "D is", "E is", "F is", "G is"},
       {"a:\nenv.a = \"10\"\nenv.b = \"010\"\nenv.c = \"1.5\"\nenv.d = \"1.2.3\"\n"
        "env.e = \"-5\"\nenv.f = \"true\"\nenv.g = \"0\"\nenv.h = \"0x1g\"\n"
        "env.i = \"8080:80\"\n"}},
      {"Procfile: release, whose end others wait for elsewhere",
       {{"Procfile", "release: migrate\nweb: FOO=1 sleep 66\n"}},
       {"Procfile"},
       0,
       {"note: Heroku starts the others after the end of release"},
       {"web:exec = \"FOO=1 sleep 66\""}},
      {"YAML: texts over several lines",
       {{"compose.yaml",
         "services:\n  a:\n    command:\n      - sh\n      - -c\n      - |\n        echo 1 # 2\n"
         "        exec sleep 66\n    environment:\n      A: >-\n        one\n        two\n"
         "      B: \"x\\ty \\\n        z\"\n      C: 'it''s'\n      D: a:b#c\n"}},
       {"compose.yaml"},
       0,
       {},
       {"a:\"echo 1 # 2\\nexec sleep 66\\n\"",
        "a:env = { A = \"one two\", B = \"x\\ty z\", C = \"it's\", D = \"a:b#c\" }"}},
      {"finit: runlevel S comes before all others, and each run waits for the one before",
       {{"finit.conf",
         "service [2345] name:early /bin/early\nrun [S] name:one /bin/one\n"
         "task [S] name:two /bin/two\nservice [S12345] name:udev /bin/udev\n"
         "run [S] name:three /bin/three\nservice name:web /bin/web\ntask [!S] name:late "
         "/bin/late\n"}},
       {"finit.conf"},
       0,
       {},
       {"one!after", "two:after = [\"one\"]", "udev:after = [\"one\"]", "three:after = [\"one\"]",
        "web:after = [\"one\", \"two\", \"three\"]", "early:after = [\"one\", \"two\", \"three\"]",
        "late:after = [\"one\", \"two\", \"three\"]"}},
      {"finit: a line whose condition names a later line is not waited for by that one",
       {{"finit.conf",
         "run [S] name:first /bin/first\nrun [S] <pid/mid> name:settle /bin/settle\n"
         "service [S12345] <pid/udevd> name:mid /bin/mid\n"
         "service [S12345] name:udevd /bin/udevd\nrun [S] <pid/web> name:probe /bin/probe\n"
         "service [2345] name:web /bin/web\n"}},
       {"finit.conf"},
       0,
       {"finit.conf:3: 4 of 4 settings", "note: finit starts it after settle, which waits for it",
        "note: finit starts it after probe, which waits for it"},
       {"settle:requires = [\"mid\"]", "settle:after = [\"first\"]", "mid:after = [\"first\"]",
        "udevd:after = [\"first\"]", "probe:after = [\"settle\"]",
        "web:after = [\"first\", \"settle\"]"}},
  };
  return all;
}

void check_line(const Server& server, const std::string& line) {
  const std::size_t end = line.find_first_of(":!-");
  const std::string file = server.config(line.substr(0, end) + ".toml");
  const std::string text = line.substr(end + 1);
  INFO(line);
  if (line[end] == '-') {
    CHECK(::access(file.c_str(), F_OK) != 0);
    return;
  }
  const std::string made = read_file(file);
  INFO(made);
  CHECK((made.find(text) != made.npos) == (line[end] == ':'));
}

TEST_CASE("import of other kinds keeps what settings mean, or says what it leaves",
          "[import][ctl]") {
  for (const Row& row : rows()) {
    INFO(row.about);
    const Server server;
    for (const auto& [name, text] : row.files) server.put(name, text);
    Texts arguments{"import", "--to", server.config()};
    for (const std::string& path : row.paths) arguments.push_back(server.path(path));
    const Outcome done = server.ctl(std::move(arguments));
    INFO(done.out << done.err);
    CHECK(done.code == row.code);
    for (const std::string& said : row.said)
      CHECK((done.out + done.err).find(said) != std::string::npos);
    if (row.said.empty()) CHECK(done.out.find("note: ") == std::string::npos);
    for (const std::string& line : row.lines) check_line(server, line);
    // A server accepts the written files.
    if (row.code != 2) CHECK(server.ctl({"check", server.config()}).code == 0);
  }
}

TEST_CASE("import names what it cannot look into, and no line of what has none", "[import][ctl]") {
  const Server server;
  server.put("sv/a/run", "#!/bin/sh\nexec sleep 66\n");
  server.put("sv/a/log/run", "#!/bin/sh\nexec svlogd .\n");
  REQUIRE(::symlink("nowhere", server.path("sv/gone").c_str()) == 0);
  REQUIRE(::symlink("loop", server.path("sv/loop").c_str()) == 0);
  const Outcome done = server.ctl({"--json", "import", "--to", server.config(), server.path("sv")});
  CHECK(done.code == 2);
  const Json json = Json::parse(done.out).value();
  CHECK(json["faults"].size() == 2);
  CHECK(json["files"][0]["written"] == true);
  CHECK(json["files"][0]["left"][0]["key"] == "log");
  CHECK(done.out.find("\"line\":0") == std::string::npos);
  CHECK(server.ctl({"import", "--dry-run", "/"}).code == 2);
}

}  // namespace
}  // namespace zinit::test::client_import_others
