// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl top without a terminal: its keys, its samples, its order and its lines.
#include "base/text.hpp"
#include "client/keys.hpp"
#include "client/top_model.hpp"
#include "client/top_view.hpp"
#include "support/test.hpp"

namespace zinit::test::client_top {
namespace {

std::vector<int> keys_of(KeyReader& reader, std::string_view bytes) {
  reader.feed(bytes);
  std::vector<int> keys;
  while (const auto key = reader.next()) keys.push_back(*key);
  return keys;
}

ServiceStatus service(const std::string& name, const std::string& state = "running") {
  ServiceStatus status;
  status.name = name;
  status.state = StateWord{state};
  return status;
}

ServiceStats figures(std::uint64_t cpu_usec, std::uint64_t memory = 0, std::uint64_t read = 0) {
  ServiceStats stats;
  stats.pid = 7;
  stats.cpu_usec = cpu_usec;
  stats.memory_bytes = memory;
  stats.tasks = 1;
  stats.io_read_bytes = stats.io_write_bytes = read;
  return stats;
}

/// The clock of these tests.
TimePoint at(int ms) { return TimePoint{} + Milliseconds(1000 + ms); }

void list(TopModel& model, const Texts& names) {
  model.begin_round();
  for (const std::string& name : names) model.add_service(service(name));
  (void)model.end_of_list();
}

/// Services with these names; each uses more memory than the previous one.
TopModel model_of(const Texts& names) {
  TopModel model;
  list(model, names);
  std::uint64_t memory = 0;
  for (const std::string& name : names) model.add_stats(name, figures(0, memory += 1024), at(0));
  model.sort_by(TopSort::name);
  model.arrange();
  return model;
}

Texts order(const TopModel& model) {
  Texts names;
  for (const TopRow* row : model.rows()) names.push_back(row->name);
  return names;
}

constexpr Terminal kScreen{true, false, 80};

TEST_CASE("keys are known by their sequences, wherever a read ends", "[client][top]") {
  const std::pair<std::string, int> known[] = {
      {"\x1b[A", kKeyUp},        {"\x1bOB", kKeyDown}, {"\x1b[5~", kKeyPageUp},
      {"\x1b[6~", kKeyPageDown}, {"\x1b[H", kKeyHome}, {"\x1b[1~", kKeyHome},
      {"\x1bOF", kKeyEnd},       {"\x1b[4~", kKeyEnd}, {"\x1b[1;5A", kKeyUp},
      {"\x1bOM", kKeyEnter},     {"\r", kKeyEnter},    {"\x7f", kKeyBackspace}};
  for (const auto& [bytes, key] : known) {
    CAPTURE(printable(bytes));
    KeyReader whole;
    CHECK(keys_of(whole, bytes) == std::vector<int>{key});
    KeyReader parts;
    std::vector<int> keys;
    for (const char byte : bytes) {
      CHECK(keys.empty());
      keys = keys_of(parts, std::string(1, byte));
    }
    CHECK(keys == std::vector<int>{key});
    CHECK(!parts.is_open());
  }
}

TEST_CASE("what is no key that is known is passed over, and text is not", "[client][top]") {
  KeyReader reader;
  CHECK(keys_of(reader, "a\x1b[15~b\x1b[[Ac\x1b[200~d\x1b[Zq").size() == 5);
  CHECK(keys_of(reader, "\x1bq") == std::vector<int>{});  // Alt-q
  CHECK(keys_of(reader, "\xc3\xa9") == std::vector<int>{0xc3, 0xa9});
  CHECK(keys_of(reader, "\x1b[" + std::string(100, '1') + "x").back() == 'x');
}

TEST_CASE("the escape key is one if nothing follows", "[client][top]") {
  KeyReader reader;
  CHECK(keys_of(reader, "\x1b").empty());
  CHECK(reader.is_open());
  CHECK(reader.close() == kKeyEscape);
  CHECK(!reader.is_open());
  CHECK(keys_of(reader, "\x1b[1").empty());
  CHECK(!reader.close());  // a broken sequence
  CHECK(keys_of(reader, "\x1b\x1b[A") == std::vector<int>{kKeyEscape, kKeyUp});
}

TEST_CASE("shares are those between two samples", "[client][top]") {
  TopModel model;
  list(model, {"a"});
  model.add_stats("a", figures(1'000'000, 4096, 100), at(0));
  model.arrange();
  REQUIRE(model.rows().size() == 1);
  const TopRow& row = *model.rows()[0];
  CHECK(!row.cpu_percent);
  CHECK(!model.totals().cpu_percent);
  model.add_stats("a", figures(1'250'000, 4096, 1100), at(500));
  CHECK(row.cpu_percent == Approx(50));
  CHECK(row.read_rate == Approx(2000));
  CHECK(model.totals().cpu_percent == Approx(50));
  model.add_stats("a", figures(10, 4096), at(1000));  // another process
  CHECK(!row.cpu_percent);
  CHECK(!row.read_rate);
  model.add_stats("gone", figures(1), at(1000));
  CHECK(model.totals().services == 1);
}

TEST_CASE("only what may have processes is asked for, and what has gone goes", "[client][top]") {
  TopModel model = model_of({"a", "b", "c"});
  model.begin_round();
  model.add_service(service("a", "inactive"));
  model.add_service(service("b", "failed"));
  CHECK(model.end_of_list() == Texts{"b"});
  CHECK(order(model) == Texts{"b"});
  model.show_all(true);
  model.arrange();
  CHECK(order(model) == Texts{"a", "b"});
  CHECK(model.totals().states.at("inactive") == 1);
  CHECK(model.state_of("b") == "failed");
  CHECK(model.state_of("c").empty());
}

TEST_CASE("rows are sorted by a figure, the other way round, and filtered", "[client][top]") {
  TopModel model = model_of({"a1", "b2", "c1"});
  model.sort_by(TopSort::memory);
  model.arrange();
  CHECK(order(model) == Texts{"c1", "b2", "a1"});
  model.sort_by(TopSort::memory);
  model.arrange();
  CHECK(order(model) == Texts{"a1", "b2", "c1"});
  model.sort_by(TopSort::tasks);  // all equal: by name
  model.arrange();
  CHECK(!model.is_reversed());
  CHECK(order(model) == Texts{"a1", "b2", "c1"});
  model.set_filter("1");
  model.arrange();
  CHECK(order(model) == Texts{"a1", "c1"});
}

TEST_CASE("the selection stays with its service, and on the screen", "[client][top]") {
  TopModel model = model_of({"a", "b", "c", "d", "e"});
  model.move(2);
  CHECK(model.selected_name() == "c");
  CHECK(model.first_shown(2) == 1);
  model.sort_by(TopSort::name);
  model.arrange();
  CHECK(order(model).front() == "e");
  CHECK(model.selected_name() == "c");
  model.move(100);
  CHECK(model.selected_name() == "a");
  CHECK(model.first_shown(2) == 3);
  list(model, {"c", "d"});
  CHECK(model.selected_name() == "c");  // in the place of the removed one, or above it
  CHECK(model.first_shown(2) == 0);
  model.move(-100);
  CHECK(model.selected_name() == "d");
  list(model, {"d", "f"});
  CHECK(model.selected_name() == "d");
  model.add_stats("f", figures(1), at(0));
  model.arrange();
  CHECK(model.selected_name() == "f");  // the first row is selected, not its service
  model.pin();
  model.add_stats("f", {}, at(1));
  model.arrange();
  CHECK(model.selected_name() == "f");  // the service acted on stays selected, although it is down
  model.move(1);
  list(model, {});
  CHECK(model.selected_name().empty());
  model.move(1);
  CHECK(model.first_shown(0) == 0);
}

TEST_CASE("a screen has as many lines as it is high, and none is too wide", "[client][top]") {
  TopModel model = model_of({"a-service-with-a-very-long-name", "b", "c"});
  for (const std::size_t width : {200U, 80U, 40U, 20U, 5U, 1U}) {
    for (const std::size_t height : {50U, 8U, 6U, 5U, 2U, 1U}) {
      Terminal terminal = kScreen;
      terminal.width = width;
      const auto lines = top_lines(terminal, height, model, "zinit 0.1.0, up 3s", {"the end"});
      CHECK(lines.size() == height);
      CHECK_THAT(lines.back(), Catch::Matchers::StartsWith(width > 6 ? "the end" : ""));
      // In a narrower terminal the terminal cuts the lines of a table.
      if (width >= 20)
        for (const std::string& line : lines)
          CHECK(display_width(line) <= width + (line.starts_with('\x1b') ? 8 : 0));
    }
  }
  CHECK_THAT(top_lines(kScreen, 6, model, "zinit", {})[1], !Contains("cpu"));
  const auto lines = top_lines(kScreen, 24, model, "zinit 0.1.0, up 3s", {});
  CHECK(lines[0] == "zinit 0.1.0, up 3s; 3 services: 3 running");
  CHECK_THAT(lines[1], Contains("cpu -, memory 6.0 KiB, tasks 3; by name"));
  CHECK_THAT(lines[3], Contains("\x1b[7ma-service-with"));
  CHECK_THAT(lines[4], !Contains("\x1b"));
}

TEST_CASE("control characters of names and filters do not reach the screen", "[client][top]") {
  TopModel model = model_of({"a\x1b[2J\x07"});
  model.set_filter("\x1b");
  model.arrange();
  for (const auto& line : top_lines(kScreen, 24, model, "zinit", {})) {
    CHECK_THAT(line, !Contains("\x1b[2J"));
    CHECK_THAT(line, !Contains("\x07"));
  }
}

TEST_CASE("a text scrolls under its title", "[client][top]") {
  const Texts text = {"1", "2", "3", "4", "5"};
  CHECK(text_lines(kScreen, 4, "title", text, 2, {"end"}) == Texts{"title", "3", "4", "end"});
  CHECK(text_lines(kScreen, 1, "title", text, 0, {"end"}) == Texts{"end"});
  CHECK(text_lines(kScreen, 8, "title", text, 4, {"end"}).size() == 8);
}

}  // namespace
}  // namespace zinit::test::client_top
