// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A service file as a whole: names, unknown keys, contradictions, defaults, all at once.
#include <string>
#include <vector>

#include "config/keys.hpp"
#include "support/catch.hpp"
#include "unit/config/text.hpp"

namespace config_spec_test {

using namespace zinit;
using zinit::test::messages_of;
using zinit::test::parse_spec;

namespace {

using Lines = std::vector<std::string>;

ServiceSpec spec_of(const std::string& text) {
  INFO(text);
  ParsedSpec parsed = parse_spec(text, "f.toml");
  REQUIRE(parsed.diagnostics.empty());
  return *parsed.spec;
}

std::string name_for(const std::string& path, const std::string& text = "[target]\n") {
  return parse_spec(text, path).spec->name;
}

const std::string kSections =
    "[service], [dependencies], [lifecycle], [health], [readiness], [logging], [limits], "
    "[process], [resources], [socket], [timer], [path], [condition], [target], [proxy]";

}  // namespace

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
  CHECK(spec.dependencies_at.line == 0);
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

TEST_CASE("class is system by default where the directory says so", "[config][spec]") {
  const auto spec_in_system = [](const std::string& text) {
    return *parse_spec(text, "f.toml", true).spec;
  };
  CHECK(spec_in_system("[target]\n").class_ == ServiceClass::system);
  CHECK(spec_in_system("[target]\n").system_class_default);
  CHECK(spec_in_system("[target]\nclass = 'user'\n").class_ == ServiceClass::user);
  CHECK_FALSE(spec_of("[target]\n").system_class_default);
}

TEST_CASE("dependencies keep their places, and the section its own", "[config][spec]") {
  const ServiceSpec spec =
      spec_of("[service]\nexec='run'\n[dependencies]\nrequires = ['a',\n 'b']\n");
  CHECK(spec.dependencies_at.line == 3);
  CHECK(spec.dependencies->requires_[1].at.line == 5);
  CHECK(spec.dependencies->requires_[1].at.column == 2);
}

TEST_CASE("contradictions are errors at the value that contradicts", "[config][spec]") {
  CHECK(messages_of("[service]\nexec='run'\noneshot=true\n[lifecycle]\nrestart='always'\n") ==
        Lines{"f.toml:5:9: error: lifecycle.restart: \"always\" cannot be used with "
              "service.oneshot, must be "
              "\"on-failure\" or \"never\""});
  CHECK(
      messages_of("[service]\nexec='run'\n[lifecycle]\nrestart_delay_ms=9\n"
                  "restart_delay_max_ms=8\n") ==
      Lines{"f.toml:5:22: error: lifecycle.restart_delay_max_ms: 8 is less than restart_delay_ms, "
            "must be at least 9"});
  CHECK(messages_of("[service]\nexec='run'\n[lifecycle]\nrestart_delay_ms=9\n"
                    "restart_delay_max_ms=9\n")
            .empty());
  CHECK(messages_of("[service]\nexec='run'\n[target]\n") ==
        Lines{"f.toml:3:2: error: target: [service] and [target] cannot be in one file"});
  CHECK(messages_of("[target]\n[service]\nexec='run'\n") ==
        Lines{"f.toml:2:2: error: service: [service] and [target] cannot be in one file"});
}

TEST_CASE("a wrong value makes no second fault by its default", "[config][spec]") {
  CHECK(messages_of("[service]\nexec='run'\n[lifecycle]\nrestart_delay_ms=86400000\n"
                    "restart_delay_max_ms=-1\n") ==
        Lines{"f.toml:5:22: error: lifecycle.restart_delay_max_ms: -1 is out of range, must be an "
              "integer of at least 0 or with a unit, as \"5s\", or \"infinity\""});
  CHECK(messages_of("[service]\nexec=''\n") ==
        Lines{"f.toml:2:6: error: service.exec: \"\" is empty, must name a program"});
}

TEST_CASE("what must be there and is not is told at its section", "[config][spec]") {
  CHECK(
      messages_of("#\n [service]\n") ==
      Lines{
          "f.toml:2:3: error: service.exec: is missing, must be a string or an array of strings"});
  // An unknown key in place of a required one comes first, and is an error.
  CHECK(
      messages_of("[service]\nexce = 'x'\n") ==
      Lines{
          "f.toml:2:1: error: service.exce: unknown key, did you mean \"exec\"?",
          "f.toml:2:1: error: service.exec: is missing, must be a string or an array of strings"});
  const Lines neither{"f.toml:1:1: error: there is no [service], [target] or [proxy] section"};
  CHECK(messages_of("") == neither);
  CHECK(messages_of("\xEF\xBB\xBF") == neither);
  CHECK(messages_of("# nothing\r\n") == neither);
  CHECK(messages_of("[lifecycle]\n") == neither);
}

TEST_CASE("a misspelt [service] is told once, as the error that it is", "[config][spec]") {
  CHECK(messages_of("[servce]\nexec='run'\n") ==
        Lines{"f.toml:1:2: error: servce: unknown section, did you mean [service]?"});
  CHECK(messages_of("[targt]\n") ==
        Lines{"f.toml:1:2: error: targt: unknown section, did you mean [target]?"});
  CHECK(messages_of("[service]\nexec='run'\n[targt]\n") ==
        Lines{"f.toml:3:2: warning: targt: unknown section, did you mean [target]?"});
  CHECK(messages_of("servce='run'\n").size() == 2);  // without a section, so not reported as one
}

TEST_CASE("a section that is no table is an error", "[config][spec]") {
  CHECK(messages_of("service = 5\n") ==
        Lines{"f.toml:1:11: error: service: is an integer, must be a section, [service]"});
  CHECK(messages_of("[service]\nexec='run'\n[[lifecycle]]\n") ==
        Lines{"f.toml:3:3: error: lifecycle: is an array, must be a section, [lifecycle]"});
}

TEST_CASE("unknown keys and sections are warnings with the nearest that is known",
          "[config][spec]") {
  CHECK(messages_of("[service]\nexec='run'\nexcec='x'\n") ==
        Lines{"f.toml:3:1: warning: service.excec: unknown key, did you mean \"exec\"?"});
  CHECK(
      messages_of("[service]\nexec='run'\nrestart='always'\n") ==
      Lines{"f.toml:3:1: warning: service.restart: unknown key; write \"restart\" in [lifecycle]"});
  CHECK(messages_of("[target]\nzzzzzz=1\n") ==
        Lines{"f.toml:2:1: warning: target.zzzzzz: unknown key, must be \"name\", \"description\", "
              "\"status\" or \"class\""});
  CHECK(messages_of("[service]\nexec='run'\n[lifecylce]\n") ==
        Lines{"f.toml:3:2: warning: lifecylce: unknown section, did you mean [lifecycle]?"});
  CHECK(messages_of("[service]\nexec='run'\n[xyzzy]\n") ==
        Lines{"f.toml:3:2: warning: xyzzy: unknown section, sections are " + kSections});
  CHECK(
      messages_of("exec='run'\n[service]\nexec='run'\n") ==
      Lines{
          "f.toml:1:1: warning: exec: unknown key outside a section; write \"exec\" in [service]"});
  CHECK(messages_of("plugh=1\n[service]\nexec='run'\n") ==
        Lines{"f.toml:1:1: warning: plugh: unknown key outside a section, sections are " +
              kSections});
  CHECK(messages_of("[service]\nexec='run'\n\"a\\u001bb\"=1\n")[0].find('\x1b') ==
        std::string::npos);
}

TEST_CASE("unknown keys do not keep a service from loading", "[config][spec]") {
  const SpecPtr spec =
      finish(parse_spec("[service]\nexec='run'\nsurviver=true\n[xyzzy]\n", "f.toml"));
  CHECK_FALSE(spec->broken());
  CHECK(spec->findings->warnings.size() == 2);
  CHECK(spec->exec.argv == Lines{"run"});
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

TEST_CASE("a target has no keys of services", "[config][spec]") {
  CHECK(messages_of("[target]\nexec='run'\n[lifecycle]\nrestart='always'\n") ==
        Lines{"f.toml:2:1: warning: target.exec: unknown key; write \"exec\" in [service]",
              "f.toml:3:2: warning: lifecycle: unknown section, a target may have [target] and "
              "[dependencies]"});
}

TEST_CASE("all faults of a file are told at once, in the order of the file", "[config][spec]") {
  CHECK(
      messages_of(R"([service]
name = "no name"
exec = ""
oneshot = "yes"
umask = 22
critcal = 1
[lifecycle]
restart = "sometimes"
stop_timeout_ms = 0
[dependencies]
requires = ["a", 5, "b c"]
)") ==
      Lines{
          "f.toml:2:8: error: service.name: invalid name \"no name\": a name may only have A-Z, "
          "a-z, 0-9, _, ., @ and -",
          "f.toml:3:8: error: service.exec: \"\" is empty, must name a program",
          "f.toml:4:11: error: service.oneshot: \"yes\" is a string, must be true or false",
          "f.toml:5:9: error: service.umask: 22 is an integer, must be a string of octal digits, "
          "at most \"0777\"",
          "f.toml:6:1: warning: service.critcal: unknown key, did you mean \"critical\"?",
          "f.toml:8:11: error: lifecycle.restart: unknown value \"sometimes\", must be \"always\", "
          "\"on-failure\" or \"never\"",
          "f.toml:9:19: error: lifecycle.stop_timeout_ms: 0 is out of range, must be an integer of "
          "at least 1 or with a unit, as \"5s\", or \"infinity\"",
          "f.toml:11:18: error: dependencies.requires: 5 is an integer, must be a name",
          "f.toml:11:21: error: dependencies.requires: invalid name \"b c\": a name may only have "
          "A-Z, a-z, 0-9, _, ., @ and -",
      });
}

TEST_CASE("a fault of syntax is the only one, in the same shape", "[config][spec]") {
  const SpecPtr spec = finish(parse_spec("[service]\nexec = run\noneshot = 5\n", "/etc/a b.toml"));
  CHECK(spec->name == "a_b");
  CHECK(spec->findings->errors ==
        Lines{"/etc/a b.toml:2:8: error: run is not a value; a string needs quotes, a "
              "boolean is true or false"});
  CHECK(spec->findings->warnings.empty());
}

TEST_CASE("a key or section that is there twice hides no other fault", "[config][spec]") {
  CHECK(messages_of("[service]\nexec='run'\n[lifecycle]\nmax_restarts=1\nmax_restarts=2\n"
                    "restart='x'\n[service]\numask=9\n") ==
        Lines{"f.toml:5:1: error: lifecycle.max_restarts: \"max_restarts\" is defined already, in "
              "line 4",
              "f.toml:6:9: error: lifecycle.restart: unknown value \"x\", must be \"always\", "
              "\"on-failure\" or \"never\"",
              "f.toml:7:2: error: service: \"service\" is defined already, in line 1",
              "f.toml:8:7: error: service.umask: 9 is an integer, must be a string of octal "
              "digits, at most \"0777\""});
}

TEST_CASE("a service is named by its key, else by its file", "[config][spec]") {
  CHECK(name_for("/x/web.toml") == "web");
  CHECK(name_for("web.toml") == "web");
  CHECK(name_for("/x/a.b.toml") == "a.b");
  CHECK(name_for("/x/web.toml", "[target]\nname='db'\n") == "db");
  CHECK(name_for("/x/a b.toml", "[target]\nname='db'\n") == "db");
  CHECK(messages_of("[target]\nname='db'\n", "/x/a b.toml").empty());
  // After a wrong name, or in a file that cannot be parsed, the file's name stays.
  CHECK(name_for("/x/web.toml", "[target]\nname='d b'\n") == "web");
  CHECK(name_for("/x/web.toml", "[target]\nname=5\n") == "web");
  CHECK(name_for("/x/web.toml", "[target\n") == "web");
  CHECK(name_for("/x/web.toml", "[service]\nname='s'\nexec='x'\n[target]\nname='t'\n") == "s");
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
  CHECK(messages_of("[service]\nexec='run'\n", "/x/my service.toml") ==
        Lines{"/x/my service.toml:1:2: error: service.name: is missing, and the file name \"my "
              "service\" is invalid: a name may only have A-Z, a-z, 0-9, _, ., @ and -"});
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
        Lines{"error: service.exec: 0 is an integer, must be a string or an array of strings"});
  const SpecPtr empty = finish(spec_from_document(Value{}));
  CHECK(empty->findings->errors ==
        Lines{"error: there is no [service], [target] or [proxy] section",
              "error: service.name: is missing, and there is no file name to take it from; "
              "add e.g. \"name\": \"web\""});
}

TEST_CASE("a health check has what its type needs, and nothing of another's", "[config][health]") {
  const std::string head = "[service]\nexec='run'\n[health]\n";
  CHECK(messages_of(head) ==
        Lines{"f.toml:3:2: error: health.type: is missing, must be \"tcp\", \"http\" or \"exec\""});
  CHECK(messages_of(head + "type='tcp'\n") ==
        Lines{"f.toml:4:6: error: health.endpoint: is missing, the type \"tcp\" needs it"});
  CHECK(messages_of(head + "type='exec'\n") ==
        Lines{"f.toml:4:6: error: health.exec: is missing, the type \"exec\" needs it"});
  CHECK(messages_of(head + "type='exec'\nexec='a'\nendpoint='b:1'\nstatus=[200]\n") ==
        Lines{"f.toml:6:10: error: health.endpoint: cannot be used with the type \"exec\"",
              "f.toml:7:8: error: health.status: cannot be used with the type \"exec\""});
  CHECK(messages_of(head + "type='tcp'\nexec='a'\nendpoint='b:1'\n") ==
        Lines{"f.toml:5:6: error: health.exec: cannot be used with the type \"tcp\""});
  CHECK(messages_of("[service]\nexec='run'\noneshot=true\n[health]\ntype='exec'\nexec='a'\n") ==
        Lines{"f.toml:4:2: error: health: cannot be used with service.oneshot: a oneshot is not "
              "probed"});
}

}  // namespace config_spec_test
