// JSON-RPC 2.0 over the socket: the examples of its specification, and what control.md adds.
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>

#include "scenario/harness.hpp"

using namespace zinit::test;
using Texts = std::vector<std::string>;

namespace {

/// A server with a service `a` and a raw connection to it.
struct Talk {
  Talk() {
    zinit.add("a");
    zinit.boot();
    zinit.await_state("a", "running");
    client = std::make_unique<Connection>(zinit.connect());
  }
  /// Sends one line and reads one.
  Json ask(const std::string& request) {
    client->send(request + "\n");
    return client->read();
  }
  Server zinit;
  std::unique_ptr<Connection> client;
};

/// Checks that `answer` is an error response as the specification wants it, and nothing more.
void check_error(const Json& answer, int code, const std::string& id = "null") {
  INFO(answer);
  CHECK(answer.members() == Texts{"error", "id", "jsonrpc"});
  CHECK(answer["jsonrpc"] == "2.0");
  CHECK(answer["id"].dump() == id);
  CHECK(answer["error"]["code"] == code);
  CHECK(answer["error"]["message"].is_string());
}

/// Whether the other side has closed, though there may be something left to read.
bool hung_up(int fd) {
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, 0) > 0 && (one.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

TEST_CASE("a request by position or by name is answered with its id and the result",
          "[quick][rpc]") {
  Talk talk;
  for (const char* params : {R"(["a"])", R"({"name":"a"})"}) {
    const Json answer =
        talk.ask(std::string(R"({"jsonrpc": "2.0", "method": "service.is_running", "params": )") +
                 params + R"(, "id": 3})");
    CHECK(answer.members() == Texts{"id", "jsonrpc", "result"});
    CHECK(answer["jsonrpc"] == "2.0");
    CHECK(answer["result"] == true);
    CHECK(answer["id"] == 3);
  }
}

TEST_CASE("ids of every kind come back as they were", "[quick][rpc]") {
  Talk talk;
  for (const char* id :
       {"1", "0", "-7", "9007199254740993", "\"text\"", "\"\"", "\"\\u00e9\\n\"", "null", "1.5"}) {
    const Json answer =
        talk.ask(std::string(R"({"jsonrpc":"2.0","method":"system.ping","id":)") + id + "}");
    CHECK(answer.has("result"));
    CHECK(answer["id"] == Json::parse(id).value());
  }
}

TEST_CASE("an id of another kind is an invalid request", "[quick][rpc]") {
  Talk talk;
  for (const char* id : {"[1]", "{}", "true"}) {
    check_error(
        talk.ask(std::string(R"({"jsonrpc":"2.0","method":"system.ping","id":)") + id + "}"),
        -32600);
  }
}

TEST_CASE("a notification is carried out and not answered", "[quick][rpc]") {
  Talk talk;
  talk.client->send(R"({"jsonrpc": "2.0", "method": "service.stop", "params": ["a"]})"
                    "\n");
  talk.client->send(R"({"jsonrpc": "2.0", "method": "foobar"})"
                    "\n");
  CHECK(talk.client->silent());
  talk.zinit.await_state("a", "exited");
}

TEST_CASE("a call of a method that does not exist", "[quick][rpc]") {
  Talk talk;
  check_error(talk.ask(R"({"jsonrpc": "2.0", "method": "foobar", "id": "1"})"), -32601, "\"1\"");
}

TEST_CASE("a call with invalid JSON", "[quick][rpc]") {
  Talk talk;
  check_error(talk.ask(R"({"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz])"), -32700);
  CHECK(talk.client->result("system.ping").is_object());  // the connection goes on
}

TEST_CASE("a call with an invalid request object", "[quick][rpc]") {
  Talk talk;
  check_error(talk.ask(R"({"jsonrpc": "2.0", "method": 1, "params": "bar"})"), -32600);
}

TEST_CASE("a batch with invalid JSON is one error", "[quick][rpc]") {
  Talk talk;
  check_error(talk.ask(R"([{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},)"
                       R"( {"jsonrpc": "2.0", "method"])"),
              -32700);
}

TEST_CASE("an empty batch is one error", "[quick][rpc]") {
  Talk talk;
  check_error(talk.ask("[]"), -32600);
}

TEST_CASE("an invalid batch that is not empty has an error for each", "[quick][rpc]") {
  Talk talk;
  const Json one = talk.ask("[1]");
  REQUIRE(one.size() == 1);
  check_error(one[0], -32600);
  const Json three = talk.ask("[1,2,3]");
  REQUIRE(three.size() == 3);
  for (const Json& answer : three.elements()) check_error(answer, -32600);
}

TEST_CASE("a mixed batch is answered for all but its notifications", "[quick][rpc]") {
  Talk talk;
  const Json answers = talk.ask(
      R"([{"jsonrpc": "2.0", "method": "service.is_running", "params": ["a"], "id": "1"},)"
      R"( {"jsonrpc": "2.0", "method": "service.is_running", "params": ["a"]},)"
      R"( {"jsonrpc": "2.0", "method": "service.status", "params": {"name": "a"}, "id": "2"},)"
      R"( {"foo": "boo"},)"
      R"( {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},)"
      R"( {"jsonrpc": "2.0", "method": "service.list", "id": "9"}])");
  REQUIRE(answers.size() == 5);
  const auto with_id = [&](const std::string& id) {
    for (const Json& answer : answers.elements()) {
      if (answer["id"].dump() == id) return answer;
    }
    return Json();
  };
  CHECK(with_id("\"1\"")["result"] == true);
  CHECK(with_id("\"2\"")["result"]["state"] == "running");
  check_error(with_id("null"), -32600);
  check_error(with_id("\"5\""), -32601, "\"5\"");
  CHECK(with_id("\"9\"")["result"].texts() == Texts{"a"});
}

TEST_CASE("a batch of notifications alone is not answered", "[quick][rpc]") {
  Talk talk;
  talk.client->send(R"([{"jsonrpc": "2.0", "method": "system.ping"},)"
                    R"( {"jsonrpc": "2.0", "method": "foo", "params": [7]}])"
                    "\n");
  CHECK(talk.client->silent());
}

TEST_CASE("a batch with an answer that takes its time is answered as a whole", "[quick][rpc]") {
  Talk talk;
  const Json answers = talk.ask(
      R"([{"jsonrpc":"2.0","method":"service.stop","params":{"name":"a","wait":true},"id":1},)"
      R"({"jsonrpc":"2.0","method":"system.ping","id":2}])");
  REQUIRE(answers.size() == 2);
  for (const Json& answer : answers.elements()) CHECK(answer.has("result"));
}

TEST_CASE("many requests may be sent before an answer is read", "[quick][rpc]") {
  Talk talk;
  std::string requests;
  for (int i = 0; i < 1000; ++i) {
    requests += R"({"jsonrpc":"2.0","method":"system.ping","id":)" + std::to_string(i) + "}\n";
  }
  talk.client->send(requests);
  std::vector<bool> answered(1000);
  for (int i = 0; i < 1000; ++i) {
    answered[static_cast<std::size_t>(talk.client->read()["id"].number())] = true;
  }
  CHECK(std::count(answered.begin(), answered.end(), true) == 1000);
}

TEST_CASE("a request that waits does not hold back the next ones", "[quick][rpc]") {
  Server zinit;
  zinit.add("a", {.exec = stubborn("a"), .lifecycle = "stop_timeout_ms = 86400000"});
  zinit.boot();
  zinit.await_trace("start a");
  zinit.await_state("a", "running");
  Connection client = zinit.connect();
  client.send(
      R"({"jsonrpc":"2.0","id":"slow","method":"service.stop","params":{"name":"a","wait":true}})"
      "\n"
      R"({"jsonrpc":"2.0","id":"quick","method":"system.ping"})"
      "\n");
  CHECK(client.read()["id"] == "quick");
  client.send(R"({"jsonrpc":"2.0","id":"kill","method":"service.kill","params":["a","KILL"]})"
              "\n");
  CHECK(client.read()["id"] == "kill");
  const Json last = client.read();
  CHECK(last["id"] == "slow");
  CHECK(last["result"]["state"] == "exited");
}

TEST_CASE("a request may come in pieces, several in one, and with CRLF", "[quick][rpc]") {
  Talk talk;
  for (const char c : std::string(R"({"jsonrpc":"2.0","method":"system.ping","id":1})")) {
    talk.client->send(std::string(1, c));
  }
  talk.client->send("\n");
  CHECK(talk.client->read()["id"] == 1);
  talk.client->send(
      "{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"id\":2}\r\n"
      "{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"id\":3}\n");
  CHECK(talk.client->read()["id"] == 2);
  CHECK(talk.client->read()["id"] == 3);
}

TEST_CASE("a client that has sent all and closes its side gets its answers", "[quick][rpc]") {
  Talk talk;
  talk.client->send(R"({"jsonrpc":"2.0","method":"system.ping","id":1})"
                    "\n");
  talk.client->end_of_input();
  CHECK(talk.client->read()["id"] == 1);
  CHECK(talk.client->closed());
}

TEST_CASE("wrong version, method, parameters", "[quick][rpc]") {
  Talk talk;
  check_error(talk.ask(R"({"method":"system.ping","id":1})"), -32600, "1");
  check_error(talk.ask(R"({"jsonrpc":"1.0","method":"system.ping","id":1})"), -32600, "1");
  check_error(talk.ask(R"({"jsonrpc":"2.0","id":1})"), -32600, "1");
  check_error(talk.ask(R"({"jsonrpc":"2.0","method":"system.ping","params":"x","id":1})"), -32600,
              "1");
  check_error(talk.ask(R"({"jsonrpc":"2.0","method":"service.status","id":1})"), -32602, "1");
  check_error(talk.ask(R"({"jsonrpc":"2.0","method":"service.status","params":[7],"id":1})"),
              -32602, "1");
  check_error(
      talk.ask(R"({"jsonrpc":"2.0","method":"service.status","params":{"nam":"a"},"id":1})"),
      -32602, "1");
  check_error(
      talk.ask(R"({"jsonrpc":"2.0","method":"service.status","params":["a","b","c"],"id":1})"),
      -32602, "1");
  check_error(
      talk.ask(
          R"({"jsonrpc":"2.0","method":"service.stop","params":{"name":"a","wait":"yes"},"id":1})"),
      -32602, "1");
  CHECK(talk.zinit.state("a") == "running");
}

TEST_CASE("garbage is answered and harms nobody", "[quick][rpc]") {
  Talk talk;
  const std::vector<std::string> garbage = {
      std::string("\0\0\0", 3),
      "\xff\xfe\xfd",
      "nonsense",
      "{",
      "\"",
      "GET / HTTP/1.1\r",
      std::string(100000, '['),
      std::string(100000, '{'),
      "1e999999",
      "{\"a\":\"\xc3\x28\"}",
      "{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"id\":1} trailing"};
  for (const std::string& line : garbage) {
    const Json answer = talk.ask(line);
    INFO(answer);
    CHECK((answer["error"]["code"] == -32700 || answer["error"]["code"] == -32600));
  }
  CHECK(talk.client->result("system.ping")["pid"] == std::int64_t{talk.zinit.pid()});
}

TEST_CASE("deep nesting in parameters harms nobody", "[quick][rpc]") {
  Talk talk;
  const std::string deep = std::string(400000, '[') + std::string(400000, ']');
  const Json answer =
      talk.ask(R"({"jsonrpc":"2.0","id":1,"method":"system.ping","params":)" + deep + "}");
  CHECK((answer.has("error") || answer.has("result")));
  const Json as_id = talk.ask(R"({"jsonrpc":"2.0","method":"system.ping","id":)" + deep + "}");
  CHECK(as_id["error"]["code"].number() < 0);
  CHECK(talk.client->result("system.ping").is_object());
}

TEST_CASE("a request of 1 MiB is read, a longer one refused and the connection closed",
          "[quick][rpc]") {
  Talk talk;
  std::string request = R"({"jsonrpc":"2.0","id":1,"method":"system.ping"})";
  request += std::string((1 << 20) - request.size(), ' ');
  CHECK(talk.ask(request)["result"].is_object());

  talk.client->send(request + std::string(1 << 20, ' ') + "\n");
  check_error(talk.client->read(), -32600);
  CHECK(talk.client->closed());

  Connection endless = talk.zinit.connect();
  endless.send(
      std::string(3 << 20, 'x'));  // no end of line at all; it may be cut off in the middle
  check_error(endless.read(), -32600);
  CHECK(endless.closed());
}

TEST_CASE("a client that does not read its answers is dropped and harms nobody", "[quick][rpc]") {
  Talk talk;
  Connection greedy = talk.zinit.connect();
  // Each request asks for far more than it holds; nothing is read.
  const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"service.list_full"})"
                              "\n";
  std::string many;
  for (int i = 0; i < 1000; ++i) many += request;
  const bool dropped = eventually([&] {
    greedy.send_some(many);
    talk.zinit.result("system.ping");  // another client is served meanwhile
    return hung_up(greedy.fd());
  });
  CHECK(dropped);
  CHECK(talk.zinit.state("a") == "running");
}

TEST_CASE("a thousand clients are served at a time, and services keep their own limits",
          "[quick][rpc]") {
  // The soft limit that a login has; zinit raises its own as it needs.
  Server zinit({.in_child = [] {
    const rlimit usual{1024, 4096};
    setrlimit(RLIMIT_NOFILE, &usual);
  }});
  zinit.add("a");
  zinit.boot();
  const Json a = zinit.await_state("a", "running");
  CHECK_THAT(read_file("/proc/" + a["pid"].dump() + "/limits"),
             Catch::Matches("[^]*Max open files +1024 +4096 [^]*"));
  std::vector<Connection> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(zinit.connect());
  for (Connection& client : clients) {
    client.send(R"({"jsonrpc":"2.0","method":"system.ping","id":"x"})"
                "\n");
  }
  for (Connection& client : clients) CHECK(client.read()["id"] == "x");
  kill(static_cast<pid_t>(a["pid"].number()), SIGKILL);
  zinit.await_new_pid("a", static_cast<pid_t>(a["pid"].number()));
}

TEST_CASE("a client that goes away in the middle harms nobody", "[quick][rpc]") {
  Talk talk;
  for (int i = 0; i < 50; ++i) {
    Connection client = talk.zinit.connect();
    client.send(i % 2 == 0 ? R"({"jsonrpc":"2.0","method":"service.list_full","id":1})"
                             "\n"
                           : R"({"jsonrpc":"2.0","meth)");
  }
  {
    Connection waiting = talk.zinit.connect();
    waiting.send(
        R"({"jsonrpc":"2.0","id":1,"method":"service.wait","params":{"name":"a","for":"exited"}})"
        "\n");
    Connection subscribed = talk.zinit.connect();
    subscribed.result("events.subscribe");
  }
  CHECK(talk.zinit.stop("a")["state"] == "exited");
}
