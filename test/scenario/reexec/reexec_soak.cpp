// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Many re-executions, and many crashes, in a row under load: nothing is lost, miscounted, or left
// over. Longer in `make soak`.
#include "scenario/harness.hpp"

namespace zinit::test::reexec_reexec_soak {
namespace {

// The short form has few, because other tests wait for the processors meanwhile.
const int kSleepers = long_form() ? 150 : 20;
const int kLoopers = long_form() ? 20 : 3;   // they end at once and are spawned again
const int kWriters = long_form() ? 10 : 3;   // each writes 1,000 numbered lines a second
const int kRestarted = long_form() ? 4 : 2;  // one for each client
constexpr int kOneshots = 16;

// An answer of logs.tail has at most 4 MiB, some 50,000 lines.
const char* const kWriting =
    "i=0; while [ ! -e $D/enough ]; do n=$((i+100)); [ $n -le 40000 ] || n=$i; "
    "while [ $i -lt $n ]; do i=$((i+1)); echo $i; done; sleep 0.1; done; "
    "echo end; exec sleep 100000";

/// A client that sends calls without end, and reports failed calls. If zinit crashes before its
/// answer, 5 means that nobody knows whether a restart has been done.
const char* const kAsking =
    "while [ ! -e $D/enough ]; do "
    "for call in list 'status w0' 'logs w1 -n 5' 'why loop0' \"restart r$1\"; do "
    "$CTL --socket $D/zinit.sock $call >$D/said.$1 2>&1; code=$?; echo >>$D/asked.$1; "
    "[ $code = 0 ] || [ \"$code ${call%% *}\" = \"$MAY_FAIL\" ] || "
    "echo \"$call: $code $(cat $D/said.$1)\" >>$D/failed; done; done";

std::string nth(const char* name, int i) { return name + std::to_string(i); }

/// zinit's descriptors without memory files of logs: a service gets such a file when it has logged
/// more than 512 bytes, however often zinit re-executes.
std::size_t descriptors_beside_logs(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd/";
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_of(folder), [&](const std::string& number) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(folder + number, gone).string();
        return !target.starts_with("/memfd:zinit-log ");
      }));
}

class Load {
 public:
  explicit Load(Server& zinit, const std::string& may_fail = "") : zinit_(zinit) {
    for (int i = 0; i < kSleepers; ++i) zinit.add(nth("s", i));
    for (int i = 0; i < kLoopers; ++i)
      zinit.add(nth("loop", i), {.exec = "echo >> $D/" + nth("loop", i) + "; exit 1",
                                 .lifecycle = "restart = 'always'\nrestart_delay_ms = 100\n"
                                              "restart_delay_max_ms = 400"});
    for (int i = 0; i < kWriters; ++i)
      zinit.add(nth("w", i),
                {.exec = kWriting,
                 .more = "[logging]\nbuffer_lines = 1000000\nbuffer_bytes = 100000000\n"});
    for (int i = 0; i < kRestarted; ++i) zinit.add(nth("r", i));
    for (int i = 0; i < kOneshots; ++i)
      zinit.add(nth("once", i),
                {.exec = "echo " + nth("once", i) + " >> $T", .service = "oneshot = true"});
    zinit.boot({nth("s", 0), nth("w", 0), nth("r", 0)});
    zinit.await_settled();
    pids_ = pids();
    std::filesystem::create_symlink(zinit_binary(), folder_ / "zinitctl");
    for (int i = 0; i < kRestarted; ++i)
      clients_.push_back(launch(
          {.argv = {"sh", "-c", kAsking, "sh", std::to_string(i)},
           .program = "/bin/sh",
           .env = {"D=" + zinit.folder(), "CTL=" + folder_ / "zinitctl", "MAY_FAIL=" + may_fail}}));
  }

  /// Waits until each client has made a call that began after this.
  void await_calls() const {
    const auto asked = [&](int i) {
      return read_file(zinit_.path("asked." + std::to_string(i))).size();
    };
    for (int i = 0; i < kRestarted; ++i) {
      const std::size_t before = asked(i);
      REQUIRE(eventually([&] { return asked(i) >= before + 2; }));
    }
  }

  /// The number of zinit's descriptors while no client sends calls, all services except the loopers
  /// are up, and the loopers wait for their next spawn.
  std::size_t descriptors_at_rest() {
    for (const pid_t client : clients_) {
      kill(client, SIGSTOP);
      REQUIRE(eventually([&] { return std::ranges::none_of(children_of(client), alive); }));
    }
    for (int i = 0; i < kRestarted; ++i) zinit_.await_state(nth("r", i), "running");
    const auto count = at_rest_for(200ms, [this] { return descriptors_beside_logs(zinit_.pid()); });
    for (const pid_t client : clients_) kill(client, SIGCONT);
    REQUIRE(count);
    return *count;
  }

  /// Ends the load and checks the result of everything.
  void check() {
    zinit_.mark("enough");
    for (const pid_t client : clients_) CHECK(wait_for_exit(client) == 0);
    CHECK(read_file(zinit_.path("failed")) == "");
    CHECK(pids() == pids_);
    for (int i = 0; i < kWriters; ++i) check_lines(nth("w", i));
    for (int i = 0; i < kLoopers; ++i) {
      const std::string name = nth("loop", i);
      const auto restarts = zinit_.stop(name)["restart_count"].number();
      const auto runs = std::ssize(lines_of(read_file(zinit_.path(name))));
      // A stop may have come before the last run could write its line.
      CHECK((runs == restarts + 1 || runs == restarts));
    }
    Texts ran = zinit_.trace();
    CHECK(ran.size() == kOneshots);
    CHECK(std::set<std::string>(ran.begin(), ran.end()).size() == kOneshots);
  }

 private:
  std::vector<pid_t> pids() {
    std::vector<pid_t> all;
    for (int i = 0; i < kSleepers; ++i) all.push_back(zinit_.pid_of(nth("s", i)));
    for (int i = 0; i < kWriters; ++i) all.push_back(zinit_.pid_of(nth("w", i)));
    return all;
  }

  void check_lines(const std::string& name) {
    INFO(name);
    Texts lines;
    REQUIRE(eventually([&] {
      lines = zinit_.result("logs.tail", named(name, R"("lines":1000000)")).texts();
      return !lines.empty() && lines.back() == "end";
    }));
    std::size_t right = 0;
    while (right + 1 < lines.size() && lines[right] == std::to_string(right + 1)) ++right;
    INFO("after " << right << " lines comes " << lines[right]);
    CHECK(right + 1 == lines.size());
    CHECK(lines.size() > 100);
  }

  Server& zinit_;
  const TempDir folder_{};
  std::vector<pid_t> pids_;
  std::vector<pid_t> clients_;
};

/// How often the log reports a recovery of zinit.
int recoveries(const Server& zinit) {
  int count = 0;
  for (const std::string& line : lines_of(zinit.messages()))
    count += line.find("this was a recovery") != std::string::npos ? 1 : 0;
  return count;
}

long anonymous_kb(const Server& zinit) {
  return std::atol(proc_status(zinit.pid(), "RssAnon").c_str());
}

TEST_CASE("many re-executions under load lose nothing and leave nothing over",
          "[check][threads][soak][reexec]") {
  Server zinit;
  Load load(zinit);
  for (int i = 0; i < 3; ++i) zinit.reexecute();
  const std::size_t descriptors = load.descriptors_at_rest();
  const std::size_t threads = count_in_proc(zinit.pid(), "task");
  const long memory = anonymous_kb(zinit);
  for (int i = 0; i < (long_form() ? 100 : 7); ++i) zinit.reexecute();
  // Some are made once, later: fewer than one for each re-execution.
  CHECK(eventually([&] { return load.descriptors_at_rest() <= descriptors + 6; }));
  // Launches and clients come and go.
  CHECK(eventually([&] { return count_in_proc(zinit.pid(), "task") <= threads + 8; }));
  if (!binary_is_sanitized())  // ASan keeps freed memory for some time
    CHECK(eventually([&] { return anonymous_kb(zinit) <= memory + 1024; }));
  load.check();
}

TEST_CASE("many crashes under load lose nothing", "[check][threads][soak][reexec][crash]") {
  // Without the limit of five a minute, if the build has this setting.
  const bool any_number = binary_mentions("ZINIT_CRASHES_APART");
  Server zinit({.env = {"ZINIT_CRASHES_APART=1"}});
  Load load(zinit, "5 restart");
  const int crashes = !any_number ? 4 : long_form() ? 20 : 6;
  for (int i = 0; i < crashes; ++i) {
    zinit.fault();
    REQUIRE(eventually([&] { return recoveries(zinit) == i + 1; }));
    load.await_calls();  // clients do not repeat a call a fourth time after crashes
  }
  zinit.reconnect();
  load.check();
}

}  // namespace
}  // namespace zinit::test::reexec_reexec_soak
