// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies: files with [proxy], beside files of services, and a proxy's spec as text.
#include "base/json.hpp"
#include "config/check.hpp"
#include "config/directory.hpp"
#include "config/loader.hpp"
#include "config/proxy_reader.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_proxy {
namespace {

const std::string kProxy = "[proxy]\nlisten = ['a:80']\nbackend = 'b:80'\nservice = 'web'\n";
const std::string kService = "[service]\nexec = 'run'\n";

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

LoadedConfig load(const TempDir& directory) {
  return load_config(std::vector<ConfigDirectory>{{directory.path()}}, "");
}

Texts check(const TempDir& directory) {
  const std::string path = directory.path();
  Texts lines;
  for (const Diagnostic& one : check_paths(std::span(&path, 1)).diagnostics)
    lines.push_back(to_text(one));
  return lines;
}

Value json_value(const std::string& text) {
  return value_from_json(json_from(text).value()).value();
}

TEST_CASE("a file with [proxy] alone is a proxy, with every default", "[config][proxy]") {
  const ProxySpec spec = proxy_of(kProxy, "/etc/zinit/services/front.toml");
  CHECK(spec.name == "front");
  CHECK(spec.file == "/etc/zinit/services/front.toml");
  CHECK(spec.listen == Texts{"a:80"});
  CHECK(spec.backend == "b:80");
  CHECK(spec.service == "web");
  CHECK(spec.connect_timeout == 30s);
  CHECK(spec.idle_timeout == 0s);
  CHECK_FALSE(spec.single_connection);
  CHECK(spec.proxy_protocol == 0);
  CHECK_FALSE(spec.broken());
  CHECK_FALSE(parse_spec(kService, "f.toml").proxy);
}

TEST_CASE("what a proxy must have and has not is told at its section", "[config][proxy]") {
  CHECK(messages_of(parse_spec(kProxy, "-x.toml")) ==
        Texts{"-x.toml:1:2: error: proxy.name: is missing, and the file name \"-x\" is invalid: a "
              "name must begin with a letter or a digit"});
}

TEST_CASE("a proxy cannot be its own backend", "[config][proxy]") {
  const std::string start = "[proxy]\nlisten = ['h:80', 'unix:/a']\nservice = 'web'\nbackend = ";
  for (const std::string backend : {"tcp:h:80", "unix:/a"}) {
    const std::string at = backend == "tcp:h:80" ? "h:80" : "unix:/a";
    CHECK(messages_of(start + "'" + backend + "'\n") ==
          Texts{"f.toml:4:11: error: proxy.backend: \"" + at +
                "\" is an address that the proxy itself listens at"});
  }
  for (const std::string backend : {"h:81", "i:80", "unix:/b", "unix:/a/b"})
    CHECK(messages_of(start + "'" + backend + "'\n").empty());
}

TEST_CASE("no two addresses of a proxy overlap", "[config][proxy]") {
  const auto listening = [](const std::string& listen) {
    return messages_of("[proxy]\nservice = 'web'\nbackend = 'b:1'\nlisten = " + listen + "\n");
  };
  CHECK(listening("['127.0.0.1:80', '0.0.0.0:80']") ==
        Texts{"f.toml:4:10: error: proxy.listen: \"127.0.0.1:80\" is already covered by "
              "\"0.0.0.0:80\""});
  CHECK(listening("['[::]:80', '[::1]:80']").size() == 1);
  for (const char* good : {"['0.0.0.0:80', '127.0.0.1:81']", "['0.0.0.0:80', '[::1]:80']",
                           "['0.0.0.0:80', 'unix:/a']", "['127.0.0.1:80', '127.0.0.2:80']"})
    CHECK(listening(good).empty());
}

TEST_CASE("[proxy] stands beside no other section", "[config][proxy]") {
  CHECK_FALSE(parse_spec(kProxy + kService, "f.toml").proxy);
}

TEST_CASE("unknown keys and sections of a proxy are told as those of a service",
          "[config][proxy]") {
  CHECK(parse_spec("[prxy]\n", "f.toml").proxy);
}

TEST_CASE("a proxy's file that is no TOML is still known as a proxy's", "[config][proxy]") {
  for (const char* text : {"[proxy]\nlisten = \n", "# [service]\n\t [proxy] # x\n= \n"}) {
    const ParsedSpec parsed = parse_spec(text, "f.toml");
    INFO(text);
    REQUIRE(parsed.proxy);
    const ProxyPtr proxy = finish_proxy(parsed);
    CHECK(proxy->broken());
    CHECK(proxy->name == "f");
    CHECK(proxy->file == "f.toml");
  }
  CHECK_FALSE(parse_spec("[service]\n= \n# [proxy]\n", "f.toml").proxy);
}

TEST_CASE("drop-ins are laid over a proxy's file, and cannot make a service of it",
          "[config][proxy][layers]") {
  const TempDir directory;
  const std::string file = directory.write("p.toml", kProxy);
  std::filesystem::create_directory(file + ".d");
  const std::string drop_in =
      directory.write("p.toml.d/5.toml", "[proxy]\nidle_timeout = 9\nlisten = ['c:1']\n");
  directory.write("web.toml", kService);
  const LoadedConfig loaded = load(directory);
  REQUIRE(loaded.proxies.size() == 1);
  CHECK(loaded.specs.size() == 1);
  const ProxySpec& proxy = *loaded.proxies[0];
  CHECK(proxy.idle_timeout == 9s);
  CHECK(proxy.listen == Texts{"c:1"});
  CHECK(proxy.drop_ins == Texts{drop_in});
  CHECK(proxy.warnings.empty());
  CHECK(proxy.errors.empty());
  directory.write("p.toml.d/5.toml", "[service]\nexec = 'run'\n");
  CHECK(load(directory).proxies.at(0)->errors ==
        Texts{drop_in + ":1:2: error: service: cannot be in one file with [proxy]"});
  directory.write("p.toml.d/5.toml", "[proxy]\nidle_timeout = -1\n");
  CHECK(load(directory).proxies.at(0)->errors ==
        Texts{drop_in + ":2:16: error: proxy.idle_timeout: -1 is out of range, must be an integer "
                        "from 0 to 31536000 or with a unit, as \"5s\", or \"infinity\""});
  // A [proxy] in a drop-in of a service does not make a proxy.
  std::filesystem::create_directory(directory.path() + "/web.toml.d");
  directory.write("web.toml.d/5.toml", kProxy);
  CHECK(load(directory).specs.at(0)->broken());
  CHECK(load(directory).proxies.size() == 1);
}

TEST_CASE("the faults of drop-ins are told where the proxy's file itself is no TOML",
          "[config][proxy][layers]") {
  const TempDir directory;
  const std::string file = directory.write("p.toml", "[proxy]\nlisten\n");
  std::filesystem::create_directory(file + ".d");
  directory.write("p.toml.d/5.toml", "[proxy]\nidle_timeout = -1\n");
  const LoadedConfig loaded = load(directory);
  REQUIRE(loaded.proxies.size() == 1);
  CHECK(loaded.specs.empty());
  CHECK(loaded.proxies[0]->errors.size() == 2);
}

TEST_CASE("proxies and services have names of their own", "[config][proxy][loader]") {
  const TempDir directory;
  directory.write("a.toml", kProxy + "name = 'web'\n");
  directory.write("web.toml", kService);
  LoadedConfig loaded = load(directory);
  REQUIRE(loaded.proxies.size() == 1);
  REQUIRE(loaded.specs.size() == 1);
  CHECK(loaded.messages.empty());
  CHECK(loaded.proxies[0]->name == "web");
  CHECK(loaded.proxies[0]->warnings.empty());
  CHECK(loaded.specs[0]->name == "web");
  CHECK(check(directory).empty());

  const std::string second = directory.write("b.toml", "#\n" + kProxy + "name = 'web'\n");
  loaded = load(directory);
  REQUIRE(loaded.proxies.size() == 1);
  CHECK(loaded.proxies[0]->file == directory / "a.toml");
  CHECK(loaded.messages ==
        Texts{second + ":6:8: error: proxy.name: \"web\" is already the name in " +
              (directory / "a.toml")});
  CHECK(loaded.proxies[0]->warnings ==
        Texts{(directory / "a.toml") + ":5:8: warning: proxy.name: \"web\" is also the name in " +
              second + ", which is ignored"});
}

TEST_CASE("proxies are in load order, the wrong ones among them, and harm no service",
          "[config][proxy][loader]") {
  const TempDir directory;
  directory.write("c.toml", kProxy);
  const std::string wrong = directory.write("B.toml", kProxy + "proxy_protocol = 3\n");
  directory.write("a.toml", kProxy + "name = 'z'\n");
  directory.write("web.toml", kService);
  const LoadedConfig loaded = load(directory);
  REQUIRE(loaded.proxies.size() == 3);
  CHECK(loaded.proxies[0]->name == "B");
  CHECK(loaded.proxies[1]->name == "z");
  CHECK(loaded.proxies[2]->name == "c");
  CHECK(loaded.proxies[0]->errors ==
        Texts{wrong + ":5:18: error: proxy.proxy_protocol: 3 is out of range, must be an integer "
                      "from 0 to 2"});
  CHECK_FALSE(loaded.proxies[1]->broken());
  REQUIRE(loaded.specs.size() == 1);
  CHECK_FALSE(loaded.specs[0]->broken());
}

TEST_CASE("a vendor's proxy is replaced and masked as a service is", "[config][proxy][layers]") {
  const TempDir root;
  const std::string own = root / "etc/zinit/services", vendor = root / "usr/lib/zinit/services";
  std::filesystem::create_directories(own);
  std::filesystem::create_directories(vendor);
  const auto load_both = [&] {
    return load_config(std::vector<ConfigDirectory>{{own, false, false, vendor}}, "");
  };
  root.write("usr/lib/zinit/services/p.toml", kProxy);
  LoadedConfig loaded = load_both();
  REQUIRE(loaded.proxies.size() == 1);
  CHECK(loaded.proxies[0]->vendors);
  root.write("etc/zinit/services/p.toml", kProxy + "proxy_protocol = 1\n");
  loaded = load_both();
  REQUIRE(loaded.proxies.size() == 1);
  CHECK_FALSE(loaded.proxies[0]->vendors);
  CHECK(loaded.proxies[0]->proxy_protocol == 1);
  std::filesystem::remove(own + "/p.toml");
  REQUIRE(::symlink("/dev/null", (own + "/p.toml").c_str()) == 0);
  loaded = load_both();
  CHECK(loaded.proxies.empty());
  CHECK(loaded.masked.empty());  // these are names of services
}

TEST_CASE("a proxy's service that no file has is a warning, with the nearest there is",
          "[config][proxy]") {
  const TempDir directory;
  const std::string file = directory.write("p.toml", kProxy);
  const std::string place = file + ":4:11: warning: proxy.service: ";
  const std::string absent = "; until it is added connections start nothing";
  directory.write("other.toml", kService);
  CHECK(load(directory).proxies.at(0)->warnings ==
        Texts{place + "no file has a service \"web\"" + absent});
  CHECK_FALSE(load(directory).proxies.at(0)->broken());
  CHECK(check(directory) == Texts{place + "no file has a service \"web\"" + absent});
  directory.write("webd.toml", kService);
  CHECK(check(directory) ==
        Texts{place + "no file has a service \"web\", did you mean \"webd\"?" + absent});
  // A proxy with any name is not a service.
  directory.write("web.toml", kProxy);
  CHECK(check(directory).size() == 2);
  std::filesystem::remove(directory.path() + "/web.toml");
  REQUIRE(::symlink("/dev/null", (directory / "web.toml").c_str()) == 0);
  CHECK(check(directory) == Texts{place + "\"web\" is masked by " + (directory / "web.toml") +
                                  "; until it is unmasked connections start nothing"});
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
