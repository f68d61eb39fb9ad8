// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Documents as JSON and as TOML: the output of service.get and the files of service.set.
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "support/test.hpp"

namespace zinit::test::config_json_value {
namespace {

Value document_of(const std::string& json) {
  JsonDocument parsed;
  parsed.Parse<kJsonParse>(json.data(), json.size());
  REQUIRE_FALSE(parsed.HasParseError());
  auto document = value_from_json(parsed);
  if (!document) FAIL(document.error());
  return *std::move(document);
}

std::string fault_of(const std::string& json) {
  JsonDocument parsed;
  parsed.Parse<kJsonParse>(json.data(), json.size());
  const auto document = value_from_json(parsed);
  return document ? "" : document.error();
}

TEST_CASE("a document written as TOML is read as the same document", "[config][json]") {
  const std::string json = GENERATE(
      as<std::string>{}, R"({})", R"({"service":{}})",
      R"({"service":{"exec":["a","b c"],"name":"web","oneshot":true,"ports":[1,-2]}})",
      R"({"service":{"env":{"A":"1","B C":"\"\\\n\t\r\u0001\u007f","":"empty"},"exec":"x"}})",
      R"({"a":{"b":{"c":{"d":[[1],[]]}},"é":"ü"},"list":[{"x":1,"y":{"z":false}}],"top":5})",
      R"({"a":{"float":1.5,"huge":1e300,"least":-9223372036854775808}})");
  const std::string toml = to_toml(document_of(json));
  INFO(toml);
  const auto read = read_toml(toml);
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(document_of(json)));
}

TEST_CASE(
    "a number without a fraction is an integer, null is nothing, and what of TOML is no JSON "
    "number is a string",
    "[config][json]") {
  CHECK(to_json(document_of(R"({"a":2.0,"b":null,"c":{"d":null}})")) == R"({"a":2,"c":{}})");
  CHECK(to_json(*read_toml("a = inf\nb = 1_000.5\nc = 1.5\nd = 1979-05-27\n")) ==
        R"({"a":"inf","b":"1_000.5","c":1.5,"d":"1979-05-27"})");
  CHECK(to_json(*read_toml("a = 0e308\nb = -0.0e-99\nc = 0.5e1\n")) ==
        R"({"a":0.0,"b":-0.0,"c":0.5e1})");
}

TEST_CASE("an integer beyond 64 bits is one still, and told as out of range", "[config][json]") {
  for (const char* json : {R"({"a":9223372036854775808})", R"({"a":1e300})"}) {
    const Value document = document_of(json);
    CHECK(document.find("a")->value.type == ValueType::out_of_range);
    CHECK(document_of(to_json(document)).find("a")->value.type == ValueType::out_of_range);
  }
}

TEST_CASE("what no service file could say is refused", "[config][json]") {
  CHECK(fault_of("[]") == "config: is not an object of sections");
  CHECK(fault_of(R"({"a":{"b":[null]}})") == "a.b: null is not allowed here");
  CHECK(fault_of(R"({"a":{"b":1,"b":2}})") == "a.b: is there twice");
  std::string deep;
  for (int i = 0; i <= kMaxDepth; ++i) deep += "[";
  for (int i = 0; i <= kMaxDepth; ++i) deep += "]";
  CHECK(fault_of(R"({"a":)" + deep + "}") == "a: nested too deep");
  std::string many = "0";
  for (int i = 0; i < kMaxValues; ++i) many += ",0";
  CHECK(fault_of(R"({"a":[)" + many + "]}") == "a: has too many values");
}

}  // namespace
}  // namespace zinit::test::config_json_value
