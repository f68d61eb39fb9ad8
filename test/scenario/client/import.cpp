// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl import on the real binary: what it makes of files of other inits, that `check` accepts
// it and that a server runs it (zinitctl(1), doc/import.md).
#include "scenario/harness.hpp"
#include "scenario/harness/image.hpp"

namespace zinit::test::client_import {
namespace {

/// A case of import_KIND.golden. `@ NAME` begins the text of a file, `@ NAME -> TARGET` is a link,
/// and `$ WORDS` runs `zinitctl import --to made WORDS` among them. Then come its output, `= CODE`
/// if that is not 0, and the files that it has made, which check must accept. <dir> is the folder.
std::string imported(const std::string& input) {
  const TempDir dir;
  std::string all;
  std::ofstream file;
  for (const std::string& line :
       lines_of(std::regex_replace(input, std::regex("<dir>"), dir.path()))) {
    if (line.starts_with("$ ")) {
      file.close();
      Launch what{.argv = {"zinitctl", "import", "--to", "made"}, .directory = dir.path()};
      std::istringstream words(line.substr(2));
      for (std::string word; words >> word;) what.argv.push_back(word);
      const Outcome done = run(what);
      all += line + "\n" + done.out + done.err;
      if (done.code != 0) all += "= " + std::to_string(done.code) + "\n";
    } else if (line.starts_with("@ ")) {
      file.close();
      const auto end = line.find(" -> ");
      const std::filesystem::path path = dir / line.substr(2, end == line.npos ? end : end - 2);
      std::filesystem::create_directories(path.parent_path());
      if (end == line.npos)
        file.open(path);
      else
        std::filesystem::create_symlink(line.substr(end + 4), path);
    } else {
      file << line << "\n";
    }
  }
  for (const std::string& name : entries_of(dir / "made"))
    all += "@ " + name + "\n" + read_file(dir / "made/" + name);
  const Outcome check = run({.argv = {"zinitctl", "check", dir / "made"}});
  if (check.code != 0 && std::filesystem::exists(dir / "made")) all += check.out + check.err;
  // The length of the folder's name decides where arrays are broken.
  all = std::regex_replace(all, std::regex(",\n +\""), ", \"");
  return std::regex_replace(all, std::regex(dir.path()), "<dir>");
}

TEST_CASE("import keeps what settings of systemd mean, or says what it leaves", "[import][ctl]") {
  CHECK_GOLDEN_CASES("import_systemd", imported);
}

TEST_CASE("import of OpenRC, dinit and finit keeps what settings mean, or says what it leaves",
          "[import][ctl]") {
  for (const char* file : {"import_openrc", "import_dinit", "import_finit"})
    CHECK_GOLDEN_CASES(file, imported);
}

TEST_CASE("import of other kinds keeps what settings mean, or says what it leaves",
          "[import][ctl]") {
  for (const char* file : {"import_supervisord", "import_runit", "import_compose", "import_others"})
    CHECK_GOLDEN_CASES(file, imported);
}

TEST_CASE("a server runs what import has made of a unit, a program and a service directory",
          "[import][ctl]") {
  Server server;
  const auto import = [&](const std::string& file) {
    const Outcome done = server.ctl({"import", "--to", server.config(), server.path(file)});
    INFO(done.out << done.err);
    CHECK(done.code == 0);
  };
  const std::string pidfile = server.path("unit.pid");
  server.put("daemon",
             "#!/bin/sh\n(trap 'exit 0' TERM; trap 'echo again' HUP\necho \"$A $B\"\n"
             "while :; do sleep 100000 & wait $!; done) &\necho $! >\"$PIDFILE\"\n");
  chmod(server.path("daemon").c_str(), 0755);
  server.put("unit.service", "[Service]\nType=forking\nPIDFile=" + pidfile +
                                 "\nEnvironment=\"A=1 2\" PIDFILE=" + pidfile +
                                 "\nExecStart=" + server.path("daemon") +
                                 "\nExecReload=/bin/kill -HUP $MAINPID\n"
                                 "[Install]\nWantedBy=multi-user.target\n");
  server.put("supervisord.conf",
             "[program:web]\nprocess_name=%(program_name)s-%(process_num)d\nnumprocs=2\n"
             "command=/bin/sh -c \"echo $A %(process_num)d; exec sleep 100000\"\nstartsecs=0\n"
             "environment=A=\"1,2\",B=3 ; a comment\n[group:both]\nprograms=web\n");
  server.put("sv/more/run",
             "#!/bin/sh\nif true; then echo \"it runs in $(pwd)\"; fi\nexec sleep 100000\n");
  server.put("sv/ready/run", "#!/bin/sh\necho >&4\nexec sleep 100000\n");
  server.put("sv/ready/notification-fd", "4\n");
  for (const char* file : {"unit.service", "supervisord.conf", "sv"}) import(file);
  server.boot({"unit", "web-0", "web-1", "both", "more", "ready"});
  CHECK(server.ctl({"reload", "unit"}).code == 0);
  const auto logs = [&](const std::string& name, const std::string& text) {
    CHECK(eventually([&] { return server.ctl({"logs", name}).out == text; }));
  };
  logs("unit", "1 2 \nagain\n");
  logs("web-1", "1,2 1\n");
  logs("more", "it runs in " + server.path("sv/more") + "\n");
}

TEST_CASE("import says as JSON what it has written, for all to read", "[import][ctl]") {
  Server server;
  server.put("a.service", "[Service]\nExecStart=/bin/a\n");
  const auto import = [&] {
    return Json::parse(
        server.ctl({"import", "--to", server.config(), "--json", server.path("a.service")}).out);
  };
  const Json json = import().value();
  CHECK(json["files"][0]["written"] == true);
  CHECK(json["files"][0]["name"] == "a");
  CHECK(json["faults"].size() == 0);
  struct stat status {};
  REQUIRE(stat(server.config("a.toml").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0644);
  CHECK(import().value()["files"][0]["written"] == false);
  CHECK(server.ctl({"import", "--dry-run", "/"}).code == 2);  // whatever lies there
}

TEST_CASE("import refuses what is no file of another init, and shows it escaped", "[import][ctl]") {
  Server server;
  server.put("bin.service",
             "\x7f"
             "ELF\0\1\2"s);
  server.put("big.service", std::string((std::size_t{1} << 20) + 1, '#'));
  server.put("x\033[31m.conf", "nothing\n");
  server.put("esc.service", "[Service]\nExecStart=/bin/a\nFoo\033[31m=\302\205\n");
  mkfifo(server.path("fifo.service").c_str(), 0600);
  for (const auto& [file, words] :
       std::vector<std::pair<std::string, std::string>>{{"bin.service", "is no text"},
                                                        {"big.service", "big.service"},
                                                        {"fifo.service", "fifo.service"},
                                                        {"x\033[31m.conf", "its kind is not known"},
                                                        {"esc.service", "is no text"}}) {
    const Outcome wrong = server.ctl({"import", "--to", server.config(), server.path(file)});
    INFO(file);
    CHECK(wrong.code == 2);
    CHECK_THAT(wrong.err, Contains(words) && !Contains("\033"));
  }
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
                              EndsWith("code 2\nfill\n"));
}

}  // namespace
}  // namespace zinit::test::client_import
