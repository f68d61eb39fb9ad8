// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sorting. A sort of the standard library is one to four kilobytes of code for each type of element
// and each order. These share one, and move each element once.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/function_ref.hpp"

namespace zinit {

void sort_values(std::vector<int>& values);
void sort_values(std::vector<std::uint32_t>& values);
void sort_values(std::vector<std::string>& values);

/// Sorted, and each value once.
void sort_unique(std::vector<int>& values);
void sort_unique(std::vector<std::uint32_t>& values);
void sort_unique(std::vector<std::string>& values);

using NumberOrder = FunctionRef<std::partial_ordering(std::uint32_t, std::uint32_t)>;
using Exchange = FunctionRef<void(std::size_t, std::size_t)>;

/// Sorts numbers that stand for something, such as slots. Numbers of the same rank are sorted by
/// their value.
void sort_numbers(std::vector<std::uint32_t>& numbers, NumberOrder order);

/// Sorts `count` elements, of which `order` compares and `exchange` swaps two by their indexes.
void sort_places(std::size_t count, NumberOrder order, Exchange exchange);

/// Sorts by a member of the elements, or by what a function returns of them. Elements of the same
/// rank keep their order.
template <class T, class Key>
void sort_by(std::vector<T>& list, const Key& key) {
  sort_places(
      list.size(),
      [&](std::uint32_t a, std::uint32_t b) -> std::partial_ordering {
        return std::invoke(key, std::as_const(list[a])) <=>
               std::invoke(key, std::as_const(list[b]));
      },
      [&](std::size_t a, std::size_t b) { std::swap(list[a], list[b]); });
}

}  // namespace zinit
