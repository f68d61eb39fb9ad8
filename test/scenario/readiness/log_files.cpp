// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Log files ([logging] file): no line lost or doubled, rotation, files that cannot be written.
#include <sys/uio.h>

#include "scenario/harness.hpp"
#include "scenario/harness/crashing.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "support/hanging_file.hpp"

namespace zinit::test::readiness_log_files {
namespace {

std::string logging(const std::string& file, const std::string& more = "") {
  return "[logging]\nfile = " + toml_string(file) + "\n" + more;
}

/// The lines of a log, oldest first: from its renamed files, then from the current one.
Texts logged(const std::string& path, int keep = 50) {
  std::string text;
  for (int number = keep; number > 0; --number) {
    const std::string file = path + "." + std::to_string(number);
    if (access(file.c_str(), F_OK) == 0) text += read_file(file);
  }
  if (access(path.c_str(), F_OK) == 0) text += read_file(path);
  return lines_of(text);
}

/// 1, 2, 3, ...: each once, in order.
Texts numbers(int count) {
  Texts lines;
  for (int i = 1; i <= count; ++i) lines.push_back(std::to_string(i));
  return lines;
}

std::int64_t dropped(Server& zinit, const std::string& name) {
  const Json status = zinit.status(name);
  CHECK(status["log_dropped"] == status["log_dropped_by"]["file"].number());
  return status["log_dropped"].number();
}

TEST_CASE("lines of ten services go through rotated files, each once and in order",
          "[check][threads][logs]") {
  Server zinit;
  constexpr int kServices = 10, kLines = 100000;
  for (int i = 0; i < kServices; ++i) {
    const std::string name = "n" + std::to_string(i);
    zinit.add(name, {.exec = "seq " + std::to_string(kLines),
                     .service = "oneshot = true",
                     .more = logging(zinit.path(name + ".log"),
                                     "file_max_bytes = 50000\nfile_keep = 50\n")});
  }
  zinit.boot();
  for (int i = 0; i < kServices; ++i) {
    const std::string name = "n" + std::to_string(i);
    INFO(name);
    zinit.await_state(name, "exited");
    CHECK(eventually([&] {
      const auto lines = logged(zinit.path(name + ".log"));
      return !lines.empty() && lines.back() == std::to_string(kLines);
    }));
    CHECK((logged(zinit.path(name + ".log")) == numbers(kLines)));
    CHECK(dropped(zinit, name) == 0);
    struct stat status {};
    REQUIRE(stat(zinit.path(name + ".log.1").c_str(), &status) == 0);
    CHECK(status.st_size <= 50000);
    CHECK(status.st_size > 49980);
    CHECK((status.st_mode & 07777) == 0640);
  }
}

TEST_CASE("only file_keep renamed files are kept, and a log that cannot be rotated fills no disk",
          "[check][logs]") {
  Server zinit;
  const std::string file = zinit.path("a.log"), blocked = zinit.path("b.log");
  zinit.add("a", {.exec = "seq 1000",
                  .service = "oneshot = true",
                  .more = logging(file, "file_max_bytes = 100\nfile_keep = 2\n")});
  zinit.add("b", {.exec = "mkdir -p " + blocked + ".1/x; seq 1000; exec sleep 100000",
                  .more = logging(blocked, "file_max_bytes = 100\nfile_keep = 1\n")});
  const std::string shown = zinit.path("c.log");
  zinit.add("c", {.exec = "mkdir -p " + shown + ".1/x; seq 100; exec sleep 100000",
                  .more = logging(shown, "file_max_bytes = 100\nfile_keep = 1\nconsole = true\n")});
  zinit.boot();
  CHECK(eventually([&] {
    const auto lines = logged(file);
    return !lines.empty() && lines.back() == "1000";
  }));
  CHECK(read_file(file + ".1").size() <= 100);
  CHECK(access((file + ".2").c_str(), F_OK) == 0);
  CHECK(access((file + ".3").c_str(), F_OK) != 0);
  const auto lines = logged(file), all = numbers(1000);
  REQUIRE(lines.size() < all.size());
  CHECK(std::equal(lines.rbegin(), lines.rend(), all.rbegin()));

  CHECK(eventually(
      [&] { return dropped(zinit, "b") == 1000 - std::int64_t(logged(blocked, 0).size()); }));
  CHECK(read_file(blocked).size() <= 100);
  CHECK(read_file(blocked).size() > 90);
  zinit.await_message("log file " + blocked + ": cannot rename " + blocked + ": Is a directory");
  CHECK(eventually([&] { return dropped(zinit, "c") > 0; }));
  CHECK_THAT(zinit.ctl({"status", "c"}).out, Contains("to file") && !Contains("to console"));
}

TEST_CASE("what a service wrote before it was killed is in its file", "[logs]") {
  Server zinit;
  for (const char* name : {"a", "b"}) {
    zinit.add(name, {.exec = "i=0; while :; do i=$((i+1)); echo $i; echo $i > $D/said.$NAME; done",
                     .service = "env = { NAME = '" + std::string(name) + "' }",
                     .lifecycle = "restart_delay_ms = 1\nrestart_delay_max_ms = 1",
                     .more = logging(zinit.path(name + std::string(".log")),
                                     "file_max_bytes = 1000\nfile_keep = 1000\n")});
  }
  zinit.boot();
  for (int round = 1; round <= 5; ++round) {
    for (const std::string name : {"a", "b"}) {
      INFO(name << ", round " << round);
      const pid_t pid = zinit.await_program(name);
      const auto await_words = [said = zinit.path("said." + name)] {
        unlink(said.c_str());
        REQUIRE(eventually([&] { return lines_of(read_file(said)).size() == 1; }));
      };
      await_words();
      kill(pid, SIGKILL);
      zinit.await_new_pid(name, pid);
      await_words();
      // Read again when the last line is there, because no file is renamed any more then.
      zinit.stop(name);
      const std::string last = zinit.result("logs.tail", named(name)).texts().back();
      Texts lines;
      REQUIRE(eventually([&] {
        const auto before = std::exchange(lines, logged(zinit.path(name + ".log"), 1000));
        return lines == before && !lines.empty() && lines.back() == last;
      }));
      CHECK(std::count(lines.begin(), lines.end(), "1") == 2 * round);
      zinit.begin_start(name);
      // Each process begins with 1 and continues without a gap.
      int next = 1;
      for (const std::string& line : lines) {
        if (line == "1") next = 1;
        REQUIRE(line == std::to_string(next++));
      }
    }
  }
}

TEST_CASE("two services that name one file do not tear each other's lines", "[threads][logs]") {
  Server zinit;
  const std::string file = zinit.path("both.log");
  for (const char* name : {"a", "b"}) {
    zinit.add(name, {.exec = "seq -f " + std::string(name) + "%.0f 20000",
                     .service = "oneshot = true",
                     .more = logging(file, "file_max_bytes = 20000\nfile_keep = 50\n")});
  }
  // Longer than a piece, and therefore read in several pieces.
  zinit.add("long", {.exec = "head -c 50000 /dev/zero | tr '\\000' x; echo",
                     .service = "oneshot = true",
                     .more = logging(file, "file_max_bytes = 20000\nfile_keep = 50\n")});
  zinit.boot();
  CHECK(eventually([&] { return logged(file).size() >= 40001; }));
  Texts a, b;
  std::size_t x = 0;
  for (const std::string& line : logged(file)) {
    if (line[0] == 'x')
      x += line.size();
    else
      (line[0] == 'a' ? a : b).push_back(line.substr(1));
  }
  CHECK((a == numbers(20000)));
  CHECK((b == numbers(20000)));
  CHECK(x == 50000);
}

TEST_CASE("a log file that was renamed is opened again at SIGHUP", "[check][logs]") {
  Server zinit;
  const std::string file = zinit.path("a.log");
  zinit.add("a", {.exec = "i=0; while :; do i=$((i+1)); echo $i; while ! [ -e $D/go$i ]; do "
                          "sleep 0.01; done; done",
                  .more = logging(file)});
  zinit.boot();
  REQUIRE(eventually([&] { return logged(file).size() == 1; }));
  REQUIRE(rename(file.c_str(), (file + ".old").c_str()) == 0);
  zinit.mark("go1");
  REQUIRE(eventually([&] { return read_file(file + ".old") == "1\n2\n"; }));
  zinit.signal(SIGHUP);
  REQUIRE(eventually([&] { return access(file.c_str(), F_OK) == 0; }));
  zinit.mark("go2");
  CHECK(eventually([&] { return read_file(file) == "3\n"; }));
  REQUIRE(unlink(file.c_str()) == 0);
  zinit.reload();
  REQUIRE(eventually([&] { return access(file.c_str(), F_OK) == 0; }));
  zinit.mark("go3");
  CHECK(eventually([&] { return read_file(file) == "4\n"; }));
  CHECK(read_file(file + ".old") == "1\n2\n");
}

TEST_CASE("a reload is answered when log files have been opened again, or after a while",
          "[logs][reload]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  const std::string file = zinit.path("a.log");
  zinit.add("a", {.exec = "echo 1; exec sleep 100000", .more = logging(file)});
  zinit.launch();
  injector.attach();
  REQUIRE(eventually([&] { return logged(file).size() == 1; }));
  REQUIRE(rename(file.c_str(), (file + ".old").c_str()) == 0);
  injector.hold("a.log");
  Connection client = zinit.connect();
  client.send(R"({"jsonrpc":"2.0","id":"reload","method":"service.reload"})"
              "\n"
              R"({"jsonrpc":"2.0","id":"dry","method":"service.reload","params":[null,true]})"
              "\n");
  // The dry run comes after the reload, and does not wait.
  CHECK(client.read()["id"] == "dry");
  injector.release();
  CHECK(client.read()["id"] == "reload");
  CHECK(access(file.c_str(), F_OK) == 0);

  injector.hold("a.log");
  CHECK(zinit.reload()["unchanged"].size() == 1);
  CHECK(injector.held() == 1);
  injector.release();
}

TEST_CASE("log files that cannot be written cost their lines and nothing else", "[check][logs]") {
  Server zinit;
  mkdir(zinit.path("directory").c_str(), 0755);
  REQUIRE(mkfifo(zinit.path("fifo").c_str(), 0600) == 0);
  REQUIRE(symlink("elsewhere", zinit.path("link").c_str()) == 0);
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"full", "/dev/full"},
      {"directory", zinit.path("directory")},
      {"missing", zinit.path("missing/a.log")},
      {"fifo", zinit.path("fifo")},
      {"link", zinit.path("link")}};
  for (const auto& [name, file] : bad) {
    zinit.add(name, {.exec = "seq 500; while ! [ -e $D/go ]; do sleep 0.01; done; echo after; "
                             "exec sleep 100000",
                     .more = logging(file)});
  }
  const std::string good = zinit.path("good.log");
  zinit.add("good", {.exec = "seq 100000", .service = "oneshot = true", .more = logging(good)});
  zinit.boot();
  CHECK(eventually([&] { return logged(good).size() == 100000; }));
  for (const auto& [name, file] : bad) {
    INFO(name);
    zinit.await_state(name, "running");
    CHECK(eventually([&, &name = name] { return dropped(zinit, name) == 500; }));
    zinit.await_message("log file " + file + ": cannot ");
  }
  zinit.await_message("is a symbolic link");
  // Some 500 lines of each were lost, and zinit reports it now and then, not each time.
  const auto said = lines_of(zinit.messages());
  CHECK(std::count_if(said.begin(), said.end(), [](const std::string& line) {
          return line.find("log file ") != std::string::npos;
        }) < 30);
  CHECK(access(zinit.path("elsewhere").c_str(), F_OK) != 0);

  mkdir(zinit.path("missing").c_str(), 0755);
  const int reader = open(zinit.path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  zinit.mark("go");
  const std::string late = zinit.path("missing/a.log");
  CHECK(eventually([&] { return logged(late) == Texts{"after"}; }));
  char text[16] = "";
  CHECK(eventually([&] { return read(reader, text, sizeof text) == 6; }));
  CHECK(std::string(text) == "after\n");
  close(reader);
  CHECK(dropped(zinit, "missing") == 500);
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("no log is written where a service's user has put a link", "[check][root][logs]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  const std::string folder = zinit.path("theirs");
  for (const std::string& made : {folder, folder + "/logs", zinit.path("secret")})
    REQUIRE(mkdir(made.c_str(), 0755) == 0);
  REQUIRE(symlink("theirs", zinit.path("ours").c_str()) == 0);
  write_file(zinit.path("secret/kept"), "secret\n");
  REQUIRE(link(zinit.path("secret/kept").c_str(), (folder + "/hard.log").c_str()) == 0);
  REQUIRE(symlink("../secret", (folder + "/soft").c_str()) == 0);
  for (const std::string& given : {folder, folder + "/logs"})
    REQUIRE(chown(given.c_str(), 64123, 64123) == 0);
  for (const char* name : {"soft/kept", "soft/new", "hard.log", "logs/plain.log"}) {
    const std::string service = std::filesystem::path(name).filename().stem();
    zinit.add(service, {.exec = "echo line; exec sleep 100000",
                        .service = "user = 64123",
                        .more = logging(zinit.path("ours/") + name)});
  }
  zinit.boot();
  for (const char* name : {"kept", "new", "hard"})
    CHECK(eventually([&] { return dropped(zinit, name) == 1; }));
  zinit.await_message("hard.log: it has several names (hard links), and its folder " + folder +
                      " belongs to uid 64123");
  zinit.await_message("/soft is a symbolic link, and its folder " + folder +
                      " belongs to uid 64123");
  CHECK(read_file(zinit.path("secret/kept")) == "secret\n");
  CHECK(access(zinit.path("secret/new").c_str(), F_OK) != 0);
  CHECK(eventually([&] { return read_file(folder + "/logs/plain.log") == "line\n"; }));
}

/// zinit and its services have a disk of 64 KiB at /mnt.
Server::Options with_small_disk() {
  Server::Options options;
  options.in_child = [] {
    have_own_mounts();
    if (mount("none", "/mnt", "tmpfs", 0, "size=64k") != 0) _exit(125);
  };
  return options;
}

/// The lines of its file a.log, which the service "look" copies to "now"; one empty one: none.
Texts looked(Server& zinit) {
  zinit.start("look");
  auto lines = lines_of(read_file(zinit.path("now")));
  return lines.empty() ? Texts{""} : lines;
}

TEST_CASE("a log file on a full disk loses lines, counts them, and goes on when there is room",
          "[root][logs]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit(with_small_disk());
  zinit.add("a", {.exec = "seq 100000; while ! [ -e $D/go ]; do sleep 0.01; done; rm /mnt/fill; "
                          "cp /mnt/a.log $D/before; echo after; exec sleep 100000",
                  .service = "pre_exec = 'head -c 40000 /dev/zero > /mnt/fill'",
                  .more = logging("/mnt/a.log")});
  zinit.add("look",
            {.exec = "cat /mnt/a.log > $D/now", .service = "oneshot = true\nstatus = 'stop'"});
  zinit.boot();
  std::int64_t lost = 0;
  REQUIRE(eventually([&] { return (lost = dropped(zinit, "a")) > 90000; }));
  zinit.mark("go");
  CHECK(eventually([&] { return looked(zinit).back() == "after"; }));
  // Each line that was written is there once and in order; each lost line was counted.
  const auto lines = looked(zinit);
  const auto before = lines_of(read_file(zinit.path("before")));
  CHECK(before.size() > 1000);
  CHECK((Texts(before.begin(), before.end() - 1) == numbers(static_cast<int>(before.size() - 1))));
  CHECK(lines.size() >= before.size());
}

TEST_CASE("a removed log file that fills its disk is given up at a reload or with its service",
          "[root][logs]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit(with_small_disk());
  zinit.add("a", {.exec = "rm -f /mnt/a.log; seq 100000; while ! [ -e $D/go ]; do sleep 0.01; "
                          "done; echo after; while ! [ -e $D/more ]; do sleep 0.01; done; "
                          "seq 100000; exec sleep 100000",
                  .more = logging("/mnt/a.log", "file_max_bytes = 0\n")});
  const auto oneshot = [&](const char* name, const char* exec) {
    zinit.add(name, {.exec = exec, .service = "oneshot = true\nstatus = 'stop'"});
  };
  oneshot("remove", "rm /mnt/a.log");
  oneshot("look", "cat /mnt/a.log > $D/now");
  oneshot("fill", "seq 100000 >> /mnt/a.log || true");
  oneshot("unmount", "umount /mnt");
  zinit.boot();
  // The file ends within a line.
  REQUIRE(eventually([&] { return dropped(zinit, "a") > 80000; }));
  zinit.start("remove");
  (void)zinit.reload();
  zinit.mark("go");
  CHECK(eventually([&] { return looked(zinit).back() == "after"; }));
  zinit.start("fill");
  const auto lost = dropped(zinit, "a");
  zinit.mark("more");
  REQUIRE(eventually([&] { return dropped(zinit, "a") > lost + 80000; }));
  zinit.remove("a");
  (void)zinit.reload();
  CHECK(eventually([&] {
    zinit.start("unmount");
    return zinit.state("unmount") == "exited";
  }));
}

TEST_CASE("what waits is written when a service goes, gets another file, or zinit ends",
          "[threads][logs]") {
  Server zinit;
  const auto file = [&](const std::string& name) { return zinit.path(name + ".log"); };
  const Toml gone{.exec = "seq 50000", .service = "oneshot = true", .more = logging(file("gone"))};
  zinit.add("gone", gone);
  zinit.add("moved", {.exec = "seq 50000; while ! [ -e $D/go ]; do sleep 0.01; done; seq 5; "
                              "exec sleep 100000",
                      .more = logging(file("old"))});
  zinit.boot();
  zinit.await_state("gone", "exited");
  zinit.remove("gone");
  zinit.add("moved", {.exec = "seq 50000; while ! [ -e $D/go ]; do sleep 0.01; done; seq 5; "
                              "exec sleep 100000",
                      .more = logging(file("new"))});
  zinit.reload();
  zinit.mark("go");
  CHECK(eventually([&] { return logged(file("gone")).size() == 50000; }));
  CHECK(
      eventually([&] { return logged(file("old")).size() + logged(file("new")).size() == 50005; }));
  auto all = logged(file("old"));
  const auto rest = logged(file("new"));
  all.insert(all.end(), rest.begin(), rest.end());
  auto expected = numbers(50000);
  for (const std::string& line : numbers(5)) expected.push_back(line);
  CHECK((all == expected));
  CHECK((logged(file("gone")) == numbers(50000)));

  zinit.add("last", {.exec = "seq 50000; exec sleep 100000", .more = logging(file("last"))});
  zinit.reload();
  zinit.await_state("last", "running");
  REQUIRE(eventually([&] { return zinit.result("logs.tail", named("last")).mentions("50000"); }));
  CHECK(zinit.shut_down() == 0);
  CHECK((logged(file("last")) == numbers(50000)));
}

TEST_CASE("a log file that does not answer makes a re-execution refuse, and is named",
          "[check][root][logs][reexec]") {
  HangingFile hanging;
  if (!hanging.works()) return skip("needs /dev/fuse, and the right to mount");
  Server zinit;
  zinit.add("a", {.exec = "echo a line; exec sleep 100000", .more = logging(hanging.path())});
  zinit.add("b");
  zinit.boot({"a", "b"});
  REQUIRE(eventually([&] { return hanging.asked() > 0; }));
  let_pass(std::chrono::steady_clock::now() + 1100ms);  // FileWriters::kHangs
  // A new process has a copy of no descriptor whose close would hang.
  CHECK(zinit.ctl({"restart", "b"}).code == 0);
  const pid_t b = zinit.pid_of("b");
  const Outcome refused = zinit.ctl({"reexec"});
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("the log file " + hanging.path() + " does not answer"));
  CHECK(zinit.pid_of("b") == b);
  hanging.end();
  zinit.reexecute();
  CHECK(zinit.pid_of("b") == b);
}

TEST_CASE("a crash while a log file is written loses no line and doubles none",
          "[check][killpoints][logs]") {
  for (const std::string point :
       {"read.sunk", "read.sunk:3", "read.stored", "file.writes", "file.written"}) {
    INFO(point);
    CrashingLog one(point);
    const std::string path = one.zinit().path("a.log");
    one.launch("seq 5000; exec sleep 100000", logging(path), "5000\n");
    CHECK(eventually([&] { return logged(path).size() >= 5000; }));
    one.check_crashed();
    CHECK(one.zinit().shut_down() == 0);
    CHECK((logged(path) == numbers(5000)));
  }
}

TEST_CASE("a re-execution in the middle of a line, or of an interval of rate_lines, is in no log",
          "[check][logs][reexec]") {
  Server zinit;
  const std::string path = zinit.path("a.log");
  const std::string wait = "; until [ -e $D/go ]; do sleep 0.01; done; ";
  zinit.add("a", {.exec = "head -c 40000 /dev/zero | tr '\\0' x" + wait +
                          "echo other >&2; until [ -e $D/end ]; do sleep 0.01; done; "
                          "echo more >&2; until [ -e $D/last ]; do sleep 0.01; done; echo end; "
                          "exec sleep 100000",
                  .more = logging(path)});
  zinit.add("b", {.exec = "seq 50" + wait + "seq 50; echo said >> $T; exec sleep 100000",
                  .more = "[logging]\nrate_lines = 10\nrate_interval_ms = 3600000\n"});
  zinit.boot({"a", "b"});
  std::string text(32768, 'x');  // two pieces; the rest has no end yet
  CHECK(eventually([&] { return access(path.c_str(), F_OK) == 0 && read_file(path) == text; }));
  CHECK(eventually([&] { return zinit.ctl({"logs", "b"}).out.ends_with("\n10\n"); }));
  zinit.reexecute();
  zinit.mark("go");
  text += "\nother\n";
  CHECK(eventually([&] { return read_file(path) == text; }));
  zinit.reexecute();
  zinit.mark("end");
  text += "more\n";
  CHECK(eventually([&] { return read_file(path) == text; }));
  zinit.mark("last");
  text += std::string(40000 - 32768, 'x') + "end\n";
  CHECK(eventually([&] { return read_file(path) == text; }));
  zinit.await_trace("said");
  CHECK(zinit.ctl({"stop", "b"}).code == 0);
  CHECK_THAT(zinit.ctl({"logs", "b"}).out,
             EndsWith("\n10\nleft out 90 lines: more than rate_lines = 10 in 3600000 ms\n"));
}

TEST_CASE("a crash while a FIFO is written loses no line", "[check][killpoints][logs]") {
  for (const std::string point : {"read.sunk", "file.writes", "file.written"}) {
    INFO(point);
    CrashingLog one(point);
    const std::string path = one.zinit().path("fifo");
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    one.launch("seq 5000; exec sleep 100000", logging(path), "5000\n");
    std::string text;
    CHECK(eventually([&] {
      char buffer[65536];
      const ssize_t got = read(reader, buffer, sizeof buffer);
      if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
      const bool again = point != "file.written" || text.find("\n1\n") != text.npos;
      return again && text.ends_with("\n5000\n");
    }));
    one.check_crashed();
    close(reader);
    auto lines = lines_of(text);
    if (point == "file.written") {  // these lines come twice
      const auto second = std::find(lines.begin() + 1, lines.end(), "1");
      REQUIRE(second != lines.end());
      lines.erase(lines.begin(), second);
      CHECK((lines == numbers(5000)));
    }
    std::vector<int> came;
    for (const std::string& line : lines) came.push_back(std::atoi(line.c_str()));
    CHECK(came_whole(came, 5000));
  }
}

}  // namespace
}  // namespace zinit::test::readiness_log_files
