// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Eight clients that request everything at once, for a chosen time (ZINIT_SOAK_SECONDS, `make
// soak`). Afterwards the graph settles, and nothing is left over.
#include "scenario/harness.hpp"
#include "scenario/harness/random_graph.hpp"

namespace zinit::test::control_soak {
namespace {

constexpr int kServices = 100;
constexpr int kClients = 8;
constexpr int kOutstanding = 4;  // requests of one client

std::chrono::seconds soak_time() {
  const char* given = std::getenv("ZINIT_SOAK_SECONDS");
  return std::chrono::seconds(given != nullptr ? std::atoi(given) : 5);
}

/// A client that sends its next request without waiting for an answer.
class Client {
 public:
  explicit Client(const Server& zinit) : connection_(zinit.connect()) {}

  [[nodiscard]] bool has_room() const { return waiting_ < kOutstanding; }
  [[nodiscard]] int fd() const { return connection_.fd(); }
  [[nodiscard]] long answered() const { return answered_; }

  void ask(const std::string& method, const std::string& params) {
    REQUIRE(connection_.begin(method, params));
    ++waiting_;
  }
  /// Takes one answer: a result, or an error with its name.
  void take() {
    const Json answer = connection_.read();
    INFO(answer);
    // The error must be zinit's, not the protocol's: that would be a fault of the test or of zinit.
    const bool refused = answer.has("error") && answer["error"]["code"].number() <= -32000 &&
                         answer["error"]["code"].number() > -32100;
    CHECK((answer.has("result") || refused));
    --waiting_;
    ++answered_;
  }
  void take_all() {
    while (waiting_ > 0) take();
  }

 private:
  Connection connection_;
  int waiting_ = 0;
  long answered_ = 0;
};

/// All requests of clients, and also deaths of processes and changes of files.
class Soak {
 public:
  Soak(Server& zinit, Dice& dice) : zinit_(zinit), dice_(dice) {
    for (int i = 0; i < kClients; ++i) clients_.emplace_back(zinit);
  }

  /// Goes on for that time, and until more than `least` requests are answered.
  void run(std::chrono::seconds time, long least) {
    const auto begun = std::chrono::steady_clock::now();
    const auto goes_on = [&] {
      const auto took = std::chrono::steady_clock::now() - begun;
      return took < time || (answered() <= least && took < time + kPatience);
    };
    while (goes_on()) {
      for (Client& client : clients_)
        if (client.has_room()) disturb(client);
      take_what_is_there();
    }
    for (Client& client : clients_) client.take_all();
  }

  [[nodiscard]] long answered() const {
    long sum = 0;
    for (const Client& client : clients_) sum += client.answered();
    return sum;
  }

 private:
  void take_what_is_there() {
    std::vector<pollfd> watched;
    for (const Client& client : clients_) watched.push_back({client.fd(), POLLIN, 0});
    poll(watched.data(), watched.size(), 5);
    for (std::size_t i = 0; i < clients_.size(); ++i)
      if (watched[i].revents != 0) clients_[i].take();
  }

  std::string some_runtime_service() { return "r" + std::to_string(roll(dice_, 10)); }

  std::string some_config() {
    const std::string name = some_runtime_service();
    return R"({"service":{"name":")" + name + R"(","exec":"sleep )" +
           std::to_string(100000 + roll(dice_, 3)) + R"("},"dependencies":{"requires":[")" +
           name_of(roll(dice_, kServices)) + R"("],"after":["r)" + std::to_string(roll(dice_, 10)) +
           R"("]},"lifecycle":{"stop_timeout_ms":300}})";
  }

  void change_a_file() {
    const int i = roll(dice_, kServices);
    if (roll(dice_, 6) == 0) {
      std::filesystem::remove(zinit_.config(name_of(i) + ".toml"));
      return;
    }
    Toml toml = random_service(dice_, i);
    toml.service += "\ndescription = '" + std::to_string(roll(dice_, 100)) + "'";
    zinit_.add(name_of(i), toml);
  }

  void kill_a_child() {
    const auto children = children_of(zinit_.pid());
    if (children.empty()) return;
    const auto at = static_cast<std::size_t>(roll(dice_, static_cast<int>(children.size())));
    constexpr int signals[] = {SIGKILL, SIGTERM, SIGSTOP, SIGCONT, SIGSEGV};
    kill(children[at], signals[roll(dice_, 5)]);
  }

  void about_all(Client& client) {
    constexpr const char* kMethods[] = {"service.start_all", "service.start_all",
                                        "service.start_all", "service.stop_all",
                                        "service.delete_all"};
    client.ask(kMethods[roll(dice_, 5)], "{}");
  }

  void disturb(Client& client) {
    const std::string name = name_of(roll(dice_, kServices));
    const std::string wait = roll(dice_, 4) == 0 ? R"("wait":true,"timeout_ms":200)" : "";
    switch (roll(dice_, 20)) {
      case 0:
      case 1:
      case 2: return client.ask("service.start", named(name, wait));
      case 3:
      case 4: return client.ask("service.stop", named(name, wait));
      case 5:
      case 6: return client.ask("service.restart", named(name, wait));
      case 7: return client.ask("service.kill", named(name));
      case 8: change_a_file(); return client.ask("service.reload", "{}");
      case 9: return client.ask("service.reload", R"({"dry_run":true})");
      case 10:
      case 11:
        return client.ask("service.set", R"({"config":)" + some_config() + R"(,"persist":)" +
                                             (roll(dice_, 2) == 0 ? "true}" : "false}"));
      case 12:
        return client.ask("service.delete", named(some_runtime_service(), R"("cascade":true)"));
      case 13: return client.ask("service.list_full", "{}");
      case 14: return client.ask("service.why", named(name));
      case 15: return client.ask("logs.get", named(name, R"("lines":10)"));
      case 16: return client.ask("service.tree", "{}");
      case 17:
        if (roll(dice_, 10) == 0) return about_all(client);
        [[fallthrough]];
      default: kill_a_child(); return client.ask("service.status", named(name));
    }
  }

  Server& zinit_;
  Dice& dice_;
  std::vector<Client> clients_;
};

/// The number of open descriptors without memory files of logs: each service has one if its lines,
/// its own or zinit's about its bad ends, take much room.
std::size_t count_descriptors(const Server& zinit) {
  const auto all = entries_of("/proc/" + std::to_string(zinit.pid()) + "/fd");
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& fd) {
    return !proc_link(zinit.pid(), "fd/" + fd).starts_with("/memfd:");
  }));
}

/// Removes everything that the soak has added, so that the server has its first services again.
void tidy(Server& zinit, Dice& dice) {
  for (const std::string& name : zinit.result("service.list").texts())
    if (name.front() == 'r') (void)zinit.result("service.delete", named(name, R"("cascade":true)"));
  for (int i = 0; i < kServices; ++i) zinit.add(name_of(i), random_service(dice, i));
  (void)zinit.reload();
}

TEST_CASE("after a soak of eight clients the graph settles and nothing is left over",
          "[check][threads][soak]") {
  const unsigned seed = seed_of_this_run();
  INFO("ZINIT_TEST_SEED=" << seed);
  Dice dice(seed);
  Server zinit;
  for (int i = 0; i < kServices; ++i) zinit.add(name_of(i), random_service(dice, i));
  zinit.boot();
  await_rest(zinit);
  (void)zinit.result("service.stop_all");
  const std::size_t descriptors = count_descriptors(zinit);
  const std::size_t threads = count_in_proc(zinit.pid(), "task");
  long answered = 0;
  {
    Soak soak(zinit, dice);
    soak.run(soak_time(), 100);
    answered = soak.answered();
  }
  INFO(answered << " requests were answered");
  CHECK(answered > 100);
  REQUIRE(alive(zinit.pid()));
  await_rest(zinit);
  check_settled(zinit.result("service.list_full").elements(), zinit.pid(), true);
  tidy(zinit, dice);
  await_rest(zinit);
  (void)zinit.result("service.stop_all");
  CHECK(eventually([&] { return children_of(zinit.pid()).empty(); }));
  CHECK(eventually([&] { return count_descriptors(zinit) <= descriptors; }));
  // At most eight jobs spawn at a time, and their threads end with them.
  CHECK(eventually([&] { return count_in_proc(zinit.pid(), "task") <= threads + 8; }));
  CHECK(zinit.shut_down() == 0);
}

}  // namespace
}  // namespace zinit::test::control_soak
