// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl check on the real binary: every fault in one run, in the form for editors and as JSON
// (control.md, "zinitctl"; zinit.toml(5), "What a wrong file does"). And rehearse and check --deep:
// what would happen, on a simulation.
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/wrong_files.hpp"

namespace zinit::test::client_check {
namespace {

/// The lines about a file.
Texts lines_about(const Texts& lines, const std::string& file) {
  Texts found;
  for (const std::string& line : lines)
    if (line.starts_with(file + ":")) found.push_back(line);
  return found;
}

/// zinitctl check --calendar; with `zone`, in a system with this file as its time zone.
Outcome check_calendar(const std::string& text, const std::string& zone = "") {
  Launch what{.argv = {"zinitctl", "--socket", "/nonexistent", "check", "--calendar", text}};
  if (!zone.empty())
    what.in_child = [zone] {
      have_own_mounts();
      if (mount(zone.c_str(), "/etc/localtime", nullptr, MS_BIND, nullptr) != 0) _exit(125);
    };
  return run(what);
}

/// "2100-01-01T01:00:00+01:00" as seconds since 1970.
std::int64_t moment_of(const std::string& text) {
  std::tm t{};
  int hours = 0;
  int minutes = 0;
  char sign = 0;
  INFO(text);
  REQUIRE(std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%c%2d:%2d", &t.tm_year, &t.tm_mon,
                      &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec, &sign, &hours, &minutes) == 9);
  REQUIRE((sign == '+' || sign == '-'));
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  const std::int64_t offset = (hours * 60 + minutes) * 60;
  return ::timegm(&t) + (sign == '-' ? offset : -offset);
}

TEST_CASE("dialogs of check, of all files, some, and those of an image", "[check][ctl][verbs]") {
  CHECK_DIALOGS("check");
}

TEST_CASE("check tells all that a boot would, of every wrong file at once", "[check][ctl]") {
  Server zinit;
  for (const WrongFile& wrong : wrong_files()) zinit.file(wrong.file, wrong.text);
  zinit.add("good");
  const Outcome check = zinit.ctl({"check", zinit.config()});
  CHECK(check.code == 1);
  CHECK(check.err == "");
  Texts lines = lines_of(check.out);
  lines.pop_back();  // the count
  for (const WrongFile& wrong : wrong_files()) {
    INFO(wrong.file << ":\n" << wrong.text.substr(0, 500));
    const Texts about = lines_about(lines, zinit.config(wrong.file));
    REQUIRE_FALSE(about.empty());
    CHECK_THAT(about[0], Catch::StartsWith(zinit.config(wrong.file) + ":" + wrong.place) &&
                             Contains(": error: ") && Contains(wrong.says));
  }
  CHECK(lines_about(lines, zinit.config("good.toml")).empty());

  const Outcome json = zinit.ctl({"check", "--json", zinit.config()});
  CHECK(json.code == 1);
  const Json document = Json::parse(json.out).value();
  CHECK(document["ok"] == false);
  CHECK(document["files"] == static_cast<int>(wrong_files().size() + 1));
  REQUIRE(document["faults"].size() == lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json fault = document["faults"].elements()[i];
    CHECK_THAT(lines[i], Catch::StartsWith(fault["file"].text() + ":"));
    CHECK(fault["line"].number() >= 1);
    CHECK(fault["column"].number() >= 1);
  }
}

TEST_CASE("check of a path has the defaults that check of all has", "[check][ctl]") {
  const zinit::test::TempDir home;
  const uid_t user = geteuid() == 0 ? 64123 : geteuid();
  REQUIRE(chmod(home.path().c_str(), 0755) == 0);
  std::filesystem::create_directories(home / "zinit/services");
  home.write("zinit/zinit.toml", "[defaults]\nrestart_delay_ms = 500\n");
  const std::string file = home.write(
      "zinit/services/a.toml", "[service]\nexec = 'a'\n[lifecycle]\nrestart_delay_max_ms = 400\n");
  const auto check = [&](Texts argv) {
    return run({.argv = std::move(argv), .env = {"XDG_CONFIG_HOME=" + home.path()}, .uid = user});
  };
  const Outcome all = check({"zinitctl", "check"});
  CHECK_THAT(all.out, Contains(file + ":4:24: error: ") && Contains("must be at least 500"));
  const Texts of_all = lines_of(all.out),
              of_file = lines_of(check({"zinitctl", "check", file}).out);
  CHECK(Texts(of_file.begin(), of_file.end() - 1) == Texts(of_all.begin(), of_all.end() - 1));
}

TEST_CASE("what is hostile is checked without a hang", "[check][ctl]") {
  Server zinit;
  REQUIRE(mkfifo(zinit.config("fifo.toml").c_str(), 0644) == 0);
  std::filesystem::create_directory(zinit.config("folder.toml"));
  std::filesystem::create_symlink("/dev/zero", zinit.config("endless.toml"));
  std::filesystem::create_symlink("loop.toml", zinit.config("loop.toml"));
  std::filesystem::create_directory(zinit.config("good.toml.d"));
  REQUIRE(mkfifo(zinit.config("good.toml.d/fifo.toml").c_str(), 0644) == 0);
  zinit.file("huge.toml", std::string((1 << 20) + 1, '#'));
  zinit.file("deep.toml", "a" + std::string(300000, '.') + "b = 1");
  zinit.add("good");
  const Outcome check = zinit.ctl({"check", zinit.config()});
  CHECK(check.code == 1);
  const Texts lines = lines_of(check.out);
  for (const char* file : {"fifo.toml", "folder.toml", "endless.toml", "loop.toml", "huge.toml",
                           "deep.toml", "good.toml.d/fifo.toml"}) {
    INFO(file);
    CHECK(lines_about(lines, zinit.config(file)).size() == 1);
  }
  CHECK(lines_about(lines, zinit.config("good.toml")).empty());
  for (const char* file : {"fifo.toml", "endless.toml"}) {
    CHECK(zinit.ctl({"check", zinit.config(file)}).code == 1);  // named explicitly
  }
}

TEST_CASE("files that come and go while they are read stop nobody", "[threads][ctl]") {
  Server zinit;
  zinit.add("good");
  zinit.boot({"good"});
  const pid_t pid = zinit.pid_of("good");
  const std::jthread changing([folder = zinit.config()](const std::stop_token& stop) {
    const auto name = [&](int number) { return folder + "/x" + std::to_string(number) + ".toml"; };
    for (int i = 0; !stop.stop_requested(); i = (i + 1) % 20) {
      if (std::FILE* file = std::fopen(name(i).c_str(), "w")) {
        std::fputs("[service]\nexec = 'sleep 100000'\nstatus = 'stop'\n", file);
        std::fclose(file);
      }
      ::unlink(name((i + 10) % 20).c_str());
    }
  });
  for (int i = 0; i < 10; ++i) {
    CHECK(zinit.reload().is_object());
    CHECK(zinit.ctl({"check", "--json", zinit.config()}).err == "");
  }
  CHECK(zinit.state("good") == "running");
  CHECK(zinit.pid_of("good") == pid);
}

TEST_CASE("the examples of etc are without a fault", "[check][ctl]") {
  const std::string source = "etc/sample/examples";
  if (access(source.c_str(), F_OK) != 0) return skip("does not run in the repository's root");
  // A copy, because the checkout may belong to another user, which check reports as a fault.
  const TempDir copy;
  const std::string examples = copy.path() + "/examples";
  std::filesystem::copy(source, examples, std::filesystem::copy_options::recursive);
  // Additional daemons of a machine with disks, at their places.
  for (const char* daemon : {"agetty@", "cron", "dbus", "rsyslog"})
    std::filesystem::copy(source + "/debian/" + daemon + ".toml",
                          examples + "/debian-disk/services");
  std::filesystem::copy(examples + "/debian-disk/optional", examples + "/debian-disk/services");
  for (const char* folder : {"/idioms", "/idioms/user", "/debian", "/debian-disk", "/tour"}) {
    const Outcome check = run({.argv = {"zinitctl", "check", examples + folder}});
    INFO(folder << ": " << check.out << check.err);
    CHECK(check.code == 0);
    CHECK(check.err == "");
    // This machine lacks some of their programs and users, and databases have more time than a
    // shutdown gives unless zinit.toml sets a longer one.
    for (const std::string& line : lines_of(check.out)) {
      CHECK_THAT(line, Contains("no faults") || Contains(" 0 errors, ") ||
                           Contains(" does not exist") || Contains(": cannot find ") ||
                           Contains(": no program ") || Contains(" has no controller ") ||
                           Contains(".stop_timeout_ms: is longer than shutdown_timeout_ms"));
    }
  }
}

TEST_CASE("service files that others than root can write to are told", "[root][ctl]") {
  if (geteuid() != 0) return skip("needs root");
  Server zinit;
  for (const char* name : {"theirs", "open", "good"}) zinit.add(name);
  std::filesystem::create_directory(zinit.config("good.toml.d"));
  zinit.file("good.toml.d/a.toml", "[service]\numask = '022'\n");
  REQUIRE(chown(zinit.config("theirs.toml").c_str(), 54321, 0) == 0);
  REQUIRE(chmod(zinit.config("open.toml").c_str(), 0666) == 0);
  REQUIRE(chown(zinit.config("good.toml.d").c_str(), 54321, 0) == 0);
  REQUIRE(chmod(zinit.config("good.toml.d/a.toml").c_str(), 0666) == 0);
  REQUIRE(chmod(zinit.config().c_str(), 0777) == 0);
  zinit.boot({"theirs", "open", "good"});
  const std::string end = ": a user who can write to it decides what root runs";
  const std::string theirs = "belongs to uid 54321" + end;
  const std::string open = "can be written to by others than its owner, uid 0" + end;
  CHECK(zinit.status("theirs")["warnings"].mentions(theirs));
  const Outcome check = zinit.ctl({"check", zinit.config()});
  CHECK(check.code == 0);
  for (const auto& [file, says] : {std::pair{"/theirs.toml", theirs},
                                   {"/open.toml", open},
                                   {"/good.toml.d", theirs},
                                   {"/good.toml.d/a.toml", open},
                                   {"", open}}) {
    CHECK_THAT(check.out, Contains(zinit.config() + file + ":1:1: warning: " + says));
  }
  CHECK(lines_about(lines_of(check.out), zinit.config("good.toml")).empty());
}

TEST_CASE("check --calendar shows the next ten times, or those that are left", "[check][ctl]") {
  const std::int64_t before = std::time(nullptr);
  const Outcome outcome = check_calendar("*:*:0/20 UTC");
  const std::int64_t after = std::time(nullptr);
  CHECK(outcome.code == 0);
  CHECK(outcome.err == "");
  const Texts lines = lines_of(outcome.out);
  REQUIRE(lines.size() == 10);
  const std::int64_t first = moment_of(lines[0]);
  CHECK(first > before);
  CHECK(first <= after + 20);
  for (std::size_t i = 0; i < lines.size(); ++i)
    CHECK(moment_of(lines[i]) == first - first % 20 + static_cast<std::int64_t>(i) * 20);

  const Texts last = lines_of(check_calendar("2198..2199-1-1 UTC").out);
  REQUIRE(last.size() == 2);
  CHECK(moment_of(last[0]) == 7'195'046'400);
}

TEST_CASE("check --calendar follows the machine's zone, and says where its file is damaged",
          "[root][ctl]") {
  const std::string zone = "/usr/share/zoneinfo/Australia/Lord_Howe";
  if (::access("/etc/localtime", F_OK) != 0) return skip("needs an /etc/localtime");
  if (::access(zone.c_str(), R_OK) != 0) return skip("needs the zones of tzdata");
  CHECK(check_calendar("2198-01,07-01 12:00", zone).out ==
        "2198-01-01T12:00:00+11:00\n2198-07-01T12:00:00+10:30\n");
  CHECK(check_calendar("2198-07-01 0:0:0.5 UTC", zone).out == "2198-07-01T10:30:00.500000+10:30\n");
  const TempDir dir;
  const Outcome damaged = check_calendar("daily", dir.write("zone", "no zone"));
  CHECK(damaged.code == 1);
  CHECK(damaged.out == "");
  CHECK_THAT(damaged.err, Contains("/etc/localtime: no sound time zone"));
}

TEST_CASE("dialogs of rehearsals", "[check][rehearse]") { CHECK_DIALOGS("rehearse"); }

}  // namespace
}  // namespace zinit::test::client_check
