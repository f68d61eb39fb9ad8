// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The reader of TOML: structure, places, scalars, faults, and malicious files.
#include "config/toml_reader.hpp"
#include "support/test.hpp"

namespace zinit::test::config_toml {
namespace {

/// LINE:COLUMN: TEXT of the fault that ends the reading; empty without a fault.
std::string fault_of(const std::string& text) {
  const auto document = read_toml(text);
  if (document) return {};
  const TomlFault& fault = document.error();
  return std::to_string(fault.at.line) + ":" + std::to_string(fault.at.column) + ": " + fault.text;
}

/// The value at a path of keys; fails the test if it is missing.
const Value& at(const Value& root, std::initializer_list<const char*> path) {
  const Value* value = &root;
  for (const char* key : path) {
    const Member* member = value->find(key);
    INFO("key " << key);
    REQUIRE(member != nullptr);
    value = &member->value;
  }
  return *value;
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

TEST_CASE("a value of each type is read", "[config][toml]") {
  const Value root = document_of(
      "s = \"a\\tb\"\nl = 'c:\\d'\ni = -1_000\nh = 0xFF\no = 0o17\nb = true\nf = 1.5\n"
      "d = 1979-05-27 07:32:00\na = [1, \"x\", [2],]\nt = { k.m = 1 }\n"
      "m = \"\"\"\none\ntwo\"\"\"\n");
  CHECK(at(root, {"s"}).string == "a\tb");
  CHECK(at(root, {"l"}).string == "c:\\d");
  CHECK(at(root, {"i"}).integer == -1000);
  CHECK(at(root, {"h"}).integer == 255);
  CHECK(at(root, {"o"}).integer == 15);
  CHECK(at(root, {"b"}).boolean);
  CHECK(at(root, {"f"}).type == ValueType::floating);
  CHECK(at(root, {"d"}).type == ValueType::datetime);
  CHECK(at(root, {"d"}).string == "1979-05-27 07:32:00");
  REQUIRE(at(root, {"a"}).array.size() == 3);
  CHECK(at(root, {"a"}).array[2].array[0].integer == 2);
  CHECK(at(root, {"t", "k", "m"}).integer == 1);
  CHECK(at(root, {"m"}).string == "one\ntwo");
}

TEST_CASE("integers are exact up to the ends of 64 bits and as written beyond", "[config][toml]") {
  CHECK(at(document_of("a = 9223372036854775807"), {"a"}).integer == INT64_MAX);
  CHECK(at(document_of("a = -9223372036854775808"), {"a"}).integer == INT64_MIN);
  for (const std::string text :
       {"9223372036854775808", "-9223372036854775809", "0xFFFFFFFFFFFFFFFFFF"}) {
    const Value document = document_of("a = " + text);
    CHECK(at(document, {"a"}).type == ValueType::out_of_range);
    CHECK(at(document, {"a"}).string == text);
  }
}

TEST_CASE("floats and dates are as written, whichever version of toml11 reads them",
          "[config][toml]") {
  for (const std::string text : {"-0.0", "1_0.0_1", "1e05", "6.5E-3", "+inf", "nan"}) {
    INFO(text);
    const Value document = document_of("a = " + text);
    CHECK(at(document, {"a"}).type == ValueType::floating);
    CHECK(at(document, {"a"}).string == text);
  }
  for (const std::string text : {"1980-02-29", "23:59:60", "07:32:00.123456789",
                                 "1979-05-27t07:32:00", "1979-05-27 07:32:00.5-23:59"}) {
    INFO(text);
    const Value document = document_of("a = " + text);
    CHECK(at(document, {"a"}).type == ValueType::datetime);
    CHECK(at(document, {"a"}).string == text);
  }
}

TEST_CASE("escapes stand for their characters", "[config][toml]") {
  CHECK(at(document_of(R"(a = "\b\f\n\r\t\"\\")"), {"a"}).string == "\b\f\n\r\t\"\\");
  CHECK(at(document_of(R"(a = "\u00e4\U0001F600")"), {"a"}).string == "\xC3\xA4\xF0\x9F\x98\x80");
  CHECK(at(document_of("a = \"\"\"\nb\\\n  \n c\"\"\"\"\""), {"a"}).string == "bc\"\"");
}

TEST_CASE("keys and values know their places", "[config][toml]") {
  const Value root = document_of(R"(# comment
[service]
  exec = "x"  # = no key
"quoted key" = '''
fake = 1
'''   # the end
env.A = "1"
  [ dependencies . 'x' ]
r = [
  "a", # b
  "c" ]
"ä" = { b = 1, c = 2 }
)");
  const Value& service = at(root, {"service"});
  CHECK(place(root.find("service")->at) == "2:2");
  CHECK(place(service.find("exec")->at) == "3:3");
  CHECK(place(service.find("exec")->value.at) == "3:10");
  CHECK(place(service.find("quoted key")->at) == "4:1");
  CHECK(place(service.find("quoted key")->value.at) == "4:16");
  CHECK(service.find("fake") == nullptr);
  CHECK(place(service.find("env")->at) == "7:1");
  CHECK(place(at(service, {"env"}).find("A")->at) == "7:5");
  CHECK(place(root.find("dependencies")->at) == "8:5");
  const Value& x = at(root, {"dependencies", "x"});
  CHECK(place(x.at) == "8:20");
  CHECK(place(at(x, {"r"}).array[1].at) == "11:3");
  CHECK(place(at(x, {"ä"}).find("c")->at) == "12:16");  // columns count characters
}

TEST_CASE("tables may be written in every way of TOML", "[config][toml]") {
  const Value root = document_of(R"(top.a = 1
top.b.c = 2
[x.y.z]
n = 1
[x]
m = 2
[x.y]
k.l = 3
[[list]]
i = 1
[list.sub]
j = 2
[[list]]
i = 3
[ q . "w.e" ]
)");
  CHECK(at(root, {"top", "b", "c"}).integer == 2);
  CHECK(at(root, {"x", "y", "z", "n"}).integer == 1);
  CHECK(at(root, {"x", "m"}).integer == 2);
  CHECK(at(root, {"x", "y", "k", "l"}).integer == 3);
  const Value& list = at(root, {"list"});
  REQUIRE(list.array.size() == 2);
  CHECK(at(list.array[0], {"sub", "j"}).integer == 2);
  CHECK(at(list.array[1], {"i"}).integer == 3);
  CHECK(at(root, {"q", "w.e"}).table.empty());
}

TEST_CASE("a byte-order mark, CRLF and a missing last line end change nothing", "[config][toml]") {
  const Value plain = document_of("[a]\nb = \"\"\"x\ny\"\"\"\nc = 1");
  const Value foreign = document_of("\xEF\xBB\xBF[a]\r\nb = \"\"\"x\r\ny\"\"\"\r\nc = 1");
  CHECK(at(foreign, {"a", "b"}).string == at(plain, {"a", "b"}).string);
  CHECK(at(foreign, {"a", "c"}).integer == 1);
  CHECK(place(at(foreign, {"a"}).find("c")->at) == "4:1");
  CHECK(document_of("").table.empty());
  CHECK(document_of("\xEF\xBB\xBF").table.empty());
  CHECK(document_of("# only a comment").table.empty());
}

TEST_CASE("a fault of syntax is told once, at its place, in one line", "[config][toml]") {
  CHECK_GOLDEN_ROWS("toml", [](std::string text) {
    for (std::size_t at = 0; (at = text.find("⏎")) != text.npos;)
      text.replace(at, sizeof "⏎" - 1, "\n");
    return fault_of(text);
  });
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
  CHECK(at(*document, {"s", "a"}).integer == 1);
  CHECK(at(*document, {"s", "b", "c", "d"}).integer == 1);
  CHECK(at(*document, {"s", "e"}).integer == 5);
  Texts told;
  for (const TomlFault& one : doubles) told.push_back(place(one.at) + " " + one.key);
  CHECK(told == Texts{"3:15 s.b.c.d", "4:1 s.a", "6:2 s", "7:3 s.b.c", "9:4 s.a", "11:3 t"});
  doubles.clear();
  REQUIRE(read_toml("[" + std::string(10000, 's') + "]\na = 1\na = 2\n", 0, &doubles));
  CHECK(doubles.at(0).key.size() < 200);
}

TEST_CASE("of several faults of syntax the first is told", "[config][toml]") {
  CHECK(fault_of("a = yes\nb = [\n").substr(0, 4) == "1:5:");
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
