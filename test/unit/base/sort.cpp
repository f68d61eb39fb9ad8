// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sorts that all code shares, compared with those of the standard library.
#include "base/sort.hpp"

#include <random>

#include "support/test.hpp"

namespace zinit::test::base_sort {
namespace {

struct Element {
  std::string name;
  std::uint32_t rank = 0;
  bool operator==(const Element&) const = default;
};

std::vector<Element> some_elements(std::mt19937& random, std::size_t count) {
  std::vector<Element> list;
  for (std::size_t i = 0; i < count; ++i)
    list.push_back({"element " + std::to_string(i), static_cast<std::uint32_t>(random() % 7)});
  return list;
}

}  // namespace

TEST_CASE("elements are sorted by a key, and those of the same rank keep their order", "[sort]") {
  std::mt19937 random(1);
  for (std::size_t count = 0; count < 60; ++count) {
    std::vector<Element> list = some_elements(random, count), expected = list;
    std::ranges::stable_sort(expected, {}, &Element::rank);
    sort_by(list, &Element::rank);
    CHECK(list == expected);
    std::ranges::stable_sort(expected, {}, &Element::name);
    sort_by(list, [](const Element& each) { return std::string_view(each.name); });
    CHECK(list == expected);
  }
}

TEST_CASE("numbers of the same rank are sorted by their value", "[sort]") {
  std::vector<std::uint32_t> numbers = {31, 12, 21, 11, 42, 1};
  sort_numbers(numbers, [](std::uint32_t a, std::uint32_t b) { return a % 10 <=> b % 10; });
  CHECK(numbers == std::vector<std::uint32_t>{1, 11, 21, 31, 12, 42});
}

TEST_CASE("of values that are sorted for a set, each is left once", "[sort]") {
  Texts names = {"b", "a", "b", ""};
  sort_unique(names);
  CHECK(names == Texts{"", "a", "b"});
  std::vector<int> numbers = {3, -1, 3};
  sort_unique(numbers);
  CHECK(numbers == std::vector<int>{-1, 3});
  sort_values(numbers = {2, 1, 2});
  CHECK(numbers == std::vector<int>{1, 2, 2});
}

}  // namespace zinit::test::base_sort
