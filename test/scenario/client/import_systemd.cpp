// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl import of systemd's units: it leaves out or reports what has another meaning in zinit.
#include "scenario/harness.hpp"
#include "scenario/harness/image.hpp"

namespace zinit::test::client_import_systemd {
namespace {

/// The result for one unit.
struct Case {
  std::string unit;      // a.service, without [Service] at its beginning
  int code;              // of import
  Texts said;            // in the summary
  Texts has, has_not{};  // in the file; both empty: no file is written
};

void check_case(const Case& one) {
  INFO(one.unit);
  Server server;
  server.put("a.service", "[Service]\n" + one.unit);
  const Outcome done = server.ctl({"import", "--to", server.config(), server.path("a.service")});
  INFO(done.out << done.err);
  CHECK(done.code == one.code);
  for (const std::string& words : one.said) CHECK_THAT(done.out, Contains(words));
  const std::string file = server.config("a.toml");
  const bool is_written = !one.has.empty() || !one.has_not.empty();
  REQUIRE(std::filesystem::exists(file) == is_written);
  if (!is_written) return;
  CHECK(server.ctl({"check", file}).code == 0);
  const std::string text = read_file(file);
  for (const std::string& words : one.has) CHECK_THAT(text, Contains(words));
  for (const std::string& words : one.has_not) CHECK_THAT(text, !Contains(words));
}

TEST_CASE("import gives a user of a unit no rights that it had not", "[import][ctl]") {
  for (const Case& one : std::vector<Case>{
           {"ExecStart=/bin/"
            "a\nUser=nobody\nCapabilityBoundingSet=\nCapabilityBoundingSet=CAP_KILL\n",
            1,
            {"it is a limit only"},
            {"#   CapabilityBoundingSet=CAP_KILL"},
            {"\ncapabilities"}},
           {"ExecStart=/bin/a\nUser=nobody\nCapabilityBoundingSet=CAP_KILL\n"
            "AmbientCapabilities=CAP_KILL CAP_CHOWN\n",
            1,
            {"the limit takes back"},
            {},
            {"\ncapabilities"}},
           {"ExecStart=/bin/a\nUser=nobody\nCapabilityBoundingSet=CAP_KILL\n"
            "AmbientCapabilities=CAP_KILL\n",
            0,
            {},
            {"capabilities = [\"CAP_KILL\"]"}},
           {"ExecStart=/bin/a\nUser=nobody\nAmbientCapabilities=CAP_KILL\n",
            0,
            {"note: AmbientCapabilities: here they are the limit as well"},
            {"capabilities = [\"CAP_KILL\"]"}},
           {"ExecStart=/bin/a\nCapabilityBoundingSet=CAP_KILL\n",
            0,
            {},
            {"capabilities = [\"CAP_KILL\"]"}},
           {"ExecStart=/bin/a\nDynamicUser=yes\n", 1, {"would run as root"}, {"exec ="}},
           {"ExecStart=+/bin/a\nUser=nobody\n", 0, {"has them run as root"}, {}, {"\nuser"}},
           {"ExecStart=+/bin/a ; /bin/b\nType=oneshot\nUser=nobody\n",
            1,
            {"as the user of the service", "refused"},
            {}},
           {"ExecStart=!!/bin/a\nUser=nobody\n", 0, {}, {"exec = [\"/bin/a\"]"}},
           {"ExecStart=!/bin/a\nDynamicUser=yes\n", 1, {"as the user of the service"}, {}},
           {"ExecStart=!/bin/a\nUser=nobody\nRuntimeDirectory=a b\nStateDirectory=c\n"
            "ExecReload=/bin/kill -HUP $MAINPID\nCapabilityBoundingSet=CAP_KILL\n",
            0,
            {"note: User: + or ! before the commands has them run as root"},
            {"pre_exec = [\"/bin/chown\", \"nobody:\", \"/run/a\", \"/run/b\", \"/var/lib/c\"]",
             "capabilities = [\"CAP_KILL\"]"},
            {"\nuser", "\ngroup"}},
           {"ExecStart=!/bin/a\nExecStartPre=/bin/b\nUser=nobody\n",
            1,
            {"as the user of the service", "refused"},
            {}},
           {"ExecStart=/bin/a\nExecStartPre=/bin/b\nPermissionsStartOnly=yes\n"
            "CapabilityBoundingSet=CAP_KILL\n",
            1,
            {"of which systemd runs some without it"},
            {"pre_exec"},
            {"\ncapabilities"}},
           {"ExecStart=/bin/a\nExecStartPre=+/bin/b\nCapabilityBoundingSet=CAP_KILL\n",
            1,
            {"of which systemd runs some without it"},
            {},
            {"\ncapabilities"}},
           {"ExecStart=/bin/a\nExecStartPre=/bin/b\nUser=nobody\nPermissionsStartOnly=yes\n",
            1,
            {"PermissionsStartOnly ("},
            {"exec ="}}})
    check_case(one);
}

TEST_CASE("import writes no service of a unit whose command is not known", "[import][ctl]") {
  for (const Case& one : std::vector<Case>{
           {"ExecStart=/bin/a %H\n", 1, {"refused: not all that it runs", "not written"}, {}},
           {"ExecStart=/bin/a 'b\n", 1, {"refused: not all that it runs"}, {}},
           {"ExecStart=/bin/a \\xff\n", 1, {"not UTF-8", "refused: not all"}, {}},
           {"Nice=1\n", 1, {"refused: it has no ExecStart="}, {}},
           {"ExecStart=/bin/a ; /bin/b\n", 1, {"refused: it has several commands"}, {}},
           {"Type=oneshot\nExecStart=/bin/a ; /bin/b\n", 0, {}, {"exec = [\"/bin/b\"]"}},
           {"Type=oneshot\nRemainAfterExit=yes\nExecStop=/bin/b\n", 0, {}, {"exec = [\"true\"]"}},
           {"ExecStart=/bin/a \"\\u00e9\\x41\"\n",
            0,
            {},
            {"\xc3\xa9"
             "A"}}})
    check_case(one);
}

TEST_CASE("import of a unit says what is not the same, or leaves it", "[import][ctl]") {
  const std::string a = "ExecStart=/bin/a\n";
  for (const Case& one : std::vector<Case>{
           {a + "StandardOutput=append:/o\nStandardError=append:/e\n",
            1,
            {"both outputs go to one file here"},
            {},
            {"\nfile ="}},
           {a + "StandardOutput=append:/o\nStandardError=journal\n",
            0,
            {"note: the file gets both"},
            {"file = \"/o\""}},
           {a + "StandardOutput=append:/o\nStandardError=append:/o\n", 0, {}, {"file = \"/o\""}},
           {a + "StandardOutput=truncate:/o\n",
            0,
            {"what is in the file stays"},
            {"file = \"/o\""}},
           {a + "Restart=always\nRestartSec=2s\nStartLimitInterval=1s\nStartLimitBurst=3\n",
            0,
            {"it is never met"},
            {"restart_delay_ms = 2000\nrestart_delay_max_ms = 2000"},
            {"max_restarts"}},
           {a + "Restart=always\nRestartSec=1s\nStartLimitInterval=30s\nStartLimitBurst=3\n",
            0,
            {"counts restarts in a row"},
            {"max_restarts = 2", "stability_period_ms = 9000"}},
           {a + "[Unit]\nStartLimitIntervalSec=0\nStartLimitBurst=3\n",
            0,
            {},
            {},
            {"max_restarts"}},
           {a + "[Unit]\nStartLimitBurst=1\n", 1, {"the first restart"}, {}, {"\nmax_restarts"}},
           {a + "RestartSec=0\n", 0, {}, {"restart_delay_max_ms = 0"}},
           {a + "RestartKillSignal=SIGINT\nTimeoutAbortSec=5\n",
            1,
            {"RestartKillSignal, TimeoutAbortSec ("},
            {},
            {"\nstop_signal", "\nstop_timeout_ms"}},
           {"ExecStart=/bin/a $OPTS\n", 0, {"note: ExecStart: the shell expands"}, {"exec /bin/a"}},
           {a + "ExecStopPost=/bin/b ${SERVICE_RESULT}\n", 0, {"is not set here"}, {"post_exec"}},
           {a + "CPUShares=2048\nBlockIOWeight=250\n",
            0,
            {},
            {"cpu_weight = 200", "io_weight = 50"}},
           {a + "StartupCPUWeight=20\n", 1, {"hold always"}, {}, {"\ncpu_weight"}},
           {a + "UnsetEnvironment=A B=1\n", 1, {"must be names"}, {}, {"\nenv ="}},
           {a + "EnvironmentFile=/etc/a/*.conf\n", 1, {"not by a pattern"}, {}, {"\nenv_file"}},
           {a + "RuntimeDirectory=a/ b//\n", 0, {}, {"runtime_dir = [\"a\", \"b\"]"}},
           {a + "StateDirectory=a:b\n", 1, {"no links"}, {}, {"\nstate_dir"}},
           {a + "WatchdogSec=5\nFileDescriptorStoreMax=3\n",
            1,
            {"WatchdogSec, FileDescriptorStoreMax ("},
            {},
            {"\nwatchdog_ms", "\nfdstore_max"}},
           {"Type=notify\n" + a + "WatchdogSec=5\n", 0, {}, {"watchdog_ms = 5000"}},
           {a + "[Unit]\nAfter=local-fs.target x.service\nBefore=sysinit.target y.service\n",
            1,
            {"zinit has one service for both units, \"basic\""},
            {"after = [\"x\"]", "before = [\"y\"]"},
            {"\"basic\"]"}}})
    check_case(one);
}

TEST_CASE("import reads all that systemd lays over a unit", "[import][ctl]") {
  Server server;
  const auto run = [&](const std::string& name) {
    return server.ctl({"import", "--dry-run", server.path(name)});
  };
  server.put("a-b.service", "[Service]\nExecStart=/bin/a\nNice=1\nUMask=1\n");
  server.put("service.d/1.conf", "[Service]\nNice=2\n");
  server.put("a-.service.d/1.conf", "[Service]\nNice=3\n");
  server.put("service.d/2.conf", "[Service]\nUMask=0022\n");
  server.put("a-b.service.wants/x.service", "");
  server.put("a-b.service.requires/y.service", "");
  const Outcome all = run("a-b.service");
  CHECK(all.code == 0);
  for (const char* const line :
       {"nice = 3", "umask = \"0022\"", "wants = [\"x\"]", "requires = [\"y\"]"})
    CHECK_THAT(all.out, Contains(line));

  REQUIRE(symlink("a-b.service", server.path("alias.service").c_str()) == 0);
  server.put("a-b.service.d/9.conf", "[Service]\nNice=9\n");
  CHECK_THAT(run("alias.service").out, Contains("nice = 9") && Contains("wants = [\"x\"]"));

  server.put("c.service", "[Service]\nExecStart=/bin/c\n");
  REQUIRE(symlink("c.service.d", server.path("c.service.d").c_str()) == 0);
  const Outcome loop = run("c.service");
  CHECK(loop.code == 2);
  CHECK_THAT(loop.err, Contains("c.service.d: Too many levels of symbolic links"));
}

TEST_CASE("import reads one of two units of a name, and says which", "[import][ctl]") {
  Server server;
  for (const char* const folder : {"one", "two"}) {
    const std::string at = std::string(folder) + "/a";
    server.put(at + ".service", "[Service]\nExecStart=/bin/" + std::string(folder) + "\n");
    server.put(at + ".timer", "[Timer]\nOnBootSec=5\n");
  }
  const auto run = [&](const Texts& names) {
    Texts words{"import", "--dry-run"};
    for (const std::string& name : names) words.push_back(server.path(name));
    return server.ctl(std::move(words));
  };
  const Outcome two = run({"one/a.service", "two/a.service", "one/a.timer", "two/a.timer"});
  CHECK(two.code == 1);
  for (const char* const name : {"a.service", "a.timer"})
    CHECK_THAT(two.err, Contains(server.path("two/") + name + ": is not read: " +
                                 server.path("one/") + name + " has the same name"));
  CHECK_THAT(two.out, Contains("exec = [\"/bin/one\"]") && !Contains("/bin/two"));
  const Outcome twice = run({"one/a.service", "one/a.service", "one/a.timer", "one/a.timer"});
  CHECK(twice.code == 0);
  CHECK_THAT(twice.err, !Contains("is not read"));
}

TEST_CASE("import of two units of a name takes that which systemd would find", "[root][import]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  const Image image;
  image.put("lib.service", "[Service]\nExecStart=/bin/lib\n");
  image.put("etc.service", "[Service]\nExecStart=/bin/etc\n");
  Launch what = image.script(
      "set -e; mount -t tmpfs none /etc/systemd 2>/dev/null || { mount -t tmpfs none /etc;"
      "mkdir /etc/systemd; }; mkdir -p /etc/systemd/system /usr/lib/systemd;"
      "mount -t tmpfs none /usr/lib/systemd; mkdir /usr/lib/systemd/system;"
      "cp $R/lib.service /usr/lib/systemd/system/a.service;"
      "cp $R/etc.service /etc/systemd/system/a.service;"
      "set +e; $Z import --dry-run /usr/lib/systemd/system/a.service"
      " /etc/systemd/system/a.service; echo \"code $?\"");
  what.in_child = have_own_mounts;
  const Outcome outcome = run(what);
  INFO(outcome.out);
  CHECK_THAT(outcome.out, Contains("exec = [\"/bin/etc\"]") && Contains("code 1"));
  CHECK_THAT(outcome.err, Contains("/usr/lib/systemd/system/a.service: is not read: "
                                   "/etc/systemd/system/a.service has the same name"));
}

TEST_CASE("import to a full disk says so, and leaves no part of a file", "[root][import]") {
  if (geteuid() != 0 || !can_make_namespaces()) return skip("needs root and namespaces");
  const Image image;
  image.put("a.service", "[Service]\nExecStart=/bin/a\n");
  image.put("full/none", "");
  Launch what = image.script(
      "mount -t tmpfs -o size=16k none $R/full; cat /dev/zero > $R/full/fill 2>/dev/null;"
      "$Z import --to $R/full $R/a.service; echo \"code $?\"; ls -A $R/full");
  what.in_child = have_own_mounts;
  const Outcome outcome = run(what);
  INFO(outcome.err);
  CHECK_THAT(outcome.out, Contains("not written: ") && Contains("No space left on device") &&
                              Catch::EndsWith("code 2\nfill\n"));
}

TEST_CASE("import of a socket's BindIPv6Only looks at what zinit does", "[import][ctl]") {
  Server server;
  const auto left = [&](const std::string& listen, const std::string& value) {
    server.put("a.service", "[Service]\nExecStart=/bin/a\n");
    server.put("a.socket", "[Socket]\n" + listen + "BindIPv6Only=" + value + "\n");
    const Outcome done =
        server.ctl({"import", "--dry-run", server.path("a.service"), server.path("a.socket")});
    INFO(done.err);
    CHECK((done.code == 1) == (done.err.find("BindIPv6Only (") != std::string::npos));
    return done.code == 1;
  };
  const std::string pair = "ListenStream=0.0.0.0:80\nListenStream=[::]:80\n";
  CHECK(!left(pair, "ipv6-only"));
  CHECK(left(pair, "both"));
  CHECK(!left(pair, "default"));
  CHECK(left("ListenStream=80\n", "ipv6-only"));
  CHECK(!left("ListenStream=80\n", "both"));
  CHECK(left(pair + "ListenDatagram=[::]:80\n", "ipv6-only"));
}

TEST_CASE("import leaves what a target, a socket or a timer cannot have here", "[import][ctl]") {
  Server server;
  const auto run = [&](const Texts& names) {
    Texts words{"import", "--to", server.config()};
    for (const std::string& name : names) words.push_back(server.path(name));
    return server.ctl(std::move(words));
  };
  server.put("t.target",
             "[Unit]\nStopWhenUnneeded=yes\nOnFailure=x.service\nConditionPathExists=/x\n"
             "ConditionFileNotEmpty=/y\nWants=x.service\n");
  const Outcome target = run({"t.target"});
  INFO(target.out);
  CHECK(target.code == 1);
  CHECK_THAT(target.out, Contains("1 of 5 settings") && Contains("a target runs nothing"));
  CHECK(server.ctl({"check", server.config("t.toml")}).code == 0);

  server.put("s.service", "[Service]\nExecStart=/bin/s\n[Install]\nWantedBy=multi-user.target\n");
  server.put("s.socket",
             "[Unit]\nConditionPathExists=/x\n[Socket]\nListenStream=/run/s\n"
             "ExecStartPre=/bin/p\nKillSignal=SIGINT\n");
  server.put("s.timer", "[Timer]\nOnBootSec=5\nOnStartupSec=6\nOnUnitActiveSec=7\n");
  const Outcome triggers = run({"s.socket", "s.timer"});
  CHECK(triggers.code == 1);
  CHECK_THAT(triggers.out, Contains("ExecStartPre (") && Contains("OnStartupSec (") &&
                               Contains("KillSignal (") && Contains("and boot does not"));
  const std::string text = read_file(server.config("s.toml"));
  CHECK_THAT(text, Contains("on_boot_ms = 5000") && !Contains("\nstop_signal") &&
                       !Contains("\npre_exec") && !Contains("\npath_exists"));

  server.put("e@.service", "[Service]\nExecStart=/bin/e %i\n");
  server.put("e.socket", "[Socket]\nListenStream=/run/e\nAccept=yes\n");
  CHECK_THAT(run({"e.socket"}).out, Contains("the instance of a connection is NAME@1"));
}

TEST_CASE("import names lines of a file of variables that differ here", "[import][ctl]") {
  Server server;
  server.put("env", "# c\nA=plain\nB='a b'\nC='s''t'\n");
  server.put("a.service", "[Service]\nExecStart=/bin/a\nEnvironmentFile=" + server.path("env"));
  const Outcome done = server.ctl({"import", "--dry-run", server.path("a.service")});
  CHECK(done.code == 0);
  CHECK_THAT(done.err, Contains("env:4 has quotes") && !Contains("env:3"));
}

TEST_CASE("import marks a file that is not written, and says if there is no place for one",
          "[import][ctl]") {
  Server server;
  server.put("a.service", "[Service]\nNice=1\n");
  const Outcome dry = server.ctl({"import", "--dry-run", server.path("a.service")});
  CHECK(dry.code == 1);
  CHECK_THAT(dry.out, Catch::StartsWith("# ./a.toml: refused, is not written\n"));
  server.put("b.service", "[Service]\nExecStart=/bin/b\n");
  const Outcome nowhere =
      server.ctl({"import", "--to", server.path("b.service/x"), server.path("b.service")});
  CHECK(nowhere.code == 2);
  CHECK_THAT(nowhere.out, Contains("not written: "));
}

}  // namespace
}  // namespace zinit::test::client_import_systemd
