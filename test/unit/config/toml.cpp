// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The reader of TOML: structure, places, scalars, faults, and malicious files.
#include "base/json_writer.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "support/test.hpp"
#include "unit/config/text.hpp"

namespace zinit::test::config_toml {
namespace {

/// LINE:COLUMN: TEXT of the fault that ends the reading; empty without a fault.
std::string fault_of(const std::string& text) {
  const auto document = read_toml(text);
  if (document) return {};
  const TomlFault& fault = document.error();
  return std::to_string(fault.at.line) + ":" + std::to_string(fault.at.column) + ": " + fault.text;
}

std::string place(SourcePosition position) {
  return std::to_string(position.line) + ":" + std::to_string(position.column);
}

Value document_of(const std::string& text) {
  INFO(text);
  auto document = read_toml(text);
  INFO((document ? "" : document.error().text));
  REQUIRE(document.has_value());
  return std::move(*document);
}

/// A line for each value: the place of its key, the key, its own place and what it is.
std::string described(const Value& value, const std::string& indent = "") {
  std::string all = place(value.at);
  if (value.type == ValueType::boolean || value.type == ValueType::integer)
    return all + " " + shown(value) + "\n";
  all += " " + std::string(type_phrase(value.type));
  if (value.type != ValueType::array && value.type != ValueType::table)
    return all + " " + json_of(value.string) + "\n";
  all += "\n";
  for (const Value& element : value.array)
    all += indent + "  - " + described(element, indent + "  ");
  for (const auto& [key, member] : value.table)
    all += indent + "  " + place(member.at) + " " + json_of(key) + " " +
           described(member.value, indent + "  ");
  return all;
}

TEST_CASE("documents have the values and places of the golden file", "[config][toml]") {
  CHECK_GOLDEN_CASES("toml_values",
                     [](const std::string& text) { return described(document_of(text)); });
}

TEST_CASE("a byte-order mark, CRLF and a missing last line end change nothing", "[config][toml]") {
  const std::string plain = described(document_of("[a]\nb = \"\"\"x\ny\"\"\"\nc = 1"));
  CHECK(described(document_of("\xEF\xBB\xBF[a]\r\nb = \"\"\"x\r\ny\"\"\"\r\nc = 1\r\n")) == plain);
  for (const char* nothing : {"", "\xEF\xBB\xBF", "# only a comment", "# nothing\r\n"})
    CHECK(document_of(nothing).table.empty());
}

TEST_CASE("a fault of syntax is told once, at its place, in one line", "[config][toml]") {
  CHECK_GOLDEN_ROWS("toml", [](const std::string& row) { return fault_of(text_of_row(row)); });
  const std::string control = "control character 0x",
                    no_text = " is not UTF-8, which a TOML file must be";
  CHECK(fault_of("a = 1\rb = 2") == "1:6: " + control + "0d, must be written as \\u000d");
  CHECK(fault_of("a = \"b\x01\"") == "1:7: " + control + "01, must be written as \\u0001");
  CHECK(fault_of({"# x\n# \0", 7}) == "2:3: " + control + "00, which is not allowed");
  CHECK(fault_of("# ä\n# äb\xFF") == "2:5: byte 0xff" + no_text);
  CHECK(fault_of("a = 'abc\x80'") == "1:9: byte 0x80" + no_text);
  CHECK(fault_of("# \xC3\xA4\xA4") == "1:4: byte 0xa4" + no_text);
  CHECK(fault_of("a = 'x\xE2\x82'") == "1:7: byte 0xe2" + no_text);
}

TEST_CASE("what is there twice is told by its whole name, and the rest is read", "[config][toml]") {
  std::vector<TomlFault> doubles;
  const auto document = read_toml(
      "[s]\na = 1\nb.c = {d = 1, d = 2}\na = [3]\n[t]\n[s]\nb.c = 4\ne = 5\n"
      "[s.a]\nf = 6\n[[t]]\n",
      0, &doubles);
  REQUIRE(document);
  CHECK(to_json(*document) == R"({"s":{"a":1,"b":{"c":{"d":1}},"e":5},"t":{}})");
  Texts told;
  for (const TomlFault& one : doubles) told.push_back(place(one.at) + " " + one.key);
  CHECK(told == Texts{"3:15 s.b.c.d", "4:1 s.a", "6:2 s", "7:3 s.b.c", "9:4 s.a", "11:3 t"});
  doubles.clear();
  REQUIRE(read_toml("[" + std::string(10000, 's') + "]\na = 1\na = 2\n", 0, &doubles));
  CHECK(doubles.at(0).key.size() < 200);
}

TEST_CASE("nesting is refused past its limit and never overflows the stack", "[config][toml]") {
  const auto nested = [](int levels, const std::string& open, const std::string& close) {
    std::string text = "a = ";
    for (int i = 0; i < levels; ++i) text += open;
    for (int i = 0; i < levels; ++i) text += close;
    return text;
  };
  const std::string too_deep = "1:36: nested too deep, must be at most 32 levels";
  CHECK(fault_of(nested(kMaxDepth - 1, "[", "]")).empty());
  CHECK(fault_of(nested(kMaxDepth, "[", "]")) == too_deep);
  for (const int levels : {100, 10000, 500000}) {
    INFO(levels);
    CHECK(fault_of(nested(levels, "[", "]")) == too_deep);
    CHECK(fault_of(nested(levels, "[", "")) == too_deep);
    CHECK_THAT(fault_of(nested(levels, "{a=", "}")), Catch::Contains("nested too deep"));
    std::string dots = "a";
    for (int i = 0; i < levels; ++i) dots += ".a";
    CHECK_THAT(fault_of(dots + " = 1"), Catch::Contains("nested too deep"));
    CHECK_THAT(fault_of("[" + dots + "]"), Catch::Contains("nested too deep"));
  }
}

TEST_CASE("a file of 1 MiB is read in one pass, however it is made up", "[config][toml]") {
  const std::size_t size = std::size_t{1} << (test::sanitized() ? 17 : 20);
  const auto filled = [size](std::string head, const std::string& part, const std::string& tail) {
    while (head.size() + part.size() + tail.size() <= size) head += part;
    return head + tail;
  };
  // The largest number of values, in the longest line.
  const std::string blanks(size / kMaxValues - 4, ' ');
  std::string array = "a = [", table = "a = {x=1";
  for (int i = 0; i < kMaxValues - 2; ++i) array += "''," + blanks;
  for (int i = 0; i < kMaxValues - 2; ++i) table += ",k" + std::to_string(i) + "=1" + blanks;
  const std::string texts[] = {
      array + "]",
      table + "}",
      filled("a = '", "x", "'\n"),
      filled("a = '''", "x\n", "'''\n"),
      filled("", "# comment\n", ""),
      filled("", "\n", ""),
      filled("", " ", ""),
  };
  for (const std::string& text : texts) {
    INFO(text.substr(0, 20));
    const std::clock_t start = std::clock();
    CHECK(fault_of(text).empty());
    // Processor time; a tenth of a second without sanitizers. A quadratic reader takes minutes.
    CHECK((std::clock() - start) / CLOCKS_PER_SEC < 20);
  }
}

TEST_CASE("a document has so many values and no more", "[config][toml]") {
  const auto array_of = [](int values) {
    std::string text = "a = [";
    for (int i = 1; i < values; ++i) text += "1,";
    return text + "]";
  };
  CHECK(fault_of(array_of(kMaxValues)).empty());
  CHECK(fault_of(array_of(kMaxValues + 1)) == "1:40004: too many values, must be at most 20000");
  std::string keys, headers, nested = "a = [";
  for (int i = 0; i < 100000; ++i) {
    keys += "k" + std::to_string(i) + "=1\n";
    headers += "[[a]]\n";
    nested += "[[]],";
  }
  CHECK(fault_of(keys) == "20001:8: too many values, must be at most 20000");
  CHECK(fault_of(headers) == "20001:3: too many values, must be at most 20000");
  CHECK_THAT(fault_of(nested + "]"), Catch::Contains("too many values"));
}

TEST_CASE("whatever a document is cut or changed to, a fault has a place and one line",
          "[config][toml]") {
  const std::string whole = R"([service]
exec = ["/bin/x", "a\tb", 'c'] # d
env = { A = "1", "B.c" = '''2''' }
[[x.y]]
z = 1979-05-27T07:32:00Z
w = """a
\
  b"""
)";
  const auto told_well = [](const std::string& text) {
    const auto document = read_toml(text);
    if (document) return true;
    const TomlFault& fault = document.error();
    return fault.at.line >= 1 && fault.at.column >= 1 && !fault.text.empty() &&
           fault.text.find('\n') == std::string::npos;
  };
  REQUIRE(fault_of(whole).empty());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(whole.substr(0, length));
    CHECK(told_well(whole.substr(0, length)));
    for (const char c : std::string("\"'[]{}=.,\\\n#\0\xFF 0", 16)) {
      std::string changed = whole;
      changed[length] = c;
      INFO(changed);
      CHECK(told_well(changed));
    }
  }
}

}  // namespace
}  // namespace zinit::test::config_toml
