// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [timer] of services: starts at their times, and what `timers` and `why` report about them.
#include "base/time.hpp"
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness/peer.hpp"

namespace zinit::test::activation_timers {
namespace {

constexpr std::int64_t kSecond = 1000000;

/// A oneshot that writes a line when it runs, with this [timer].
Toml timed(const std::string& timer, const std::string& exec = "echo ran >>$T") {
  return {.exec = exec, .service = "oneshot = true", .more = "[timer]\n" + timer + "\n"};
}

Json timer_of(Server& zinit, const std::string& name) {
  for (const Json& timer : zinit.result("system.timers").elements())
    if (timer["service"] == name) return timer;
  FAIL("no timer of " << name);
  return {};
}

std::string utc_text(time_t at) {
  char text[40];
  struct tm parts {};
  REQUIRE(strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&at, &parts)) > 0);
  return text;
}

/// The timer of a service that was loaded a moment ago.
Json await_timer(Server& zinit, const std::string& name) {
  REQUIRE(eventually([&] {
    const auto timers = zinit.result("system.timers").elements();
    return std::ranges::any_of(timers, [&](const Json& one) { return one["service"] == name; });
  }));
  return timer_of(zinit, name);
}

/// How often zinit's control loop has waited.
long wakeups(const Server& zinit) {
  return std::stol(proc_status(zinit.pid(), "voluntary_ctxt_switches"));
}

/// The folder of a user's zinit for files that outlast it.
class StateFolder {
 public:
  static constexpr uid_t kUser = 64125;

  StateFolder() {
    for (const std::string& made : {state_, state_ + "/zinit", state_ + "/zinit/timers"}) {
      REQUIRE(::mkdir(made.c_str(), 0755) == 0);
      REQUIRE(::chown(made.c_str(), kUser, kUser) == 0);
    }
    REQUIRE(::chmod(folder_.path().c_str(), 0755) == 0);
  }

  [[nodiscard]] Server::Options options() const {
    return {.env = {"XDG_STATE_HOME=" + state_}, .uid = kUser};
  }
  [[nodiscard]] std::string stamp_of(const std::string& service) const {
    return state_ + "/zinit/timers/" + service;
  }
  /// Writes a stamp of two years ago.
  void make_old(const std::string& service) const {
    write_file(stamp_of(service),
               std::to_string(zinit::wall_us() - 2 * 366 * 86400 * kSecond) + " 0\n");
  }

 private:
  TempDir folder_;
  std::string state_ = folder_.path() + "/state";
};

TEST_CASE("a timer starts its service, and not the boot, nor what still runs", "[timer][reexec]") {
  Server zinit;
  zinit.add("often", timed("every_ms = 200", "echo often >>$T"));
  zinit.add("later", timed("calendar = 'yearly'", "echo later >>$T"));
  zinit.add("once", timed("on_boot_ms = 200", "echo once >>$T"));
  zinit.add("slow",
            timed("every_ms = 200", "echo ran >>$T; until [ -e $D/go ]; do sleep 0.05; done"));
  zinit.add("other");
  zinit.boot({"other"});
  for (const char* line : {"often", "once", "ran"}) zinit.await_trace(line);
  zinit.await_trace("often", zinit.count("often") + 5);
  CHECK_FALSE(zinit.traced("later"));
  CHECK(zinit.state("later") == "inactive");
  CHECK(zinit.count("ran") == 1);
  zinit.mark("go");
  zinit.await_trace("ran", 3);
  const Json often = timer_of(zinit, "often"), later = timer_of(zinit, "later");
  CHECK(often.members() == Texts{"expression", "last_us", "next_us", "service"});
  CHECK(often["expression"] == "every_ms = 200");
  CHECK(often["last_us"].number() > 0);
  CHECK(often["next_us"].number() > often["last_us"].number());
  CHECK(later["last_us"].is_null());
  CHECK(later["next_us"].number() > zinit::wall_us());
  CHECK(zinit.result("system.timers").elements()[2]["service"] == "later");
  // on_boot_ms is once, from zinit's start where that is no machine's.
  CHECK(timer_of(zinit, "once")["next_us"].is_null());
  zinit.reexecute();
  (void)zinit.reload();
  zinit.await_trace("often", zinit.count("often") + 2);
  CHECK(zinit.count("once") == 1);
}

TEST_CASE("zinit does not wake up for the timer of a service that still runs", "[timer]") {
  Server zinit;
  zinit.add("slow",
            timed("every_ms = 20", "echo ran >>$T; until [ -e $D/go ]; do sleep 0.05; done"));
  zinit.boot();
  zinit.await_trace("ran");
  const std::int64_t begun = zinit::wall_us();
  REQUIRE(eventually([&] { return zinit::wall_us() > begun + kSecond / 2; }));
  const long before = wakeups(zinit);
  REQUIRE(eventually([&] { return zinit::wall_us() > begun + 3 * kSecond / 2; }));
  CHECK(wakeups(zinit) - before < 10);
  CHECK(timer_of(zinit, "slow")["next_us"].number() > zinit::wall_us() - kSecond);
  zinit.mark("go");
  zinit.await_trace("ran", 3);
}

TEST_CASE("timers at the prompt", "[timer][ctl]") { CHECK_DIALOGS("timers"); }

TEST_CASE("calendar and cron give the next time of the wall clock", "[check][timer]") {
  Server zinit;
  zinit.add("systemd", timed("calendar = ['*-*-* *:*:*', '2090-01-01']"));
  zinit.add("cron", timed("cron = '0 0 1 1 *'", "true"));
  zinit.boot();
  zinit.await_trace("ran", 2);
  const std::int64_t next = await_timer(zinit, "cron")["next_us"].number();
  CHECK(next > zinit::wall_us());
  CHECK(next % (60 * kSecond) == 0);
  CHECK(zinit.result("system.timers").elements().size() == 3);
}

TEST_CASE("a timer goes on over a re-execution and a reload as it stood",
          "[check][timer][reexec]") {
  Server zinit;
  zinit.add("hourly", timed("every_ms = 3600000"));
  zinit.add("spread", timed("calendar = 'yearly'\nrandom_delay_ms = 86400000", "true"));
  zinit.boot();
  // every_ms counts from the last start, however that came.
  const std::int64_t first = await_timer(zinit, "hourly")["next_us"].number();
  REQUIRE(eventually([&] { return zinit::wall_us() > first - 3600 * kSecond + kSecond / 2; }));
  (void)zinit.start("hourly");
  CHECK(timer_of(zinit, "hourly")["next_us"].number() > first + kSecond / 3);
  const auto next_of = [&](const char* name) {
    return await_timer(zinit, name)["next_us"].number();
  };
  const std::int64_t hourly = next_of("hourly"), spread = next_of("spread");
  const auto same = [&] {
    CHECK(std::abs(next_of("hourly") - hourly) < kSecond);
    CHECK(next_of("spread") == spread);
  };
  zinit.reexecute();
  same();
  (void)zinit.reload();
  same();
  crash(zinit);
  same();
  zinit.add("hourly", timed("every_ms = 7200000"));
  (void)zinit.reload();
  CHECK(next_of("hourly") > hourly + 3000 * kSecond);
}

TEST_CASE("what was missed is caught up with once, and nothing the first time",
          "[timer][persistent]") {
  if (geteuid() != 0) return skip("only root can become another user");
  const StateFolder folder;
  Server zinit(folder.options());
  const std::string text = "calendar = '*-01-01'\npersistent = true";
  zinit.add("often", timed("every_ms = 200", "echo often >>$T"));
  zinit.add("new", timed(text, "echo new >>$T"));
  zinit.add("yearly", timed(text));
  folder.make_old("yearly");
  zinit.boot();
  zinit.await_trace("ran");
  REQUIRE(eventually([&] { return !read_file(folder.stamp_of("new")).empty(); }));
  REQUIRE(eventually([&] {
    return std::stoll(read_file(folder.stamp_of("yearly"))) > zinit::wall_us() - 3600 * kSecond;
  }));
  zinit.reexecute();
  zinit.await_trace("often", zinit.count("often") + 3);
  CHECK(zinit.count("ran") == 1);
  CHECK_FALSE(zinit.traced("new"));
}

TEST_CASE("a run while no more file tasks may wait has its stamp later", "[root][timers]") {
  if (geteuid() != 0) return skip("needs root to run zinit as another user");
  const StateFolder folder;
  Server zinit(folder.options());
  const auto checked = [](const std::string& more) {
    return Toml{.service =
                    "check_exec = 'echo checks >> $T; until [ -e $D/go ]; do sleep 0.02; done'\n" +
                    more};
  };
  zinit.add("checked", checked(""));
  zinit.boot({"checked"});
  const time_t due = time(nullptr) + 4;
  zinit.add("once", timed("persistent = true\ncalendar = '" + utc_text(due) + "'"));
  zinit.reload();
  REQUIRE(eventually([&] { return !read_file(folder.stamp_of("once")).empty(); }));
  zinit.add("checked", checked("umask = '0077'"));
  Connection reload = zinit.connect(), many = zinit.connect();
  reload.begin("service.reload");
  zinit.await_trace("checks");
  std::string all;
  for (int i = 0; i < 10000; ++i)
    all += R"({"jsonrpc":"2.0","method":"service.delete","params":["nothing"]})"
           "\n";
  REQUIRE(many.send(all));
  CHECK_THAT(many.error("service.delete", named("nothing"))["message"].text(),
             Contains("are already waiting"));
  zinit.await_trace("ran");
  CHECK(std::stoll(read_file(folder.stamp_of("once"))) < due * kSecond);
  zinit.mark("go");
  CHECK(
      eventually([&] { return std::stoll(read_file(folder.stamp_of("once"))) >= due * kSecond; }));
}

TEST_CASE("what was missed is caught up with also if the stamps cannot be read at first",
          "[timer][persistent][faults]") {
  if (geteuid() != 0) return skip("only root can become another user");
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  const StateFolder folder;
  FaultInjector injector;
  Server::Options options = folder.options();
  options.in_child = [&] { injector.install_in_child(); };
  Server zinit(options);
  const std::string go = zinit.path("go");
  // A shell, because another user may not be able to execute the program of this test.
  zinit.file("slow.toml",
             "[service]\noneshot = true\nexec = 'until [ -e " + go + " ]; do sleep 0.01; done'\n");
  zinit.add("yearly", timed("calendar = '*-01-01'\npersistent = true"));
  folder.make_old("yearly");
  launch_under(injector, zinit);
  REQUIRE(eventually([&] { return zinit.state("slow") == "starting"; }));
  // The thread that reads files has ended, so that it has to be made again.
  REQUIRE(eventually([&] { return thread_named(zinit.pid(), "files") == 0; }));
  injector.arm(1, "clone3");
  zinit.mark("go");
  REQUIRE(eventually([&] { return !injector.failed().empty(); }));
  zinit.await_trace("ran");
}

TEST_CASE("what a disabled timer has missed is not owed, and one that is removed leaves nothing",
          "[timer][persistent]") {
  if (geteuid() != 0) return skip("only root can become another user");
  const std::string text = "calendar = '*-01-01'\npersistent = true";
  const StateFolder folder;
  Server zinit(folder.options());
  const auto has_stamp = [&](const char* name) {
    return !read_file(folder.stamp_of(name)).empty();
  };
  const auto set_status = [&](const std::string& status) {
    Toml toml = timed(text);
    toml.service += "\nstatus = '" + status + "'";
    zinit.add("yearly", toml);
  };
  zinit.add("often", timed("every_ms = 200", "echo often >>$T"));
  zinit.add("other", timed(text));
  set_status("ignore");
  folder.make_old("yearly");
  zinit.boot();
  REQUIRE(eventually([&] { return !has_stamp("yearly") && has_stamp("other"); }));
  set_status("start");
  (void)zinit.reload();
  REQUIRE(eventually([&] { return has_stamp("yearly"); }));
  CHECK(std::stoll(read_file(folder.stamp_of("yearly"))) > zinit::wall_us() - 3600 * kSecond);
  zinit.await_trace("often", zinit.count("often") + 3);
  CHECK_FALSE(zinit.traced("ran"));
  SECTION("disabled again") {
    set_status("ignore");
    (void)zinit.reload();
  }
  SECTION("not persistent any more") {
    zinit.add("yearly", timed("calendar = '*-01-01'"));
    (void)zinit.reload();
  }
  SECTION("removed with its file") {
    CHECK(zinit.ctl({"remove-service", "yearly", "--persist"}).code == 0);
  }
  SECTION("its file removed") {
    zinit.remove("yearly");
    (void)zinit.reload();
  }
  CHECK(eventually([&] { return !has_stamp("yearly"); }));
  // A service removed at runtime only comes back.
  CHECK(zinit.ctl({"remove-service", "other"}).code == 0);
  zinit.await_trace("often", zinit.count("often") + 2);
  CHECK(has_stamp("other"));
}

}  // namespace
}  // namespace zinit::test::activation_timers
