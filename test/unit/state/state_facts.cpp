// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The file of facts for the next process image: facts that were set come back, and damage only
// costs the damaged records.
#include "state/state_facts.hpp"
#include "base/checksum.hpp"
#include "state/memory_file.hpp"
#include "support/test.hpp"

namespace zinit::test::state_state_facts {
namespace {

// The places of the fields of a record.
constexpr std::size_t kKeySizeAt = 12;
constexpr std::size_t kValueSizeAt = 16;
constexpr std::size_t kHead = 24;

/// The bytes of the file that `tell` leaves. Runs in a separate process, because it needs a list of
/// kept descriptors. `tell` returns whether everything was right.
std::string left_by(const std::function<bool(StateFacts&)>& tell) {
  const auto copy = make_memory_file("copy");
  REQUIRE(copy);
  const pid_t child = ::fork();
  if (child == 0) {
    StateFacts facts;
    if (!make_kept_list() || !tell(facts)) ::_exit(1);
    auto inherited = Inheritance::take_over(::dup(kept_list_fd()));
    const KeptFd file = inherited->take(KeptKind::facts);
    std::string bytes(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
    const auto size = static_cast<ssize_t>(bytes.size());
    const bool read = ::pread(file.get(), bytes.data(), bytes.size(), 0) == size;
    ::_exit(read && ::write(copy->get(), bytes.data(), bytes.size()) == size ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  std::string bytes(static_cast<std::size_t>(::lseek(copy->get(), 0, SEEK_END)), '\0');
  REQUIRE(::pread(copy->get(), bytes.data(), bytes.size(), 0) ==
          static_cast<ssize_t>(bytes.size()));
  return bytes;
}

std::string left_by(const std::vector<std::pair<std::string, std::string>>& facts) {
  return left_by([&](StateFacts& to) {
    return std::ranges::all_of(
        facts, [&](const auto& fact) { return bool(to.set(fact.first, fact.second)); });
  });
}

/// Five facts; one is longer than a step of the checksum, and one contains any bytes.
const std::vector<std::pair<std::string, std::string>> kFive = {
    {"a", "1"},        {"service/0", std::string(333, 'x')},
    {"", "of no key"}, {"binary", std::string("\0\xff\n\0fact", 8)},
    {"last", "5"},
};

FactMap map_of(const std::vector<std::pair<std::string, std::string>>& facts) {
  return {facts.begin(), facts.end()};
}

/// The begin of each record of kFive, and the end of the last one.
std::vector<std::size_t> bounds_of_five() {
  std::vector<std::size_t> bounds{0};
  for (const auto& [key, value] : kFive)
    bounds.push_back(bounds.back() + (kHead + key.size() + value.size() + 7) / 8 * 8);
  return bounds;
}

/// The record with other sizes in its head, and a checksum over all its bytes.
std::string resized(std::string record, std::uint32_t key, std::uint64_t value) {
  std::memcpy(record.data() + kKeySizeAt, &key, sizeof key);
  std::memcpy(record.data() + kValueSizeAt, &value, sizeof value);
  const std::uint64_t sum =
      checksum_of(reinterpret_cast<const std::byte*>(record.data()), record.size());
  std::memcpy(record.data(), &sum, sizeof sum);
  return record;
}

TEST_CASE("facts: what was set last comes back, whatever its bytes; an empty value takes it away",
          "[os][kept]") {
  CHECK(parse_facts(left_by(kFive)) == map_of(kFive));
  CHECK(parse_facts("").empty());
  const auto at_once = left_by([](StateFacts& to) { return bool(to.set(map_of(kFive))); });
  CHECK(parse_facts(at_once) == map_of(kFive));
  const auto bytes = left_by({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", ""}, {"c", ""}});
  CHECK(parse_facts(bytes) == FactMap{{"a", "3"}});
  CHECK(parse_facts(left_by({{"a", "1"}, {"a", ""}, {"a", "2"}})) == FactMap{{"a", "2"}});
}

TEST_CASE("facts: what is too large is refused, and what it was stays", "[os][kept]") {
  const std::string longest(256, 'k'), too_long(257, 'k');
  const std::string large((64 << 20) + 1, 'v');
  const auto refused = [](const Result<void>& set) { return !set && set.error().errnum == E2BIG; };
  const auto bytes = left_by([&](StateFacts& to) {
    return to.set(longest, "1") && to.set("a", "2") && refused(to.set(too_long, "3")) &&
           refused(to.set("a", large)) && refused(to.set(FactMap{{too_long, "4"}})) &&
           refused(to.set(FactMap{{"b", "5"}, {too_long, "6"}, {"z", "7"}}));
  });
  CHECK(parse_facts(bytes) == FactMap{{longest, "1"}, {"a", "2"}, {"b", "5"}, {"z", "7"}});
}

TEST_CASE("facts: the file is written again with what is true when it has doubled", "[os][kept]") {
  const std::string value(1000, 'v');
  const auto written = [&](int times) {
    return left_by([&](StateFacts& to) {
      bool all = to.set("kept", "1") && to.set("gone", "1") && to.set("gone", "");
      for (int i = 0; i < times && all; ++i) all = bool(to.set("often", value));
      return all && to.set("last", "2");
    });
  };
  const FactMap all{{"kept", "1"}, {"often", value}, {"last", "2"}};
  const std::string before = written(63), after = written(64);
  CHECK(before.size() > 64000);
  CHECK(after.size() < 4000);
  CHECK(parse_facts(before) == all);
  CHECK(parse_facts(after) == all);
  // With many true facts it may grow by as much before it is written again.
  const auto large = left_by([&](StateFacts& to) {
    bool all_set = true;
    for (int i = 0; i < 100; ++i) all_set = all_set && to.set(std::to_string(i), value);
    for (int i = 0; i < 90; ++i) all_set = all_set && to.set("0", value);
    return all_set;
  });
  CHECK(parse_facts(large).size() == 100);
  CHECK(large.size() > 120000);
  CHECK(large.size() < 220000);
}

TEST_CASE("facts: images that go on with the file do not let it grow", "[os][kept]") {
  const std::string value(300, 'x');
  const std::string left = left_by([&](StateFacts& first) {
    if (!first.set("0", "")) return false;
    for (int image = 0; image < 100; ++image) {
      auto inherited = Inheritance::take_over(::dup(kept_list_fd()));
      if (!inherited) return false;
      KeptFd file = inherited->take(KeptKind::facts);
      const auto known = read_facts(file.get());
      // Never destroyed: a process image leaves its file as it is.
      StateFacts& facts = *new StateFacts;
      if (!known || !facts.go_on(std::move(file), *known)) return false;
      for (int i = 0; i < 100; ++i)
        if (!facts.set(std::to_string(i), value)) return false;
    }
    return true;
  });
  CHECK(parse_facts(left).size() == 100);
  CHECK(left.size() < 3 * 65536);
}

TEST_CASE(
    "facts: cut off anywhere, the whole records before are there; any flipped bit costs its "
    "own record alone",
    "[os][kept]") {
  std::string bytes = left_by(kFive);
  const std::vector<std::size_t> bounds = bounds_of_five();
  REQUIRE(bytes.size() == bounds.back());
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    FactMap whole;
    for (std::size_t i = 0; i < kFive.size() && bounds[i + 1] <= size; ++i) whole.insert(kFive[i]);
    if (parse_facts(std::string_view(bytes).substr(0, size)) != whole) FAIL(size << " bytes");
  }
  std::size_t hit = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    while (bit / 8 >= bounds[hit + 1]) ++hit;
    FactMap others = map_of(kFive);
    others.erase(kFive[hit].first);
    const char flipped = static_cast<char>(1u << (bit % 8));
    bytes[bit / 8] ^= flipped;
    if (parse_facts(bytes) != others) FAIL("bit " << bit);
    bytes[bit / 8] ^= flipped;
  }
}

TEST_CASE("facts: a write that failed in its midst harms no later one", "[os][kept]") {
  const auto bytes = left_by([](StateFacts& to) {
    if (!to.set("a", "1")) return false;
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{500, 1 << 20};
    if (::setrlimit(RLIMIT_FSIZE, &small) < 0 || to.set("torn", std::string(1000, 't')))
      return false;
    const rlimit enough{1 << 20, 1 << 20};
    return ::setrlimit(RLIMIT_FSIZE, &enough) == 0 && to.set("b", "2") && to.set("c", "3");
  });
  CHECK(parse_facts(bytes) == FactMap{{"a", "1"}, {"b", "2"}, {"c", "3"}});
}

TEST_CASE("facts: what stands before and after rubbish is read", "[os][kept]") {
  const std::string first = left_by({{"a", "1"}}), second = left_by({{"b", "2"}});
  for (const std::size_t size : {std::size_t{8}, std::size_t{24}, std::size_t{4096}}) {
    CHECK(parse_facts(first + std::string(size, '\0') + second) == FactMap{{"a", "1"}, {"b", "2"}});
    CHECK(parse_facts(first + std::string(size, '\xff') + second) ==
          FactMap{{"a", "1"}, {"b", "2"}});
  }
}

TEST_CASE("facts: impossible sizes are damage, even under a right checksum", "[os][kept]") {
  const std::string record = left_by({{"key", "value"}});
  const std::string after = left_by({{"b", "2"}});
  REQUIRE(parse_facts(resized(record, 3, 5) + after).size() == 2);
  const std::uint64_t giant = std::uint64_t{1} << 63;
  for (const std::uint64_t value :
       {std::uint64_t{64}, std::uint64_t{64 << 20}, std::uint64_t{(64 << 20) + 1}, giant,
        giant + giant / 2, std::uint64_t{0} - kHead - 3, ~std::uint64_t{0}}) {
    INFO(value);
    CHECK(parse_facts(resized(record, 3, value) + after) == FactMap{{"b", "2"}});
  }
  for (const std::uint32_t key : {255u, 257u, 0x7fffffffu, 0xffffffffu}) {
    INFO(key);
    CHECK(parse_facts(resized(record, key, 5) + after) == FactMap{{"b", "2"}});
  }
  // A whole key of a length that is never set.
  std::string long_key = left_by({{std::string(256, 'k'), "vvvvvvvv"}});
  REQUIRE(parse_facts(resized(long_key, 256, 8)).size() == 1);
  CHECK(parse_facts(resized(long_key, 257, 7)).empty());
}

TEST_CASE("facts: random damage brings no fact that was not set", "[os][kept]") {
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string good = left_by(kFive);
  const FactMap all = map_of(kFive);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = good;
    const std::size_t from = random() % bytes.size();
    const std::size_t to = std::min(bytes.size(), from + random() % 200);
    for (std::size_t at = from; at < to; ++at) bytes[at] = static_cast<char>(random());
    for (const auto& fact : parse_facts(bytes))
      if (!all.contains(fact.first) || all.at(fact.first) != fact.second) FAIL(fact.first);
  }
}

TEST_CASE("facts: a file that cannot be read or is far too long is an error, an empty one is not",
          "[os][kept]") {
  CHECK_FALSE(read_facts(-1));
  const auto file = make_memory_file("facts");
  REQUIRE(file);
  CHECK(read_facts(file->get()).value().empty());
  REQUIRE(::ftruncate(file->get(), off_t{1} << 40) == 0);
  const auto facts = read_facts(file->get());
  REQUIRE_FALSE(facts);
  CHECK_THAT(facts.error().text, Contains("1099511627776 bytes"));
}

}  // namespace
}  // namespace zinit::test::state_state_facts
