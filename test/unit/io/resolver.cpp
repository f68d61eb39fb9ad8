// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Addresses of names: from files, and from name servers that are good, silent or lying.
#include "io/resolver.hpp"
#include "support/dns_server.hpp"
#include "support/test.hpp"

namespace zinit::test::io_resolver {
namespace {

constexpr const char* kNobody = "nameserver 127.0.0.1\n";

/// A resolver on a running loop, with its own files.
class Rig {
 public:
  explicit Rig(const DnsServer& server, const std::string& more = {})
      : Rig(server.resolv_conf() + more, "", server.port()) {}
  /// No server listens on port 1.
  explicit Rig(const std::string& resolv_conf = kNobody, const std::string& hosts = "",
               std::uint16_t port = 1) {
    auto made = DataLoop::create();
    REQUIRE(made);
    data_ = std::move(*made);
    dir.write("resolv.conf", resolv_conf);
    dir.write("hosts", hosts);
    resolver.emplace(data_->loop(), ResolverFiles{dir / "hosts", dir / "resolv.conf", port});
    REQUIRE(data_->start());
  }
  ~Rig() { CHECK(data_->stop(test::kPatience)); }

  /// Asks repeatedly until there is an answer.
  std::future<std::string> ask(const std::string& name, std::uint16_t port = 80) {
    auto told = std::make_shared<std::promise<std::string>>();
    auto answer = told->get_future();
    on_loop([&] {
      queries_.push_back(resolver->resolve(name, port, [told](const Result<Addresses>& found) {
        if (!found) return told->set_value(found.error().text);
        std::string text;
        for (const SocketAddress& address : *found)
          text += (text.empty() ? "" : " ") + address_text(address);
        told->set_value(text);
      }));
    });
    return answer;
  }
  std::string resolve(const std::string& name) {
    auto answer = ask(name);
    REQUIRE(answer.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
    return answer.get();
  }
  /// Runs `task` on the loop, to its end.
  template <class Task>
  void on_loop(Task task) {
    std::promise<void> done;
    // Checked after the task, because Catch's macros are for one thread at a time.
    const auto posted = data_->loop().post([&] {
      task();
      done.set_value();
    });
    if (posted) done.get_future().wait();
    REQUIRE(posted);
  }

  TempDir dir;
  std::optional<Resolver> resolver;

 private:
  std::unique_ptr<DataLoop> data_;
  std::vector<Resolver::Query> queries_;
};

TEST_CASE("resolver: a numeric address resolves to itself", "[io][health]") {
  Rig rig(kNobody);
  CHECK(rig.resolve("127.0.0.1") == "127.0.0.1:80");
  CHECK(rig.resolve("::1") == "[::1]:80");
}

TEST_CASE("resolver: localhost needs neither a file nor a server", "[io][health]") {
  Rig rig(kNobody);
  CHECK(rig.resolve("localhost") == "127.0.0.1:80 [::1]:80");
  CHECK(rig.resolve("LocalHost.") == "127.0.0.1:80 [::1]:80");
  CHECK(rig.resolve("app.localhost") == "127.0.0.1:80 [::1]:80");
}

TEST_CASE("resolver: /etc/hosts comes first, and is read again when it has changed",
          "[io][health]") {
  Rig rig(kNobody,
          "# 10.0.0.9 db\n10.0.0.1\tdb db.lan # 10.0.0.7 db\n::2 other\nnonsense db\n"
          "::1 DB\n10.0.0.3 localhost\n10.0.0.4 web");
  CHECK(rig.resolve("db") == "10.0.0.1:80 [::1]:80");
  CHECK(rig.resolve("DB.lan") == "10.0.0.1:80");
  CHECK(rig.resolve("localhost") == "10.0.0.3:80");
  CHECK(rig.resolve("web") == "10.0.0.4:80");
  rig.dir.write("hosts.new", "10.0.0.2 db\n");
  std::filesystem::rename(rig.dir / "hosts.new", rig.dir / "hosts");
  CHECK(rig.resolve("db") == "10.0.0.2:80");
}

TEST_CASE("resolver: missing files and FIFOs in their place do no harm", "[io][health]") {
  Rig rig;
  for (const char* name : {"hosts", "resolv.conf"}) {
    std::filesystem::remove(rig.dir / name);
    REQUIRE(::mkfifo((rig.dir / name).c_str(), 0600) == 0);
  }
  CHECK(rig.resolve("localhost") == "127.0.0.1:80 [::1]:80");
}

TEST_CASE("resolver: a name server is asked for what no file has", "[io][health]") {
  DnsServer server([](const DnsQuestion& question) {
    if (question.name == "db.example") return DnsServer::loopback(question);
    if (question.name == "empty.example") return DnsServer::reply(question, 0);
    if (question.name == "broken.example") return DnsServer::reply(question, 2);
    return DnsServer::reply(question, 3);
  });
  Rig rig(server);
  CHECK(rig.resolve("db.example") == "127.0.0.1:80");
  CHECK(rig.resolve("none.example") == "cannot resolve none.example: there is no such name");
  CHECK(rig.resolve("empty.example") == "cannot resolve empty.example: the name has no address");
  CHECK(rig.resolve("broken.example") != "127.0.0.1:80");
}

TEST_CASE("resolver: search domains of resolv.conf are tried", "[io][health]") {
  DnsServer server([](const DnsQuestion& question) {
    return question.name == "db.lan" ? DnsServer::loopback(question)
                                     : DnsServer::reply(question, 3);
  });
  Rig rig(server, "search wan lan\n");
  CHECK(rig.resolve("db") == "127.0.0.1:80");
}

TEST_CASE("resolver: addresses of both IPv4 and IPv6 are found", "[io][health]") {
  DnsServer server([](const DnsQuestion& question) {
    static constexpr char kV6[] = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
    return question.type == 28 ? DnsServer::reply(question, 0, {kV6, 16})
                               : DnsServer::loopback(question);
  });
  Rig rig(server);
  const std::string both = rig.resolve("both.example");
  CHECK(both.find("127.0.0.1:80") != std::string::npos);
  CHECK(both.find("[::1]:80") != std::string::npos);
}

TEST_CASE("resolver: invalid answers do no harm", "[io][health]") {
  const std::string lie = GENERATE(std::string(3, 'x'), std::string(2000, '\xff'),
                                   std::string(60000, 'z'), "id", "count", "loop");
  DnsServer server([&](const DnsQuestion& question) {
    if (question.name == "good.example") return DnsServer::loopback(question);
    std::string packet = DnsServer::loopback(question);
    if (lie == "id")  // of another question
      packet[0] = static_cast<char>(packet[0] ^ 0x55);
    else if (lie == "count")  // 65,535 answers
      packet[6] = packet[7] = '\xff';
    else if (lie == "loop" && question.type == 1)  // a name that points to itself
      packet[packet.rfind('\x0c')] = static_cast<char>(packet.rfind('\xc0'));
    else
      packet = question.packet.substr(0, 2) + lie;
    return packet;
  });
  Rig rig(server);
  auto bad = rig.ask("bad.example");
  // Another question meanwhile is answered at once.
  CHECK(rig.resolve("good.example") == "127.0.0.1:80");
  rig.on_loop([&] { rig.resolver.reset(); });
  // Unanswered, or refused. If the count is too large, the resolver may take the existing answer.
  if (lie == "count" || bad.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  try {
    CHECK(bad.get().starts_with("cannot resolve bad.example: "));
  } catch (const std::future_error& unanswered) {
    CHECK(unanswered.code() == std::future_errc::broken_promise);
  }
}

TEST_CASE("resolver: all who ask for one name share one query", "[io][health]") {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  DnsServer server([gone](const DnsQuestion& question) {
    gone.wait();
    return DnsServer::loopback(question);
  });
  Rig rig(server);
  std::vector<std::future<std::string>> answers;
  for (std::uint16_t port = 1; port <= 50; ++port) answers.push_back(rig.ask("db.example", port));
  go.set_value();
  for (std::size_t i = 0; i < answers.size(); ++i)
    CHECK(answers[i].get() == "127.0.0.1:" + std::to_string(i + 1));
  // A and AAAA, each repeated at most once on a slow machine.
  CHECK(server.questions() <= 4);
}

TEST_CASE("resolver: resolv.conf is read again when it has changed, also during a query",
          "[io][health]") {
  DnsServer silent([](const DnsQuestion&) { return std::string(); });
  DnsServer good(DnsServer::loopback, 2, silent.port());
  Rig rig(silent);
  auto first = rig.ask("first.example");
  REQUIRE(zinit::test::becomes_true([&] { return silent.questions() > 0; }));
  rig.dir.write("new", good.resolv_conf());
  std::filesystem::rename(rig.dir / "new", rig.dir / "resolv.conf");
  CHECK(rig.resolve("second.example") == "127.0.0.1:80");
  CHECK(first.get() == "127.0.0.1:80");
}

TEST_CASE("resolver: a query that was dropped is not answered", "[io][health]") {
  DnsServer silent([](const DnsQuestion&) { return std::string(); });
  Rig rig(silent);
  bool told = false;
  rig.on_loop([&] {
    auto query =
        rig.resolver->resolve("a.example", 80, [&](const Result<Addresses>&) { told = true; });
    CHECK(query != nullptr);
    query.reset();
    rig.resolver.reset();
  });
  CHECK_FALSE(told);
}

TEST_CASE("resolver: a server that is silent is given up", "[io][health]") {
  DnsServer silent([](const DnsQuestion&) { return std::string(); });
  Rig rig(silent);
  CHECK(rig.resolve("a.example") == "cannot resolve a.example: no name server answers");
}

}  // namespace
}  // namespace zinit::test::io_resolver
