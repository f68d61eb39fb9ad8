// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of a service: required keys, contradictions, and its effect on the start.
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_socket {
namespace {

/// A service with `keys` in [socket], which begins in line 3, and the text after it.
std::string service(const std::string& keys, const std::string& rest = "") {
  return "[service]\nexec = 'run'\n[socket]\n" + keys + rest;
}

ServiceSpec spec_of(const std::string& text) {
  INFO(text);
  const ParsedSpec parsed = parse_spec(text, "f.toml");
  REQUIRE(parsed.diagnostics.empty());
  return *parsed.spec;
}

const std::string kListen = "listen = ['a:80', 'unix:/run/a']\n";

TEST_CASE("a section [socket] with addresses alone has every default", "[config][socket]") {
  const ServiceSpec spec = spec_of(service("listen = ['a:80']\n"));
  SocketSpec expected;
  expected.listen = {"a:80"};
  CHECK(*spec.socket == expected);
  CHECK(spec.socket->configured());
  CHECK_FALSE(ServiceSpec{}.socket->configured());
}

TEST_CASE("a section [socket] must have addresses, and a name for each or none",
          "[config][socket]") {
  CHECK(messages_of(service("")) ==
        Texts{"f.toml:3:2: error: socket.listen: is missing, must be an array of \"host:port\", "
              "\"udp:host:port\", \"unix:/path\", \"unix-dgram:/path\" and \"fifo:/path\""});
  CHECK(messages_of(service(kListen + "names = ['a', 'a']\n")).empty());
  const std::string wrong = " names for 2 addresses, must have as many";
  CHECK(messages_of(service(kListen + "names = ['a']\n")) ==
        Texts{"f.toml:5:9: error: socket.names: has 1" + wrong});
  CHECK(messages_of(service(kListen + "names = ['a', 'b', 'c']\n")) ==
        Texts{"f.toml:5:9: error: socket.names: has 3" + wrong});
}

TEST_CASE("what contradicts accept is told where it stands", "[config][socket]") {
  const std::string accept = "accept = true\n";
  CHECK(messages_of(service(kListen + accept + "max_connections = 3\n")).empty());
  CHECK(messages_of(service(kListen + accept + "on_demand = false\n")) ==
        Texts{"f.toml:6:13: error: socket.on_demand: cannot be false with accept: connections "
              "start the instances"});
  CHECK(messages_of(
            service("listen = ['a:80', 'udp:a:80',\n'unix-dgram:/a', 'fifo:/b']\n" + accept)) ==
        Texts{"f.toml:4:19: error: socket.listen: \"udp:a:80\" cannot be used with accept, which "
              "needs stream sockets",
              "f.toml:5:1: error: socket.listen: \"unix-dgram:/a\" cannot be used with accept, "
              "which needs stream sockets",
              "f.toml:5:18: error: socket.listen: \"fifo:/b\" cannot be used with accept, which "
              "needs stream sockets"});
  const std::string none = "cannot be used with socket.accept: the service itself has no process";
  CHECK(messages_of(service(kListen + accept, "[readiness]\nnotify = 'systemd'\n")) ==
        Texts{"f.toml:6:2: error: readiness: " + none});
  CHECK(messages_of(service(kListen + accept, "[health]\ntype = 'tcp'\nendpoint = 'a:80'\n")) ==
        Texts{"f.toml:6:2: error: health: " + none});
}

TEST_CASE("max_connections without accept has no effect, and that is told", "[config][socket]") {
  CHECK(messages_of(service(kListen + "max_connections = 3\n")) ==
        Texts{"f.toml:5:19: warning: socket.max_connections: has no effect without accept"});
}

TEST_CASE("neither a port nor a descriptor can be both the socket's and another's",
          "[config][socket]") {
  const auto with_ports = [](const std::string& ports, const std::string& listen) {
    return messages_of("[service]\nexec = 'run'\nports = " + ports +
                       "\n[socket]\nlisten = " + listen + "\n");
  };
  CHECK(with_ports("[80, 81]", "['a:82', 'udp:a:80', 'unix:/80']").empty());
  CHECK(with_ports("[80, 81]", "['a:82', '[::]:81']") ==
        Texts{"f.toml:3:9: error: service.ports: has 81, which zinit itself listens on for "
              "\"[::]:81\"; take it out"});
  const auto with_notify = [](const std::string& way) {
    return messages_of(service(kListen, "[readiness]\nnotify = '" + way + "'\n"));
  };
  CHECK(with_notify("fd:5").empty());
  CHECK(with_notify("systemd").empty());
  CHECK(with_notify("fd:4") == Texts{"f.toml:6:10: error: readiness.notify: is the descriptor of a "
                                     "socket of socket.listen, must be at least \"fd:5\""});
}

TEST_CASE("a service is started at boot unless connections start it", "[config][socket]") {
  struct {
    const char* keys;
    bool by_connection, at_boot, has_process;
  } const rows[] = {
      {"", true, false, true},
      {"on_demand = false\n", false, true, true},
      {"accept = true\n", true, true, false},
  };
  for (const auto& row : rows) {
    INFO(row.keys);
    ServiceSpec spec = spec_of(service(kListen + row.keys));
    CHECK(spec.starts_by_connection() == row.by_connection);
    CHECK(spec.starts_at_boot() == row.at_boot);
    CHECK(spec.has_process() == row.has_process);
    for (const StartStatus status : {StartStatus::stop, StartStatus::ignore}) {
      spec.status = status;
      CHECK_FALSE(spec.starts_at_boot());
    }
  }
  const ServiceSpec plain = spec_of("[service]\nexec = 'run'\n");
  CHECK(plain.starts_at_boot());
  CHECK_FALSE(plain.starts_by_connection());
}

TEST_CASE("a service with accept has all that its instances are made from", "[config][socket]") {
  const ServiceSpec spec = spec_of(
      "[service]\nexec = 'run'\noneshot = true\n[socket]\nlisten = ['a:80']\naccept = true\n");
  CHECK(spec.exec.argv == Texts{"run"});
  CHECK(spec.lifecycle.restart == RestartPolicy::never);
  CHECK(spec.lifecycle.start_timeout == kForever);
}

}  // namespace
}  // namespace zinit::test::config_socket
