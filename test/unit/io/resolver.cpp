// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Addresses of names: from files, and from name servers that are good or silent. Those that lie are
// in test/fuzz/names.cpp.
#include "io/resolver.hpp"
#include "support/dns_server.hpp"
#include "support/test.hpp"
#include "unit/support/loop.hpp"

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
    dir.write("resolv.conf", resolv_conf);
    dir.write("hosts", hosts);
    resolver.emplace(*loop, ResolverFiles{dir / "hosts", dir / "resolv.conf", port});
    loop.start();
  }
  ~Rig() { loop.stop(); }

  /// Asks repeatedly until there is an answer.
  std::future<std::string> ask(const std::string& name, std::uint16_t port = 80) {
    auto told = std::make_shared<std::promise<std::string>>();
    auto answer = told->get_future();
    loop.run([&] {
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
    REQUIRE(answer.wait_for(kPatience) == std::future_status::ready);
    return answer.get();
  }

  TempDir dir;
  LoopBeside loop;
  std::optional<Resolver> resolver;

 private:
  std::vector<Resolver::Query> queries_;
};

std::string silence(const DnsQuestion&) { return {}; }

TEST_CASE("resolver: a numeric address and localhost need neither a file nor a server",
          "[io][health]") {
  Rig rig;
  CHECK(rig.resolve("127.0.0.1") == "127.0.0.1:80");
  CHECK(rig.resolve("::1") == "[::1]:80");
  for (const char* name : {"localhost", "LocalHost.", "app.localhost"})
    CHECK(rig.resolve(name) == "127.0.0.1:80 [::1]:80");
  // FIFOs in place of the files do no harm.
  for (const char* name : {"hosts", "resolv.conf"}) {
    std::filesystem::remove(rig.dir / name);
    REQUIRE(::mkfifo((rig.dir / name).c_str(), 0600) == 0);
  }
  CHECK(rig.resolve("localhost") == "127.0.0.1:80 [::1]:80");
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

TEST_CASE("resolver: a name server is asked for what no file has", "[io][health]") {
  DnsServer server([](const DnsQuestion& question) {
    const bool six = question.type == 28;
    if (question.name == "both.example" && six)
      return DnsServer::reply(question, 0, {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16});
    for (const char* name : {"db.example", "both.example", "db.lan"})
      if (question.name == name) return DnsServer::loopback(question);
    if (question.name == "empty.example") return DnsServer::reply(question, 0);
    return DnsServer::reply(question, question.name == "broken.example" ? 2 : 3);
  });
  Rig rig(server);
  CHECK(rig.resolve("db.example") == "127.0.0.1:80");
  CHECK(rig.resolve("none.example") == "cannot resolve none.example: there is no such name");
  CHECK(rig.resolve("empty.example") == "cannot resolve empty.example: the name has no address");
  CHECK(rig.resolve("broken.example") != "127.0.0.1:80");
  const std::string both = rig.resolve("both.example");
  CHECK_THAT(both, Contains("127.0.0.1:80") && Contains("[::1]:80"));
  Rig searching(server, "search wan lan\n");
  CHECK(searching.resolve("db") == "127.0.0.1:80");
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
  DnsServer silent(silence);
  DnsServer good(DnsServer::loopback, 2, silent.port());
  Rig rig(silent);
  auto first = rig.ask("first.example");
  REQUIRE(becomes_true([&] { return silent.questions() > 0; }));
  rig.dir.write("new", good.resolv_conf());
  std::filesystem::rename(rig.dir / "new", rig.dir / "resolv.conf");
  CHECK(rig.resolve("second.example") == "127.0.0.1:80");
  CHECK(first.get() == "127.0.0.1:80");
}

TEST_CASE("resolver: a server that is silent is given up, and a dropped query is not answered",
          "[io][health]") {
  DnsServer silent(silence);
  Rig rig(silent);
  CHECK(rig.resolve("a.example") == "cannot resolve a.example: no name server answers");
  bool told = false;
  rig.loop.run([&] {
    auto query =
        rig.resolver->resolve("b.example", 80, [&](const Result<Addresses>&) { told = true; });
    CHECK(query != nullptr);
    query.reset();
    rig.resolver.reset();
  });
  CHECK_FALSE(told);
}

}  // namespace
}  // namespace zinit::test::io_resolver
