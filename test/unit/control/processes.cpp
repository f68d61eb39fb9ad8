// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Processes of services: the processes, their use of resources, and the answers to clients.
#include "control/process_looks.hpp"
#include "os/cgroup.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_processes {
namespace {

ProcessStat process(pid_t pid, pid_t ppid, pid_t session = 0) {
  ProcessStat stat;
  stat.pid = pid;
  stat.ppid = ppid;
  stat.session = session == 0 ? pid : session;
  stat.comm = "p" + std::to_string(pid);
  stat.state = 'S';
  return stat;
}

std::vector<pid_t> pids_of(const std::vector<ProcessStat>& processes) {
  std::vector<pid_t> pids;
  for (const ProcessStat& each : processes) pids.push_back(each.pid);
  return pids;
}

using Pids = std::vector<pid_t>;

constexpr pid_t kOwnSession = 1;

TEST_CASE("without a cgroup a service's processes are its session and what descends from it",
          "[control][processes]") {
  const std::vector<ProcessStat> all = {
      process(1, 0),       process(10, 1),      process(11, 10, 10),
      process(12, 11, 12), process(13, 12, 12), process(14, 1, 10),  // its parent has ended
      process(20, 1),      process(21, 20, 20)};
  CHECK(pids_of(members_of(all, {10}, kOwnSession)) == Pids{10, 11, 12, 13, 14});
  CHECK(pids_of(members_of(all, {20}, kOwnSession)) == Pids{20, 21});
  CHECK(pids_of(members_of(all, {13}, kOwnSession)) == Pids{12, 13});
  CHECK(members_of(all, {99}, kOwnSession).empty());
  CHECK(members_of({}, {10}, kOwnSession).empty());
  // What a oneshot without a cgroup has left is in several sessions.
  CHECK(pids_of(members_of(all, {12, 20}, kOwnSession)) == Pids{12, 13, 20, 21});
  // zinit's own session is no service's.
  const std::vector<ProcessStat> in_own = {process(1, 0), process(10, 1, 1), process(11, 10, 1),
                                           process(20, 1, 1)};
  CHECK(pids_of(members_of(in_own, {10}, kOwnSession)) == Pids{10, 11});
}

TEST_CASE("a tree of processes begins where its main process comes from", "[control][processes]") {
  const Json tree(process_tree_json(
      {process(12, 11), process(10, 1), process(11, 10), process(13, 10), process(30, 1)}, 12));
  CHECK(tree.dump() ==
        R"({"pid":10,"comm":"p10","children":[{"pid":11,"comm":"p11","children":[)"
        R"({"pid":12,"comm":"p12","children":[]}]},{"pid":13,"comm":"p13","children":[]}],)"
        R"("others":[{"pid":30,"comm":"p30","children":[]}]})");
  // The main process has ended, and other processes are left.
  CHECK(Json(process_tree_json({process(30, 1)}, 0))["pid"] == 30);
}

TEST_CASE("a tree of processes ends, whatever pids say", "[threads][control][processes]") {
  const Json circle(process_tree_json({process(10, 11), process(11, 10), process(12, 12)}, 10));
  std::size_t count = 0;
  for (std::size_t at = 0; (at = circle.dump().find("\"comm\"", at)) != std::string::npos; ++at)
    ++count;
  CHECK(count == 3);
  std::vector<ProcessStat> chain;
  for (pid_t pid = 2; pid < 2 + 5000; ++pid) chain.push_back(process(pid, pid - 1));
  const std::string text = process_tree_json(std::move(chain), 2);
  CHECK(std::count(text.begin(), text.end(), '{') == 5000);
}

TEST_CASE("answers about a service without end have one", "[control][processes]") {
  std::vector<ProcessStat> many;
  for (pid_t pid = 2'000'000; pid < 2'030'000; ++pid) {  // none of them exists
    many.push_back(process(pid, pid - 1));
    many.back().comm = std::string(15, '\x01');
  }
  const std::string children = children_json(many);
  CHECK(Json(children).size() == kMostListed);
  CHECK(children.size() < Connection::kAnswerLimit - kMostCommandLines * 2);
  CHECK(process_tree_json(std::move(many), 2'000'000).size() < Connection::kAnswerLimit);
}

TEST_CASE("what a cgroup has read and written is the sum over its disks", "[control][processes]") {
  const CgroupIo io = parse_io_stat(
      "254:0 rbytes=4096 wbytes=100 rios=1 wios=1 dbytes=7 dios=1\n"
      "8:16 rbytes=1 wbytes=20 rios=1 wios=1 dbytes=0 dios=0\n8:0 \n");
  CHECK(io.read_bytes == 4097);
  CHECK(io.write_bytes == 120);
  CHECK(parse_io_stat("").read_bytes == 0);
}

TEST_CASE("a share of a processor is that since the last sample, or since the start",
          "[control][processes]") {
  CpuShares shares;
  const TimePoint start = Clock::now();
  const CpuShares::Run run{3, 1000, start};
  const auto share = [&](std::int64_t cpu_us, Milliseconds at) {
    return shares.sample(run, cpu_us, start + at).value_or(-1);
  };
  CHECK(share(0, 0ms) == -1);               // too early to tell
  CHECK(share(50'000, 100ms) == 500);       // since the start: 50 %
  CHECK(share(1'000'000, 10s) == 100);      // likewise
  CHECK(share(1'000'000, 11s) == 0);        // since the last one
  CHECK(share(1'100'000, 11'100ms) == 90);  // too near: since the one before, 1.1 s
  CHECK(share(4'100'000, 13s) == 1550);     // of two processors
  CHECK(share(4'100'000, 100s) == 41);      // too long ago: since the start
  CHECK(share(4'000'000, 101s) == 0);       // an ended process's time no longer counts
  // The next process begins again, and so does another service.
  CHECK(shares.sample({3, 2000, start + 101s}, 100'000, start + 102s) == 100);
  CHECK(shares.sample({4, 2000, start}, 100'000, start + 2s) == 50);
}

TEST_CASE("a look that hangs delays neither the loop nor other looks",
          "[threads][control][processes]") {
  Rig rig({sleeper("web")});
  std::atomic<bool> hangs{true};
  std::unique_ptr<ProcessLooks> looks;
  std::vector<Later> laters;
  const auto ask = [&](const ProcessLooks::Look& look) {
    laters.push_back(std::get<Later>(looks->ask("web", look)));
  };
  rig.on_loop([&] {
    looks = std::make_unique<ProcessLooks>(rig.loop(), [] {});
    ask([&](ProcessScan&) -> RpcResult {
      hangs.wait(true);
      return "late";
    });
    ask([](ProcessScan&) -> RpcResult { return "soon"; });
  });
  std::vector<std::optional<RpcResult>> answers(2);
  // When the first thread was silent for a while, a new question starts another one.
  CHECK(becomes_true([&] {
    rig.on_loop([&] {
      ask([](ProcessScan&) -> RpcResult { return "soon"; });
      laters.pop_back();
      for (std::size_t i = 0; i < laters.size(); ++i)
        if (!answers[i]) answers[i] = laters[i].look();
    });
    return answers[1].has_value();
  }));
  CHECK_FALSE(answers[0].has_value());
  CHECK(laters[0].at_deadline().code() == RpcCode::timeout);
  hangs = false;
  hangs.notify_all();
  CHECK(becomes_true([&] {
    rig.on_loop([&] { answers[0] = laters[0].look(); });
    return answers[0].has_value();
  }));
  CHECK(answers[0]->value_or("") == "late");
  rig.on_loop([&] {
    laters.clear();
    looks.reset();
  });
}

TEST_CASE("answers that nobody fetches are given up, the oldest first",
          "[threads][control][processes]") {
  Rig rig;
  std::unique_ptr<ProcessLooks> looks;
  std::vector<Later> laters;
  rig.on_loop([&] {
    looks = std::make_unique<ProcessLooks>(rig.loop(), [] {});
    for (int i = 0; i < 20; ++i) {
      laters.push_back(std::get<Later>(looks->ask("web", [](ProcessScan&) -> RpcResult {
        return std::string(std::size_t{1} << 20, 'x');
      })));
    }
  });
  std::optional<RpcResult> last, first;
  CHECK(becomes_true([&] {
    rig.on_loop([&] { last = laters.back().look(); });
    return last.has_value();
  }));
  rig.on_loop([&] { first = laters.front().look(); });
  CHECK(last->has_value());
  REQUIRE(first.has_value());
  REQUIRE_FALSE(first->has_value());
  CHECK(first->error().code() == RpcCode::invalid_state);
  rig.on_loop([&] {
    laters.clear();
    looks.reset();
  });
}

}  // namespace
}  // namespace zinit::test::control_processes
