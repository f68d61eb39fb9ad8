// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies: files with [proxy], beside files of services, and a proxy's spec as text.
#include "base/json.hpp"
#include "config/proxy_reader.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"
#include "unit/config/tree.hpp"

namespace zinit::test::config_proxy {
namespace {

const std::string kProxy = "[proxy]\nlisten = ['a:80']\nbackend = 'b:80'\nservice = 'web'\n";

ProxySpec proxy_of(const std::string& text, const std::string& path = "f.toml") {
  INFO(text);
  const ParsedSpec parsed = parse_spec(text, path);
  REQUIRE(parsed.proxy);
  REQUIRE(parsed.diagnostics.empty());
  return *finish_proxy(parsed);
}

/// A proxy without any key at its default.
ProxySpec whole() {
  ProxySpec spec;
  spec.name = "front";
  spec.listen = {"0.0.0.0:80", "tcp:[::1]:80", "unix:/run/\"front\".sock"};
  spec.backend = "unix:/run/web.sock";
  spec.service = "web";
  spec.connect_timeout = 5s;
  spec.idle_timeout = 600s;
  spec.single_connection = true;
  spec.proxy_protocol = 2;
  return spec;
}

Value json_value(const std::string& text) {
  return value_from_json(json_from(text).value()).value();
}

TEST_CASE("a file with [proxy] alone is a proxy, with every default", "[config][proxy]") {
  const ProxySpec spec = proxy_of(kProxy, "/etc/zinit/services/front.toml");
  ProxySpec expected;
  expected.name = "front";
  expected.listen = {"a:80"};
  expected.backend = "b:80";
  expected.service = "web";
  expected.connect_timeout = 30s;
  expected.idle_timeout = 0s;
  expected.single_connection = false;
  expected.proxy_protocol = 0;
  CHECK(spec == expected);
  CHECK(spec.file == "/etc/zinit/services/front.toml");
  CHECK_FALSE(spec.broken());
}

TEST_CASE("files of proxies are loaded as the golden file has them", "[config][proxy][loader]") {
  CHECK_GOLDEN_CASES("proxy", answered_tree);
}

TEST_CASE("a service cannot be set by a config that describes a proxy", "[config][proxy]") {
  const Value document = read_toml(kProxy).value();
  const ParsedSpec parsed = spec_from_document(document);
  CHECK_FALSE(parsed.proxy);
  CHECK(messages_of(parsed) ==
        Texts{"error: service.name: is missing, and there is no file name to take it from; "
              "add e.g. \"name\": \"web\"",
              "error: proxy: describes a proxy, not a service or target"});
}

TEST_CASE("two specs are equal where a proxy does the same by both", "[config][proxy]") {
  ProxySpec other = whole();
  other.file = "/x.toml";
  other.drop_ins = {"/y.toml"};
  other.vendors = true;
  other.warnings = {"a"};
  other.errors = {"b"};
  CHECK(other == whole());
  const std::function<void(ProxySpec&)> changes[] = {
      [](ProxySpec& s) { s.name = "x"; },
      [](ProxySpec& s) { s.listen.pop_back(); },
      [](ProxySpec& s) { s.backend = "x:1"; },
      [](ProxySpec& s) { s.service = "x"; },
      [](ProxySpec& s) { s.connect_timeout = 1s; },
      [](ProxySpec& s) { s.idle_timeout = 1s; },
      [](ProxySpec& s) { s.single_connection = false; },
      [](ProxySpec& s) { s.proxy_protocol = 0; },
  };
  for (const auto& change : changes) {
    ProxySpec changed = whole();
    change(changed);
    CHECK_FALSE(changed == whole());
  }
}

TEST_CASE("a proxy is made from a table of keys, as strictly as check is", "[config][proxy]") {
  const auto made = proxy_from_table(json_value(
      R"({"name":"p","listen":["a:1"],"backend":"a:2","service":"web","connect_timeout":7,)"
      R"("idle_timeout":null,"single_connection":true})"));
  REQUIRE(made);
  CHECK((*made)->name == "p");
  CHECK((*made)->connect_timeout == 7s);
  CHECK((*made)->idle_timeout == 0s);
  CHECK((*made)->single_connection);
  CHECK((*made)->file.empty());
  CHECK((*made)->warnings.empty());

  const auto wrong =
      proxy_from_table(json_value(R"({"listen":["a"],"backend":5,"persist":true,"name":"-"})"));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error() ==
        Texts{"error: proxy.backend: 5 is an integer, must be \"host:port\" or \"unix:/path\"",
              "error: proxy.listen: \"a\" has no port; use e.g. \"localhost:80\"",
              "error: proxy.name: invalid name \"-\": a name must begin with a letter or a digit",
              "error: proxy.persist: unknown key, must be \"name\", \"listen\", \"backend\", "
              "\"service\", \"connect_timeout\", \"idle_timeout\", \"single_connection\" or "
              "\"proxy_protocol\"",
              "error: proxy.service: is missing, must be a name"});
  const auto nameless =
      proxy_from_table(json_value(R"({"listen":["a:1"],"backend":"a:2","service":"web"})"));
  REQUIRE_FALSE(nameless);
  CHECK(nameless.error() ==
        Texts{"error: proxy.name: is missing, and there is no file name to take it from; "
              "add e.g. \"name\": \"web\""});
}

TEST_CASE("a proxy's text is read as the same proxy, whatever the file is called",
          "[config][proxy]") {
  CHECK(proxy_text(proxy_of(kProxy)) ==
        "[proxy]\nbackend = \"b:80\"\nlisten = [\"a:80\"]\nname = \"f\"\nservice = \"web\"\n");
  for (const ProxySpec& spec : {proxy_of(kProxy), whole()})
    CHECK(proxy_of(proxy_text(spec), "other.toml") == spec);
}

TEST_CASE("the next image gets a proxy as it was, with its files", "[config][proxy]") {
  ProxySpec spec = whole();
  spec.file = "/etc/zinit/services/front.toml";
  spec.drop_ins = {"/etc/zinit/services/front.toml.d/a.toml"};
  spec.vendors = true;
  spec.warnings = {"of no use to the next image"};
  const std::string json = proxy_json(spec);
  CHECK(json.find('\n') == std::string::npos);
  const auto kept = proxy_from_json(json);
  REQUIRE(kept);
  CHECK(*kept == spec);
  CHECK(kept->file == spec.file);
  CHECK(kept->drop_ins == spec.drop_ins);
  CHECK(kept->vendors);
  CHECK(kept->warnings.empty());
  const auto plain = proxy_from_json(proxy_json(proxy_of(kProxy)));
  REQUIRE(plain);
  CHECK(*plain == proxy_of(kProxy));
  CHECK(plain->drop_ins.empty());
  CHECK_FALSE(plain->vendors);
}

TEST_CASE("what is no proxy of this image's is none", "[config][proxy]") {
  for (const char* json :
       {"", "[]", "{}", "5", R"({"keys":5})", R"({"keys":{"name":"p"}})",
        R"({"keys":{"name":"p","listen":["a:1"],"backend":"a:2","service":"web","later":1}})"}) {
    INFO(json);
    CHECK_FALSE(proxy_from_json(json));
  }
  CHECK(proxy_from_json(
      R"({"keys":{"name":"p","listen":["a:1"],"backend":"a:2","service":"web"},"file":5,"x":1})"));
}

}  // namespace
}  // namespace zinit::test::config_proxy
