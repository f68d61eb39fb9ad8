// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A service file as a whole: names, unknown keys, contradictions, defaults, all at once.
// messages.golden has what is said of keys that depend on others, and of unknown ones.
#include "config/keys.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_spec {
namespace {

ServiceSpec spec_of(const std::string& text) {
  INFO(text);
  ParsedSpec parsed = parse_spec(text, "f.toml");
  REQUIRE(parsed.diagnostics.empty());
  return *parsed.spec;
}

TEST_CASE("service files have the messages of the golden file", "[config][spec]") {
  CHECK_GOLDEN_CASES("messages", [](const std::string& text) {
    std::string all;
    for (const std::string& message : messages_of(text)) all += message + "\n";
    return all;
  });
}

TEST_CASE("a minimal file has every default", "[config][spec]") {
  const ServiceSpec spec = spec_of("[service]\nexec = 'run'\n");
  ServiceSpec expected;
  expected.name = "f";
  expected.file = "f.toml";
  expected.exec = {{"run"}, true};
  CHECK(spec.name == "f");
  CHECK(spec.file == "f.toml");
  CHECK(compare(spec, expected) == SpecChange::none);
  CHECK(spec.lifecycle.restart == RestartPolicy::on_failure);
  CHECK(spec.lifecycle.start_timeout == Milliseconds(30000));
  CHECK(spec.logging->file_max_bytes == 10485760);
  CHECK(spec.logging->file_keep == 5);
  CHECK(spec.dependencies_at.line == 0);
  CHECK_FALSE(spec.system_class_default);
  CHECK(parse_spec("[target]\n", "f.toml", true).spec->system_class_default);
}

TEST_CASE("defaults follow the keys that they depend on", "[config][spec]") {
  const Lifecycle oneshot = spec_of("[service]\nexec='run'\noneshot=true\n").lifecycle;
  CHECK(oneshot.restart == RestartPolicy::never);
  CHECK(oneshot.start_timeout == kForever);
  const Lifecycle said = spec_of(
                             "service={exec='run',oneshot=true}\n"
                             "lifecycle={restart='on-failure',start_timeout_ms=5}\n")
                             .lifecycle;
  CHECK(said.restart == RestartPolicy::on_failure);
  CHECK(said.start_timeout == Milliseconds(5));
  const auto cap_with = [](const std::string& delay) {
    return spec_of("service.exec='run'\nlifecycle.restart_delay_ms=" + delay + "\n")
        .lifecycle.restart_delay_max.count();
  };
  CHECK(cap_with("59999") == 60000);
  CHECK(cap_with("60001") == 60001);
}

TEST_CASE("a section [socket] with addresses alone has every default", "[config][socket]") {
  const ServiceSpec spec = spec_of("[service]\nexec = 'run'\n[socket]\nlisten = ['a:80']\n");
  SocketSpec expected;
  expected.listen = {"a:80"};
  CHECK(*spec.socket == expected);
  CHECK(spec.socket->configured());
  CHECK_FALSE(ServiceSpec{}.socket->configured());
}

TEST_CASE("a service is started at boot unless connections start it", "[config][socket]") {
  struct {
    const char* keys;
    bool by_connection, at_boot, has_process;
  } const rows[] = {
      {"", false, true, true},
      {"[socket]\nlisten = ['a:80']\n", true, false, true},
      {"[socket]\nlisten = ['a:80']\non_demand = false\n", false, true, true},
      {"[socket]\nlisten = ['a:80']\naccept = true\n", true, true, false},
  };
  for (const auto& row : rows) {
    INFO(row.keys);
    ServiceSpec spec = spec_of(std::string("[service]\nexec = 'run'\noneshot = true\n") + row.keys);
    CHECK(spec.starts_by_connection() == row.by_connection);
    CHECK(spec.starts_at_boot() == row.at_boot);
    CHECK(spec.has_process() == row.has_process);
    // With accept, its instances are made from these.
    CHECK(spec.exec.argv == Texts{"run"});
    CHECK(spec.lifecycle.restart == RestartPolicy::never);
    CHECK(spec.lifecycle.start_timeout == kForever);
    for (const StartStatus status : {StartStatus::stop, StartStatus::ignore}) {
      spec.status = status;
      CHECK_FALSE(spec.starts_at_boot());
    }
  }
}

TEST_CASE("a limit that is set again replaces the first, and order is no change",
          "[config][keys]") {
  ServiceSpec spec;
  Destination to{&spec, nullptr};
  const std::pair<const char*, int> settings[] = {
      {"locks", 1}, {"nofile", 2}, {"core", 3}, {"nofile", 4}};
  for (const auto& [name, number] : settings) {
    Value value;
    value.type = ValueType::integer;
    value.integer = number;
    const Key& key = *find_key("limits", name);
    key.store(to, key, value);
  }
  CHECK(spec.limits == std::vector<LimitSetting>{
                           {Limit::nofile, 4, 4}, {Limit::core, 3, 3}, {Limit::locks, 1, 1}});
}

TEST_CASE("dependencies keep their places, and the section its own", "[config][spec]") {
  const ServiceSpec spec =
      spec_of("[service]\nexec='run'\n[dependencies]\nrequires = ['a',\n 'b']\n");
  CHECK(spec.dependencies_at.line == 3);
  CHECK(spec.dependencies->requires_[1].at.line == 5);
  CHECK(spec.dependencies->requires_[1].at.column == 2);
}

TEST_CASE("a file of endless faults tells a hundred, and that there are more", "[config][spec]") {
  std::string text = "[service]\n";
  for (int i = 0; i < 5000; ++i) text += "k" + std::to_string(i) + " = 1\n";
  const ParsedSpec parsed = parse_spec(text, "f.toml");
  CHECK(parsed.diagnostics.size() == 5001);
  const SpecPtr spec = finish(parsed);
  CHECK(spec->findings->errors.size() == 1);
  CHECK(spec->findings->warnings.size() == 100);
  CHECK(spec->findings->warnings.back() ==
        "f.toml:1:1: warning: 5001 faults in all; `zinitctl check` shows the rest");
  const SpecPtr late = finish(parse_spec(text + "exec = 5\n", "f.toml"));
  CHECK(late->findings->errors.size() == 1);
}

TEST_CASE("a file without a usable name gets one that a service may have", "[config][spec]") {
  for (const std::string stem : {"a b", "\u00fc", "-a", "", "_", "zinit", "syslog", "a/b"}) {
    INFO(stem);
    CHECK(name_fault(usable_name(stem)) == std::nullopt);
  }
  CHECK(usable_name("my service!") == "my_service_");
  CHECK(usable_name("bad name \xC3\xA9.x") == "bad_name__.x");
  CHECK(usable_name("a\xE2\x82\xAC\xF0\x9F\x90\x9F\xFFz") == "a___z");
  CHECK(usable_name("a" + std::string(200, '!')) == "a" + std::string(127, '_'));
  CHECK(usable_name("-a") == "x-a");
  CHECK(usable_name("zinit") == "zinit_");
  CHECK(usable_name(std::string(300, 'a')) == std::string(128, 'a'));
  CHECK(usable_name("." + std::string(300, 'a')).size() == 128);
  CHECK(parse_spec("", "my service.toml").name_mangled);
  CHECK_FALSE(parse_spec("", "web.toml").name_mangled);
}

TEST_CASE("a document that is no file is checked like one, its messages without a place",
          "[config][spec]") {
  Value document;
  Value& service = document.table["service"].value;
  service.table["exec"].value.type = ValueType::integer;
  service.table["name"].value.type = ValueType::string;
  service.table["name"].value.string = "web";
  const SpecPtr spec = finish(spec_from_document(document));
  CHECK(spec->name == "web");
  CHECK(spec->findings->errors ==
        Texts{"error: service.exec: 0 is an integer, must be a string or an array of strings"});
  const SpecPtr empty = finish(spec_from_document(Value{}));
  CHECK(empty->findings->errors ==
        Texts{"error: there is no [service], [target] or [proxy] section",
              "error: service.name: is missing, and there is no file name to take it from; "
              "add e.g. \"name\": \"web\""});
}

}  // namespace
}  // namespace zinit::test::config_spec
