// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sorts that all code shares. See sort.hpp.
#include "base/sort.hpp"

#include <algorithm>
#include <numeric>

namespace zinit {

namespace {

template <class T>
void leave_one_of_each(std::vector<T>& values) {
  sort_values(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

void sort_values(std::vector<int>& values) { std::sort(values.begin(), values.end()); }
void sort_values(std::vector<std::uint32_t>& values) { std::sort(values.begin(), values.end()); }
void sort_values(std::vector<std::string>& values) { std::sort(values.begin(), values.end()); }

void sort_unique(std::vector<int>& values) { leave_one_of_each(values); }
void sort_unique(std::vector<std::uint32_t>& values) { leave_one_of_each(values); }
void sort_unique(std::vector<std::string>& values) { leave_one_of_each(values); }

void sort_numbers(std::vector<std::uint32_t>& numbers, NumberOrder order) {
  std::sort(numbers.begin(), numbers.end(), [&](std::uint32_t a, std::uint32_t b) {
    const std::partial_ordering rank = order(a, b);
    return rank < 0 || (rank == 0 && a < b);
  });
}

// Each place says from where its element comes; follows these places round their cycles.
void sort_places(std::size_t count, NumberOrder order, Exchange exchange) {
  if (count < 2) return;
  std::vector<std::uint32_t> places(count);
  std::iota(places.begin(), places.end(), 0U);
  sort_numbers(places, order);
  for (std::uint32_t first = 0; first < count; ++first) {
    std::uint32_t at = first;
    for (std::uint32_t from; (from = places[at]) != first; at = from) {
      exchange(at, from);
      places[at] = at;
    }
    places[at] = at;
  }
}

}  // namespace zinit
