// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The control server over real sockets: many clients, hostile and slow ones, and ones that leave.
#include "base/format.hpp"
#include "support/test.hpp"
#include "unit/control/rig.hpp"

namespace zinit::test::control_server {
namespace {

// --- the methods of JSON-RPC's own examples, and some that are expensive ---

constexpr Param kSubtract[] = {{"minuend", ParamType::count, true, {}, ""},
                               {"subtrahend", ParamType::count, true, {}, ""}};
constexpr Param kSum[] = {{"a", ParamType::count, true, {}, ""},
                          {"b", ParamType::count, true, {}, ""},
                          {"c", ParamType::count, true, {}, ""}};
constexpr Param kBytes[] = {{"bytes", ParamType::count, true, {}, ""}};

Outcome subtract(Call& call) {
  return json_of(*call.params.count("minuend") - *call.params.count("subtrahend"));
}
Outcome sum(Call& call) {
  return json_of(*call.params.count("a") + *call.params.count("b") + *call.params.count("c"));
}
Outcome get_data(Call&) { return std::string(R"(["hello",5])"); }
Outcome filler(Call& call) {
  return json_of(std::string(static_cast<std::size_t>(*call.params.count("bytes")), 'x'));
}

/// The same, answered later.
Outcome late_filler(Call& call) {
  Later later;
  later.look = [bytes = static_cast<std::size_t>(*call.params.count("bytes"))] {
    return RpcResult(json_of(std::string(bytes, 'x')));
  };
  return later;
}
Outcome never(Call&) {
  return Later{[]() -> std::optional<RpcResult> { return std::nullopt; }, kNever, nullptr};
}
/// How often a call of `looked_at` was looked at. Each look takes a while.
std::atomic<int> looks{0};
Outcome looked_at(Call&) {
  Later later;
  later.look = []() -> std::optional<RpcResult> {
    ++looks;
    for (const TimePoint until = Clock::now() + std::chrono::microseconds{200};
         Clock::now() < until;)
      ;
    return std::nullopt;
  };
  return later;
}
/// Has the calls of its client looked at without end.
Outcome works(Call&) {
  Later later;
  later.look = []() -> std::optional<RpcResult> { return std::nullopt; };
  later.works = true;
  return later;
}
Outcome looks_so_far(Call&) { return json_of(looks.load()); }
Outcome broken(Call&) { throw std::bad_alloc(); }

constexpr std::string_view kAliases[] = {"minus"};
constexpr Method kExamples[] = {
    {"subtract", kAliases, kSubtract, Right::read, subtract, "", {"{}"}},
    {"sum", {}, kSum, Right::read, sum, "", {"{}"}},
    {"get_data", {}, {}, Right::read, get_data, "", {"{}"}},
    {"update", {}, {}, Right::read, get_data, "", {"{}"}},
    {"filler", {}, kBytes, Right::read, filler, "", {"{}"}},
    {"late_filler", {}, kBytes, Right::read, late_filler, "", {"{}"}},
    {"never", {}, {}, Right::read, never, "", {"{}"}},
    {"looked_at", {}, {}, Right::read, looked_at, "", {"{}"}},
    {"works", {}, {}, Right::read, works, "", {"{}"}},
    {"looks_so_far", {}, {}, Right::read, looks_so_far, "", {"{}"}},
    {"broken", {}, {}, Right::read, broken, "", {"{}"}},
};

std::string request(const std::string& method, const std::string& params, int id) {
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"method\":\"{}\",\"params\":{},\"id\":{}}}\n", method,
                     params, id);
}

/// Asserts that the server still serves others.
void still_serves(Rig& rig) {
  TestClient other = rig.client();
  CHECK(other.call("subtract", "[3,1]") == "2");
}

TEST_CASE(
    "the examples of the JSON-RPC 2.0 specification, and others, are answered as in the golden "
    "file",
    "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient client = rig.client();
  CHECK_GOLDEN_ROWS("examples", [&](const std::string& text) {
    client.send(text + "\n" + request("update", "[]", 99));  // a notification has no answer
    std::string all;
    for (std::string line; !(line = client.line().value()).ends_with(R"("id":99})");) all += line;
    return all;
  });
  CHECK(rig.figures().waiting == 0);
}

TEST_CASE("a client sends many requests without waiting, and every one is answered",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient client = rig.client();
  constexpr int kRequests = 20000;
  std::thread sender([&] {
    std::string all;
    for (int id = 0; id < kRequests; ++id) all += request("subtract", "[9,4]", id);
    client.send(all);
  });
  int wrong = 0;
  for (int id = 0; id < kRequests; ++id) {
    const auto answer = client.line();
    if (!answer || *answer != fmt::format(R"({{"jsonrpc":"2.0","result":5,"id":{}}})", id)) ++wrong;
  }
  sender.join();
  CHECK(wrong == 0);
}

TEST_CASE("requests may come in pieces, with CRLF, and with blank lines between",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient client = rig.client();
  const std::string text =
      "\n\r\n  \t\n{\"jsonrpc\":\"2.0\",\"method\":\"subtract\",\"params\":[7,2],\"id\":1}\r\n\n";
  for (const char byte : text) client.send({&byte, 1});
  CHECK(client.line() == R"({"jsonrpc":"2.0","result":5,"id":1})");
  CHECK(client.call("subtract", "[3,3]") == "0");
}

TEST_CASE("a request of 1 MiB is taken, a longer one refused and its client closed",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  const auto padded = [](std::size_t size) {
    std::string text = R"({"jsonrpc":"2.0","method":"get_data","id":1})";
    return text.append(size - text.size(), ' ') + "\n";
  };
  TestClient fits = rig.client();
  fits.send(padded(1048576));
  CHECK(fits.line() == R"({"jsonrpc":"2.0","result":["hello",5],"id":1})");

  TestClient late = rig.client();  // requests before the long line are still answered
  late.send(request("subtract", "[1,1]", 7) + padded(1048577));
  CHECK(late.line() == R"({"jsonrpc":"2.0","result":0,"id":7})");
  const auto refusal = late.line();
  REQUIRE(refusal);
  CHECK(refusal->starts_with(R"({"jsonrpc":"2.0","error":{"code":-32600,)"));
  CHECK_FALSE(late.line());

  // A client that sends its whole line before it reads also learns the reason.
  TestClient stubborn = rig.client();
  stubborn.send(std::string(5000000, 'x') + "\n");
  const auto told = stubborn.line();
  REQUIRE(told);
  CHECK(told->find("-32600") != std::string::npos);
  CHECK(stubborn.closed());

  TestClient endless = rig.client();  // without a line end; may be cut off in the middle
  endless.send(std::string(3 << 20, 'x'));
  CHECK(endless.line().value_or("").find("-32600") != std::string::npos);
  CHECK(endless.closed());
  still_serves(rig);
}

TEST_CASE("a client that never reads is dropped, and others do not notice",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient mute = rig.client();
  const std::string asks = request("filler", "[100000]", 1);
  bool dropped = false;
  // Far more requests than 4 MiB of answers need: at some time the server takes no more of them.
  dropped = becomes_true([&] {
    mute.send_some(asks + asks + asks + asks);
    return rig.figures().clients == 0;
  });
  CHECK(dropped);
  still_serves(rig);
}

TEST_CASE("a client that asks for much at once and reads it late gets all of it",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient client = rig.client();
  std::string asks;
  for (int id = 0; id < 10; ++id) asks += request("filler", "[1500000]", id);
  client.send(asks);
  for (int id = 0; id < 10; ++id) {
    const auto answer = client.line();
    REQUIRE(answer);
    CHECK(answer->size() > 1500000);
    CHECK(answer->ends_with(fmt::format(",\"id\":{}}}", id)));
  }
  // One answer may be larger than what may wait.
  CHECK(client.call("filler", "[6000000]").size() == 6000002);
}

TEST_CASE("answers that come later wait for a client that reads the ones before",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient client = rig.client();
  std::string asks;
  for (int id = 0; id < 10; ++id) asks += request("late_filler", "[1500000]", id);
  client.send(asks);
  std::string piece(std::size_t{64} << 10, '\0');
  std::size_t received = 0;
  while (received < std::size_t{15'000'000}) {
    const ssize_t got = ::recv(client.fd(), piece.data(), piece.size(), 0);
    REQUIRE(got > 0);
    received += static_cast<std::size_t>(got);
    for (int i = 0; i < 3; ++i) rig.on_loop([] {});  // the server notices the room
  }
  still_serves(rig);
}

TEST_CASE("a client with many calls that wait does not keep others waiting until all are looked at",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  constexpr int kCalls = 500;
  TestClient waits = rig.client();
  std::string all;
  for (int id = 0; id < kCalls; ++id) all += request("looked_at", "[]", id);
  waits.send(all);
  CHECK(becomes_true([&] { return rig.figures().waiting == kCalls; }));
  waits.send(request("works", "[]", kCalls));
  CHECK(becomes_true([&] { return rig.figures().waiting == kCalls + 1; }));
  TestClient other = rig.client();
  // Calls are carried out between looks: all of them, if none is put off.
  const auto looked = [&] { return std::stoi(other.call("looks_so_far", "[]")); };
  const int first = looked();
  int between = 0;
  for (int i = 0; i < 20; ++i) between += (looked() - first) % kCalls != 0;
  CHECK(between > 0);
}

TEST_CASE("the answers of one batch have an end", "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient client = rig.client();
  std::string batch = "[";
  for (int id = 0; id < 12; ++id) {
    std::string one = request("filler", "[1000000]", id);
    one.pop_back();
    batch += (id > 0 ? "," : "") + one;
  }
  client.send(batch + "]\n");
  const auto answer = client.line();
  REQUIRE(answer);
  const Json answers(*answer);
  REQUIRE(answers.is_array());
  REQUIRE(answers.size() == 12);
  CHECK(answers[0].has("result"));
  CHECK(answers[11].has("error"));
  CHECK(answer->size() < 7000000);
}

TEST_CASE("a thousand clients are served at a time", "[threads][control][server]") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur < 2500) {
    rlimit raised{std::min<rlim_t>(limit.rlim_max, 4096), limit.rlim_max};
    if (raised.rlim_cur < 2500 || ::setrlimit(RLIMIT_NOFILE, &raised) != 0) {
      return skip("needs 2,500 descriptors");
    }
  }
  Rig rig({}, kExamples);
  std::vector<TestClient> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(rig.client());
  for (int i = 0; i < 1000; ++i) {
    clients[static_cast<std::size_t>(i)].send(request("subtract", fmt::format("[{},1]", i), i));
  }
  int wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto answer = clients[static_cast<std::size_t>(i)].line();
    if (answer != fmt::format(R"({{"jsonrpc":"2.0","result":{},"id":{}}})", i - 1, i)) ++wrong;
  }
  CHECK(wrong == 0);
  CHECK(rig.figures().clients == 1000);
  clients.clear();
  CHECK(becomes_true([&] { return rig.figures().clients == 0; }));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_CASE("a client with endless requests does not keep others waiting",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient busy = rig.client();
  std::atomic<bool> ending{false};
  std::thread sender([&] {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += request("filler", "[1000]", i);
    while (!ending) busy.send_some(many);
  });
  std::thread reader([&] {
    char bytes[65536];
    while (!ending && ::recv(busy.fd(), bytes, sizeof bytes, 0) > 0) {}
  });
  TestClient other = rig.client();
  for (int i = 0; i < 200; ++i) CHECK(other.call("subtract", "[4,2]") == "2");
  ending = true;
  sender.join();
  ::shutdown(busy.fd(), SHUT_RDWR);
  reader.join();
}

TEST_CASE("a client that has closed its sending half gets all its answers",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient client = rig.client();
  std::string last = request("subtract", "[8,1]", 2);
  last.pop_back();  // not even its end of line
  client.send(request("filler", "[3000000]", 1) + last);
  client.end_input();
  const auto large = client.line();
  REQUIRE(large);
  CHECK(large->size() > 3000000);
  CHECK(client.line() == R"({"jsonrpc":"2.0","result":7,"id":2})");
  CHECK_FALSE(client.line());
  CHECK(becomes_true([&] { return rig.figures().clients == 0; }));
}

TEST_CASE("a client that waits and goes is forgotten, whichever way it went",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  const auto before = open_descriptors().size();
  {
    TestClient whole = rig.client(), half = rig.client();
    for (TestClient* client : {&whole, &half}) client->send(request("never", "[]", 1));
    REQUIRE(becomes_true([&] { return rig.figures().waiting == 2; }));
    half.end_input();
    // It is still there, and waits.
    still_serves(rig);
    CHECK(rig.figures().waiting == 2);
  }
  CHECK(becomes_true([&] { return rig.figures().clients == 0; }));
  CHECK(becomes_true([&] { return open_descriptors().size() == before; }));
}

TEST_CASE("garbage of every kind harms nobody", "[threads][control][server]") {
  Rig rig({}, kExamples);
  unsigned state = 7;
  INFO("seed 7");
  const auto random = [&state](unsigned below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  const std::string good = request("subtract", "[2,1]", 1);
  for (int round = 0; round < 300; ++round) {
    TestClient client = rig.client();
    std::string bytes;
    for (unsigned i = random(400); i > 0; --i) {
      switch (random(5)) {
        case 0: bytes += static_cast<char>(random(256)); break;
        case 1: bytes += "{\"[]:,0x\n"[random(9)]; break;
        case 2: bytes += good.substr(0, random(static_cast<unsigned>(good.size()))); break;
        case 3: bytes += '\n'; break;
        default: bytes += good; break;
      }
    }
    client.send_some(bytes);
    if (random(2) == 0) client.end_input();
    if (random(3) == 0) (void)client.line();
  }
  still_serves(rig);
  CHECK(becomes_true([&] { return rig.figures().clients == 0; }));
}

TEST_CASE("without descriptors clients wait, nothing spins, and they are served later",
          "[threads][control][server]") {
  Rig rig({}, kExamples);
  TestClient late(UniqueFd{});
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const auto open = open_descriptors();
  // Exactly one more descriptor, which the client takes.
  rlimit tight{static_cast<rlim_t>(open.rbegin()->first) + 2, limit.rlim_max};
  std::vector<UniqueFd> gaps;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
  while (true) {  // fill the lower numbers
    UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!fd) break;
    gaps.push_back(std::move(fd));
  }
  gaps.pop_back();
  late = rig.client();
  timespec before{}, after{};
  late.send(request("subtract", "[6,1]", 1));
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  pollfd waited{late.fd(), POLLIN, 0};
  CHECK(::poll(&waited, 1, 500) == 0);
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const auto used_ms =
      (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  CHECK(used_ms < 200);
  CHECK(late.line() == R"({"jsonrpc":"2.0","result":5,"id":1})");
}

// --- who may call ---

TEST_CASE("root and the server's own user may do everything, others nothing", "[control][server]") {
  CHECK(right_of(ucred{1, 0, 0}, {}, {}) == Right::full);
  CHECK(right_of(ucred{1, ::geteuid(), 0}, {}, {}) == Right::full);
  const ucred other{1, ::geteuid() + 1, 70};
  CHECK(right_of(other, {}, {}) == Right::none);
  for (const Right shared : {Right::read, Right::full}) {
    CHECK(right_of(other, {}, {70, shared}) == shared);
    const gid_t groups[] = {71, 72};
    CHECK(right_of(other, groups, {72, shared}) == shared);
    CHECK(right_of(other, groups, {73, shared}) == Right::none);
    CHECK(right_of(other, {}, {std::nullopt, shared}) == Right::none);
    CHECK(right_of(ucred{1, 0, 0}, groups, {72, shared}) == Right::full);
  }
}

}  // namespace
}  // namespace zinit::test::control_server
